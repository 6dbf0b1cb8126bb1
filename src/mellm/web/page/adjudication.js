// Two codings side by side; for each moment somebody decides, and the result is saved as the final version.

import { sidesOf } from "./agreement.js";
import * as api from "./api.js";
import { say } from "./look.js";
import { html, Select, useState } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Agreement as AgreementFigures, MomentPair, CodedMoment, CoderState} from "./types.d.ts" */

/** @typedef {"a" | "b" | "none"} Choice */

/** @param {{ app: App, coders: CoderState[] }} given */
export function Adjudication({ app, coders }) {
  const sides = sidesOf(coders).filter(([name]) => !["final:", "program:"].includes(name));
  const [a, chooseA] = useState(sides[0]?.[0]);
  const [b, chooseB] = useState(sides[1]?.[0]);
  const [found, tell] = useState(/** @type {AgreementFigures | Error | null} */ (null));
  const [choices, choose] = useState(/** @type {Record<number, Choice>} */ ({}));
  const coder = app.state.get("coder");
  if (sides.length < 2) return null;
  const go = () => { choose({}); api.agreement(app.job.id, a, b, coder).then(tell, tell); };
  const pairs = found && !(found instanceof Error) ? found.pairs : [];
  /** @param {number} k */
  const chosen = (k) => choices[k] ?? (pairs[k].a && pairs[k].b && !pairs[k].differs.length ? "a" : null);
  const open = pairs.filter((_, k) => !chosen(k)).length;
  const save = async () => {
    try {
      const before = await api.final(app.job.id, coder);
      const moments = pairs.flatMap((pair, k) => decided(pair, chosen(k)));
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

/**
 * The moment that goes into the final version; the program's that neither takes up is rejected there.
 * @param {MomentPair} pair
 * @param {Choice} choice
 * @returns {CodedMoment[]}
 */
function decided(pair, choice) {
  if (choice !== "none") return pair[choice] ? [pair[choice]] : [];
  const one = pair.a ?? pair.b;
  return one.number === null ? [] : [{ ...one, verdict: "rejected", frames: null, units: [], emotion: null, text: null, reread: null }];
}

/** @param {{ app: App, pair: MomentPair, chosen: Choice | null, name: string, choose: (one: Choice) => void }} given */
function Pair({ app, pair, chosen, name, choose }) {
  /** @param {"a" | "b"} side */
  const seen = (side) => {
    const frames = pair[/** @type {"frames_a"} */ (`frames_${side}`)];
    if (!frames) return t("nothing_said");
    const [units, emotion, note] = [pair[/** @type {"units_a"} */ (`units_${side}`)], pair[/** @type {"emotion_a"} */ (`emotion_${side}`)], pair[side]?.note];
    return [`${frames.onset} → ${frames.apex} → ${frames.offset ?? "–"}`, units.length ? `AU ${units.join(" + ")}` : null, emotion ? app.names.emotion(emotion) : t("none"), note].filter(Boolean).join(" · ");
  };
  /** @param {Choice} side @param {string} title @param {boolean} there */
  const option = (side, title, there) => html`<label key=${side}><input type="radio" name=${name} disabled=${!there} checked=${chosen === side} onChange=${() => choose(side)} /> <b>${t(title)}</b>${side === "none" ? "" : `: ${seen(side)}`}</label>`;
  return html`<li class=${pair.differs.length || !pair.a || !pair.b ? "differs" : ""}>${pair.a && pair.b ? `${t("interval_overlap")} ${pair.overlap.toFixed(2)}` : t("one_only")} ${pair.differs.length > 0 && html`<span class="chip">${pair.differs.map((what) => t(`differs_${what}`)).join(" · ")}</span>`}
    ${option("a", "first_coder", Boolean(pair.a))}${option("b", "second_coder", Boolean(pair.b))}${option("none", "none_of_both", true)}</li>`;
}
