// What a moment suggests: the headline, the distribution in the chosen class set, and the person's word.

import { Bar, html, Select, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Shares} from "./types.d.ts" */

/** @param {{ app: App }} given */
export function Emotion({ app }) {
  useWatch(app.state, ["moment", "measured", "doc", "taxonomy", "words", "blind"]);
  const moment = app.moment();
  if (!moment?.me) return null;
  const { emotion } = moment.me;
  /** @type {Record<string, Shares>} */
  const sets = { [emotion.taxonomy]: emotion.probabilities, ...emotion.also };
  const chosen = app.taxonomy(moment);
  const ranked = app.state.get("blind") ? [] : Object.entries(sets[chosen]).sort((a, b) => b[1] - a[1]);
  const coded = moment.coded.emotion;
  /** @param {string | null} label */
  const name = (label) => (label ? app.names.emotion(label) : t("none"));
  const top = emotion.label ? ranked[0] : null;
  const program = app.state.get("blind") ? html`<span class="verb">${t("blind_hidden")}</span>`
    : top ? html`<span class="verb">${t("suggests")}</span> <b class=${coded ? "was" : ""}>${name(top[0])}</b> <span class="number share">${top[1].toFixed(2)}</span>`
      : html`<b class=${coded ? "was" : ""}>${t("no_evidence")}</b>`;
  return html`<div class="headline"><p class="big">${program}</p>${coded && html`<p class="big person-text">✎ ${name(coded.label)}</p>`}<span class="grow"></span>
      <label class="small soft"><span class="hidden-text">${t("emotion")}</span><${Select} data-focus="taxonomy" value=${chosen} change=${(/** @type {string} */ value) => app.state.set({ taxonomy: value })}
        pairs=${Object.keys(sets).sort().map((key) => [key, t("classes", { n: app.choices.taxonomies[key].length })])} /></label></div>
    ${ranked.length > 0 && html`<table class="shares" aria-label=${t("emotion")}><tbody>${ranked.map(([label, share]) => html`<tr key=${label}>
      <th scope="row">${name(label)}</th><td><${Bar} share=${share} /></td><td class="number">${share.toFixed(2)}</td></tr>`)}</tbody></table>`}
    <label class="small yours"><span class="soft">${t("you_say")}: </span><${Select} data-focus="your-emotion" class=${coded ? "person" : ""} value=${coded ? coded.label ?? "-" : ""}
      pairs=${[["", t("as_program")], ...app.choices.taxonomies[chosen].map((label) => [label, name(label)]), ["-", t("none")]]}
      change=${(/** @type {string} */ value) => app.actions.emotion(moment, value ? { taxonomy: chosen, label: value === "-" ? null : value } : null)} /></label>`;
}
