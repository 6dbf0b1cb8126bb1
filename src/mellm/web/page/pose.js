// The head's pose and the motion of single regions around the moment, frame by frame.

import { html, Select, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {FaceTracks} from "./face-tracks.js" */

const POSE = ["yaw", "pitch", "roll"];
const COLOURS = ["#0072B2", "#D55E00", "#009E73"];
const [WIDTH, HIGH, EDGE] = [420, 90, 30];
/** More frames than this are not drawn: the moment is what is looked at. */
const MOST_FRAMES = 400;

/** @param {{ app: App, faces: FaceTracks }} given */
export function Pose({ app, faces }) {
  useWatch(app.state, ["moment", "doc", "measured", "words", "person", "blind"]);
  const [open, setOpen] = useState(false);
  if (!app.editable || !app.report.people.length || app.state.get("blind")) return null;
  return html`<details onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}><summary>${t("pose_title")}</summary>${open && html`<${Charts} app=${app} faces=${faces} />`}</details>`;
}

/** @param {{ app: App, faces: FaceTracks }} given */
function Charts({ app, faces }) {
  useWatch(app.state, ["faces", "frame"]);
  const [region, choose] = useState(app.moment()?.me?.regions.find((one) => one.moving)?.name ?? Object.keys(app.choices.regions)[0]);
  const person = app.state.get("person");
  const [first, last] = framesAround(app);
  const frames = Array.from({ length: last - first + 1 }, (_, k) => first + k);
  const known = frames.map((frame) => faces.at(person, frame));
  if (known.every((one) => !one)) return html`<p class="busy small">${t("loading")}</p>`;
  const head = POSE.map((name, k) => ({ name: t(name), colour: COLOURS[k], values: known.map((one) => one?.pose?.[k] ?? null) }));
  const motion = [{ name: app.names.region(region), colour: COLOURS[0], values: known.map((one) => one?.region(region) ?? null) }];
  return html`<h3>${t("pose_degrees")}</h3><${Chart} app=${app} first=${first} curves=${head} unit="°" />
    <h3><label>${t("region_motion")} <${Select} value=${region} change=${choose} pairs=${Object.keys(app.choices.regions).map((name) => [name, app.names.region(name)])} /></label></h3>
    <${Chart} app=${app} first=${first} curves=${motion} unit=" px" /><p class="soft small">${t("region_motion_note")}</p>`;
}

/**
 * The frames around the moment, or around the playhead.
 * @param {App} app
 * @returns {[first: number, last: number]}
 */
function framesAround(app) {
  const moment = app.moment();
  const { onset, apex, offset } = moment?.frames ?? { onset: app.state.get("frame"), apex: app.state.get("frame"), offset: null };
  const long = Math.max(20, (offset ?? apex) - onset);
  const first = Math.max(0, onset - long);
  return [first, Math.min(app.frames.count - 1, (offset ?? apex) + long, first + MOST_FRAMES - 1)];
}

/**
 * @param {{ app: App, first: number, unit: string, curves: { name: string, colour: string, values: (number | null)[] }[] }} given
 */
function Chart({ app, first, curves, unit }) {
  const all = curves.flatMap((curve) => curve.values).filter((value) => value !== null);
  const [low, high] = [Math.min(...all, 0), Math.max(...all, 0)];
  const count = curves[0].values.length;
  /** @param {number} k */
  const x = (k) => EDGE + (k / Math.max(1, count - 1)) * (WIDTH - EDGE - 4);
  /** @param {number} value */
  const y = (value) => HIGH - 6 - ((value - low) / Math.max(high - low, 1e-6)) * (HIGH - 14);
  const at = app.state.get("frame") - first;
  return html`<svg class="chart" viewBox=${`0 0 ${WIDTH} ${HIGH}`} role="img" aria-label=${curves.map((curve) => curve.name).join(", ")}>
    <text x=${EDGE - 4} y="12" text-anchor="end">${high.toFixed(1)}</text><text x=${EDGE - 4} y=${HIGH - 4} text-anchor="end">${low.toFixed(1)}</text><path class="base" d=${`M${EDGE} ${y(0)}H${WIDTH}`} />
    ${curves.map((curve) => html`<path key=${curve.name} fill="none" stroke=${curve.colour} stroke-width="1.6" d=${path(curve.values, x, y)} />`)}
    ${at >= 0 && at < count && html`<path class="cursor" d=${`M${x(at)} 2V${HIGH - 2}`} />`}</svg>
    <p class="small key">${curves.map((curve) => html`<span key=${curve.name}><i style=${{ background: curve.colour }}></i>${curve.name} ${at >= 0 && at < count && curve.values[at] !== null ? `${curve.values[at].toFixed(1)}${unit}` : ""}</span>`)}</p>`;
}

/**
 * @param {(number | null)[]} values
 * @param {(k: number) => number} x
 * @param {(value: number) => number} y
 */
function path(values, x, y) {
  let [line, open] = ["", false];
  values.forEach((value, k) => {
    if (value !== null) line += `${open ? "L" : "M"}${x(k).toFixed(1)} ${y(value).toFixed(1)}`;
    open = value !== null;
  });
  return line;
}
