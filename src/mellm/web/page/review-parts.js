// One record of instruction data as the review room shows it: labels, measured motion, draft, what is wrong with it.

import * as api from "./api.js";
import { Bar, html, useLayoutEffect, useRef, useWatch } from "./view.js";
import { language, t } from "./words.js";

/** @import {Store} from "./store.js" */
/** @import {RegionShown, ReviewRoom, Verdict} from "./types.d.ts" */

/** @typedef {{ state: Store<ReviewRoom> }} Given */

/** @type {Record<string, string>} */
const ARROWS = { right: "→", "up-right": "↗", up: "↑", "up-left": "↖", left: "←", "down-left": "↙", down: "↓", "down-right": "↘" };

/** @param {Given} given */
export function Progress({ state }) {
  useWatch(state, ["words", "counts", "total", "who"]);
  const total = state.get("total");
  const done = Object.values(state.get("counts")).reduce((a, b) => a + b, 0);
  return html`<progress id="bar" value=${done} max=${Math.max(total, 1)} aria-label=${t("review_title")} title=${t("review_title")}></progress>
    <span id="progress" class="small soft number" role="status">${state.get("who") && total ? t("decided_of", { done, total }) : ""}</span>`;
}

/** @param {Given} given */
export function Evidence({ state }) {
  useWatch(state, ["words", "item", "choices"]);
  const item = state.get("item");
  const { record } = item;
  return html`<h2 id="title">${item.place + 1}. ${t(`task_${record.task}`)}, ${t(`route_${record.route}`)}</h2>
    <p id="where" class="small soft">${t(`from_${item.folder}`)} · ${item.dataset} · ${record.id}</p>
    ${item.picture && html`<figure key=${record.id}><img id="picture" src=${api.reviewPicture(record.id)} alt=${t("map_note")} /><figcaption class="small soft">${t("map_note")}</figcaption></figure>`}
    <h3>${t("labels")}</h3><ul id="truth" class="chips"><${Truth} state=${state} /></ul>
    <h3>${t("measured_motion")}</h3><${Motion} state=${state} />`;
}

/** @param {Given} given */
function Truth({ state }) {
  const [item, choices] = [state.get("item"), state.get("choices")];
  const labels = Object.entries(item.labels).map(([taxonomy, label]) => html`<li key=${taxonomy} class="chip me">${t("label_of", { label: choices.emotions[label]?.[language()] ?? label, n: choices.taxonomies[taxonomy]?.length ?? taxonomy })}</li>`);
  const units = item.units.map((unit) => html`<li key=${unit.code} class=${`chip ${unit.support.length ? "" : "unseen"}`} title=${unit.support.length ? t("borne_out", { regions: unit.support.map((name) => region(state, name)).join(", ") }) : t("not_borne_out")}>AU ${unit.code} ${choices.action_units[unit.au]?.[language()] ?? unit.name}</li>`);
  return labels.length + units.length ? [labels, units] : html`<li class="chip">${t("no_expression")}</li>`;
}

/** @param {Store<ReviewRoom>} state @param {string} name */
const region = (state, name) => state.get("choices").regions[name]?.[language()] ?? name;

/** @param {Given} given */
function Motion({ state }) {
  useWatch(state, ["still"]);
  const item = state.get("item");
  const largest = Math.max(...item.motion.map((one) => one.mean), 1e-9);
  const shown = item.motion.filter((one) => one.moving || state.get("still")).sort((a, b) => Number(b.moving) - Number(a.moving) || b.mean - a.mean);
  /** @param {RegionShown} one */
  const octant = (one) => (!one.octant ? t("no_direction") : language() === "zh" ? state.get("choices").octants[one.octant] : one.octant);
  return html`<table class="motion"><thead><tr><th scope="col">${t("region_image")}</th><th scope="col">${t("direction")}</th><th scope="col" class="number">${item.scale === "px" ? "px" : "×"}</th><th scope="col"><span class="hidden-text">${t("size")}</span></th></tr></thead>
    <tbody id="motion">${shown.map((one) => html`<tr key=${one.name} class=${one.moving ? "" : "still"}><th scope="row">${region(state, one.name)}</th>
      <td><span class="arrow" aria-hidden="true">${one.moving ? ARROWS[one.octant] ?? "·" : "·"}</span>${one.moving ? octant(one) : t("still")}</td><td class="number">${one.mean.toFixed(2)}</td><td><${Bar} share=${one.mean / largest} /></td></tr>`)}
      ${!shown.length && html`<tr class="still"><td colspan="4">${t("nothing_moves")}</td></tr>`}</tbody></table>
    <label class="small soft"><input type="checkbox" id="still" checked=${state.get("still")} onChange=${(/** @type {any} */ event) => state.set({ still: event.target.checked })} /> ${t("still_too")}</label>`;
}

/** @param {Given & { typed: (text: string) => void }} given */
export function Draft({ state, typed }) {
  useWatch(state, ["words", "item", "answer", "note", "problems"]);
  const item = state.get("item");
  const { record } = item;
  const { annotator, model } = record.provenance;
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const lang = record.language === "zh" ? "zh-CN" : "en";
  const answer = state.get("answer");
  // The text's height follows the text.
  useLayoutEffect(() => {
    area.current.style.height = "auto";
    area.current.style.height = `${Math.min(area.current.scrollHeight + 4, 0.6 * innerHeight)}px`;
  }, [answer]);
  const problems = state.get("problems");
  return html`<details id="asked" key=${record.id} open=${record.task === "vqa"}><summary class="small soft">${t("prompt")}</summary><pre id="prompt" tabindex="0" lang=${lang}>${record.messages[0].content}</pre></details>
    <div class="row"><h2 id="answer-title">${t("answer")}</h2><span id="by" class="small soft">${[model ? `${annotator} (${model})` : annotator, item.unsaved ? t("restored") : ""].filter(Boolean).join(" · ")}</span></div>
    <textarea id="answer" ref=${area} spellcheck="true" maxlength="20000" lang=${lang} aria-labelledby="answer-title" class=${answer === record.messages[1].content ? "" : "person"} value=${answer} onInput=${(/** @type {any} */ event) => typed(event.target.value)}></textarea>
    <div id="problems" role="status">${problems.length ? html`<ul>${problems.map(({ kind, detail }) => html`<li>${kind}: ${detail}</li>`)}</ul>` : html`<p>✓ ${t("checks_pass")}</p>`}</div>
    <label class="note small soft"><span>${t("note")}</span> <input id="note" maxlength="500" placeholder=${t("review_note")} value=${state.get("note")} onInput=${(/** @type {any} */ event) => state.set({ note: event.target.value })} /></label>`;
}

/** @param {Given & { decide: (verdict: Verdict) => void, go: (by: number) => void }} given */
export function Decide({ state, decide, go }) {
  useWatch(state, ["words", "item"]);
  const { decision } = state.get("item");
  /** @param {string} id @param {string} kind @param {Verdict} verdict @param {string} key @param {string} word */
  const button = (id, kind, verdict, key, word) => html`<button id=${id} class=${kind} type="button" aria-pressed=${decision?.verdict === verdict} onClick=${() => decide(verdict)}><kbd>${key}</kbd> ${t(word)}</button>`;
  return html`<div class="actions">${button("accept", "go", "accept", "A", "accept")}${button("save", "edit", "edit", "Ctrl ⏎", "save_edit")}${button("reject", "stop", "reject", "R", "refuse")}
      <button id="undo" type="button" disabled=${!decision} onClick=${() => decide("open")}><kbd>U</kbd> ${t("take_back")}</button><span class="grow"></span>
      <button id="back" type="button" aria-label=${t("previous_record")} title=${t("previous_record")} onClick=${() => go(-1)}><kbd>K</kbd> ←</button><button id="on" type="button" aria-label=${t("next_record")} title=${t("next_record")} onClick=${() => go(1)}><kbd>J</kbd> →</button></div>
    <p class="small soft"><kbd>E</kbd><kbd>Esc</kbd><kbd>N</kbd><kbd>O</kbd> ${t("review_keys")}</p><p class="small soft">${t("kept")}</p>`;
}
