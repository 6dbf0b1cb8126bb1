// What a moment suggests: the headline, the distribution in the chosen class set, and the person's word.

import { at, bar, element, options, refill } from "./element.js";
import { Part } from "./state.js";
import { t } from "./words.js";

/** @import {Context, Moment, Shares} from "./types.d.ts" */

export class Emotion extends Part {
  /** @param {Context} context */
  constructor(context) {
    super(context);
    this.place = at("#emotion");
    this.state.watch(["moment", "measured", "words", "edits", "taxonomy"], () => this.draw());
  }

  draw() {
    const moment = this.moment();
    if (!moment?.me) { this.place.replaceChildren(); return; }
    const { emotion } = moment.me;
    /** @type {Record<string, Shares>} */
    const sets = { [emotion.taxonomy]: emotion.probabilities, ...emotion.also };
    const wanted = this.state.get("taxonomy");
    const chosen = sets[wanted] ? wanted : emotion.taxonomy;
    const ranked = Object.entries(sets[chosen]).sort((a, b) => b[1] - a[1]);
    const coded = moment.coded.emotion;
    /** @param {string | null} label */
    const name = (label) => (label ? this.names.emotion(label) : t("none"));
    const top = emotion.label ? ranked[0] : null;
    const program = top
      ? [element("span", { class: "verb" }, t("suggests")), " ", element("b", { class: coded ? "was" : "" }, name(top[0])), " ", element("span", { class: "number share" }, top[1].toFixed(2))]
      : element("b", { class: coded ? "was" : "" }, t("no_evidence"));
    const labels = this.choices.taxonomies[chosen];
    refill(this.place,
      element("div", { class: "headline" },
        element("p", { class: "big" }, program),
        coded ? element("p", { class: "big person-text" }, `✎ ${name(coded.label)}`) : null,
        element("span", { class: "grow" }),
        element("label", { class: "small soft" }, element("span", { class: "hidden-text" }, t("emotion")),
          element("select", { data: { focus: "taxonomy" }, onchange: (event) => this.state.set({ taxonomy: event.target.value }) },
            options(Object.keys(sets).sort().map((key) => [key, t("classes", { n: this.choices.taxonomies[key].length })]), chosen)))),
      ranked.length ? element("table", { class: "shares", aria: { label: t("emotion") } }, element("tbody", {}, ranked.map(([label, share]) =>
        element("tr", {}, element("th", { scope: "row" }, name(label)), element("td", {}, bar(share)), element("td", { class: "number" }, share.toFixed(2)))))) : null,
      element("label", { class: "small yours" }, element("span", { class: "soft" }, `${t("you_say")}: `),
        element("select", { data: { focus: "your-emotion" }, class: coded ? "person" : "", onchange: (event) => this.say(moment, chosen, event.target.value) },
          options([["", t("as_program")], ...labels.map((label) => [label, name(label)]), ["-", t("none")]], coded ? coded.label ?? "-" : ""))));
  }

  /**
   * @param {Moment} moment
   * @param {string} taxonomy
   * @param {string} value
   */
  say(moment, taxonomy, value) {
    moment.coded.emotion = value ? { taxonomy, label: value === "-" ? null : value } : null;
    moment.settle();
    this.edited();
  }
}
