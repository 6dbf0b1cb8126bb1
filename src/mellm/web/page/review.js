// The review room: one record of instruction data at a time, with what it must be true to. Keyboard first.

import * as api from "./api.js";
import { at } from "./element.js";
import { say, showRooms, wireLook } from "./look.js";
import { Decide, Draft, Evidence, Progress } from "./review-parts.js";
import { Store } from "./store.js";
import { html, mount, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {ReviewRoom, Verdict} from "./types.d.ts" */

const KEEP_MS = 500;
/** @type {Store<ReviewRoom>} */
const state = new Store(/** @type {ReviewRoom} */ ({
  words: 0, who: localStorage.getItem("mellm-coder") || "", choices: null, item: null, total: 0, counts: {}, answer: "", note: "", problems: [], still: false, begun: false,
}));
let timer = 0;

const original = () => state.get("item").record.messages[1].content;

/**
 * Do something; what goes wrong is said, never swallowed.
 * @template {unknown[]} Given
 * @param {(...given: Given) => Promise<unknown>} work
 * @returns {(...given: Given) => Promise<void>}
 */
const guarded = (work) => async (...given) => {
  try { await work(...given); } catch (error) { say(error.message, "error"); }
};

/** @param {number} place */
async function open(place) {
  await keep();
  const item = await api.reviewItem(place, state.get("who"));
  history.replaceState(null, "", `#${place + 1}`);
  state.set({ item, answer: item.answer, note: item.decision?.note ?? "", problems: item.problems });
}

async function nextOpen() {
  const item = state.get("item");
  const { total, counts, next } = await api.reviewState(state.get("who"), item ? item.place : -1);
  state.set({ total, counts });
  if (next === null) { say(t("review_all_done")); return false; }
  await open(next);
  return true;
}

/** Send what was typed and not sent yet; the checks come back with it. */
async function keep() {
  clearTimeout(timer);
  if (!timer) return;
  timer = 0;
  const here = state.get("item");
  const { problems } = await api.reviewTyping({ record: here.record.id, who: state.get("who"), answer: state.get("answer") });
  if (here === state.get("item")) state.set({ problems });
}

/** @param {string} answer */
function typed(answer) {
  state.set({ answer });
  clearTimeout(timer);
  timer = setTimeout(guarded(keep), KEEP_MS);
}

const decide = guarded(async (/** @type {Verdict} */ verdict) => {
  const item = state.get("item");
  if (!item) return;
  clearTimeout(timer);
  timer = 0;
  const changed = state.get("answer") !== original();
  if (verdict === "accept" && changed) { say(t("accept_changed"), "error"); return; }
  if (verdict === "edit" && !changed) { say(t("edit_unchanged"), "error"); return; }
  const answer = verdict === "edit" ? state.get("answer") : original();
  const { counts } = await api.reviewDecide({ record: item.record.id, who: state.get("who"), verdict, answer, note: state.get("note") });
  state.set({ counts });
  if (verdict === "open") {
    state.set({ item: { ...item, decision: null } });
    say(t("said_open"));
    return;
  }
  /** @type {HTMLElement} */ (document.activeElement).blur();
  if (await nextOpen()) say(t(`said_${verdict}`, { n: item.place + 1 }));
});

const go = guarded((/** @type {number} */ by) => open(Math.max(0, Math.min(state.get("total") - 1, state.get("item").place + by))));

/** @type {Record<string, () => unknown>} */
const KEYS = {
  a: () => decide("accept"), r: () => decide("reject"), u: () => state.get("item").decision && decide("open"),
  e: () => at("#answer").focus(), n: () => at("#note").focus(), o: guarded(nextOpen), j: () => go(1), k: () => go(-1),
};
document.addEventListener("keydown", (event) => {
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const writing = focused.matches("textarea, input:not([type=checkbox])");
  if (!state.get("item")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); decide("edit"); return; }
  if (event.key === "Escape" && writing) { focused.blur(); return; }
  if (writing || event.ctrlKey || event.altKey || event.metaKey) return;
  const act = KEYS[event.key.toLowerCase()];
  if (act) { event.preventDefault(); act(); }
});

const begin = guarded(async () => {
  const who = state.get("who");
  localStorage.setItem("mellm-coder", who);
  state.set({ item: null, counts: {}, total: 0 });
  if (who) {
    const { total, counts, next } = await api.reviewState(who);
    state.set({ total, counts });
    const asked = Number(location.hash.slice(1));
    if (total) await open(asked >= 1 && asked <= total ? asked - 1 : next ?? 0);
  }
  state.set({ begun: true });
  document.body.dataset.ready = "yes";
});

function Room() {
  useWatch(state, ["words", "item", "who", "total", "begun"]);
  document.title = `${t("review")} – mellm`;
  if (!state.get("item")) return html`<p id="empty" class="soft">${state.get("who") && state.get("begun") && !state.get("total") ? t("review_nothing") : t("review_begin")}</p>`;
  return html`<div class="review" id="record"><section aria-labelledby="title"><${Evidence} state=${state} /></section>
    <section aria-labelledby="answer-title"><${Draft} state=${state} typed=${typed} /><${Decide} state=${state} decide=${decide} go=${go} /></section></div>`;
}

wireLook(() => state.set({ words: state.get("words") + 1 }));
mount("#progress-part", Progress, { state });
mount("#room", Room, {});
at("#who").value = state.get("who");
at("#who").addEventListener("change", () => { state.set({ who: at("#who").value.trim() }); begin(); });
// The keys below are for records: they must not be typed into the name.
at("#who").addEventListener("keydown", (event) => { if (event.key === "Enter") at("#who").blur(); });
await guarded(async () => {
  const choices = await api.choices();
  showRooms(choices);
  state.set({ choices });
  await begin();
})();
