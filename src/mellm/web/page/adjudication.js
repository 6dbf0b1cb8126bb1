// Two codings side by side; for each moment somebody decides, and the result is saved as the final version.

import { sidesOf } from "./agreement.js";
import * as api from "./api.js";
import { told } from "./conflict.js";
import { say } from "./look.js";
import { html, Select, useState } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {AgreementFigures, AgreementPair, CodedMoment, CoderState} from "./types.d.ts" */

/** @typedef {"a" | "b" | "none"} Choice */

/** @param {{ app: App, coders: CoderState[] }} given */
export function Adjudication({ app, coders }) {
  const sides = sidesOf(coders).filter(([name]) => name !== "final:");
  const [a, chooseA] = useState(sides[0][0]);
  const [b, chooseB] = useState(sides[1]?.[0] ?? sides[0][0]);
  const [found, tell] = useState(/** @type {AgreementFigures | Error | null} */ (null));
  const [choices, choose] = useState(/** @type {Record<number, Choice>} */ ({}));
  const coder = app.state.get("coder");
  if (coders.length < 2 && sides.length < 2) return null;
  const go = () => { choose({}); api.agreement(app.job.id, a, b, coder).then(tell, tell); };
  const pairs = found && !(found instanceof Error) ? found.pairs : [];
  /** @param {number} k */
  const chosen = (k) => choices[k] ?? (pairs[k].same ? "a" : null);
  const open = pairs.filter((_, k) => !chosen(k)).length;
  const save = async () => {
    try {
      const before = await api.final(app.job.id, coder);
      const moments = pairs.flatMap((pair, k) => { const one = chosen(k) === "none" ? null : pair[/** @type {"a" | "b"} */ (chosen(k))]; return one ? [one] : []; });
      const sources = [a, b].flatMap((name) => coders.filter((row) => row.role === "coder" && row.coder === name).map((row) => ({ coder: row.coder, version: row.version })));
      await api.annotate(app.job.id, { base_version: before.version, merge: false, coder, role: "final", finished: true, sources, note: "", moments });
      say(t("final_saved"));
    } catch (error) {
      say(error.message, "error");
    }
  };
  return html`<details class="adjudication"><summary>${t("adjudication")}</summary>
    <p><${Select} aria-label=${t("first_coder")} value=${a} pairs=${sides} change=${chooseA} /> <${Select} aria-label=${t("second_coder")} value=${b} pairs=${sides} change=${chooseB} /> <button type="button" data-focus="adjudicate" onClick=${go}>${t("side_by_side")}</button></p>
    ${found instanceof Error ? html`<p class="error">${found.message}</p>` : pairs.length > 0 && html`<ol>${pairs.map((pair, k) => html`<${Pair} key=${k} app=${app} pair=${pair} chosen=${chosen(k)} name=${`pair${k}`} choose=${(/** @type {Choice} */ one) => choose({ ...choices, [k]: one })} />`)}</ol>
      <p>${open > 0 ? t("still_open", { n: open }) : ""} <button type="button" class="primary" data-focus="save-final" disabled=${open > 0 || !coder} onClick=${save}>${t("save_final")}</button></p>`}</details>`;
}

/** @param {{ app: App, pair: AgreementPair, chosen: Choice | null, name: string, choose: (one: Choice) => void }} given */
function Pair({ app, pair, chosen, name, choose }) {
  /** @param {Choice} side @param {CodedMoment | null} one */
  const option = (side, one) => html`<label key=${side}><input type="radio" name=${name} checked=${chosen === side} onChange=${() => choose(side)} /> <b>${side === "none" ? t("none_of_both") : side === "a" ? t("first_coder") : t("second_coder")}</b>${side === "none" ? "" : `: ${told(app, one)}`}</label>`;
  return html`<li class=${pair.same ? "" : "differs"}>${pair.overlap !== null ? `${t("interval_overlap")} ${pair.overlap.toFixed(2)}` : t("one_only")} ${pair.differs.length > 0 && html`<span class="chip">${pair.differs.map((what) => t(`differs_${what}`)).join(" · ")}</span>`}
    ${option("a", pair.a)}${option("b", pair.b)}${option("none", null)}</li>`;
}
