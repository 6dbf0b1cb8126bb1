// The keyboard: one table of actions with their keys, used for acting, for the help, and for changing them.

import { html, useEffect, useRef, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {FramePart} from "./types.d.ts" */
/** @import {Playback} from "./playback.js" */
/** @import {Saving} from "./saving.js" */

/** @typedef {{ name: string, key: string, act: () => void }} Action */

/**
 * Keys that no person can take away: they are no letters.
 * @param {Playback} playback
 * @returns {Record<string, () => void>}
 */
const fixed = (playback) => ({
  ArrowLeft: () => playback.step(-1), ArrowRight: () => playback.step(1), "Shift+ArrowLeft": () => playback.step(-10), "Shift+ArrowRight": () => playback.step(10),
  Home: () => playback.go(0), End: () => playback.go(-1), " ": () => playback.play(),
});

/**
 * What letters do, each of them a person's to change.
 * @param {App} app
 * @param {Playback} playback
 * @returns {Action[]}
 */
function letters(app, playback) {
  /** @param {FramePart} part */
  const go = (part) => { const frame = app.moment()?.frames[part]; if (frame !== null && frame !== undefined) app.state.set({ frame }); };
  /** @param {FramePart} part */
  const set = (part) => { if (app.moment()) app.actions.part(app.moment(), part, app.state.get("frame")); };
  /** @param {"agreed" | "rejected"} verdict */
  const judge = (verdict) => { const moment = app.moment(); if (moment) app.judge(moment, moment.coded.verdict === verdict ? "open" : verdict); };
  return [
    { name: "go_onset", key: "o", act: () => go("onset") }, { name: "go_apex_key", key: "a", act: () => go("apex") }, { name: "go_offset", key: "f", act: () => go("offset") },
    { name: "set_onset", key: "O", act: () => set("onset") }, { name: "set_apex", key: "A", act: () => set("apex") }, { name: "set_offset", key: "F", act: () => set("offset") },
    { name: "agree_moment", key: "y", act: () => judge("agreed") }, { name: "reject_moment", key: "x", act: () => judge("rejected") },
    { name: "next_moment", key: "n", act: () => app.next(1) }, { name: "previous_moment", key: "p", act: () => app.next(-1) },
    { name: "next_overlay", key: "m", act: () => playback.overlay() }, { name: "face_or_whole", key: "z", act: () => playback.zoom() },
    { name: "zoom_in", key: "+", act: () => app.zoomTime(1) }, { name: "zoom_out", key: "-", act: () => app.zoomTime(-1) }, { name: "whole_clip", key: "0", act: () => app.state.set({ span: null }) },
  ];
}

/** @returns {Record<string, string>} */
const changed = () => JSON.parse(localStorage.getItem("mellm-keys") ?? "{}");

const switchedOff = () => localStorage.getItem("mellm-letters") === "off";

/**
 * @param {Action[]} actions
 * @returns {Action[]}
 */
const asChanged = (actions) => actions.map((action) => ({ ...action, key: changed()[action.name] ?? action.key }));

/** Whether a key belongs to what has the focus: text that is typed, a button that is pressed. @param {KeyboardEvent} event */
function belongs(event) {
  const focused = /** @type {Element} */ (event.target);
  if (focused.closest("dialog")) return true;
  if (focused.matches("textarea, select, input:not([type=range], [type=checkbox], [type=radio])")) return true;
  return focused.matches("input[type=range], input[type=radio]") || (focused.matches("button, summary, a, input") && [" ", "Enter"].includes(event.key));
}

/** @param {{ app: App, playback: Playback, saving: Saving }} given */
export function Keys({ app, playback, saving }) {
  useWatch(app.state, ["words"]);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const always = fixed(playback);
    const actions = letters(app, playback);
    /** @param {KeyboardEvent} event */
    const press = (event) => {
      const command = event.ctrlKey || event.metaKey;
      const typing = /** @type {Element} */ (event.target).matches("textarea, input:not([type=range], [type=checkbox], [type=radio])");
      const key = event.key.toLowerCase();
      /** @type {Record<string, () => void>} */
      const commands = { s: () => { saving.save(); }, ...(typing ? {} : { z: () => (event.shiftKey ? app.redo() : app.undo()), y: () => app.redo() }) };
      const letter = asChanged(actions).find((action) => action.key === event.key);
      const act = command && !event.altKey ? commands[key]
        : command || event.altKey || belongs(event) ? null
          : always[`${event.shiftKey && event.key.startsWith("Arrow") ? "Shift+" : ""}${event.key}`] ?? (event.key === "?" ? () => setOpen(true) : switchedOff() ? null : letter?.act);
      if (!act) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  return html`<button id="keys" class="plain" type="button" aria-label=${t("keys")} title=${t("keys")} onClick=${() => setOpen(true)}>?</button>
    ${open && html`<${Help} actions=${letters(app, playback)} close=${() => setOpen(false)} />`}`;
}

/** @param {{ actions: Action[], close: () => void }} given */
function Help({ actions, close }) {
  const node = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [, again] = useState(0);
  const redraw = () => again(performance.now());
  useEffect(() => { node.current.showModal(); }, []);
  /** @param {Action} action @param {KeyboardEvent} event */
  const take = (action, event) => {
    if (["Tab", "Escape", "Shift", "Control", "Alt", "Meta", "Enter"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const key = ["Backspace", "Delete"].includes(event.key) ? "" : event.key;
    const keys = changed();
    // A key has one meaning: whoever had it loses it.
    for (const other of asChanged(actions)) if (key && other.key === key && other.name !== action.name) keys[other.name] = "";
    localStorage.setItem("mellm-keys", JSON.stringify({ ...keys, [action.name]: key }));
    redraw();
  };
  /** @param {string} keys @param {string} word */
  const line = (keys, word) => html`<tr key=${word}><th scope="row">${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</th><td>${t(word)}</td></tr>`;
  return html`<dialog id="help" ref=${node} aria-labelledby="help-title" onClose=${close}><h2 id="help-title">${t("keys")}</h2>
    <div class="two"><table><tbody>${line("← →", "k_step")}${line("⇧ ← →", "k_ten")}${line("Home End", "k_ends")}${line("Space", "k_play")}${line("Ctrl Z", "undo")}${line("Ctrl Y", "redo")}${line("Ctrl S", "k_save")}${line("?", "keys")}</tbody></table>
    <table><tbody>${asChanged(actions).map((action) => html`<tr key=${action.name}><th scope="row"><input class="key" size="2" value=${action.key} aria-label=${t(action.name)} onKeyDown=${(/** @type {KeyboardEvent} */ event) => take(action, event)} onInput=${(/** @type {any} */ event) => { event.target.value = action.key; }} /></th><td>${t(action.name)}</td></tr>`)}</tbody></table></div>
    <p><label><input type="checkbox" id="letters" checked=${!switchedOff()} onChange=${(/** @type {any} */ event) => { localStorage.setItem("mellm-letters", event.target.checked ? "on" : "off"); redraw(); }} /> ${t("letters_on")}</label></p>
    <p><label><input type="checkbox" id="go-on" checked=${localStorage.getItem("mellm-go-on") === "yes"} onChange=${(/** @type {any} */ event) => { localStorage.setItem("mellm-go-on", event.target.checked ? "yes" : "no"); redraw(); }} /> ${t("go_on")}</label></p>
    <p class="soft small">${t("keys_note")} <button type="button" class="plain" onClick=${() => { localStorage.removeItem("mellm-keys"); redraw(); }}>${t("keys_reset")}</button></p>
    <h3>${t("meaning")}</h3><p>${t("meaning_text")}</p><form method="dialog"><button class="primary">${t("close")}</button></form></dialog>`;
}
