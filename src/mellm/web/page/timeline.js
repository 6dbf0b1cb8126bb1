// The timeline: motion per face area, events, and the micro-expressions with onset, apex and offset to drag.

import { at, drawing } from "./element.js";
import { Part } from "./state.js";
import { t } from "./words.js";

/** @import {Context, FramePart, Moment, OtherEvent, Trace} from "./types.d.ts" */

/** @type {Record<string, string>} */
const COLOURS = { brows: "#0072B2", eyes: "#56B4E9", nose: "#009E73", cheeks: "#CC79A7", mouth: "#D55E00", chin: "#E69F00" };
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 14, 24, 30];
const LEAST_FULL_PX = 0.5;

export class Timeline extends Part {
  /** @param {Context} context */
  constructor(context) {
    super(context);
    this.svg = at("#timeline");
    this.start = 0;
    this.end = 0;
    this.width = 0;
    this.bottom = 0;
    /** @type {SVGPathElement | null} */
    this.cursor = null;
    new ResizeObserver(() => this.draw()).observe(this.svg);
    this.state.watch(["moment", "measured", "words", "person", "window"], () => this.draw());
    this.state.watch(["frame"], () => this.moveCursor());
    this.state.watch(["lit"], () => this.light());
    this.svg.addEventListener("pointerdown", (event) => this.seek(event));
  }

  /** @returns {[start: number, end: number]} */
  span() {
    const { times } = this.frames;
    /** @type {[number, number]} */
    const all = [times[0], Math.max(times.at(-1), times[0] + 0.001)];
    const moment = this.moment();
    if (this.state.get("window") !== "moment" || !moment) return all;
    const { onset, apex, offset } = moment.frames;
    const [a, b] = [times[onset], times[offset ?? apex]];
    const around = Math.max(0.6 * (b - a), 0.15);
    return [Math.max(all[0], a - around), Math.min(all[1], b + around)];
  }

  draw() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width || !height || this.frames.count < 2) return;
    [this.start, this.end] = this.span();
    this.width = width;
    this.bottom = height - BOTTOM;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const person = this.state.get("person");
    const trace = this.report.traces.find((one) => one.person === person);
    const events = this.report.other_events.filter((event) => event.person === person);
    this.svg.replaceChildren(
      drawing("defs", {}, drawing("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        drawing("path", { d: "M0 0V6", class: "hatch" })), drawing("clipPath", { id: "inside" }, drawing("rect", { x: LEFT, y: 0, width: width - LEFT - RIGHT, height }))),
      drawing("g", { "clip-path": "url(#inside)" }, events.map((event) => this.event(event))),
      ...this.moments.list.filter((moment) => moment.person === person).map((moment) => this.band(moment)),
      ...(trace ? this.lanes(trace) : []),
      ...this.axis(),
      this.cursor = drawing("path", { class: "cursor" }),
      ...this.handles(),
    );
    this.moveCursor();
    this.light();
  }

  /** @param {number} time */
  x(time) {
    return LEFT + ((time - this.start) / (this.end - this.start)) * (this.width - LEFT - RIGHT);
  }

  /** @param {number} frame */
  xOf(frame) {
    return this.x(this.frames.times[Math.min(frame, this.frames.count - 1)]);
  }

  /** @param {PointerEvent} event */
  frameAt(event) {
    const box = this.svg.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    return this.frames.nearest(this.start + Math.max(0, Math.min(1, share)) * (this.end - this.start));
  }

  /** @param {Trace} trace */
  lanes(trace) {
    const names = Object.keys(COLOURS).filter((area) => trace.areas[area]);
    const high = (this.bottom - TOP) / names.length;
    const inside = trace.times.map((_, k) => k).filter((k) => trace.times[k] >= this.start - 0.05 && trace.times[k] <= this.end + 0.05);
    const peak = names.reduce((most, area) => inside.reduce((high, k) => Math.max(high, trace.areas[area][k] ?? 0), most), LEAST_FULL_PX);
    const dots = inside.length < 90;
    // Of many frames on one pixel, the one that moved most is drawn.
    const crowded = inside.length > 2 * this.width;
    const lanes = names.map((area, lane) => {
      const base = TOP + high * (lane + 1) - 1;
      let [line, open] = ["", false];
      /** @type {SVGElement[]} */
      const points = [];
      for (const k of crowded ? this.highest(trace, area, inside) : inside) {
        const value = trace.areas[area][k];
        if (value === null) { open = false; continue; }
        const [x, y] = [this.x(trace.times[k]), base - (Math.min(value, peak) / peak) * (high - 3)];
        line += `${open ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
        open = true;
        if (dots) points.push(drawing("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 1.7, fill: COLOURS[area] }));
      }
      return drawing("g", { class: "lane", data: { area } },
        drawing("rect", { class: "ground", x: 0, y: base - high + 1, width: this.width, height: high, onpointerenter: () => this.pointArea(area), onpointerleave: () => this.point(null) }),
        drawing("text", { x: LEFT - 8, y: base - high / 2 + 4, "text-anchor": "end" }, t(area)),
        drawing("path", { class: "base", d: `M${LEFT} ${base}H${this.width - RIGHT}` }),
        drawing("g", { "clip-path": "url(#inside)" }, drawing("path", { d: line, fill: "none", stroke: COLOURS[area], "stroke-width": 1.7, class: "curve" }), points));
    });
    return [drawing("text", { x: LEFT - 8, y: TOP - 9, "text-anchor": "end", class: "faint" }, `${peak.toFixed(1)} px`), ...lanes];
  }

  /**
   * @param {Trace} trace
   * @param {string} area
   * @param {number[]} inside
   */
  highest(trace, area, inside) {
    /** @type {Map<number, number>} */
    const columns = new Map();
    for (const k of inside) {
      const column = Math.round(this.x(trace.times[k]));
      const best = columns.get(column);
      if (best === undefined || (trace.areas[area][k] ?? -1) > (trace.areas[area][best] ?? -1)) columns.set(column, k);
    }
    return [...columns.values()];
  }

  /** @param {OtherEvent} event */
  event(event) {
    const [a, b] = [this.xOf(event.onset_frame), this.xOf(event.offset_frame)];
    return drawing("g", { class: `event ${event.kind}` },
      drawing("rect", { x: a, y: TOP, width: Math.max(b - a, 2), height: this.bottom - TOP }, drawing("title", {}, `${t(event.kind)} ${event.onset_frame}–${event.offset_frame} ${event.note}`)),
      drawing("text", { x: (a + b) / 2, y: TOP + 10, "text-anchor": "middle", class: "faint" }, b - a > 40 ? t(event.kind) : ""));
  }

  /** @param {Moment} moment */
  band(moment) {
    const { onset, apex, offset } = moment.frames;
    const active = moment === this.moment();
    const by = moment.coded.verdict === "rejected" ? "rejected" : moment.coded.frames ? "person" : "program";
    /**
     * @param {number} from
     * @param {number} to
     * @param {string} kind
     */
    const rect = (from, to, kind) => drawing("rect", { class: kind, x: this.xOf(from), y: TOP, width: Math.max(this.xOf(to) - this.xOf(from), 2), height: this.bottom - TOP });
    const ghost = moment.coded.frames && moment.program ? rect(moment.program.interval.onset_frame, moment.program.interval.offset_frame ?? moment.program.interval.apex_frame, "ghost") : null;
    const name = moment.number ? `ME ${moment.number}` : `✎ ME`;
    return drawing("g", { class: `moment ${by} ${active ? "active" : ""}`, "clip-path": "url(#inside)" }, ghost, rect(onset, offset ?? apex, "band"),
      drawing("path", { class: "peak", d: `M${this.xOf(apex)} ${TOP}V${this.bottom}` }),
      active ? null : drawing("text", { x: (this.xOf(onset) + this.xOf(offset ?? apex)) / 2, y: TOP - 9, "text-anchor": "middle", class: "name", onpointerdown: (event) => { event.stopPropagation(); this.choose(moment); } }, name));
  }

  /** @returns {SVGElement[]} */
  handles() {
    const moment = this.moment();
    if (!moment || !this.editable || moment.person !== this.state.get("person")) return [];
    return /** @type {FramePart[]} */ (["onset", "apex", "offset"]).filter((part) => moment.frames[part] !== null).map((part) => {
      const frame = moment.frames[part];
      const x = this.xOf(frame);
      if (x < LEFT - 2 || x > this.width - RIGHT + 2) return null;
      const [low, high] = this.range(moment, part);
      /** @type {SVGElement} */
      const handle = drawing("g", {
        class: `handle ${part} ${moment.coded.frames ? "person" : ""}`, tabindex: 0, role: "slider", transform: `translate(${x} 0)`, data: { part },
        aria: { label: t(part), valuenow: frame, valuemin: low, valuemax: high, valuetext: `${t("frame")} ${frame}, ${this.frames.times[frame].toFixed(3)} s` },
        onpointerdown: (event) => this.drag(event, moment, part, handle),
        onkeydown: (event) => this.nudge(event, moment, part),
        onfocus: () => this.state.set({ frame: moment.frames[part] }),
      }, drawing("rect", { class: "grip", x: -9, y: 0, width: 18, height: this.bottom }),
        drawing("path", { class: "stem", d: `M0 ${TOP - 4}V${this.bottom}` }),
        drawing("path", { class: "head", d: part === "apex" ? `M0 ${TOP - 2}l-6 -9h12z` : part === "onset" ? `M0 ${TOP - 12}v10h-9v-10z` : `M0 ${TOP - 12}v10h9v-10z` }));
      return handle;
    }).filter(Boolean);
  }

  /**
   * @param {Moment} moment
   * @param {FramePart} part
   */
  range(moment, part) {
    const { onset, apex, offset } = moment.frames;
    const last = this.frames.count - 1;
    return { onset: [0, apex - 1], apex: [onset + 1, offset ?? last], offset: [apex, last] }[part];
  }

  /**
   * @param {PointerEvent} event
   * @param {Moment} moment
   * @param {FramePart} part
   * @param {SVGElement} handle
   */
  drag(event, moment, part, handle) {
    event.stopPropagation();
    event.preventDefault();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const [low, high] = this.range(moment, part);
    let frame = moment.frames[part];
    /** @param {PointerEvent} moved */
    const move = (moved) => {
      frame = Math.max(low, Math.min(high, this.frameAt(moved)));
      handle.setAttribute("transform", `translate(${this.xOf(frame)} 0)`);
      this.state.set({ frame });
    };
    const end = () => {
      handle.removeEventListener("pointermove", move);
      if (frame !== moment.frames[part]) this.setFrames(moment, { ...moment.frames, [part]: frame });
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Moment} moment
   * @param {FramePart} part
   */
  nudge(event, moment, part) {
    const step = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 })[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const [low, high] = this.range(moment, part);
    const frame = Math.max(low, Math.min(high, moment.frames[part] + step * (event.shiftKey ? 10 : 1)));
    if (frame === moment.frames[part]) return;
    this.state.set({ frame });
    this.setFrames(moment, { ...moment.frames, [part]: frame });
    /** @type {SVGElement} */ (this.svg.querySelector(`.handle[data-part="${part}"]`))?.focus();
  }

  axis() {
    const step = nice((this.end - this.start) / Math.max(3, Math.floor(this.width / 110)));
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const out = [drawing("path", { class: "base", d: `M${LEFT} ${this.bottom}H${this.width - RIGHT}` }),
      drawing("text", { x: LEFT - 18, y: this.bottom + 13, "text-anchor": "end", class: "faint" }, "s"),
      drawing("text", { x: LEFT - 18, y: this.bottom + 25, "text-anchor": "end", class: "faint" }, t("frame"))];
    for (let time = Math.ceil(this.start / step - 1e-9) * step; time <= this.end + 1e-9; time += step) {
      const x = this.x(time);
      out.push(drawing("path", { class: "base", d: `M${x} ${this.bottom}v4` }),
        drawing("text", { x, y: this.bottom + 13, "text-anchor": "middle" }, time.toFixed(digits)),
        drawing("text", { x, y: this.bottom + 25, "text-anchor": "middle", class: "faint" }, String(this.frames.nearest(time))));
    }
    return out;
  }

  /** @param {PointerEvent} event */
  seek(event) {
    if (event.button !== 0) return;
    this.svg.setPointerCapture(event.pointerId);
    /** @param {PointerEvent} moved */
    const move = (moved) => this.state.set({ frame: this.frameAt(moved) });
    move(event);
    this.svg.addEventListener("pointermove", move);
    this.svg.addEventListener("pointerup", () => this.svg.removeEventListener("pointermove", move), { once: true });
  }

  moveCursor() {
    if (!this.cursor) return;
    const x = this.xOf(this.state.get("frame"));
    this.cursor.setAttribute("d", x >= LEFT - 1 && x <= this.width - RIGHT + 1 ? `M${x.toFixed(1)} ${TOP - 4}V${this.bottom + 3}` : "");
  }

  light() {
    const lit = this.state.get("lit");
    const areas = lit ? new Set(Object.keys(COLOURS).filter((area) => this.names.areas[area].some((name) => lit.has(name)))) : null;
    for (const lane of /** @type {NodeListOf<SVGElement>} */ (this.svg.querySelectorAll(".lane"))) lane.classList.toggle("dim", Boolean(areas) && !areas.has(lane.dataset.area));
  }
}

/**
 * The next 1, 2 or 5 times a power of ten.
 * @param {number} value
 */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}
