"use strict";
// The review page. Text is only ever put in as text; nothing is kept but the reviewer's name.

const $ = (name) => document.getElementById(name);
const token = document.querySelector("meta[name=token]").content;
const ARROWS = { right: "→", "up-right": "↗", up: "↑", "up-left": "↖", left: "←", "down-left": "↙", down: "↓", "down-right": "↘" };
let item = null;
let total = 0;
let typingTimer = 0;
let checkTimer = 0;

const who = () => $("who").value.trim();

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Token": token },
    body: JSON.stringify({ who: who(), ...body }),
  };
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Error("The program does not answer: it may have been stopped. Start it again and reload; nothing decided is lost.");
  }
  const data = await reply.json();
  if (data.error) throw new Error(data.error);
  return data;
}

function say(text, error = false) {
  $("said").textContent = text;
  $("said").classList.toggle("error", error);
}

const guarded = (work) => async (...args) => {
  try { await work(...args); } catch (error) { say(error.message, true); }
};

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function showProgress(counts) {
  const done = Object.values(counts).reduce((a, b) => a + b, 0);
  $("filled").style.width = `${total ? (100 * done) / total : 0}%`;
  $("bar").setAttribute("aria-valuenow", done);
  $("bar").setAttribute("aria-valuemax", total);
  const parts = ["accept", "edit", "reject"].filter((v) => counts[v]).map((v) => `${counts[v]} ${v}`);
  $("progress").textContent = `${done} of ${total} decided${parts.length ? ` (${parts.join(", ")})` : ""}`;
}

function showMotion() {
  const body = $("motion");
  body.replaceChildren();
  const largest = Math.max(...item.motion.map((m) => m.mean), 1e-9);
  const sorted = [...item.motion].sort((a, b) => b.moving - a.moving || b.mean - a.mean);
  for (const m of sorted) {
    if (!m.moving && !$("still").checked) continue;
    const row = element("tr", undefined, m.moving ? "" : "still");
    row.append(element("td", m.name), element("td", m.octant ? ARROWS[m.octant] : "·", "arrow"));
    row.append(element("td", m.moving ? m.octant || "no clear direction" : "still"));
    row.append(element("td", m.mean.toFixed(2), "size"));
    const cell = element("td", undefined, "wide");
    const track = element("span", undefined, "track");
    const fill = element("span");
    fill.style.width = `${(100 * m.mean) / largest}%`;
    track.append(fill);
    cell.append(track);
    row.append(cell);
    body.append(row);
  }
  if (!body.children.length) {
    const row = element("tr", undefined, "still");
    const cell = element("td", "No region moves above the noise floor.");
    cell.colSpan = 5;
    row.append(cell);
    body.append(row);
  }
}

function showProblems(problems) {
  const place = $("problems");
  place.replaceChildren();
  if (!problems.length) {
    place.append(element("p", "✓ Every check passes."));
    return;
  }
  const list = element("ul");
  for (const p of problems) list.append(element("li", `${p.kind}: ${p.detail}`));
  place.append(list);
}

function showTruth() {
  const list = $("truth");
  list.replaceChildren();
  for (const [taxonomy, label] of Object.entries(item.labels)) {
    list.append(element("li", `${label} (${taxonomy} classes)`));
  }
  for (const unit of item.units) {
    const chip = element("li", `AU ${unit.code} ${unit.name}`, unit.support.length ? "" : "unseen");
    chip.title = unit.support.length ? `borne out by ${unit.support.join(", ")}` : "no region bears it out";
    list.append(chip);
  }
  if (!list.children.length) list.append(element("li", "no expression"));
}

function showDecision() {
  const verdict = item.decision ? item.decision.verdict : "";
  for (const [name, value] of [["accept", "accept"], ["save", "edit"], ["reject", "reject"]]) {
    $(name).setAttribute("aria-pressed", String(verdict === value));
  }
  $("undo").disabled = !item.decision;
  $("note").value = item.decision ? item.decision.note : "";
}

function show() {
  const record = item.record;
  const names = { meu: "Understanding", mer: "Emotion label", vqa: "Question" };
  $("title").textContent = `${item.place + 1}. ${names[record.task]}, ${record.route} route`;
  $("where").textContent = `${item.folder === "queue" ? "failed a check" : "drawn at random"} · ${item.dataset} · ${record.id}`;
  $("figure").hidden = !item.picture;
  if (item.picture) $("picture").src = `/picture?record=${encodeURIComponent(record.id)}`;
  $("unit").textContent = item.scale === "px" ? "px" : "× avg";
  $("prompt").textContent = record.messages[0].content;
  $("asked").open = record.task === "vqa";
  $("by").textContent = `${record.provenance.annotator}${record.provenance.model ? ` (${record.provenance.model})` : ""}${item.unsaved ? " · unsaved text restored" : ""}`;
  $("answer").value = item.answer;
  $("answer").lang = record.language;
  marked();
  showTruth();
  showMotion();
  showProblems(item.problems);
  showDecision();
}

function fit() {
  const area = $("answer");
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight + 4, 0.72 * innerHeight)}px`;
}

function marked() {
  fit();
  $("answer").classList.toggle("changed", $("answer").value !== item.record.messages[1].content);
}

const open_ = guarded(async (place) => {
  await flush();
  item = await ask(`/api/item?place=${place}&who=${encodeURIComponent(who())}`);
  location.hash = place + 1;
  show();
});

const nextOpen = guarded(async () => {
  const after = item ? item.place : -1;
  const state = await ask(`/api/state?who=${encodeURIComponent(who())}&after=${after}`);
  total = state.total;
  showProgress(state.counts);
  if (state.next === null) say("Every record is decided. Thank you.");
  else await open_(state.next);
});

async function flush() {
  clearTimeout(typingTimer);
  if (!item || !typingTimer) return;
  typingTimer = 0;
  await ask("/api/typing", { record: item.record.id, answer: $("answer").value });
}

const decide = guarded(async (verdict) => {
  if (!item) return;
  clearTimeout(typingTimer);
  typingTimer = 0;
  const changed = $("answer").value !== item.record.messages[1].content;
  if (verdict === "accept" && changed) {
    say("The answer was changed: save it as an edit (Ctrl Enter), or restore it.", true);
    return;
  }
  if (verdict === "edit" && !changed) {
    say("Nothing was changed: accept it as it is (A).", true);
    return;
  }
  const answer = verdict === "reject" || verdict === "open" ? item.record.messages[1].content : $("answer").value;
  const reply = await ask("/api/decide", { record: item.record.id, verdict, answer, note: $("note").value });
  showProgress(reply.counts);
  if (verdict === "open") {
    item.decision = null;
    showDecision();
    say("Taken back; the earlier decision stays in the record of changes.");
    return;
  }
  const words = { accept: "accepted", edit: "edit saved", reject: "rejected" };
  const told = `${item.place + 1} ${words[verdict]}.`;
  $("answer").blur();
  $("note").blur();
  await nextOpen();
  if (!$("said").textContent.startsWith("Every")) say(told);
});

const recheck = guarded(async () => {
  const reply = await ask("/api/check", { record: item.record.id, answer: $("answer").value });
  showProblems(reply.problems);
});

const keep = guarded(async () => {
  await flush();
});

$("answer").addEventListener("input", () => {
  marked();
  clearTimeout(typingTimer);
  clearTimeout(checkTimer);
  typingTimer = setTimeout(keep, 600);
  checkTimer = setTimeout(recheck, 350);
});
$("still").addEventListener("change", showMotion);
$("accept").addEventListener("click", () => decide("accept"));
$("save").addEventListener("click", () => decide("edit"));
$("reject").addEventListener("click", () => decide("reject"));
$("undo").addEventListener("click", () => decide("open"));
$("back").addEventListener("click", () => item && open_(Math.max(0, item.place - 1)));
$("on").addEventListener("click", () => item && open_(Math.min(total - 1, item.place + 1)));

const begin = guarded(async () => {
  localStorage.setItem("mellm-reviewer", who());
  $("main").hidden = !who();
  $("empty").hidden = Boolean(who());
  if (!who()) return;
  item = null;
  const state = await ask(`/api/state?who=${encodeURIComponent(who())}`);
  total = state.total;
  showProgress(state.counts);
  const asked = Number(location.hash.slice(1));
  if (!total) {
    $("main").hidden = true;
    $("empty").hidden = false;
    $("empty").textContent = "There is nothing to review: no record failed a check, and none was drawn.";
  } else if (asked >= 1 && asked <= total) await open_(asked - 1);
  else await open_(state.next ?? 0);
});
$("who").addEventListener("change", begin);

document.addEventListener("keydown", (event) => {
  const writing = ["INPUT", "TEXTAREA"].includes(document.activeElement.tagName);
  if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); decide("edit"); return; }
  if (event.key === "Escape" && writing) { document.activeElement.blur(); return; }
  if (writing || event.ctrlKey || event.altKey || event.metaKey || !item) return;
  const keys = {
    a: () => decide("accept"), r: () => decide("reject"), u: () => item.decision && decide("open"),
    e: () => $("answer").focus(), n: () => $("note").focus(), o: nextOpen,
    j: () => $("on").click(), k: () => $("back").click(),
  };
  const key = keys[event.key.toLowerCase()];
  if (key) { event.preventDefault(); key(); }
});

const asked = new URLSearchParams(location.search).get("who");
$("who").value = asked || localStorage.getItem("mellm-reviewer") || "";
begin();
