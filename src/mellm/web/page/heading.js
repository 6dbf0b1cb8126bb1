// Which micro-expression is looked at, its frames, and whether the person agrees with it at all.

import { at, element, refill } from "./element.js";
import { Part } from "./state.js";
import { t } from "./words.js";

/** @import {Context, FramePart, Moment} from "./types.d.ts" */

export class Heading extends Part {
  /** @param {Context} context */
  constructor(context) {
    super(context);
    this.place = at("#heading");
    this.state.watch(["moment", "measured", "words", "edits", "person"], () => this.draw());
  }

  draw() {
    const moment = this.moment();
    const shown = this.moments.list.filter((one) => one.person === this.state.get("person"));
    const tabs = shown.map((one, k) => element("button", {
      type: "button", class: `tab ${one.number === null ? "person" : ""} ${one.coded.verdict}`, aria: { pressed: one === moment },
      data: { focus: `tab-${k}` }, onclick: () => this.choose(one),
    }, one.number === null ? `✎ ${t("moment")}` : `${t("moment")} ${one.number}`, element("span", { class: "small number" }, ` ${this.frames.times[one.frames.apex]?.toFixed(2) ?? ""} s`)));
    const add = this.editable ? element("button", { type: "button", class: "plain", title: t("add_moment"), aria: { label: t("add_moment") }, data: { focus: "add-moment" }, onclick: () => this.addMoment() }, "+") : null;
    if (moment) refill(this.place, element("div", { class: "tabs", role: "group", aria: { label: t("title") } }, tabs, add), this.interval(moment));
    else this.drawNone();
  }

  /** Nothing was found: why, what was seen instead, and how to add what the person sees. */
  drawNone() {
    const seen = this.report.other_events.filter((event) => event.person === this.state.get("person"));
    refill(this.place, element("p", { class: "verdict" }, this.said(this.report.verdict)),
      seen.length ? element("p", { class: "seen small" }, element("span", { class: "soft" }, `${t("also_seen")}: `), seen.map((event, k) => element("button", {
        type: "button", class: "plain", title: this.said(event.note), data: { focus: `seen-${k}` }, onclick: () => this.state.set({ frame: event.apex_frame }),
      }, `${t(event.kind)} ${event.onset_time.toFixed(2)}–${event.offset_time.toFixed(2)} s`))) : null,
      this.editable && this.report.people.length ? element("button", { type: "button", data: { focus: "add-moment" }, onclick: () => this.addMoment() }, `+ ${t("add_moment")}`) : null);
  }

  /** @param {Moment} moment */
  interval(moment) {
    const program = moment.program?.interval;
    /** @param {FramePart} part */
    const field = (part) => {
      const value = moment.frames[part];
      if (value === null) return null;
      const time = this.frames.times[value];
      const before = moment.coded.frames && program ? program[/** @type {const} */ (`${part}_frame`)] : null;
      return element("label", { class: "frame-field" }, element("span", { class: "soft small" }, t(part)),
        element("input", { type: "number", min: 0, max: this.frames.count - 1, value, disabled: !this.editable, class: before !== null && before !== value || moment.number === null ? "person number" : "number", data: { focus: part },
          onchange: (event) => this.change(moment, part, Math.round(Number(event.target.value))), onfocus: () => this.state.set({ frame: value }) }),
        element("span", { class: "soft small number" }, time === undefined ? "" : `${time.toFixed(3)} s`),
        before !== null && before !== value ? element("s", { class: "small was number", title: t("program_says") }, String(before)) : null);
    };
    const rejected = moment.coded.verdict === "rejected";
    /** @param {"open" | "agreed" | "rejected"} verdict */
    const say = (verdict) => {
      moment.coded.verdict = verdict;
      if (verdict === "open") moment.settle();
      this.edited();
    };
    const word = /** @type {Record<string, string>} */ ({ changed: "changed", agreed: "agreed", rejected: "rejected", added: "own_moment" })[moment.coded.verdict];
    return element("div", { class: "interval" },
      field("onset"), field("apex"), field("offset"),
      element("div", { class: "state small" },
        moment.busy ? element("span", { class: "busy" }, t("reading_again"))
          : moment.error ? element("span", { class: "error" }, moment.error)
            : moment.coded.frames ? element("span", { class: "person-text" }, `✎ ${t("set_by_you")}`)
              : program?.origin === "spotted" ? element("span", { class: "soft" }, `${t("confidence")} ${program.confidence.toFixed(2)}`) : null,
        moment.coded.frames && program ? element("button", { type: "button", class: "plain", data: { focus: "back" }, onclick: () => this.setFrames(moment, null) }, `↶ ${t("back_to_program")}`) : null),
      element("div", { class: "judge" },
        word ? element("span", { class: "chip person" }, t(word)) : null,
        moment.number === null ? element("button", { type: "button", data: { focus: "drop" }, onclick: () => this.dropMoment(moment) }, t("remove"))
          : rejected || moment.coded.verdict === "agreed" ? element("button", { type: "button", class: "plain", data: { focus: "undo" }, onclick: () => say("open") }, `↶ ${t("undo")}`)
            : [element("button", { type: "button", data: { focus: "agree" }, onclick: () => say("agreed") }, `✓ ${t("agree")}`),
              element("button", { type: "button", data: { focus: "reject" }, onclick: () => say("rejected") }, `✕ ${t("reject")}`)]));
  }

  /**
   * @param {Moment} moment
   * @param {FramePart} part
   * @param {number} frame
   */
  change(moment, part, frame) {
    const frames = { ...moment.frames, [part]: Math.max(0, Math.min(frame, this.frames.count - 1)) };
    if (frames.onset < frames.apex && (frames.offset === null || frames.apex <= frames.offset)) this.setFrames(moment, frames);
    else this.draw();
  }
}
