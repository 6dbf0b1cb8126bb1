// The words about one moment, linked to the regions they speak of; the person may rewrite them and add a note.

import * as api from "./api.js";
import { changed } from "./coding.js";
import { say } from "./look.js";
import { Paragraph } from "./sentences.js";
import { focusNext, html, useEffect, useState, useWatch } from "./view.js";
import { hasLanguage, htmlLanguage, language, t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {CodedText, Moment, Reading as Written} from "./types.d.ts" */

/** @typedef {{ app: App, moment: Moment, reading: Written | CodedText, coded: CodedText | null }} Text */

/** @type {[part: keyof CodedText, title: string, rows: number][]} */
const PARTS = [["analysis", "what_moved", 9], ["reasoning", "reasoning", 4], ["conclusion", "conclusion", 2]];
/** Readings that were asked for: of a job, a moment, a language and a class set. @type {Map<string, Written>} */
const kept = new Map();

/** @param {{ app: App }} given */
export function Reading({ app }) {
  useWatch(app.state, ["job", "moment", "measured", "live", "doc", "taxonomy", "words", "lit", "blind"]);
  const [by, setBy] = useState(/** @type {"model" | "rules" | null} */ (null));
  const [writing, write] = useState(/** @type {string | null} */ (null));
  const moment = app.moment();
  const byModel = Boolean(moment?.me) && moment.me.reading.model !== "evidence" && (by ?? (moment.me.reading.language === language() ? "model" : "rules")) === "model";
  const program = useReading(app, moment, byModel);
  if (!moment) return null;
  // What somebody has to say about it needs no measurement.
  if (!moment.me || app.state.get("blind")) return html`<${Note} app=${app} moment=${moment} />`;
  const coded = moment.coded.text;
  const live = app.liveOf(moment);
  if (writing === moment.key && (coded ?? program)) return html`<${Rewrite} key=${moment.key} text=${coded ?? program} take=${(/** @type {CodedText} */ text) => app.actions.text(moment, text)} close=${() => { write(null); focusNext("rewrite"); }} />`;
  return html`<h2>${t("reading")}<button type="button" class="plain" data-focus="rewrite" onClick=${() => { write(moment.key); focusNext("rewriting"); }}>✎ ${t("rewrite")}</button></h2>
    ${!live && html`<${Writers} moment=${moment} shown=${byModel ? "model" : "rules"} choose=${setBy} />`}
    <${YourWord} app=${app} moment=${moment} />
    ${live ? html`<p class="soft small busy">${t("writing")}</p><p class="live" aria-busy="true">${live}</p>`
      : program ? html`<${Body} app=${app} moment=${moment} reading=${coded ?? program} coded=${coded} />` : html`<p class="soft">${t("loading")}</p>`}
    ${program && !live && html`<${Writer} app=${app} reading=${program} coded=${coded} />`}
    ${coded && html`<details><summary class="soft small">${t("program_text")}</summary><${Body} app=${app} moment=${moment} reading=${program ?? moment.me.reading} coded=${null} />
      <button type="button" data-focus="undo-text" onClick=${() => app.actions.text(moment, null)}>↶ ${t("undo")}</button></details>`}
    ${program && program.unsupported_claims.length > 0 && !coded && html`<div class="claims small">${t("unsupported")}: <ul>${program.unsupported_claims.map((claim) => html`<li>${claim}</li>`)}</ul></div>`}
    ${moment.me.warnings.length > 0 && html`<p class="small soft">${t("warnings")}: ${moment.me.warnings.map(app.said).join(" ")}</p>`}
    <${Note} app=${app} moment=${moment} />`;
}

/**
 * The reading: a language model's as it wrote it, or the rules' in the reader's language and class set; null until it is here.
 * @param {App} app
 * @param {Moment | null} moment
 * @param {boolean} byModel
 */
function useReading(app, moment, byModel) {
  const [, arrived] = useState("");
  const me = moment?.me;
  const chosen = me && app.taxonomy(moment);
  const original = me?.reading;
  // What was written in a language that the page has not stays in it.
  const spoken = original && !hasLanguage(original.language) ? original.language : language();
  // Before an analysis has ended, what is there is shown in the language it was written in.
  const own = me && (app.state.get("job").state !== "done" || byModel || (original.model === "evidence" && original.language === spoken && chosen === me.emotion.taxonomy));
  const job = moment?.home.job ?? app.job.id;
  const key = me && !own ? [job, moment.home.number, spoken, chosen].join() : null;
  useEffect(() => {
    if (!key || kept.has(key)) return;
    api.reading(job, moment.home.number, { language: spoken, taxonomy: chosen })
      .then((found) => { kept.set(key, found); arrived(key); }).catch((error) => say(error.message, "error"));
  }, [key]);
  return own ? original : kept.get(key) ?? null;
}

/**
 * A language model's text or the rules': both are always there to read.
 * @param {{ moment: Moment, shown: "model" | "rules", choose: (by: "model" | "rules") => void }} given
 */
function Writers({ moment, shown, choose }) {
  const { model, language: written } = moment.me.reading;
  if (model === "evidence") return null;
  return html`<p class="writers small" role="radiogroup" aria-label=${t("llm")}>${/** @type {const} */ (["model", "rules"]).map((by) => html`<label key=${by}>
      <input type="radio" name="writer" value=${by} checked=${by === shown} data-focus=${`by-${by}`} onChange=${() => choose(by)} /> ${t(`by_${by}`)}</label>`)}</p>
    ${shown === "rules" && written !== language() && html`<p class="soft small">${t(`model_wrote_${written}`)}</p>`}`;
}

/**
 * What the person's corrections make of the moment: it stands above the program's words, which were written before.
 * @param {{ app: App, moment: Moment }} given
 */
function YourWord({ app, moment }) {
  const { emotion, text } = moment.coded;
  if (text || !changed({ ...moment.coded, frames: null })) return null;
  const units = moment.unitRows().filter(({ program, coded }) => (coded ? coded.verdict !== "rejected" : program.present)).map(({ program, coded }) => coded?.code ?? program.code);
  const suggested = emotion ? emotion.label && app.names.emotion(emotion.label) : moment.me.emotion.label && app.names.emotion(moment.me.emotion.label);
  return html`<p class="your-word person-text">✎ ${t("you_coded", { units: units.length ? `AU ${units.join(" + ")}` : t("none"), emotion: suggested ?? t("none") })}</p>
    <p class="soft small">${t("before_corrections")}</p>`;
}

/** @param {Text} given */
function Body({ app, moment, reading, coded }) {
  const written = /** @type {Written} */ (reading);
  const contradicted = !coded && (moment.coded.emotion || (app.none(moment) && written.label));
  return html`<div class=${coded ? "text person-text" : "text"} lang=${coded ? null : htmlLanguage(written.language)}>${PARTS.map(([part, title]) => html`<h3 key=${title}>${coded ? `✎ ${t(title)}` : t(title)}</h3>
    <div key=${part} class=${part === "conclusion" && contradicted ? "was" : ""}>${reading[part].split("\n").filter((line) => line.trim()).map((line, k) => html`<${Paragraph} key=${k} app=${app} moment=${moment} line=${line} part=${part} claims=${coded ? [] : written.unsupported_claims} />`)}</div>`)}</div>`;
}

/**
 * Who wrote it, and what a language model makes of it itself.
 * @param {{ app: App, reading: Written, coded: CodedText | null }} given
 */
function Writer({ app, reading, coded }) {
  const rules = reading.model === "evidence";
  const label = reading.label ?? Object.entries(reading.probabilities).sort((a, b) => b[1] - a[1])[0]?.[0];
  return html`${!coded && !reading.agrees_with_facs && html`<p class="claims small">${t("disagrees")}</p>`}
    <p class="soft small">${[
      t("written_by", { name: rules ? t("llm_none") : reading.model.replace(/^embedded\/(.*)$/, (_, name) => t("built_in", { name })) }),
      !rules && label ? t("model_label", { label: app.names.emotion(label), share: (reading.probabilities[label] ?? 0).toFixed(2) }) : null,
      reading.mended ? t("mended") : null,
    ].filter(Boolean).join(" · ")}</p>`;
}

/** @param {{ text: CodedText, take: (text: CodedText) => void, close: () => void }} given */
function Rewrite({ text, take, close }) {
  /** @param {any} event */
  const submit = (event) => {
    event.preventDefault();
    const { elements } = event.currentTarget;
    take(/** @type {any} */ (Object.fromEntries(PARTS.map(([part]) => [part, elements[part].value]))));
    close();
  };
  return html`<h2>${t("reading")}</h2><form class="rewrite" onSubmit=${submit}>${PARTS.map(([part, title, rows]) => html`<label key=${part}><span class="soft small">${t(title)}</span>
      <textarea name=${part} rows=${rows} maxlength=${part === "conclusion" ? 4000 : 20000} defaultValue=${text[part]} data-focus=${part === "analysis" ? "rewriting" : null}></textarea></label>`)}
    <div class="ends"><button class="primary">${t("okay")}</button><button type="button" onClick=${close}>${t("cancel")}</button></div></form>`;
}

/** @param {{ app: App, moment: Moment }} given */
function Note({ app, moment }) {
  return html`<label class="note-field small"><span class="soft">${t("note")}</span>
    <textarea key=${moment.key} rows="2" class=${moment.coded.note ? "person" : ""} maxlength="20000" data-focus="note" value=${moment.coded.note} onInput=${(/** @type {any} */ event) => app.actions.note(moment, event.target.value)}></textarea></label>`;
}
