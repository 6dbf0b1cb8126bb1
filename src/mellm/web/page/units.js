// The action units of one moment: what the program says, what the person says, and the regions behind both.

import { at, bar, element, options, refill } from "./element.js";
import { Part } from "./state.js";
import { t } from "./words.js";

/** @import {Context, Moment, SideName, UnitRow} from "./types.d.ts" */

/** @type {Record<SideName, string>} */
const PREFIX = { both: "", left: "L", right: "R", top: "T", bottom: "B" };
const SIDES = /** @type {SideName[]} */ (Object.keys(PREFIX));

export class Units extends Part {
  /** @param {Context} context */
  constructor(context) {
    super(context);
    this.place = at("#units");
    /** @type {string | null} the code of the unit whose form is open, or "new" */
    this.editing = null;
    this.weakOpen = false;
    this.state.watch(["moment", "measured", "words", "edits"], () => this.draw());
    this.state.watch(["lit"], () => this.light());
  }

  draw() {
    const moment = this.moment();
    if (!moment) { this.place.replaceChildren(); return; }
    const rows = moment.unitRows();
    const shown = rows.filter(({ program, coded }) => coded || program.present);
    const weak = rows.filter(({ program, coded }) => !coded && !program.present && program.probability >= 0.05);
    refill(this.place,
      element("h2", {}, t("units"), element("span", { class: "soft small" }, t("units_note"))),
      shown.length ? element("ul", { class: "unit-list" }, shown.map((row) => this.row(moment, row))) : element("p", { class: "soft" }, moment.me ? t("no_units") : ""),
      this.editing === "new" ? this.form(moment, null) : element("button", { type: "button", class: "plain add", data: { focus: "add" }, onclick: () => this.edit("new") }, `+ ${t("add_unit")}`),
      weak.length ? element("details", { class: "weak", open: this.weakOpen, ontoggle: (event) => { this.weakOpen = event.target.open; } },
        element("summary", { class: "soft small" }, `${t("weaker")} (${weak.length})`),
        element("ul", { class: "unit-list" }, weak.map((row) => this.row(moment, row)))) : null);
    this.light();
  }

  /** @param {string | null} what */
  edit(what) {
    this.editing = what;
    this.draw();
    /** @type {HTMLElement} */ (this.place.querySelector("form select"))?.focus();
  }

  /**
   * @param {Moment} moment
   * @param {UnitRow} row
   */
  row(moment, row) {
    const { program, coded } = row;
    const key = coded?.code ?? program.code;
    if (this.editing === key) return element("li", {}, this.form(moment, row));
    const regions = program?.evidence ?? [];
    const code = coded?.code ?? program.code;
    const au = Number(/\d+/.exec(code)[0]);
    const verdict = coded?.verdict;
    const overruled = verdict === "rejected" || verdict === "changed";
    /** @param {"agreed" | "rejected" | null} word */
    const say = (word) => this.say(moment, row, word);
    return element("li", {
      class: `unit ${verdict ?? ""}`, tabindex: 0, data: { regions: regions.join("|"), focus: `unit-${key}` },
      onpointerenter: () => this.point(regions), onpointerleave: () => this.point(null),
      onfocus: () => this.point(regions), onblur: () => this.point(null),
    },
      element("div", { class: "what" },
        program && overruled ? element("s", { class: "code was", title: t("program_says") }, program.code) : null,
        verdict !== "rejected" ? element("b", { class: `code ${coded && verdict !== "agreed" ? "person" : ""}` }, coded && verdict !== "agreed" ? `✎ ${coded.code}` : code) : null,
        element("span", { class: "named" }, this.names.unit(au)),
        element("span", { class: "soft small" }, this.side(coded && verdict !== "rejected" ? coded.code : program.code)),
        verdict ? element("span", { class: "chip person" }, t(verdict)) : null),
      element("div", { class: "how" },
        program ? [bar(program.probability, program.present ? "" : "weak"), element("span", { class: "number", title: t("meaning_text") }, program.probability.toFixed(2))] : null,
        element("span", { class: "soft small regions", title: regions.map((name) => this.names.region(name)).join(" · ") }, regions.map((name) => this.names.region(name)).join(" · "))),
      verdict === "rejected"
        ? element("input", { class: "why small person", maxlength: 2000, value: coded.note, placeholder: t("why_not"), aria: { label: `${t("why_not")} AU ${key}` }, data: { focus: `why-${key}` }, oninput: (event) => { coded.note = event.target.value.trim(); this.dirty(); } })
        : coded?.note ? element("div", { class: "why person-text small" }, coded.note) : null,
      element("div", { class: "say" },
        verdict ? this.button(key, "undo", "↶", () => say(null)) : null,
        !verdict && program ? this.button(key, "agree", "✓", () => say("agreed")) : null,
        !verdict && program?.present ? this.button(key, "reject", "✕", () => say("rejected")) : null,
        verdict !== "rejected" ? this.button(key, "edit", "✎", () => this.edit(key)) : null));
  }

  /**
   * @param {string} key
   * @param {string} word
   * @param {string} sign
   * @param {() => void} act
   */
  button(key, word, sign, act) {
    return element("button", { type: "button", class: "plain sign", title: t(word), aria: { label: `${t(word)}: AU ${key}` }, data: { focus: `${word}-${key}` }, onclick: act }, sign);
  }

  /**
   * The side in the subject's terms, and where that is in the picture.
   * @param {string} code
   */
  side(code) {
    const prefix = /^[LRTB]/.exec(code)?.[0] ?? "";
    const side = SIDES.find((name) => PREFIX[name] === prefix);
    return side === "left" || side === "right" ? this.names.subjectSide(side) : t(side);
  }

  /**
   * @param {Moment} moment
   * @param {UnitRow} row
   * @param {"agreed" | "rejected" | null} word
   */
  say(moment, { program, coded }, word) {
    moment.setUnit(coded, word ? { code: program.code, verdict: word, was: program.code, note: coded?.note ?? "" } : null);
    this.edited();
  }

  /**
   * @param {Moment} moment
   * @param {UnitRow | null} row
   */
  form(moment, row) {
    const before = row?.coded?.code ?? row?.program?.code ?? "";
    const [, prefix = "", number = "", grade = ""] = /^([LRTB]?)(\d+)([A-E]?)$/.exec(before) ?? [];
    const side = SIDES.find((name) => PREFIX[name] === prefix);
    /** @type {[string, string][]} */
    const units = Object.keys(this.choices.action_units).map((au) => [au, `${au} ${this.names.unit(Number(au))}`]);
    /**
     * @param {string} name
     * @param {HTMLElement} control
     */
    const field = (name, control) => element("label", {}, element("span", { class: "soft small" }, name), control);
    const form = element("form", {
      class: "unit-form",
      onsubmit: (event) => {
        event.preventDefault();
        const { elements: given } = form;
        const code = `${PREFIX[/** @type {SideName} */ (given.side.value)]}${given.au.value}${given.grade.value}`;
        const was = row?.program?.code ?? null;
        const verdict = !was ? "added" : code === was ? "agreed" : "changed";
        moment.setUnit(row?.coded ?? null, { code, verdict, was, note: given.why.value.trim() });
        this.editing = null;
        this.edited();
      },
      onkeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); this.edit(null); } },
    },
      field("AU", element("select", { name: "au" }, options(units, number))),
      field(t("side"), element("select", { name: "side" }, options(SIDES.map((name) => [name, name === "left" || name === "right" ? this.names.subjectSide(name) : t(name)]), side))),
      field(t("intensity"), element("select", { name: "grade" }, options([["", "–"], ...["A", "B", "C", "D", "E"].map((letter) => [letter, letter])], grade))),
      field(t("why"), element("input", { name: "why", maxlength: 2000, value: row?.coded?.note ?? "" })),
      element("div", { class: "ends" }, element("button", { class: "primary" }, t("okay")), element("button", { type: "button", onclick: () => this.edit(null) }, t("cancel"))));
    return form;
  }

  light() {
    const lit = this.state.get("lit");
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (this.place.querySelectorAll(".unit"))) {
      row.classList.toggle("lit", Boolean(lit) && row.dataset.regions.split("|").some((name) => name && lit.has(name)));
    }
  }
}
