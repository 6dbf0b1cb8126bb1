// The review room: one record of instruction data at a time, with what it must be true to. Keyboard first.

import * as api from "./api.js";
import { at, bar, element } from "./element.js";
import { say, showRooms, wireLook } from "./look.js";
import { language, t } from "./words.js";

/** @import {Choices, Item, RegionShown} from "./types.d.ts" */

/** @type {Record<string, string>} */
const ARROWS = { right: "→", "up-right": "↗", up: "↑", "up-left": "↖", left: "←", "down-left": "↙", down: "↓", "down-right": "↘" };
/** @typedef {"accept" | "edit" | "reject" | "open"} Verdict */
/** @type {[button: "#accept" | "#save" | "#reject", verdict: Verdict][]} */
const BUTTONS = [["#accept", "accept"], ["#save", "edit"], ["#reject", "reject"]];
const KEEP_MS = 500;
/** @type {Choices | null} */
let choices = null;
/** @type {Item | null} */
let item = null;
let total = 0;
/** @type {Record<string, number>} */
let counts = {};
let timer = 0;

const who = () => at("#who").value.trim();
const original = () => item.record.messages[1].content;

wireLook(() => { draw(); });

/**
 * Do something; what goes wrong is said, never swallowed.
 * @template {unknown[]} Given
 * @param {(...given: Given) => Promise<unknown>} work
 * @returns {(...given: Given) => Promise<void>}
 */
const guarded = (work) => async (...given) => {
  try { await work(...given); } catch (error) { say(error.message, "error"); }
};

function draw() {
  const name = who();
  document.title = `${t("review")} – mellm`;
  at("#record").hidden = !item;
  at("#empty").textContent = item ? "" : name && choices && !total ? t("review_nothing") : t("review_begin");
  const done = Object.values(counts).reduce((a, b) => a + b, 0);
  at("#bar").max = Math.max(total, 1);
  at("#bar").value = done;
  at("#progress").textContent = name && total ? t("decided_of", { done, total }) : "";
  if (!item) return;
  const { record } = item;
  at("#title").textContent = `${item.place + 1}. ${t(`task_${record.task}`)}, ${t(`route_${record.route}`)}`;
  at("#where").textContent = `${t(`from_${item.folder}`)} · ${item.dataset} · ${record.id}`;
  at("#figure").hidden = !item.picture;
  at("#picture").alt = t("map_note");
  at("#prompt").textContent = record.messages[0].content;
  at("#prompt").lang = at("#answer").lang = record.language === "zh" ? "zh-CN" : "en";
  const { annotator, model } = record.provenance;
  at("#by").textContent = [model ? `${annotator} (${model})` : annotator, item.unsaved ? t("restored") : ""].filter(Boolean).join(" · ");
  drawTruth();
  drawMotion();
  drawProblems();
  for (const [button, verdict] of BUTTONS) at(button).setAttribute("aria-pressed", String(item.decision?.verdict === verdict));
  at("#undo").disabled = !item.decision;
}

/** @param {string} name */
const region = (name) => choices.regions[name]?.[language()] ?? name;

function drawTruth() {
  const labels = Object.entries(item.labels).map(([taxonomy, label]) => element("li", { class: "chip me" },
    t("label_of", { label: choices.emotions[label]?.[language()] ?? label, n: choices.taxonomies[taxonomy]?.length ?? taxonomy })));
  const units = item.units.map((unit) => element("li", {
    class: `chip ${unit.support.length ? "" : "unseen"}`,
    title: unit.support.length ? t("borne_out", { regions: unit.support.map(region).join(", ") }) : t("not_borne_out"),
  }, `AU ${unit.code} ${choices.action_units[unit.au]?.[language()] ?? unit.name}`));
  at("#truth").replaceChildren(...(labels.length + units.length ? [...labels, ...units] : [element("li", { class: "chip" }, t("no_expression"))]));
}

function drawMotion() {
  const largest = Math.max(...item.motion.map((one) => one.mean), 1e-9);
  const shown = item.motion.filter((one) => one.moving || at("#still").checked).sort((a, b) => Number(b.moving) - Number(a.moving) || b.mean - a.mean);
  /** @param {RegionShown} one */
  const octant = (one) => (!one.octant ? t("no_direction") : language() === "zh" ? choices.octants[one.octant] : one.octant);
  at("#unit").textContent = item.scale === "px" ? "px" : "×";
  at("#motion").replaceChildren(...shown.map((one) => element("tr", { class: one.moving ? "" : "still" },
    element("th", { scope: "row" }, region(one.name)),
    element("td", {}, element("span", { class: "arrow", aria: { hidden: "true" } }, one.moving ? ARROWS[one.octant] ?? "·" : "·"), one.moving ? octant(one) : t("still")),
    element("td", { class: "number" }, one.mean.toFixed(2)), element("td", {}, bar(one.mean / largest)))),
  ...(shown.length ? [] : [element("tr", { class: "still" }, element("td", { colspan: 4 }, t("nothing_moves")))]));
}

function drawProblems() {
  at("#problems").replaceChildren(item.problems.length
    ? element("ul", {}, item.problems.map(({ kind, detail }) => element("li", {}, `${kind}: ${detail}`)))
    : element("p", {}, `✓ ${t("checks_pass")}`));
}

/** The text's height follows the text; a changed one looks changed. */
function fit() {
  const area = at("#answer");
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 4, 0.6 * innerHeight)}px`;
  area.classList.toggle("person", area.value !== original());
}

/** @param {number} place */
async function open(place) {
  await keep();
  item = await api.reviewItem(place, who());
  history.replaceState(null, "", `#${place + 1}`);
  at("#answer").value = item.answer;
  at("#note").value = item.decision?.note ?? "";
  draw();
  at("#asked").open = item.record.task === "vqa";
  if (item.picture) at("#picture").src = api.reviewPicture(item.record.id);
  fit();
}

async function nextOpen() {
  const state = await api.reviewState(who(), item ? item.place : -1);
  ({ total, counts } = state);
  if (state.next === null) { draw(); say(t("review_all_done")); return false; }
  await open(state.next);
  return true;
}

/** Send what was typed and not sent yet; the checks come back with it. */
async function keep() {
  clearTimeout(timer);
  if (!timer) return;
  timer = 0;
  const here = item;
  const { problems } = await api.reviewTyping({ record: here.record.id, who: who(), answer: at("#answer").value });
  if (here !== item) return;
  item.problems = problems;
  drawProblems();
}

const decide = guarded(async (/** @type {Verdict} */ verdict) => {
  if (!item) return;
  clearTimeout(timer);
  timer = 0;
  const changed = at("#answer").value !== original();
  if (verdict === "accept" && changed) { say(t("accept_changed"), "error"); return; }
  if (verdict === "edit" && !changed) { say(t("edit_unchanged"), "error"); return; }
  const answer = verdict === "edit" ? at("#answer").value : original();
  const kept = await api.reviewDecide({ record: item.record.id, who: who(), verdict, answer, note: at("#note").value });
  ({ counts } = kept);
  const n = item.place + 1;
  if (verdict === "open") {
    item.decision = null;
    draw();
    say(t("said_open"));
    return;
  }
  at("#answer").blur();
  at("#note").blur();
  if (await nextOpen()) say(t(`said_${verdict}`, { n }));
});

at("#answer").addEventListener("input", () => {
  fit();
  clearTimeout(timer);
  timer = setTimeout(guarded(keep), KEEP_MS);
});
at("#still").addEventListener("change", drawMotion);
for (const [button, verdict] of BUTTONS) at(button).addEventListener("click", () => decide(verdict));
at("#undo").addEventListener("click", () => decide("open"));
at("#back").addEventListener("click", guarded(() => open(Math.max(0, item.place - 1))));
at("#on").addEventListener("click", guarded(() => open(Math.min(total - 1, item.place + 1))));

/** @type {Record<string, () => unknown>} */
const KEYS = {
  a: () => decide("accept"), r: () => decide("reject"), u: () => item.decision && decide("open"),
  e: () => at("#answer").focus(), n: () => at("#note").focus(), o: guarded(nextOpen),
  j: () => at("#on").click(), k: () => at("#back").click(),
};
document.addEventListener("keydown", (event) => {
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const writing = focused.matches("textarea, input:not([type=checkbox])");
  if (!item) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); decide("edit"); return; }
  if (event.key === "Escape" && writing) { focused.blur(); return; }
  if (writing || event.ctrlKey || event.altKey || event.metaKey) return;
  const act = KEYS[event.key.toLowerCase()];
  if (act) { event.preventDefault(); act(); }
});

const begin = guarded(async () => {
  localStorage.setItem("mellm-coder", who());
  item = null;
  counts = {};
  total = 0;
  if (who()) {
    const state = await api.reviewState(who());
    ({ total, counts } = state);
    const asked = Number(location.hash.slice(1));
    if (total) await open(asked >= 1 && asked <= total ? asked - 1 : state.next ?? 0);
  }
  draw();
  document.body.dataset.ready = "yes";
});
at("#who").addEventListener("change", begin);
// The keys below are for records: they must not be typed into the name.
at("#who").addEventListener("keydown", (event) => { if (event.key === "Enter") at("#who").blur(); });
at("#who").value = localStorage.getItem("mellm-coder") || "";
draw();
await guarded(async () => {
  choices = await api.choices();
  showRooms(choices);
  await begin();
})();
