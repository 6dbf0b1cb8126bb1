// Two people changed the same moment: both versions are shown, and a person decides for each.

import { same } from "./coding.js";
import { html, useEffect, useRef, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {CodedMoment, Doc, Entry} from "./types.d.ts" */
/** @import {Saving} from "./saving.js" */

/** @param {{ app: App, saving: Saving }} given */
export function Conflict({ app, saving }) {
  useWatch(app.state, ["conflict", "doc", "words"]);
  const node = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const conflict = app.state.get("conflict");
  useEffect(() => {
    if (conflict && !node.current.open) node.current.showModal();
    if (!conflict && node.current?.open) node.current.close();
  }, [conflict]);
  const mine = app.state.get("doc");
  /** @param {string} key @param {Entry | undefined} entry */
  const take = (key, entry) => app.steps.act("merged", (doc) => chosen(doc, key, entry));
  return html`<dialog ref=${node} class="conflict" aria-labelledby="conflict-title" onClose=${() => app.state.set({ conflict: null })}>${conflict && html`
    <h2 id="conflict-title">${t("conflict_title")}</h2><p>${t("conflict_text", { name: conflict.by || t("somebody") })}</p>
    <ul>${conflict.keys.map((key) => html`<li key=${key}><b>${t("moment")} ${app.moments.find(key) ? app.moments.name(app.moments.find(key)) : key}</b>
      ${/** @type {const} */ ([["mine", mineAt(conflict, key, mine)], ["theirs", conflict.theirs.entries[key]]]).map(([who, entry]) => html`<label key=${who}><input type="radio" name=${key} checked=${same(mine.entries[key], entry)} onChange=${() => take(key, entry)} /> <b>${t(who)}</b>: ${told(app, entry)}</label>`)}</li>`)}</ul>
    <div class="ends"><button type="button" class="primary" onClick=${async () => { app.state.set({ conflict: null }); await saving.save(); }}>${t("save")}</button></div>`}</dialog>`;
}

/** What I said before I chose here. @type {WeakMap<object, Doc>} */
const before = new WeakMap();

/** @param {object} conflict @param {string} key @param {Doc} now */
function mineAt(conflict, key, now) {
  if (!before.has(conflict)) before.set(conflict, now);
  return before.get(conflict).entries[key];
}

/** @param {Doc} doc @param {string} key @param {Entry | undefined} entry */
function chosen(doc, key, entry) {
  const { [key]: _, ...entries } = doc.entries;
  return { ...doc, entries: entry ? { ...entries, [key]: entry } : entries };
}

/**
 * What somebody said about a moment, in a line.
 * @param {App} app
 * @param {CodedMoment | null | undefined} entry
 */
export function told(app, entry) {
  if (!entry) return t("nothing_said");
  const { verdict, frames, units, emotion, text, note } = entry;
  return [
    verdict === "open" ? null : t(verdict), frames && `${frames.onset} → ${frames.apex} → ${frames.offset ?? "–"}`,
    ...units.map((unit) => `AU ${unit.code} ${t(unit.verdict)}${unit.note ? ` (${unit.note})` : ""}`),
    emotion && (emotion.label ? app.names.emotion(emotion.label) : t("none")), text && text.conclusion, note,
  ].filter(Boolean).join(" · ") || t("nothing_said");
}
