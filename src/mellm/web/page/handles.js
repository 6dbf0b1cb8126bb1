// Onset, apex and offset of the chosen moment, to drag or to push with the arrow keys.

import { LEFT, RIGHT, shown, TOP } from "./time-view.js";
import { html, useRef, useState } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {FramePart, Moment, Sheet} from "./types.d.ts" */

const PARTS = /** @type {FramePart[]} */ (["onset", "apex", "offset"]);
/** Grips are at least so far apart: three frames on one pixel can still be taken one by one. */
const APART = 20;
/** @type {Record<FramePart, string>} */
const HEADS = { onset: "M0 -10v10h-9v-10z", apex: "M0 0l-6 -9h12z", offset: "M0 -10v10h9v-10z" };

/**
 * @param {App} app
 * @param {Sheet} sheet
 * @param {number} clientX
 * @param {SVGSVGElement} svg
 */
function frameAt(app, sheet, clientX, svg) {
  const box = svg.getBoundingClientRect();
  const share = (clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
  return app.frames.nearest(sheet.start + Math.max(0, Math.min(1, share)) * (sheet.end - sheet.start));
}

/**
 * Where each part may go: the order onset, apex, offset stays.
 * @param {App} app
 * @param {Moment} moment
 * @param {FramePart} part
 */
function range(app, moment, part) {
  const { onset, apex, offset } = moment.frames;
  const last = app.frames.count - 1;
  return { onset: [0, apex - 1], apex: [onset + 1, offset ?? last], offset: [apex, last] }[part];
}

/** @param {{ app: App, sheet: Sheet }} given */
export function Handles({ app, sheet }) {
  const [held, hold] = useState(/** @type {{ part: FramePart, frame: number } | null} */ (null));
  const moment = app.moment();
  if (!moment || !app.editable || moment.person !== app.state.get("person")) return null;
  const frames = held ? { ...moment.frames, [held.part]: held.frame } : moment.frames;
  const parts = PARTS.filter((part) => frames[part] !== null && frames[part] !== undefined)
    .map((part) => ({ part, x: sheet.xOf(frames[part]) })).filter(({ x }) => x >= LEFT - 2 && x <= sheet.width - RIGHT + 2);
  const heads = spread(parts.map(({ x }) => x), APART);
  return parts.map(({ part, x }, k) => html`<${Handle} key=${part} app=${app} sheet=${sheet} moment=${moment} part=${part} x=${x} head=${heads[k]} hold=${hold} frame=${frames[part]}
    free=${Math.min(9, ...parts.filter((other) => other.part !== part).map((other) => Math.abs(other.x - x) / 2))} />`);
}

/**
 * Places that are at least so far apart, as near to the wanted ones as that allows.
 * @param {number[]} wanted - ascending
 * @param {number} apart
 */
export function spread(wanted, apart) {
  const placed = [...wanted];
  for (let turn = 0; turn < 8; turn += 1) {
    for (let k = 1; k < placed.length; k += 1) {
      const lack = apart - (placed[k] - placed[k - 1]);
      if (lack > 0) { placed[k - 1] -= lack / 2; placed[k] += lack / 2; }
    }
  }
  return placed;
}

/**
 * @param {{ app: App, sheet: Sheet, moment: Moment, part: FramePart, x: number, head: number, frame: number, free: number,
 *   hold: (held: { part: FramePart, frame: number } | null) => void }} given
 */
function Handle({ app, sheet, moment, part, x, head, frame, free, hold }) {
  const node = useRef(/** @type {SVGElement | null} */ (null));
  const [low, high] = range(app, moment, part);
  /** @param {PointerEvent} event */
  const drag = (event) => {
    event.stopPropagation();
    event.preventDefault();
    const handle = node.current;
    const svg = /** @type {SVGSVGElement} */ (handle.closest("svg"));
    // A grip that stands beside its line is not moved by being taken.
    const aside = event.clientX - svg.getBoundingClientRect().left - x;
    let now = moment.frames[part];
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    /** @param {PointerEvent} moved */
    const move = (moved) => {
      const to = Math.max(low, Math.min(high, frameAt(app, sheet, moved.clientX - aside, svg)));
      if (to === now) return;
      now = to;
      hold({ part, frame: now });
      app.state.set({ frame: now });
    };
    /** @param {Event} ended */
    const end = (ended) => {
      for (const name of ["pointerup", "pointercancel"]) handle.removeEventListener(name, end);
      handle.removeEventListener("pointermove", /** @type {EventListener} */ (move));
      hold(null);
      if (ended.type === "pointerup" && now !== moment.frames[part]) app.actions.part(moment, part, now);
    };
    handle.addEventListener("pointermove", /** @type {EventListener} */ (move));
    for (const name of ["pointerup", "pointercancel"]) handle.addEventListener(name, end);
  };
  /** @param {KeyboardEvent} event */
  const nudge = (event) => {
    const step = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 })[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const to = Math.max(low, Math.min(high, moment.frames[part] + step * (event.shiftKey ? 10 : 1)));
    if (to !== moment.frames[part] && app.actions.part(moment, part, to)) app.state.set({ frame: to });
  };
  return html`<g ref=${node} class=${`handle ${part} ${moment.coded.frames ? "person" : ""}`} tabindex="0" role="slider" data-part=${part} data-focus=${`handle-${part}`}
      aria-label=${t(part)} aria-valuenow=${frame} aria-valuemin=${low} aria-valuemax=${high} aria-valuetext=${`${t("frame")} ${frame}, ${app.frames.times[frame].toFixed(3)} s`}
      onPointerDown=${drag} onKeyDown=${nudge} onFocus=${() => app.state.set({ frame: moment.frames[part] })}>
    <rect class="grip" x=${x - free} y=${TOP - 4} width=${2 * free} height=${Math.max(1, sheet.bottom - TOP + 4)} />
    <rect class="grip" x=${head - APART / 2} y="0" width=${APART} height=${TOP - 3} />
    <path class="stem" d=${`M${head} ${TOP - 12}L${x} ${TOP - 3}V${sheet.bottom}`} /><path class="head" transform=${`translate(${head} ${TOP - 4})`} d=${HEADS[part]} /></g>`;
}

/**
 * Pressing on the timeline goes there; holding goes along.
 * @param {App} app
 * @param {SVGSVGElement} svg
 * @param {() => Sheet} sheet
 */
export function wireSeek(app, svg, sheet) {
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    svg.setPointerCapture(event.pointerId);
    const [start, end] = shown(app);
    /** @param {PointerEvent} moved */
    const move = (moved) => app.state.set({ frame: frameAt(app, { ...sheet(), start, end }, moved.clientX, svg) });
    move(event);
    svg.addEventListener("pointermove", move);
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) svg.addEventListener(name, () => svg.removeEventListener("pointermove", move), { once: true });
  });
}
