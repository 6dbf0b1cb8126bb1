// Two flow estimators on the same moment, side by side.

import * as api from "./api.js";
import { element, options, refill } from "./element.js";
import { nearest } from "./moments.js";
import { t } from "./words.js";

export class Compare {
  constructor(context) {
    Object.assign(this, context);
    this.place = document.querySelector("#compare");
    this.kept = new Map();
    this.chosen = this.choices.estimators.find((name) => name !== this.job.request.settings.estimator);
    this.state.watch(["moment", "measured", "words"], () => this.draw());
  }

  key(moment) {
    const { onset, apex, offset } = moment.frames;
    return [moment.person, onset, apex, offset, this.chosen].join();
  }

  draw() {
    const moment = this.moment();
    if (!moment?.me || !this.editable) { this.place.replaceChildren(); return; }
    const found = this.kept.get(this.key(moment));
    const own = this.job.request.settings.estimator;
    const others = this.choices.estimators.filter((name) => name !== own).map((name) => [name, name]);
    refill(this.place, element("details", { open: this.open, ontoggle: (event) => { this.open = event.target.open; } },
      element("summary", {}, t("compare")),
      element("form", { class: "compare-form", onsubmit: (event) => { event.preventDefault(); this.measure(moment); } },
        element("span", { class: "soft" }, `${own} ↔ `),
        element("select", { data: { focus: "estimator" }, aria: { label: t("estimator") }, onchange: (event) => { this.chosen = event.target.value; this.draw(); } }, options(others, this.chosen)),
        element("button", { data: { focus: "measure" }, disabled: found === "busy" }, t("compare_go"))),
      found === "busy" ? element("p", { class: "busy small" }, t("reading_again"))
        : found instanceof Error ? element("p", { class: "error small" }, found.message)
          : found ? this.table(moment.me, found, own) : null));
  }

  async measure(moment) {
    const key = this.key(moment);
    this.kept.set(key, "busy");
    this.draw();
    try {
      const { media, settings } = this.job.request;
      const started = await api.submit({ media, frames: moment.frames, parent: this.job.id, name: this.job.name, settings: { ...settings, llm: "none", estimator: this.chosen } });
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

  table(mine, theirs, own) {
    const strongest = (me) => me.regions.filter((region) => region.moving).sort((a, b) => b.mean_px - a.mean_px).slice(0, 4);
    const label = (me) => (me.emotion.label ? `${this.names.emotion(me.emotion.label)} ${me.emotion.probabilities[me.emotion.label].toFixed(2)}` : t("no_evidence"));
    const units = (me) => me.action_units.filter((au) => au.present).map((au) => element("div", {}, element("b", {}, au.code), ` ${au.probability.toFixed(2)}`));
    const motion = (me) => strongest(me).map((region) => element("div", { tabindex: 0, onpointerenter: () => this.point([region.name]), onpointerleave: () => this.point(null), onfocus: () => this.point([region.name]), onblur: () => this.point(null) },
      `${this.names.region(region.name)} ${this.names.octant(region.octant)} ${region.mean_px.toFixed(2)} px`));
    const line = (title, cells) => element("tr", {}, element("th", { scope: "row" }, title), cells.map((cell) => element("td", {}, cell)));
    return element("table", { class: "compared small" },
      element("thead", {}, element("tr", {}, element("td"), element("th", { scope: "col" }, own), element("th", { scope: "col" }, this.chosen))),
      element("tbody", {}, line(t("units"), [units(mine), units(theirs)]), line(t("emotion"), [label(mine), label(theirs)]), line(t("strongest"), [motion(mine), motion(theirs)])));
  }
}
