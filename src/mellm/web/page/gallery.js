// Past analyses: find, open, describe, export, delete.

import * as api from "./api.js";
import { Describe } from "./describe.js";
import { say, showRooms, wireLook } from "./look.js";
import { Store } from "./store.js";
import { html, mount, Select, useWatch } from "./view.js";
import { language, said, t } from "./words.js";

/** @import {About} from "./describe.js" */
/** @import {Gallery, Job} from "./types.d.ts" */

const PAGE = 48;
const TYPING_MS = 250;
const STATES = ["done", "running", "queued", "failed", "cancelled"];
const EXPORTS = ["mes", "csv", "eaf", "boris", "vtt", "bids", "fex"];

/** @type {Store<Gallery>} */
const state = new Store(/** @type {Gallery} */ ({ words: 0, text: "", state: "", tag: "", subject: "", jobs: [], next: null, loaded: false, choices: null, editing: null }));
let asked = 0;
let typing = 0;

api.lookAs(localStorage.getItem("mellm-coder") || "");
wireLook(() => state.set({ words: state.get("words") + 1 }));
mount("#tools", Tools, {});
mount("#cards", Cards, {});
mount("#rest", Rest, {});

/** @param {string | null} before */
async function load(before = null) {
  const turn = ++asked;
  try {
    const page = await api.jobs({ limit: PAGE, ...filters(), ...(before ? { before } : {}) });
    if (turn === asked) state.set({ jobs: before ? [...state.get("jobs"), ...page.jobs] : page.jobs, next: page.next, loaded: true });
  } catch (error) {
    say(error.message, "error");
  }
}

/** What is looked for; what is not set is not sent. */
function filters() {
  const { text, state: wanted, tag, subject } = state.values;
  return Object.fromEntries(Object.entries({ text: text.trim(), state: wanted, tag, subject }).filter(([, value]) => value));
}

function Tools() {
  useWatch(state, ["words", "text", "state", "tag", "subject"]);
  const { tag, subject } = state.values;
  const search = new URLSearchParams(filters());
  return html`<input id="search" type="search" placeholder=${t("search")} aria-label=${t("search")} value=${state.get("text")}
      onInput=${(/** @type {any} */ event) => { state.set({ text: event.target.value }); clearTimeout(typing); typing = setTimeout(load, TYPING_MS); }} />
    <${Select} id="state" aria-label=${t("any_state")} value=${state.get("state")} pairs=${[["", t("any_state")], ...STATES.map((name) => [name, t(name)])]} change=${(/** @type {string} */ value) => { state.set({ state: value }); load(); }} />
    ${[["tag", tag], ["subject", subject]].map(([name, value]) => value && html`<button key=${name} type="button" class="chip" onClick=${() => { state.set({ [name]: "" }); load(); }}>${t(name)}: ${value} ✕</button>`)}
    <details class="menu" id="export-all"><summary class="button">${t("export_all")}</summary><div>
      <ul>${EXPORTS.map((kind) => html`<li key=${kind}><a href=${api.exportAllAddress(kind, search)} download="" data-kind=${kind}>${t(`x_${kind}`)}</a></li>`)}
        <li><button id="instruct" type="button" class="plain" onClick=${() => api.download(api.instructAddress(null)).catch((error) => say(error.message, "error"))}>${t("x_instruct_all")}</button></li></ul></div></details>`;
}

function Cards() {
  useWatch(state, ["words", "jobs", "choices", "editing"]);
  return state.get("jobs").map((job) => html`<${Card} key=${job.id} job=${job} />`);
}

function Rest() {
  useWatch(state, ["words", "jobs", "next", "loaded"]);
  const found = state.get("jobs").length > 0;
  return html`${!found && state.get("loaded") && html`<p class="soft" id="empty">${Object.keys(filters()).length ? t("nothing_found") : html`${t("nothing_yet")} <a href="/">${t("new_analysis")}</a>`}</p>`}
    ${state.get("next") && html`<button class="older" id="older" type="button" onClick=${() => load(state.get("next"))}>${t("more")}</button>`}`;
}

/** @param {{ job: Job }} given */
function Card({ job }) {
  const done = job.state === "done";
  const going = ["queued", "running"].includes(job.state);
  const address = `/clips/${job.id}`;
  const when = new Date(job.created).toLocaleString(language() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" });
  const open = done || (going && job.kind === "clip");
  /** @param {string} word @param {() => void} act */
  const button = (word, act) => html`<button type="button" class="plain" aria-label=${`${t(word)}: ${job.name}`} onClick=${act}>${t(word)}</button>`;
  return html`<li>${done ? html`<a class="picture" href=${address} tabindex="-1" aria-hidden="true"><img src=${api.thumbnailAddress(job.id)} alt="" loading="lazy" /></a>` : html`<div class="picture"></div>`}
    <div class="body">${open ? html`<a class="name" href=${address} title=${job.name}>${job.name}</a>` : html`<span class="name" title=${job.name}>${job.name}</span>`}
      <div class="chips"><${Chips} job=${job} /></div>
      ${(job.subject || job.session) && html`<p class="small soft">${[job.subject && `${t("subject")} ${job.subject}`, job.session && `${t("session")} ${job.session}`].filter(Boolean).join(" · ")}</p>`}
      ${job.note && html`<p class="small soft note">${job.note}</p>`}${job.error && html`<p class="small error">${said(job.error, job.chinese)}</p>`}
      ${state.get("editing") === job.id && html`<${Describe} job=${job} take=${async (/** @type {About} */ about) => { await act(api.describe(job.id, about)); state.set({ editing: null }); }} close=${() => state.set({ editing: null })} />`}</div>
    <div class="actions"><time class="small soft" datetime=${job.created}>${when}</time><span>
      ${button("describe", () => state.set({ editing: state.get("editing") === job.id ? null : job.id }))}
      ${going ? button("cancel", () => act(api.cancel(job.id))) : button("remove", () => { if (confirm(t("remove_sure"))) act(api.remove(job.id)); })}</span></div></li>`;
}

/** @param {{ job: Job }} given */
function Chips({ job }) {
  if (job.state !== "done") return html`<span class=${`chip ${job.state === "failed" ? "error" : ""}`}>${t(job.state)}</span>`;
  const emotions = state.get("choices")?.emotions ?? {};
  const named = job.emotions.filter(Boolean);
  return html`${job.blind === "program" ? html`<span class="chip">${t("blind_program")}</span>` : named.length ? named.map((label, k) => html`<span key=${k} class="chip me">${emotions[label]?.[language()] ?? label}</span>`) : html`<span class="chip">${t("none_found")}</span>`}
    ${job.annotated && html`<span class="chip person">✎ ${job.coders?.length ? job.coders.join(", ") : t("annotated")}</span>`}
    ${(job.tags ?? []).map((tag) => html`<button key=${tag} type="button" class="chip tag" onClick=${() => { state.set({ tag }); load(); }}>${tag}</button>`)}`;
}

/** @param {Promise<unknown>} promise */
async function act(promise) {
  try {
    await promise;
  } catch (error) {
    say(error.message, "error");
  }
  await load();
}

document.addEventListener("pointerdown", (event) => {
  const menu = /** @type {HTMLDetailsElement | null} */ (document.querySelector("#export-all"));
  if (menu?.open && !menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
});
api.choices().then((choices) => { showRooms(choices); state.set({ choices }); }).catch((error) => say(error.message, "error"));
load().then(() => { document.body.dataset.ready = "yes"; });
