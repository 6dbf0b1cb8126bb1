// The strip below the timeline: the whole clip, its moments, and the window that the timeline shows.

import { LEFT, RIGHT, show, shown, whole } from "./time-view.js";
import { html, useLayoutEffect, useRef, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Lane} from "./traces.js" */

const HIGH = 22;

/** @param {{ app: App, lanes: Lane[] }} given */
export function Overview({ app, lanes }) {
  useWatch(app.state, ["span", "doc", "measured", "moment", "person", "words", "blind"]);
  const svg = useRef(/** @type {SVGSVGElement | null} */ (null));
  const [width, measure] = useState(0);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => measure(svg.current.clientWidth));
    observer.observe(svg.current);
    return () => observer.disconnect();
  }, []);
  const [first, last] = whole(app);
  const [start, end] = shown(app);
  /** @param {number} time */
  const x = (time) => LEFT + ((time - first) / (last - first)) * (width - LEFT - RIGHT);
  /** @param {PointerEvent} event */
  const drag = (event) => {
    const strip = svg.current;
    const box = strip.getBoundingClientRect();
    /** @param {PointerEvent} at */
    const time = (at) => first + ((at.clientX - box.left - LEFT) / (width - LEFT - RIGHT)) * (last - first);
    const long = end - start;
    const inside = time(event) >= start && time(event) <= end;
    const from = inside ? time(event) - start : long / 2;
    /** @param {PointerEvent} moved */
    const move = (moved) => show(app, time(moved) - from, long);
    move(event);
    strip.setPointerCapture(event.pointerId);
    strip.addEventListener("pointermove", move);
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) strip.addEventListener(name, () => strip.removeEventListener("pointermove", move), { once: true });
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    const step = /** @type {Record<string, number>} */ ({ ArrowLeft: -0.2, ArrowRight: 0.2 })[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    show(app, start + step * (end - start), end - start);
  };
  const person = app.state.get("person");
  return html`<svg id="overview" ref=${svg} viewBox=${`0 0 ${width || 1} ${HIGH}`} tabindex="0" role="slider" aria-label=${t("overview")} aria-valuemin="0" aria-valuemax=${Math.round(last)} aria-valuenow=${Math.round(start)}
      aria-valuetext=${`${start.toFixed(2)}–${end.toFixed(2)} s`} onPointerDown=${drag} onKeyDown=${key}>${width > 0 && html`
    <path class="trace" d=${outline(lanes, first, last, width, x)} />
    ${app.moments.of(person).map((moment) => html`<rect key=${moment.key} class=${`tick ${moment.coded.frames ? "person" : ""} ${moment === app.moment() ? "active" : ""}`} x=${x(app.frames.times[moment.frames.onset] ?? 0) - 0.5} y="2" width=${Math.max(2, x(app.frames.times[moment.frames.offset ?? moment.frames.apex] ?? 0) - x(app.frames.times[moment.frames.onset] ?? 0))} height=${HIGH - 4} />`)}
    <rect class="window" x=${x(start)} y="1" width=${Math.max(4, x(end) - x(start))} height=${HIGH - 2} />`}</svg>`;
}

/**
 * The strongest motion of any area over the whole clip.
 * @param {Lane[]} lanes
 * @param {number} first
 * @param {number} last
 * @param {number} width
 * @param {(time: number) => number} x
 */
function outline(lanes, first, last, width, x) {
  return lanes.map((lane) => {
    let [line, open] = ["", false];
    for (const k of lane.between(first, last, Math.max(1, width / 4))) {
      const value = lane.values[k];
      line += Number.isNaN(value) ? "" : `${open ? "L" : "M"}${x(lane.times[k]).toFixed(1)} ${(HIGH - 3 - Math.min(1, value / lane.full) * (HIGH - 8)).toFixed(1)}`;
      open = !Number.isNaN(value);
    }
    return line;
  }).join("");
}
