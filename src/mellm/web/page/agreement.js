// How far two coders agree: the figures a reviewer asks for.

import * as api from "./api.js";
import { html, Select, useState } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Agreement as AgreementFigures, CoderState} from "./types.d.ts" */

/** @param {number | null} value @param {number} digits */
const shown = (value, digits = 2) => (value === null ? "–" : value.toFixed(digits));

/**
 * Who can be compared: every coder, the final version, the program.
 * @param {CoderState[]} coders
 * @returns {string[][]}
 */
export function sidesOf(coders) {
  return [...coders.filter((row) => row.role === "coder").map((row) => [row.coder, row.coder || t("somebody")]), ...(coders.some((row) => row.role === "final") ? [["final:", t("final")]] : []), ["program:", t("program_says")]];
}

/** @param {{ app: App, coders: CoderState[] }} given */
export function Agreement({ app, coders }) {
  const sides = sidesOf(coders);
  const [a, chooseA] = useState(sides[0][0]);
  const [b, chooseB] = useState(sides[1]?.[0] ?? sides[0][0]);
  const [found, tell] = useState(/** @type {AgreementFigures | Error | null} */ (null));
  const go = () => api.agreement(app.job.id, a, b, app.state.get("coder")).then(tell, tell);
  if (!coders.length) return null;
  return html`<details class="agreement"><summary>${t("agreement")}</summary>
    <p><${Select} aria-label=${t("first_coder")} value=${a} pairs=${sides} change=${chooseA} /> <${Select} aria-label=${t("second_coder")} value=${b} pairs=${sides} change=${chooseB} /> <button type="button" data-focus="agreement" onClick=${go}>${t("compare_go")}</button></p>
    ${found instanceof Error ? html`<p class="error">${found.message}</p>` : found && html`<${Figures} found=${found} />`}</details>`;
}

/** @param {{ found: AgreementFigures }} given */
function Figures({ found }) {
  /** @type {[word: string, value: string][]} */
  const rows = [
    ["matched", `${found.matched} / ${found.moments_a} · ${found.moments_b}`], ["interval_overlap", shown(found.overlap)], ["kappa_frames", shown(found.kappa_frames)], ["kappa_emotions", shown(found.kappa_emotions)],
    ["units_reliability", `${shown(found.units.reliability)} (2 × ${found.units.agreed} / ${found.units.codes_a + found.units.codes_b})`],
    ["phase_difference", ["onset", "apex", "offset"].map((part) => `${t(part)} ${shown(found.phases[/** @type {"onset"} */ (part)], 1)}`).join(" · ")],
  ];
  return html`<table class="small figures"><tbody>${rows.map(([word, value]) => html`<tr key=${word}><th scope="row">${t(word)}</th><td class="number">${value}</td></tr>`)}</tbody></table>
    ${found.by_unit.length > 0 && html`<table class="small figures"><thead><tr><th scope="col">AU</th><th scope="col">${t("agreed_codes")}</th><th scope="col">${t("all_codes")}</th><th scope="col">${t("reliability")}</th></tr></thead>
      <tbody>${found.by_unit.map((unit) => html`<tr key=${unit.au}><th scope="row">AU ${unit.au}</th><td class="number">${unit.agreed}</td><td class="number">${unit.codes_a + unit.codes_b}</td><td class="number">${shown(unit.reliability)}</td></tr>`)}</tbody></table>`}`;
}
