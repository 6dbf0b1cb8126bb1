// The action units of one moment: what the program says, what the person says, and the regions behind both.

import { numberOf, sideOf } from "./coding.js";
import { UnitForm } from "./unit-form.js";
import { Bar, focusNext, html, useLayoutEffect, useRef, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Moment, UnitRow} from "./types.d.ts" */

/** Weaker ones are not even listed. */
const LEAST = 0.05;

/** @param {UnitRow} row */
const codeOf = ({ program, coded }) => coded?.code ?? program.code;

/** @param {{ app: App }} given */
export function Units({ app }) {
  useWatch(app.state, ["moment", "measured", "doc", "words", "lit", "blind"]);
  // Which form is open: the code of its unit, "new", or none.
  const [editing, edit] = useState(/** @type {string | null} */ (null));
  const moment = app.moment();
  if (!moment) return null;
  const blind = app.state.get("blind");
  const rows = moment.unitRows().filter(({ coded }) => coded || !blind);
  const shown = rows.filter(({ program, coded }) => coded || program.present);
  const weak = rows.filter(({ program, coded }) => !coded && !program.present && program.probability >= LEAST);
  /** @param {string | null} what @param {string} [focus] */
  const open = (what, focus) => { edit(what); if (focus) focusNext(focus); };
  /** @param {UnitRow} row */
  const draw = (row) => (editing === codeOf(row)
    ? html`<li key=${rowKey(row)}><${UnitForm} app=${app} moment=${moment} row=${row} close=${(/** @type {string} */ code) => open(null, `unit-${code ?? codeOf(row)}`)} /></li>`
    : html`<${Unit} key=${rowKey(row)} app=${app} moment=${moment} row=${row} edit=${() => open(codeOf(row), "unit-au")} />`);
  return html`<h2>${t("units")}<span class="soft small">${t("units_note")}</span></h2>
    ${shown.length > 0 ? html`<ul class="unit-list">${shown.map(draw)}</ul>` : html`<p class="soft">${blind ? t("blind_hidden") : moment.me ? t("no_units") : ""}</p>`}
    ${editing === "new" ? html`<${UnitForm} app=${app} moment=${moment} row=${null} close=${(/** @type {string} */ code) => open(null, code ? `unit-${code}` : "add")} />`
    : html`<button type="button" class="plain add" data-focus="add" onClick=${() => open("new", "unit-au")}>+ ${t("add_unit")}</button>`}
    ${weak.length > 0 && html`<details class="weak"><summary class="soft small">${t("weaker")} (${weak.length})</summary><ul class="unit-list">${weak.map(draw)}</ul></details>`}`;
}

/**
 * What a row is called as long as it stands: a unit that gets the person's word stays the same row.
 * @param {UnitRow} row
 */
const rowKey = ({ program, coded }) => program?.code ?? coded.code;

/** @param {{ app: App, moment: Moment, row: UnitRow, edit: () => void }} given */
function Unit({ app, moment, row, edit }) {
  const { program, coded } = row;
  const key = codeOf(row);
  const verdict = coded?.verdict;
  const regions = program?.evidence ?? [];
  const lit = app.state.get("lit");
  const overruled = verdict === "rejected" || verdict === "changed";
  const own = coded && verdict !== "agreed";
  const named = regions.map((name) => app.names.region(name)).join(" · ");
  return html`<li class=${`unit ${verdict ?? ""} ${lit && regions.some((name) => lit.has(name)) ? "lit" : ""}`} tabindex="0" data-regions=${regions.join("|")} data-focus=${`unit-${key}`}
      onPointerEnter=${() => app.point(regions)} onPointerLeave=${() => app.point(null)} onFocus=${() => app.point(regions)} onBlur=${() => app.point(null)}>
    <div class="what">${program && overruled && html`<s class="code was" title=${t("program_says")}>${program.code}</s>`}
      ${verdict !== "rejected" && html`<b class=${`code ${own ? "person" : ""}`}>${own ? `✎ ${coded.code}` : key}</b>`}
      <span class="named">${app.names.unit(numberOf(key))}</span><span class="soft small">${sideName(app, coded && verdict !== "rejected" ? coded.code : program.code)}</span>
      ${verdict && html`<span class="chip person">${t(verdict)}</span>`}</div>
    <div class="how">${program && html`<${Bar} share=${program.probability} kind=${program.present ? "" : "weak"} /><span class="number" title=${t("meaning_text")}>${program.probability.toFixed(2)}</span>`}
      <span class="soft small regions" title=${named}>${named}</span></div>
    ${verdict === "rejected" ? html`<${Why} key="why" app=${app} moment=${moment} row=${row} />` : coded?.note && html`<div class="why person-text small">${coded.note}</div>`}
    <${Answers} app=${app} moment=${moment} row=${row} edit=${edit} /></li>`;
}

/** @param {{ app: App, moment: Moment, row: UnitRow, edit: () => void }} given */
function Answers({ app, moment, row, edit }) {
  const { program, coded } = row;
  const verdict = coded?.verdict;
  const key = codeOf(row);
  /** @param {"agreed" | "rejected" | null} word */
  const say = (word) => {
    app.actions.unit(moment, coded, word ? { code: program.code, verdict: word, was: program.code, note: coded?.note ?? "" } : null);
    focusNext(word === "rejected" ? `why-${program.code}` : word ? `undo-${program.code}` : program ? `agree-${program.code}` : "add");
  };
  /** @param {string} word @param {string} sign @param {() => void} act */
  const button = (word, sign, act) => html`<button key=${word} type="button" class="plain sign" title=${t(word)} aria-label=${`${t(word)}: AU ${key}`} data-focus=${`${word}-${key}`} onClick=${act}>${sign}</button>`;
  return html`<div class="say">${verdict && button("undo", "↶", () => say(null))}${!verdict && program && button("agree", "✓", () => say("agreed"))}
    ${!verdict && program?.present && button("reject", "✕", () => say("rejected"))}${verdict !== "rejected" && button("edit", "✎", edit)}</div>`;
}

/**
 * Why a unit is not one. It has the keyboard as soon as it is there, so that a reason is never taken for a shortcut.
 * @param {{ app: App, moment: Moment, row: UnitRow }} given
 */
function Why({ app, moment, row: { coded } }) {
  const node = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => { if (app.justDone("rejected")) node.current.focus({ preventScroll: true }); }, []);
  return html`<input ref=${node} class="why small person" maxlength="2000" value=${coded.note} placeholder=${t("why_not")} aria-label=${`${t("why_not")} AU ${coded.code}`} data-focus=${`why-${coded.code}`}
    onInput=${(/** @type {any} */ event) => app.actions.reason(moment, coded, event.target.value)} onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") { event.preventDefault(); focusNext(`undo-${coded.code}`); } }} />`;
}

/**
 * The side in the subject's terms.
 * @param {App} app
 * @param {string} code
 */
export function sideName(app, code) {
  const side = sideOf(code);
  return side === "left" || side === "right" ? app.names.subjectSide(side) : t(side);
}

