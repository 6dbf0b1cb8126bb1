// The form in which a person codes one action unit: number, side, intensity, why.

import { PREFIX, SIDES, sideOf } from "./coding.js";
import { html } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Moment, SideName, UnitRow} from "./types.d.ts" */

/** @param {{ app: App, moment: Moment, row: UnitRow | null, close: (code?: string) => void }} given */
export function UnitForm({ app, moment, row, close }) {
  const before = row?.coded?.code ?? row?.program?.code ?? "";
  const [, number = "", grade = ""] = /^[LRTB]?(\d+)([A-E]?)$/.exec(before) ?? [];
  /** @param {SubmitEvent & { currentTarget: any }} event */
  const submit = (event) => {
    event.preventDefault();
    const { elements: given } = event.currentTarget;
    const code = `${PREFIX[/** @type {SideName} */ (given.side.value)]}${given.au.value}${given.grade.value}`;
    if (app.actions.code(moment, row, code, given.why.value.trim())) close(code);
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } };
  /** @param {string} name @param {string[][]} pairs @param {string} chosen @param {string} [focus] */
  const select = (name, pairs, chosen, focus) => html`<select name=${name} data-focus=${focus}>${pairs.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === chosen}>${text}</option>`)}</select>`;
  const units = Object.keys(app.choices.action_units).map((au) => [au, `${au} ${app.names.unit(Number(au))}`]);
  const sides = SIDES.map((name) => [name, name === "left" || name === "right" ? app.names.subjectSide(name) : t(name)]);
  return html`<form class="unit-form" onSubmit=${submit} onKeyDown=${key}>
    <label><span class="soft small">AU</span>${select("au", units, number, "unit-au")}</label>
    <label><span class="soft small">${t("side")}</span>${select("side", sides, sideOf(before))}</label>
    <label><span class="soft small">${t("intensity")}</span>${select("grade", [["", "–"], ...["A", "B", "C", "D", "E"].map((letter) => [letter, letter])], grade)}</label>
    <label><span class="soft small">${t("why")}</span><input name="why" maxlength="2000" defaultValue=${row?.coded?.note ?? ""} /></label>
    <div class="ends"><button class="primary">${t("okay")}</button><button type="button" onClick=${() => close()}>${t("cancel")}</button></div></form>`;
}
