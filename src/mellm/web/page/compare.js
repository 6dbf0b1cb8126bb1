// The same moment by another model, side by side: flow estimator, model of action units, writer of the reading.

import * as api from "./api.js";
import { nearest, readBy } from "./measured.js";
import { html, useState, useWatch } from "./view.js";
import { htmlLanguage, t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {MicroExpression, Moment, Node, Shares} from "./types.d.ts" */

// Setting -> its title, who is offered, and how a name is shown.
/** @typedef {"estimator" | "au_model" | "llm"} Kind */
/** @typedef {(me: MicroExpression) => Node} Cell */
/** @type {Record<Kind, [title: string, offered: "estimators" | "au_models" | "readers", shown: (name: string) => string]>} */
const KINDS = {
  estimator: ["estimator", "estimators", (name) => name],
  au_model: ["au_model", "au_models", (name) => t(`au_${name}`)],
  llm: ["llm", "readers", (name) => t(`llm_${name}`)],
};
const kinds = /** @type {[Kind, typeof KINDS[Kind]][]} */ (Object.entries(KINDS));
/** @type {Map<string, MicroExpression | Error | "busy">} */
const kept = new Map();

/**
 * Every model that is not the one of this analysis.
 * @param {App} app
 */
function others(app) {
  const { settings } = app.job.request;
  return kinds.flatMap(([kind, [, offered]]) => app.choices[offered].filter((name) => name !== settings[kind]).map((name) => ({ kind, name, value: `${kind}:${name}` })));
}

/** @param {{ app: App }} given */
export function Compare({ app }) {
  useWatch(app.state, ["moment", "measured", "doc", "words", "blind"]);
  const [chosen, choose] = useState(others(app)[0]?.value);
  const [, arrived] = useState(0);
  const moment = app.moment();
  if (!moment?.me || app.state.get("blind")) return null;
  const { onset, apex, offset } = moment.frames;
  const key = [moment.person, onset, apex, offset, chosen].join();
  const found = kept.get(key);
  const [kind, name] = /** @type {[Kind, string]} */ (chosen.split(":"));
  /** @param {Event} event */
  const go = async (event) => {
    event.preventDefault();
    kept.set(key, "busy");
    arrived(performance.now());
    kept.set(key, await measure(app, moment, kind, name).catch((error) => error));
    arrived(performance.now());
  };
  return html`<details><summary>${t("compare")}</summary>
    <form class="compare-form" onSubmit=${go}>
      <select data-focus="other" aria-label=${t("compare_with")} onChange=${(/** @type {any} */ event) => choose(event.target.value)}>${kinds.map(([group, [title, , shown]]) => html`<optgroup key=${group} label=${t(title)}>
        ${others(app).filter((one) => one.kind === group).map((one) => html`<option key=${one.value} value=${one.value} selected=${one.value === chosen}>${shown(one.name)}</option>`)}</optgroup>`)}</select>
      <button data-focus="measure" disabled=${found === "busy"}>${t("compare_go")}</button></form>
    ${found === "busy" ? html`<p class="busy small">${t("reading_again")}</p>` : found instanceof Error ? html`<p class="error small">${found.message}</p>`
      : found && html`<${Table} app=${app} mine=${moment.me} theirs=${found} kind=${kind} name=${name} />`}</details>`;
}

/**
 * @param {App} app
 * @param {Moment} moment
 * @param {Kind} kind
 * @param {string} name
 */
async function measure(app, moment, kind, name) {
  const { media, onset, apex, settings } = app.job.request;
  const source = media ? { media, frames: moment.frames } : { onset, apex };
  // Words take long and are compared only where it is about them; the built-in model writes English.
  const other = kind === "llm" ? { ...readBy(name, settings), ...(name === "embedded" ? { language: "en" } : {}) } : { ...readBy("none", settings), [kind]: name };
  const started = await api.submit({ ...source, parent: app.job.id, name: app.job.name, settings: other });
  const done = await api.ended(started.id);
  if (done.state !== "done") throw new Error(done.error ?? t(done.state));
  const report = await api.report(done.id);
  const at = nearest(report.micro_expressions, app.moments.place(moment));
  if (at < 0) throw new Error(report.verdict);
  return report.micro_expressions[at];
}

/** @param {{ app: App, mine: MicroExpression, theirs: MicroExpression, kind: Kind, name: string }} given */
function Table({ app, mine, theirs, kind, name }) {
  /** @type {(label: string, probabilities: Shares) => string} */
  const share = (label, probabilities) => `${app.names.emotion(label)} ${(probabilities[label] ?? 0).toFixed(2)}`;
  /** @type {Record<string, Cell>} */
  const cells = {
    emotion: (me) => (me.emotion.label ? share(me.emotion.label, me.emotion.probabilities) : t("no_evidence")),
    units: (me) => me.action_units.filter((au) => au.present).map((au) => html`<div><b>${au.code}</b> ${au.probability.toFixed(2)}</div>`),
    strongest: (me) => me.regions.filter((region) => region.moving).sort((a, b) => b.mean_px - a.mean_px).slice(0, 4).map((region) => html`<div tabindex="0"
      onPointerEnter=${() => app.point([region.name])} onPointerLeave=${() => app.point(null)} onFocus=${() => app.point([region.name])} onBlur=${() => app.point(null)}>${app.names.region(region.name)} ${app.names.octant(region.octant)} ${region.mean_px.toFixed(2)} px</div>`),
    own_label: ({ reading }) => (reading.model === "evidence" || !reading.label ? "–" : share(reading.label, reading.probabilities)),
    reading: ({ reading }) => [reading.analysis, reading.reasoning, reading.conclusion].flatMap((part) => part.split("\n")).filter((line) => line.trim()).map((line) => html`<p lang=${htmlLanguage(reading.language)}>${line}</p>`),
  };
  const lines = kind === "llm" ? ["own_label", "reading"] : ["units", "emotion", "strongest"];
  return html`<table class="compared small"><thead><tr><td></td>${[app.job.request.settings[kind], name].map((one) => html`<th scope="col">${KINDS[kind][2](one)}</th>`)}</tr></thead>
    <tbody>${lines.map((title) => html`<tr key=${title}><th scope="row">${t(title)}</th>${[mine, theirs].map((me) => html`<td>${cells[title](me)}</td>`)}</tr>`)}</tbody></table>`;
}
