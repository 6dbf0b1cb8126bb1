// The same moment by another model, side by side: flow estimator, model of action units, writer of the reading.

import * as api from "./api.js";
import { at, element, options, refill } from "./element.js";
import { nearest, readBy } from "./moments.js";
import { Part } from "./state.js";
import { t } from "./words.js";

/** @import {Child, Context, MicroExpression, Moment, Shares} from "./types.d.ts" */

// Setting -> its title, who is offered, and how a name is shown.
/** @typedef {"estimator" | "au_model" | "llm"} Kind */
/** @typedef {(me: MicroExpression) => Child} Cell */
/** @type {Record<Kind, [title: string, offered: "estimators" | "au_models" | "readers", shown: (name: string) => string]>} */
const KINDS = {
  estimator: ["estimator", "estimators", (name) => name],
  au_model: ["au_model", "au_models", (name) => t(`au_${name}`)],
  llm: ["llm", "readers", (name) => t(`llm_${name}`)],
};

const kinds = /** @type {[Kind, typeof KINDS[Kind]][]} */ (Object.entries(KINDS));

export class Compare extends Part {
  /** @param {Context} context */
  constructor(context) {
    super(context);
    this.place = at("#compare");
    /** @type {Map<string, MicroExpression | Error | "busy">} */
    this.kept = new Map();
    this.chosen = this.others()[0]?.value;
    this.state.watch(["moment", "measured", "words"], () => this.draw());
  }

  /** Every model that is not the one of this analysis: {kind, name, value}. */
  others() {
    const { settings } = this.job.request;
    return kinds.flatMap(([kind, [, offered]]) => this.choices[offered]
      .filter((name) => name !== settings[kind]).map((name) => ({ kind, name, value: `${kind}:${name}` })));
  }

  /** @param {Moment} moment */
  key(moment) {
    const { onset, apex, offset } = moment.frames;
    return [moment.person, onset, apex, offset, this.chosen].join();
  }

  draw() {
    const moment = this.moment();
    if (!moment?.me) { this.place.replaceChildren(); return; }
    const found = this.kept.get(this.key(moment));
    const others = this.others();
    const groups = kinds.map(([kind, [title, , shown]]) => element("optgroup", { label: t(title) },
      options(others.filter((one) => one.kind === kind).map(({ name, value }) => [value, shown(name)]), this.chosen)));
    refill(this.place, element("details", { open: this.open, ontoggle: (event) => { this.open = event.target.open; } },
      element("summary", {}, t("compare")),
      element("form", { class: "compare-form", onsubmit: (event) => { event.preventDefault(); this.measure(moment); } },
        element("select", { data: { focus: "other" }, aria: { label: t("compare_with") }, onchange: (event) => { this.chosen = event.target.value; this.draw(); } }, groups),
        element("button", { data: { focus: "measure" }, disabled: found === "busy" }, t("compare_go"))),
      found === "busy" ? element("p", { class: "busy small" }, t("reading_again"))
        : found instanceof Error ? element("p", { class: "error small" }, found.message)
          : found ? this.table(moment.me, found, /** @type {[Kind, string]} */ (this.chosen.split(":"))) : null));
  }

  /** @param {Moment} moment */
  async measure(moment) {
    const key = this.key(moment);
    const [kind, name] = this.chosen.split(":");
    this.kept.set(key, "busy");
    this.draw();
    try {
      const { media, onset, apex, settings } = this.job.request;
      const source = media ? { media, frames: moment.frames } : { onset, apex };
      // Words take long and are compared only where it is about them; the built-in model writes English.
      const other = kind === "llm" ? { ...readBy(name, settings), ...(name === "embedded" ? { language: "en" } : {}) } : { ...readBy("none", settings), [kind]: name };
      const started = await api.submit({ ...source, parent: this.job.id, name: this.job.name, settings: other });
      const done = await api.ended(started.id);
      if (done.state !== "done") throw new Error(done.error ?? t(done.state));
      const report = await api.report(done.id);
      const at = nearest(report.micro_expressions, this.moments.place(moment));
      if (at < 0) throw new Error(report.verdict);
      this.kept.set(key, report.micro_expressions[at]);
    } catch (error) {
      this.kept.set(key, error);
    }
    this.draw();
  }

  /**
   * @param {MicroExpression} mine
   * @param {MicroExpression} theirs
   * @param {[kind: Kind, name: string]} other
   */
  table(mine, theirs, [kind, name]) {
    const shown = KINDS[kind][2];
    /** @param {MicroExpression} me */
    const strongest = (me) => me.regions.filter((region) => region.moving).sort((a, b) => b.mean_px - a.mean_px).slice(0, 4);
    /** @type {(label: string, probabilities: Shares) => string} */
    const share = (label, probabilities) => `${this.names.emotion(label)} ${(probabilities[label] ?? 0).toFixed(2)}`;
    /** @type {Cell} */
    const emotion = (me) => (me.emotion.label ? share(me.emotion.label, me.emotion.probabilities) : t("no_evidence"));
    /** @type {Cell} */
    const units = (me) => me.action_units.filter((au) => au.present).map((au) => element("div", {}, element("b", {}, au.code), ` ${au.probability.toFixed(2)}`));
    /** @type {Cell} */
    const motion = (me) => strongest(me).map((region) => element("div", { tabindex: 0, onpointerenter: () => this.point([region.name]), onpointerleave: () => this.point(null), onfocus: () => this.point([region.name]), onblur: () => this.point(null) },
      `${this.names.region(region.name)} ${this.names.octant(region.octant)} ${region.mean_px.toFixed(2)} px`));
    /** @type {Cell} */
    const label = ({ reading }) => (reading.model === "evidence" || !reading.label ? "–" : share(reading.label, reading.probabilities));
    /** @type {Cell} */
    const words = ({ reading }) => [reading.analysis, reading.reasoning, reading.conclusion].flatMap((part) => part.split("\n")).filter((line) => line.trim())
      .map((line) => element("p", { lang: reading.language === "zh" ? "zh-CN" : "en" }, line));
    /** @type {(title: string, tell: Cell) => HTMLElement} */
    const line = (title, tell) => element("tr", {}, element("th", { scope: "row" }, t(title)), [mine, theirs].map((me) => element("td", {}, tell(me))));
    return element("table", { class: "compared small" },
      element("thead", {}, element("tr", {}, element("td"), [this.job.request.settings[kind], name].map((one) => element("th", { scope: "col" }, shown(one))))),
      element("tbody", {}, kind === "llm" ? [line("own_label", label), line("reading", words)] : [line("units", units), line("emotion", emotion), line("strongest", motion)]));
  }
}
