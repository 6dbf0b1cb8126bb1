// Past analyses: find, open, delete.

import * as api from "./api.js";
import { at, element, options } from "./element.js";
import { say, showRooms, wireLook } from "./look.js";
import { language, said, t } from "./words.js";

/** @import {Job, Names} from "./types.d.ts" */

const cards = at("#cards");
const search = at("#search");
const state = at("#state");
const older = at("#older");
/** @type {Job[]} */
let shown = [];
/** @type {string | null} */
let next = null;
/** @type {Record<string, Names>} */
let emotions = {};
let asked = 0;
let typing = 0;

wireLook(draw);
search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(load, 250); });
state.addEventListener("change", () => load());
at("#instruct").addEventListener("click", () => api.download(api.instructAddress(null)).catch((error) => say(error.message, "error")));
older.addEventListener("click", () => load(next));

/** @param {string | null} before */
async function load(before = null) {
  const turn = ++asked;
  /** @type {Record<string, string | number>} */
  const query = { limit: 48, text: search.value.trim() };
  if (state.value) query.state = state.value;
  if (before) query.before = before;
  try {
    const page = await api.jobs(query);
    if (turn !== asked) return;
    shown = before ? [...shown, ...page.jobs] : page.jobs;
    next = page.next;
    draw();
  } catch (error) {
    say(error.message, "error");
  }
}

function draw() {
  const chosen = state.value;
  state.replaceChildren(...options([["", t("any_state")], ...["done", "running", "queued", "failed", "cancelled"].map((name) => [name, t(name)])], chosen));
  cards.replaceChildren(...shown.map(card));
  older.hidden = !next;
  const empty = at("#empty");
  empty.hidden = shown.length > 0;
  empty.textContent = search.value || state.value ? t("nothing_found") : t("nothing_yet");
}

/** @param {Job} job */
function card(job) {
  const done = job.state === "done";
  const address = `/clips/${job.id}`;
  const picture = done ? element("img", { src: api.thumbnailAddress(job.id), alt: "", loading: "lazy" }) : null;
  const named = job.emotions.filter(Boolean);
  const chips = done
    ? [named.length ? named.map((label) => element("span", { class: "chip me" }, emotions[label]?.[language()] ?? label)) : element("span", { class: "chip" }, t("none_found")),
      job.annotated ? element("span", { class: "chip person" }, `✎ ${t("annotated")}`) : null]
    : [element("span", { class: `chip ${job.state === "failed" ? "error" : ""}` }, t(job.state))];
  const when = new Date(job.created).toLocaleString(language() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" });
  return element("li", {},
    done ? element("a", { class: "picture", href: address, tabindex: -1, aria: { hidden: "true" } }, picture) : element("div", { class: "picture" }),
    element("div", { class: "body" },
      done ? element("a", { class: "name", href: address, title: job.name }, job.name) : element("span", { class: "name", title: job.name }, job.name),
      element("div", { class: "chips" }, chips),
      job.error ? element("p", { class: "small error" }, said(job.error, job.chinese)) : null),
    element("div", { class: "actions" }, element("time", { class: "small soft", datetime: job.created }, when),
      ["queued", "running"].includes(job.state)
        ? element("button", { type: "button", class: "plain", onclick: () => act(api.cancel(job.id)), aria: { label: `${t("cancel")}: ${job.name}` } }, t("cancel"))
        : element("button", { type: "button", class: "plain", onclick: () => confirm(t("remove_sure")) && act(api.remove(job.id)), aria: { label: `${t("remove")}: ${job.name}` } }, t("remove"))));
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

api.choices().then((offered) => { emotions = offered.emotions; showRooms(offered); draw(); }).catch(() => {});
load();
