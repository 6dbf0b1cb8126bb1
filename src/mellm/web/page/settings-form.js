// How the next files are analysed.

import { at } from "./element.js";
import { readBy } from "./measured.js";
import { html, useReducer, useWatch } from "./view.js";
import { language, nameOf, t } from "./words.js";

/** @import {Store} from "./store.js" */
/** @import {Choices, Intake, JobSettings} from "./types.d.ts" */

/** @param {{ state: Store<Intake> }} given */
export function SettingsForm({ state }) {
  useWatch(state, ["words", "offered"]);
  const [, follow] = useReducer((/** @type {number} */ turn) => turn + 1, 0);
  const offered = state.get("offered");
  return html`<summary>${t("settings")}</summary><form class="settings-grid" id="choices" onChange=${() => follow(undefined)}>${offered && html`<${Fields} offered=${offered} />`}</form>`;
}

/** @param {{ offered: Choices }} given */
function Fields({ offered }) {
  const { settings, bounds } = offered;
  /** @param {string} key @param {any} control @param {string} [note] */
  const field = (key, control, note) => html`<label key=${key}>${t(key)}${control}${note && html`<span class="soft small">${t(note)}</span>`}</label>`;
  /** @param {string} name @param {string[][]} pairs @param {string} first @param {boolean} disabled */
  const select = (name, pairs, first, disabled = false) => html`<select name=${name} disabled=${disabled}>${pairs.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === first}>${text}</option>`)}</select>`;
  // Only the server's own language model may see pictures, and the built-in one writes English.
  const form = at("#choices")?.elements;
  const llm = form?.llm?.value ?? offered.readers[0];
  const written = form?.language?.value ?? language();
  return html`${field("reading_language", select("language", offered.languages.map((code) => [code, nameOf(code)]), language()))}
    ${field("taxonomy", select("taxonomy", Object.entries(offered.taxonomies).map(([name, labels]) => [name, t("classes", { n: labels.length })]), settings.taxonomy))}
    ${field("llm", select("llm", offered.readers.map((name) => [name, t(`llm_${name}`)]), offered.readers[0]), llm === "embedded" && written !== "en" ? "llm_note_rules" : "llm_note")}
    ${offered.routes.length > 1 && field("route", select("route", offered.routes.map((name) => [name, t(`given_${name}`)]), settings.route, llm !== "server"), "route_note")}
    ${field("au_model", select("au_model", offered.au_models.map((name) => [name, t(`au_${name}`)]), offered.au_models[0]), "au_model_note")}
    ${field("people", html`<input name="max_people" type="number" ...${bounds.max_people} defaultValue=${settings.max_people} />`)}
    ${field("fps", html`<input name="fps" type="number" ...${bounds.fps} step="any" placeholder="fps" defaultValue=${settings.fps ?? ""} />`, "fps_note")}
    ${field("estimator", select("estimator", offered.estimators.map((name) => [name, name]), settings.estimator), "estimator_note")}
    ${field("compensation", select("compensation", offered.compensations.map((name) => [name, name]), settings.compensation))}
    ${field("magnify", html`<input name="magnify" type="number" ...${bounds.magnify} step="any" defaultValue=${settings.magnify} />`)}`;
}

/**
 * What the form says.
 * @param {Choices} offered
 * @returns {JobSettings}
 */
export function settingsOf(offered) {
  const { elements: form } = at("#choices");
  /**
   * @param {string} name
   * @param {number | null} empty
   * @returns {number | null}
   */
  const number = (name, empty) => (form[name].value === "" ? empty : Number(form[name].value));
  return readBy(form.llm.value, {
    language: form.language.value, route: form.route?.value ?? "flow", au_model: form.au_model.value, taxonomy: form.taxonomy.value, estimator: form.estimator.value,
    compensation: form.compensation.value, max_people: number("max_people", offered.settings.max_people), fps: number("fps", null), magnify: number("magnify", offered.settings.magnify),
  });
}
