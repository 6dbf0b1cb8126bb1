// What waits before it is analysed: two pictures for their order, folders of frames for their frame rate.

import { focusNext, html, useEffect, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {Store} from "./store.js" */
/** @import {Intake} from "./types.d.ts" */
/** @typedef {(name: string, files: File[], only: boolean, fps?: number) => void} Begin */

/** @param {{ state: Store<Intake>, begin: Begin }} given */
export function Pair({ state, begin }) {
  useWatch(state, ["words", "pair"]);
  const files = state.get("pair");
  useEffect(() => { if (files.length === 2) focusNext("begin-pair"); }, [files.length]);
  if (!files.length) return null;
  const cancel = html`<button type="button" onClick=${() => state.set({ pair: [] })}>${t("cancel")}</button>`;
  if (files.length === 1) return html`<div class="pair"><${Figure} file=${files[0]} word="onset" /><p class="soft">${t("second_picture")}</p><span class="grow"></span>${cancel}</div>`;
  const go = () => {
    state.set({ pair: [] });
    begin(files.map((file) => file.name).join(" → "), files, true);
  };
  return html`<div class="pair"><${Figure} key=${files[0].name} file=${files[0]} word="onset" />
    <button type="button" onClick=${() => state.set({ pair: [...files].reverse() })}>⇄ ${t("swap")}</button>
    <${Figure} key=${files[1].name} file=${files[1]} word="apex" /><span class="grow"></span>
    <button type="button" class="primary" data-focus="begin-pair" onClick=${go}>${t("begin")}</button>${cancel}</div>`;
}

/** @param {{ file: File, word: string }} given */
function Figure({ file, word }) {
  const [address, take] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(file);
    take(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return html`<figure>${address && html`<img src=${address} alt=${file.name} />`}<figcaption class="small soft">${t(word)}: ${file.name}</figcaption></figure>`;
}

/** @param {{ state: Store<Intake>, begin: Begin }} given */
export function Folders({ state, begin }) {
  useWatch(state, ["words", "folders"]);
  const folders = state.get("folders");
  useEffect(() => { if (folders.length) focusNext("frame-rate"); }, [folders.length]);
  if (!folders.length) return null;
  /** @param {any} event */
  const go = (event) => {
    event.preventDefault();
    const { value } = event.currentTarget.elements.fps;
    localStorage.setItem("mellm-fps", value);
    state.set({ folders: [] });
    for (const { name, files } of folders) begin(name, files, folders.length === 1, Number(value));
  };
  return html`<div class="pair"><strong>${t("recordings", { n: folders.length })}</strong>
    <form class="ends" onSubmit=${go}><label>${t("frame_rate")} <input name="fps" type="number" min="0.1" max="100000" step="any" required defaultValue=${localStorage.getItem("mellm-fps") ?? ""} placeholder="200" data-focus="frame-rate" /> fps</label>
      <button class="primary">${t("begin")}</button><button type="button" onClick=${() => state.set({ folders: [] })}>${t("cancel")}</button></form>
    <ul class="small soft" tabindex="0" aria-label=${t("recordings", { n: folders.length })}>${folders.map(({ name, files }) => html`<li key=${name}>${t("recording", { name, n: files.length, first: files[0].name, last: files.at(-1).name })}</li>`)}</ul></div>`;
}
