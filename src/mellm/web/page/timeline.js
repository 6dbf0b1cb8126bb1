// The timeline: motion per face area, events, and the micro-expressions with onset, apex and offset to drag.

import { Handles, wireSeek } from "./handles.js";
import { Overview } from "./overview.js";
import { around, BOTTOM, LEFT, RIGHT, show, shown, TOP, wireView } from "./time-view.js";
import { COLOURS, lanesOf } from "./traces.js";
import { html, useEffect, useLayoutEffect, useRef, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Lane} from "./traces.js" */
/** @import {Moment, OtherEvent, Sheet} from "./types.d.ts" */

/** @param {{ app: App }} given */
export function Timeline({ app }) {
  useWatch(app.state, ["words", "moment", "span", "person", "one_scale", "measured"]);
  const person = app.state.get("person");
  const lanes = useLanes(app, person);
  const moment = app.moment();
  /** @param {boolean} on @param {string} name @param {() => void} act */
  const button = (on, name, act) => html`<button type="button" class="plain small" aria-pressed=${on} onClick=${act}>${t(name)}</button>`;
  const span = app.state.get("span");
  return html`<div class="time-head"><h2 id="time-title" class="small soft">${t("timeline")}</h2>
      <label class="small soft" title=${t("one_scale_note")}><input type="checkbox" checked=${app.state.get("one_scale")} onChange=${(/** @type {any} */ event) => app.state.set({ one_scale: event.target.checked })} /> ${t("one_scale")}</label>
      ${button(!span, "whole_clip", () => app.state.set({ span: null }))}
      ${moment && button(false, "around", () => { const [a, b] = around(app, moment); show(app, a, b - a); })}
      <button type="button" class="plain" aria-label=${t("zoom_out")} title=${`${t("zoom_out")} (−)`} onClick=${() => app.zoomTime(-1)}>−</button>
      <button type="button" class="plain" aria-label=${t("zoom_in")} title=${`${t("zoom_in")} (+)`} onClick=${() => app.zoomTime(1)}>+</button></div>
    <${Drawing} app=${app} lanes=${lanes} /><${Overview} app=${app} lanes=${lanes} />`;
}

/**
 * @param {App} app
 * @param {number} person
 */
function useLanes(app, person) {
  const kept = useRef({ person: 0, report: app.report, lanes: /** @type {Lane[]} */ ([]) });
  if (kept.current.person !== person || kept.current.report !== app.report) kept.current = { person, report: app.report, lanes: lanes(app, person) };
  return kept.current.lanes;
}

/** @param {App} app @param {number} person */
const lanes = (app, person) => lanesOf(app.report.traces.find((one) => one.person === person), app.report.other_events.filter((event) => event.person === person));

/** @param {{ app: App, lanes: Lane[] }} given */
function Drawing({ app, lanes: all }) {
  useWatch(app.state, ["moment", "measured", "doc", "words", "person", "span", "lit", "one_scale", "blind"]);
  const svg = useRef(/** @type {SVGSVGElement | null} */ (null));
  const [[width, height], measure] = useState([0, 0]);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => measure([svg.current.clientWidth, svg.current.clientHeight]));
    observer.observe(svg.current);
    return () => observer.disconnect();
  }, []);
  const [start, end] = shown(app);
  /** @type {Sheet} */
  const sheet = { start, end, width, bottom: height - BOTTOM, x: (time) => LEFT + ((time - start) / (end - start)) * (width - LEFT - RIGHT), xOf: (frame) => sheet.x(app.frames.times[Math.min(frame, app.frames.count - 1)]) };
  const now = useRef(sheet);
  now.current = sheet;
  useEffect(() => { wireView(app, svg.current); wireSeek(app, svg.current, () => now.current); }, []);
  const person = app.state.get("person");
  /** @param {number} from @param {number} to */
  const inView = (from, to) => app.frames.times[Math.min(to, app.frames.count - 1)] >= start && app.frames.times[Math.min(from, app.frames.count - 1)] <= end;
  const events = app.state.get("blind") ? [] : app.report.other_events.filter((event) => event.person === person && inView(event.onset_frame, event.offset_frame));
  const moments = app.moments.of(person).filter(({ frames }) => inView(frames.onset, frames.offset ?? frames.apex));
  return html`<svg id="timeline" ref=${svg} role="group" aria-labelledby="time-title" viewBox=${`0 0 ${width || 1} ${height || 1}`}>${width > 0 && app.frames.count > 1 && html`
    <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" class="hatch" /></pattern>
      <clipPath id="inside"><rect x=${LEFT} y="0" width=${Math.max(1, width - LEFT - RIGHT)} height=${height} /></clipPath></defs>
    <g clip-path="url(#inside)">${events.map((event, k) => html`<${Event} key=${`${event.kind} ${event.onset_frame} ${k}`} sheet=${sheet} event=${event} />`)}</g>
    <${Bands} app=${app} sheet=${sheet} moments=${moments} />
    <${Lanes} app=${app} sheet=${sheet} lanes=${all} /><${Axis} app=${app} sheet=${sheet} />
    <${Playhead} app=${app} sheet=${sheet} /><${Handles} app=${app} sheet=${sheet} />`}</svg>`;
}

/** @param {{ app: App, sheet: Sheet, lanes: Lane[] }} given */
function Lanes({ app, sheet, lanes: all }) {
  const high = (sheet.bottom - TOP) / Math.max(all.length, 1);
  const lit = app.state.get("lit");
  const most = Math.max(...all.map((lane) => lane.full));
  return all.map((lane, k) => {
    const full = app.state.get("one_scale") ? most : lane.full;
    const base = TOP + high * (k + 1) - 1;
    const { line, dots, over } = curve(lane, sheet, base, high, full);
    const dim = lit && !app.names.areas[lane.area].some((name) => lit.has(name));
    return html`<g key=${lane.area} class=${dim ? "lane dim" : "lane"} data-area=${lane.area}>
      <rect class="ground" x="0" y=${base - high + 1} width=${sheet.width} height=${high} onPointerEnter=${() => app.pointArea(lane.area)} onPointerLeave=${() => app.point(null)} />
      <text x=${LEFT - 8} y=${base - high / 2 + (high > 24 ? 0 : 4)} text-anchor="end">${t(lane.area)}</text>
      ${high > 24 && html`<text x=${LEFT - 8} y=${base - high / 2 + 11} text-anchor="end" class="faint">${full.toFixed(1)} px</text>`}
      <path class="base" d=${`M${LEFT} ${base}H${sheet.width - RIGHT}`} />
      <g clip-path="url(#inside)"><path d=${line} fill="none" stroke=${COLOURS[lane.area]} stroke-width="1.7" class="curve" /><path d=${dots} stroke=${COLOURS[lane.area]} stroke-width="3.4" stroke-linecap="round" class="curve" />
        <path d=${over} class="over"><title>${t("over_scale")}</title></path></g></g>`;
  });
}

/**
 * @param {Lane} lane
 * @param {Sheet} sheet
 * @param {number} base
 * @param {number} high
 * @param {number} full
 */
function curve(lane, { start, end, width, x: place }, base, high, full) {
  const samples = lane.between(start, end, width);
  let [line, dots, over, open] = ["", "", "", false];
  for (const k of samples) {
    const value = lane.values[k];
    if (Number.isNaN(value)) { open = false; continue; }
    const [x, y] = [place(lane.times[k]).toFixed(1), (base - Math.min(value / full, 1) * (high - 3)).toFixed(1)];
    line += `${open ? "L" : "M"}${x} ${y}`;
    open = true;
    if (samples.length < 90) dots += `M${x} ${y}h.01`;
    if (value > full * 1.001) over += `M${x} ${base - high + 2}m-2.5 3l2.5 -3l2.5 3z`;
  }
  return { line, dots, over };
}

/** @param {{ sheet: Sheet, event: OtherEvent }} given */
function Event({ sheet, event }) {
  const [a, b] = [sheet.xOf(event.onset_frame), sheet.xOf(event.offset_frame)];
  return html`<g class=${`event ${event.kind}`}><rect x=${a} y=${TOP} width=${Math.max(b - a, 2)} height=${Math.max(1, sheet.bottom - TOP)}><title>${t(event.kind)} ${event.onset_frame}–${event.offset_frame} ${event.note}</title></rect>
    <text x=${(a + b) / 2} y=${TOP + 10} text-anchor="middle" class="faint">${b - a > 40 ? t(event.kind) : ""}</text></g>`;
}

/**
 * Bands of the moments; their names stand above them where there is room, never over each other.
 * @param {{ app: App, sheet: Sheet, moments: Moment[] }} given
 */
function Bands({ app, sheet, moments }) {
  let right = -Infinity;
  const chosen = app.moment();
  return moments.map((moment) => {
    const { onset, apex, offset } = moment.frames;
    const active = moment === chosen;
    const by = moment.coded.verdict === "rejected" ? "rejected" : moment.coded.frames ? "person" : "program";
    const name = `${moment.number === null ? "✎ " : ""}${t("moment")} ${app.moments.name(moment)}`;
    const middle = (sheet.xOf(onset) + sheet.xOf(offset ?? apex)) / 2;
    const room = !active && middle - 4 * name.length > right;
    if (room) right = middle + 4 * name.length;
    /** @param {number} from @param {number} to @param {string} kind */
    const band = (from, to, kind) => html`<rect class=${kind} x=${sheet.xOf(from)} y=${TOP} width=${Math.max(sheet.xOf(to) - sheet.xOf(from), 2)} height=${Math.max(1, sheet.bottom - TOP)} />`;
    const when = moment.program?.interval;
    return html`<g key=${moment.key} class=${`moment ${by} ${active ? "active" : ""}`} clip-path="url(#inside)">
      ${moment.coded.frames && when && band(when.onset_frame, when.offset_frame ?? when.apex_frame, "ghost")}${band(onset, offset ?? apex, "band")}
      <path class="peak" d=${`M${sheet.xOf(apex)} ${TOP}V${sheet.bottom}`} />
      ${room && html`<text x=${middle} y=${TOP - 9} text-anchor="middle" class="name" onPointerDown=${(/** @type {Event} */ event) => { event.stopPropagation(); app.choose(moment); }}>${name}</text>`}</g>`;
  });
}

/** @param {{ app: App, sheet: Sheet }} given */
function Axis({ app, sheet: { start, end, width, bottom, x: place } }) {
  const step = nice((end - start) / Math.max(3, Math.floor(width / 110)));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = [];
  for (let time = Math.ceil(start / step - 1e-9) * step; time <= end + 1e-9; time += step) ticks.push(time);
  return html`<path class="base" d=${`M${LEFT} ${bottom}H${width - RIGHT}`} /><text x=${LEFT - 18} y=${bottom + 13} text-anchor="end" class="faint">s</text>
    <text x=${LEFT - 18} y=${bottom + 25} text-anchor="end" class="faint">${t("frame")}</text>
    ${ticks.map((time) => html`<g key=${time.toFixed(4)}><path class="base" d=${`M${place(time)} ${bottom}v4`} /><text x=${place(time)} y=${bottom + 13} text-anchor="middle">${time.toFixed(digits)}</text>
      <text x=${place(time)} y=${bottom + 25} text-anchor="middle" class="faint">${app.frames.nearest(time)}</text></g>`)}`;
}

/** @param {{ app: App, sheet: Sheet }} given */
function Playhead({ app, sheet }) {
  useWatch(app.state, ["frame"]);
  const x = sheet.xOf(app.state.get("frame"));
  if (x < LEFT - 1 || x > sheet.width - RIGHT + 1) return null;
  return html`<path class="cursor" d=${`M${x.toFixed(1)} ${TOP - 4}V${sheet.bottom + 3}`} /><path class="cursor-foot" d=${`M${x.toFixed(1)} ${sheet.bottom}l-5 8h10z`} />`;
}

/**
 * The next 1, 2 or 5 times a power of ten.
 * @param {number} value
 */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}
