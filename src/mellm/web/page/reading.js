// The words about one moment, linked to the regions they speak of; the person may rewrite them and add a note.

import * as api from "./api.js";
import { at, element, refill } from "./element.js";
import { say } from "./look.js";
import { Part } from "./state.js";
import { language, t } from "./words.js";

/** @import {Child, CodedText, Context, Form, Moment, Reading as Written, RegionReading} from "./types.d.ts" */

/** @type {[part: keyof CodedText, title: string][]} */
const PARTS = [["analysis", "what_moved"], ["reasoning", "reasoning"], ["conclusion", "conclusion"]];
// How readings name areas at the start of a paragraph.
/** @type {Record<string, string>} */
const AREAS = {
  brows: "brows", eyelids: "eyes", nose: "nose", cheeks: "cheeks", mouth: "mouth", chin: "chin",
  眉部: "brows", 眼部: "eyes", 鼻部: "nose", 脸颊: "cheeks", 嘴部: "mouth", 下巴: "chin",
};

/**
 * The moving regions a sentence names: `Mouth corners go up`, `Left cheek moves up` (the picture's sides).
 * @param {string} sentence
 * @param {RegionReading[]} regions
 */
function spokenOf(sentence, regions) {
  const text = sentence.toLowerCase();
  return regions.filter((region) => region.moving).map((region) => region.name).filter((name) => {
    const [, side, part] = name.match(/^(left |right )?(.*?)( outer| centre| inner| left| right)?$/);
    if (!text.includes(part)) return false;
    const sided = [...text.matchAll(new RegExp(`(left|right) ${part}`, "g"))].map((found) => `${found[1]} `);
    return !side || !sided.length || sided.includes(side);
  });
}

export class Reading extends Part {
  /** @param {Context} context */
  constructor(context) {
    super(context);
    this.place = at("#reading");
    /** @type {Map<string, Written | null>} */
    this.kept = new Map();
    /** @type {"model" | "rules" | undefined} */
    this.by = undefined;
    /** @type {Moment | null} */
    this.writing = null;
    /** @type {Form | null} */
    this.form = null;
    this.state.watch(["moment", "measured", "words", "edits", "taxonomy"], () => this.draw());
    this.state.watch(["lit"], () => this.light());
    this.state.watch(["live"], () => this.stream());
  }

  /** A language model's words while they come. */
  stream() {
    const place = this.place.querySelector(".live");
    if (place && this.moment()?.live) place.textContent = this.moment().live;
    else this.draw();
  }

  /**
   * Whether a language model's own text is shown: where the reader's language is the one it wrote, or on request.
   * @param {Moment} moment
   */
  byModel({ me: { reading } }) {
    return reading.model !== "evidence" && (this.by ?? (reading.language === language() ? "model" : "rules")) === "model";
  }

  /**
   * The reading: a language model's as it wrote it, or the rules' in the reader's language and class set; null until it is here.
   * @param {Moment} moment
   * @returns {Written | null}
   */
  text(moment) {
    const { taxonomy } = moment.me.emotion;
    const asked = this.state.get("taxonomy");
    const chosen = moment.me.emotion.also[asked] || asked === taxonomy ? asked : taxonomy;
    const original = moment.me.reading;
    if (this.byModel(moment) || (original.model === "evidence" && original.language === language() && chosen === taxonomy)) return original;
    const { job, number } = moment.home;
    const key = [job ?? this.job.id, number, language(), chosen].join();
    if (!this.kept.has(key)) {
      this.kept.set(key, null);
      api.reading(job ?? this.job.id, number, { language: language(), taxonomy: chosen })
        .then((found) => { this.kept.set(key, found); this.draw(); }).catch((error) => say(error.message, "error"));
    }
    return this.kept.get(key);
  }

  draw() {
    const moment = this.moment();
    if (!moment?.me) { this.place.replaceChildren(); return; }
    const program = this.text(moment);
    const coded = moment.coded.text;
    if (this.writing === moment && (this.form?.isConnected || program)) {
      // What somebody is writing is never drawn over.
      if (!this.form?.isConnected) this.drawForm(moment, coded ?? program);
      return;
    }
    if (this.writing !== moment) this.writing = null;
    refill(this.place,
      element("h2", {}, t("reading"), element("button", { type: "button", class: "plain", data: { focus: "rewrite" }, onclick: () => { this.writing = moment; this.draw(); this.place.querySelector("textarea")?.focus(); } }, `✎ ${t("rewrite")}`)),
      moment.live ? null : this.writers(moment),
      moment.live ? [element("p", { class: "soft small busy" }, t("writing")), element("p", { class: "live", aria: { busy: "true" } }, moment.live)]
        : program ? this.body(moment, coded ?? program, coded) : element("p", { class: "soft" }, t("loading")),
      program && !moment.live ? this.writer(program, coded) : null,
      coded ? element("details", {}, element("summary", { class: "soft small" }, t("program_text")), this.body(moment, program ?? moment.me.reading, null),
        element("button", { type: "button", data: { focus: "undo-text" }, onclick: () => this.write(moment, null) }, `↶ ${t("undo")}`)) : null,
      program?.unsupported_claims.length && !coded ? element("div", { class: "claims small" }, `${t("unsupported")}: `, element("ul", {}, program.unsupported_claims.map((claim) => element("li", {}, claim)))) : null,
      moment.me.warnings.length ? element("p", { class: "small soft" }, `${t("warnings")}: ${moment.me.warnings.map(this.said).join(" ")}`) : null,
      element("label", { class: "note-field small" }, element("span", { class: "soft" }, t("note")),
        element("textarea", { rows: 2, class: moment.coded.note ? "person" : "", maxlength: 20000, data: { focus: "note" }, value: moment.coded.note, oninput: (event) => { moment.coded.note = event.target.value; this.dirty(); } })));
    this.light();
  }

  /**
   * A language model's text or the rules': both are always there to read.
   * @param {Moment} moment
   */
  writers(moment) {
    const { model, language: written } = moment.me.reading;
    if (model === "evidence") return null;
    const shown = this.byModel(moment) ? "model" : "rules";
    return [element("p", { class: "writers small", role: "radiogroup", aria: { label: t("llm") } }, /** @type {const} */ (["model", "rules"]).map((by) => element("label", {},
      element("input", { type: "radio", name: "writer", value: by, checked: by === shown, data: { focus: `by-${by}` }, onchange: () => { this.by = by; this.draw(); } }), ` ${t(`by_${by}`)}`))),
    shown === "rules" && written !== language() ? element("p", { class: "soft small" }, t(`model_wrote_${written}`)) : null];
  }

  /**
   * @param {Moment} moment
   * @param {Written | CodedText} reading
   * @param {CodedText | null} coded
   */
  body(moment, reading, coded) {
    return element("div", { class: coded ? "text person-text" : "text", lang: coded ? null : /** @type {Written} */ (reading).language === "zh" ? "zh-CN" : "en" }, PARTS.map(([part, title]) => [
      element("h3", {}, coded ? `✎ ${t(title)}` : t(title)),
      reading[part].split("\n").filter((line) => line.trim()).map((line) => this.paragraph(moment, line, part, coded ? [] : /** @type {Written} */ (reading).unsupported_claims)),
    ]));
  }

  /**
   * Who wrote it, and what a language model makes of it itself.
   * @param {Written} reading
   * @param {CodedText | null} coded
   */
  writer(reading, coded) {
    const grammar = reading.model === "evidence";
    const label = reading.label ?? Object.entries(reading.probabilities).sort((a, b) => b[1] - a[1])[0]?.[0];
    return [
      !coded && !reading.agrees_with_facs ? element("p", { class: "claims small" }, t("disagrees")) : null,
      element("p", { class: "soft small" }, [
        t("written_by", { name: grammar ? t("llm_none") : reading.model.replace(/^embedded\/(.*)$/, (_, name) => t("built_in", { name })) }),
        !grammar && label ? t("model_label", { label: this.names.emotion(label), share: (reading.probabilities[label] ?? 0).toFixed(2) }) : null,
        reading.mended ? t("mended") : null,
      ].filter(Boolean).join(" · ")),
    ];
  }

  /**
   * A line with the sentences marked that claim what was not measured.
   * @param {string} line
   * @param {string[]} claims
   * @returns {Child}
   */
  marked(line, claims) {
    for (const claim of claims) {
      const [sentence, what] = claim.split(" -> ");
      const start = sentence ? line.indexOf(sentence) : -1;
      if (start < 0) continue;
      const rest = claims.filter((other) => other !== claim);
      return [this.marked(line.slice(0, start), rest), element("mark", { title: `${t("unsupported")}: ${what}` }, sentence), this.marked(line.slice(start + sentence.length), rest)];
    }
    return line;
  }

  /**
   * @param {Moment} moment
   * @param {string} line
   * @param {string} part
   * @param {string[]} claims
   */
  paragraph(moment, line, part, claims) {
    const area = AREAS[line.split(/[:：]/, 1)[0].trim().toLowerCase()];
    if (!area && part === "analysis") return element("p", {}, line.split(/(?<=\.) (?=[A-Z])/).map((sentence) => {
      const named = spokenOf(sentence, moment.me.regions);
      return [named.length ? this.linked("span", named, this.marked(sentence, claims)) : this.marked(sentence, claims), " "];
    }));
    if (!area) return element("p", { class: part === "conclusion" ? "conclusion" : "" }, this.marked(line, claims));
    const regions = moment.me.regions.filter((region) => region.moving && this.names.areas[area].includes(region.name)).map((region) => region.name);
    return this.linked("p", regions, this.marked(line, claims));
  }

  /**
   * @param {"span" | "p"} tag
   * @param {string[]} regions
   * @param {Child} text
   */
  linked(tag, regions, text) {
    return element(tag, { tabindex: 0, class: "linked", data: { regions: regions.join("|") },
      onpointerenter: () => this.point(regions), onpointerleave: () => this.point(null), onfocus: () => this.point(regions), onblur: () => this.point(null) }, text);
  }

  /**
   * @param {Moment} moment
   * @param {CodedText} text
   */
  drawForm(moment, text) {
    const form = this.form = element("form", { class: "rewrite", onsubmit: (event) => {
      event.preventDefault();
      const given = /** @type {any} */ (Object.fromEntries(PARTS.map(([part]) => [part, form.elements[part].value])));
      this.write(moment, given);
    } }, PARTS.map(([part, title]) => element("label", {}, element("span", { class: "soft small" }, t(title)),
      element("textarea", { name: part, rows: { analysis: 9, reasoning: 4, conclusion: 2 }[part], maxlength: part === "conclusion" ? 4000 : 20000, value: text[part] }))),
      element("div", { class: "ends" }, element("button", { class: "primary" }, t("okay")),
        element("button", { type: "button", onclick: () => { this.writing = null; this.draw(); } }, t("cancel"))));
    this.place.replaceChildren(element("h2", {}, t("reading")), form);
  }

  /**
   * @param {Moment} moment
   * @param {CodedText | null} text
   */
  write(moment, text) {
    this.writing = null;
    moment.coded.text = text;
    moment.settle();
    this.edited();
  }

  light() {
    const lit = this.state.get("lit");
    for (const line of /** @type {NodeListOf<HTMLElement>} */ (this.place.querySelectorAll(".linked"))) {
      line.classList.toggle("lit", Boolean(lit) && line.dataset.regions.split("|").some((name) => name && lit.has(name)));
    }
  }
}
