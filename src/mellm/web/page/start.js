// The start page: take files in, show how far each analysis is.

import * as api from "./api.js";
import { Demo } from "./demo.js";
import { at } from "./element.js";
import { chosen, entriesOf, sortOut, walk } from "./folders.js";
import { Folders, Pair } from "./intake.js";
import { say, showRooms, wireLook } from "./look.js";
import { SettingsForm, settingsOf } from "./settings-form.js";
import { Store } from "./store.js";
import { mount } from "./view.js";
import { Work, Works } from "./works.js";
import { t } from "./words.js";

/** @import {Found, Intake, JobSettings} from "./types.d.ts" */

/** @type {Store<Intake>} */
const state = new Store(/** @type {Intake} */ ({ words: 0, works: 0, offered: null, pair: [], folders: [], empty: null }));
const works = new Works(state);

/** The settings of the form, or those the server comes with. @returns {JobSettings} */
const settings = () => settingsOf(state.get("offered"));

wireLook(() => state.set({ words: state.get("words") + 1 }));
mount("#settings", SettingsForm, { state });
mount("#pair", Pair, { state, begin: begin });
mount("#recordings", Folders, { state, begin });
mount("#work", Work, { works, state });
mount("#demo", Demo, { state, begin });

const [drop, input, folder] = [at("#drop"), at("#files"), at("#folder")];
const fromInput = () => { take([...input.files]); input.value = ""; };
const fromFolder = () => { takeFolder(chosen(folder.files)); folder.value = ""; };
input.addEventListener("change", fromInput);
folder.addEventListener("change", fromFolder);
for (const name of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name !== "drop") return;
    const entries = entriesOf(event.dataTransfer);
    if (entries) walk(entries).then(takeFolder).catch((error) => say(error.message, "error"));
    else take([...event.dataTransfer.files]);
  });
}

/**
 * @param {string} name
 * @param {File[]} files
 * @param {boolean} only - the page goes to the result
 * @param {number | null} fps - frames of one recording
 */
function begin(name, files, only, fps = null) {
  // What failed before is no reason to stay here.
  const alone = works.list.every(({ error, job }) => error || ["failed", "cancelled"].includes(job?.state));
  works.add(name, files, only && alone, fps, ready.then(settings));
}

/**
 * One picture waits for its second; two may be a pair, so ask; everything else starts at once.
 * @param {File[]} files
 */
function take(files) {
  if (!files.length) return;
  const pictures = files.every((file) => /^image\/(?!gif|webp|apng)/.test(file.type));
  const waiting = state.get("pair");
  if (pictures && files.length + (waiting.length % 2) <= 2) {
    state.set({ pair: [...(waiting.length === 1 ? waiting : []), ...files] });
    return;
  }
  const only = files.length === 1;
  for (const file of files) begin(file.name, [file], only);
}

/**
 * Clips of a folder start at once; frames wait for their frame rate, which pictures do not have.
 * @param {Found[]} found
 */
function takeFolder(found) {
  const { clips, recordings, left } = sortOut(found);
  for (const file of clips) begin(file.name, [file], false);
  state.set({ folders: [...state.get("folders"), ...recordings] });
  if (!clips.length && !recordings.length) say(t("folder_empty"), "error");
  else if (left) say(t("left_out", { n: left }));
}

const ready = api.choices().then((choices) => {
  showRooms(choices);
  state.set({ offered: choices });
});
// What was chosen while this script was still on its way.
if (input.files.length) fromInput();
if (folder.files.length) fromFolder();
try {
  await ready;
  // Whatever was begun in another window, or before a restart, goes on here.
  for (const name of ["queued", "running"]) for (const job of (await api.jobs({ state: name, limit: 50 })).jobs) works.take(job);
  state.set({ empty: !works.list.length && !(await api.jobs({ limit: 1 })).jobs.length });
} catch (error) {
  say(error.message, "error");
}
