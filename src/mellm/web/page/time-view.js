// Which part of the clip the timeline shows, and how it is moved: wheel, pinch, keys, the strip below.

/** @import {App} from "./app.js" */
/** @import {Moment} from "./types.d.ts" */

export const [LEFT, RIGHT, TOP, BOTTOM] = [70, 14, 26, 30];
/** The narrowest view still shows so many frames. */
const LEAST_FRAMES = 8;
const STEP = 1.25;

/**
 * The whole clip, seconds.
 * @param {App} app
 * @returns {[start: number, end: number]}
 */
export function whole({ frames: { times } }) {
  return [times[0], Math.max(times.at(-1), times[0] + 0.001)];
}

/**
 * A moment with as much around it as it is long.
 * @param {App} app
 * @param {Moment} moment
 * @returns {[start: number, end: number]}
 */
export function around(app, moment) {
  const { onset, apex, offset } = moment.frames;
  const { times } = app.frames;
  const [a, b] = [times[onset], times[offset ?? apex]];
  const more = Math.max(0.6 * (b - a), 0.15);
  const [start, end] = whole(app);
  return [Math.max(start, a - more), Math.min(end, b + more)];
}

/**
 * Show from `start` on, so long; the view never leaves the clip.
 * @param {App} app
 * @param {number} start
 * @param {number} length
 */
export function show(app, start, length) {
  const [first, last] = whole(app);
  const least = Math.min(last - first, ((last - first) / Math.max(app.frames.count - 1, 1)) * LEAST_FRAMES);
  const long = Math.max(least, Math.min(length, last - first));
  const from = Math.max(first, Math.min(start, last - long));
  app.state.set({ span: long >= last - first - 1e-9 ? null : [from, from + long] });
}

/** @param {App} app */
export const shown = (app) => app.state.get("span") ?? whole(app);

/**
 * Zoom by a factor (above 1: closer) so that `time` stays where it is.
 * @param {App} app
 * @param {number} factor
 * @param {number} time
 */
export function zoom(app, factor, time) {
  const [start, end] = shown(app);
  show(app, time - (time - start) / factor, (end - start) / factor);
}

/**
 * @param {App} app
 * @param {number} share - of what is shown
 */
export function pan(app, share) {
  const [start, end] = shown(app);
  show(app, start + share * (end - start), end - start);
}

/** @param {App} app */
const playhead = (app) => app.frames.times[app.state.get("frame")];

/** @param {App} app */
export const closer = (app) => zoom(app, STEP, playhead(app));
/** @param {App} app */
export const farther = (app) => zoom(app, 1 / STEP, playhead(app));

/**
 * Bring a frame into view where it is not.
 * @param {App} app
 * @param {number} frame
 */
export function follow(app, frame) {
  const [start, end] = shown(app);
  const time = app.frames.times[frame];
  if (time < start || time > end) show(app, time - (end - start) / 2, end - start);
}

/**
 * Wheel, trackpad and two fingers on the timeline.
 * @param {App} app
 * @param {SVGSVGElement} svg
 */
export function wireView(app, svg) {
  /** @param {number} x */
  const timeAt = (x) => {
    const box = svg.getBoundingClientRect();
    const [start, end] = shown(app);
    return start + ((x - box.left - LEFT) / (box.width - LEFT - RIGHT)) * (end - start);
  };
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (sideways) pan(app, (event.deltaX || event.deltaY) / 1000);
    else zoom(app, STEP ** (-event.deltaY / 100), timeAt(event.clientX));
  }, { passive: false });
  /** @type {Map<number, number>} where each finger is, px */
  const fingers = new Map();
  svg.addEventListener("pointerdown", (event) => { if (event.pointerType === "touch") fingers.set(event.pointerId, event.clientX); }, { capture: true });
  svg.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId) || fingers.size !== 2) { if (fingers.has(event.pointerId)) fingers.set(event.pointerId, event.clientX); return; }
    event.stopPropagation();
    const before = [...fingers.values()];
    fingers.set(event.pointerId, event.clientX);
    const now = [...fingers.values()];
    const [was, is] = [before, now].map(([a, b]) => ({ middle: (a + b) / 2, apart: Math.max(12, Math.abs(a - b)) }));
    const held = timeAt(was.middle);
    zoom(app, is.apart / was.apart, held);
    pan(app, (was.middle - is.middle) / (svg.clientWidth - LEFT - RIGHT));
  }, { capture: true });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) svg.addEventListener(name, (event) => fingers.delete(event.pointerId), { capture: true });
}
