// What lies over the player's picture: the regions of the face, arrows of their motion, who is who, landmarks.

import { placement } from "./frames.js";
import { html, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {FaceTracks} from "./face-tracks.js" */
/** @import {Box, MicroExpression, RegionReading} from "./types.d.ts" */

/** Motion shorter than this is not drawn as an arrow: there is nothing to make longer. */
const LEAST_ARROW_PX = 0.02;
/** An arrow is a sixth of the face's width at most. */
const LONGEST_SHARE = 1 / 6;

/** @param {{ app: App, pixel: () => number, faces: FaceTracks }} given */
export function Marks({ app, pixel, faces }) {
  useWatch(app.state, ["faces", "moment", "measured", "doc", "frame", "overlay", "opacity", "zoom", "person", "words", "lit", "view", "blind"]);
  const me = app.state.get("blind") ? null : app.moment()?.me;
  const kind = app.state.get("overlay");
  const visible = app.inside() && (kind === "regions" || kind === "arrows");
  const alpha = visible ? app.state.get("opacity") : 1;
  const lit = app.state.get("lit");
  const face = kind === "landmarks" ? faces.at(app.state.get("person"), app.state.get("frame")) : null;
  return html`<${People} app=${app} pixel=${pixel()} />
    ${face?.points?.length > 0 && html`<g class="landmarks" opacity=${app.state.get("opacity")}><path d=${face.lines.map(([i, j]) => `M${face.points[i]}L${face.points[j]}`).join("")} /><path class="points" stroke-width=${3 * pixel()} d=${face.points.map(([x, y]) => `M${x} ${y}h.001`).join("")} /></g>`}
    ${me?.regions.map((region) => html`<rect key=${region.name} class=${`region ${visible ? (region.moving ? "moving" : "still") : ""} ${lit?.has(region.name) ? "lit" : ""}`} stroke-opacity=${alpha} data-region=${region.name}
      x=${region.box[0]} y=${region.box[1]} width=${region.box[2]} height=${region.box[3]} onPointerEnter=${() => app.point([region.name])} onPointerLeave=${() => app.point(null)}><title>${regionTitle(app, region)}</title></rect>`)}
    ${me && visible && kind === "arrows" && arrows(me, pixel()).map(({ name, path }) => html`<g key=${`arrow ${name}`} class="arrow" opacity=${alpha}><path d=${path} class="under" /><path d=${path} /></g>`)}`;
}

/**
 * Who is who, where there are several: where each face was first seen.
 * @param {{ app: App, pixel: number }} given
 */
function People({ app, pixel }) {
  const { people } = app.report;
  if (people.length < 2 || app.state.get("zoom") === "face") return null;
  return people.map(({ person, box: [x, y, w, h] }) => html`<g key=${person} class=${`who ${person === app.state.get("person") ? "chosen" : ""}`} onClick=${() => app.choosePerson(person)}>
    <rect x=${x} y=${y} width=${w} height=${h} rx=${6 * pixel} /><text x=${x + 2 * pixel} y=${y - 5 * pixel} font-size=${13 * pixel}>${t("person")} ${person}</text></g>`);
}

/** @param {App} app @param {RegionReading} region */
function regionTitle(app, region) {
  const name = app.names.region(region.name);
  return region.moving ? `${name}: ${app.names.octant(region.octant)} ${region.mean_px.toFixed(2)} px` : `${name}: ${region.mean_px.toFixed(2)} px`;
}

/**
 * How many times as long as the motion its arrows are; 0 where nothing moves.
 * @param {MicroExpression} me
 */
export function arrowGain(me) {
  const longest = Math.max(...me.regions.filter((region) => region.moving).map((region) => Math.hypot(region.u_px, region.v_px)), 0);
  if (longest < LEAST_ARROW_PX) return 0;
  const left = me.regions.map((region) => region.box[0]);
  return Math.max(1, Math.round(((Math.max(...left) - Math.min(...left)) * LONGEST_SHARE) / longest));
}

/**
 * @param {MicroExpression} me
 * @param {number} pixel - px of the clip that one pixel of the screen shows
 */
function arrows(me, pixel) {
  const gain = arrowGain(me);
  const map = placement(me, 100, 120) ?? { a: 1, b: 0 };
  const turn = Math.hypot(map.a, map.b);
  const [cos, sin] = [map.a / turn, map.b / turn];
  return gain === 0 ? [] : me.regions.filter((region) => region.moving).map((region) => {
    const [x, y] = [region.box[0] + region.box[2] / 2, region.box[1] + region.box[3] / 2];
    const [u, v] = [region.u_px * cos - region.v_px * sin, region.u_px * sin + region.v_px * cos].map((value) => value * gain);
    const length = Math.hypot(u, v) || 1;
    const [p, q] = [(u / length) * 7 * pixel, (v / length) * 7 * pixel];
    return { name: region.name, path: `M${x} ${y}L${x + u} ${y + v}M${x + u - p - q * 0.7} ${y + v - q + p * 0.7}L${x + u} ${y + v}L${x + u - p + q * 0.7} ${y + v - q - p * 0.7}` };
  });
}

/**
 * The face of the chosen moment or person with some room around it, px; null where there is none.
 * @param {App} app
 * @returns {Box | null}
 */
export function faceBox(app) {
  const boxes = app.moment()?.me?.regions.map((region) => region.box);
  const person = app.report.people.find((one) => one.person === app.state.get("person")) ?? app.report.people[0];
  if (!boxes?.length && !person) return null;
  const all = boxes?.length ? boxes : [person.box];
  const left = Math.min(...all.map((b) => b[0]));
  const top = Math.min(...all.map((b) => b[1]));
  const wide = Math.max(...all.map((b) => b[0] + b[2])) - left;
  const high = Math.max(...all.map((b) => b[1] + b[3])) - top;
  const margin = boxes?.length ? 0.3 : 0.15;
  return [left - margin * wide, top - margin * 1.2 * high, wide * (1 + 2 * margin), high * (1 + 2 * margin)];
}
