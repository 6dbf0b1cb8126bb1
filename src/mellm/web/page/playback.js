// Stepping, playing and the player's controls. Playing never skips a frame: it waits for one that is late.

import { soundAddress } from "./api.js";
import { say } from "./look.js";
import { html, NumberField, Select, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */

const OVERLAYS = ["none", "mmc", "arrows", "regions", "magnified", "landmarks"];
const LOOKING = ["one", "side", "blink", "video"];
/** No browser plays sound slower: it is set right again and again. */
const SLOWEST_SOUND = 0.0625;
/** Between two questions whether the sound is made. */
const WAIT_MS = 1000;
/** Sound that is further off than this is set right. */
const APART_SECONDS = 0.15;
const SPEEDS = ["1", "0.5", "0.25", "0.1", "0.05"];
const AHEAD = 24;
/** A pair has no times: its two pictures take turns. */
const PAIR_SECONDS = 0.25;

export class Playback {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.speed = "0.25";
    this.loop = true;
    /** @type {{ stopped: boolean } | null} */
    this.run = null;
    /** @type {HTMLAudioElement | null} the clip's sound, where it is wanted */
    this.audio = null;
    this.wanted = false;
    app.state.watch(["frame"], () => this.ahead());
  }

  get last() {
    return this.app.frames.count - 1;
  }

  ahead() {
    if (!this.run) this.app.frames.ahead([1, -1, 2, 3, -2, 4, 5, 6].map((by) => this.app.state.get("frame") + by));
  }

  /** @param {number} frame - below 0: the last one */
  go(frame) {
    this.stop();
    this.app.state.set({ frame: Math.max(0, Math.min(frame < 0 ? this.last : frame, this.last)) });
  }

  /** @param {number} by */
  step(by) {
    this.go(Math.max(0, this.app.state.get("frame") + by));
  }

  stop() {
    if (!this.run) return;
    this.run.stopped = true;
    this.run = null;
    this.audio?.pause();
    this.app.state.set({ playing: false });
  }

  /**
   * Play with the sound of the file, or without.
   * @param {boolean} wanted
   */
  async listen(wanted) {
    this.wanted = wanted;
    this.audio?.pause();
    this.audio = null;
    const address = soundAddress(this.app.job.id);
    try {
      while (this.wanted) {
        const answer = await fetch(address);
        if (answer.ok) break;
        if (answer.status !== 503) throw new Error((await answer.json().catch(() => ({}))).error ?? t("no_sound"));
        await new Promise((done) => { setTimeout(done, WAIT_MS); });
      }
    } catch (error) {
      say(error.message, "error");
      return;
    }
    if (!this.wanted || this.audio) return;
    this.audio = new Audio(address);
    if (this.run) this.sound(this.app.state.get("frame"));
  }

  /**
   * The sound follows the picture, as slow as it is shown.
   * @param {number} frame
   */
  sound(frame) {
    if (!this.audio) return;
    const time = this.app.frames.times[frame];
    this.audio.playbackRate = Math.max(SLOWEST_SOUND, Number(this.speed));
    if (Math.abs(this.audio.currentTime - time) > APART_SECONDS) this.audio.currentTime = time;
    if (this.audio.paused) this.audio.play().catch((error) => say(error.message, "error"));
  }

  async play() {
    if (this.run) { this.stop(); return; }
    const { state, frames } = this.app;
    const run = this.run = { stopped: false };
    state.set({ playing: true });
    const moment = this.app.moment();
    const loop = this.loop && moment ? [moment.frames.onset, moment.frames.offset ?? moment.frames.apex] : null;
    let frame = state.get("frame");
    if (loop && (frame < loop[0] || frame >= loop[1])) [frame] = loop;
    else if (!loop && frame >= this.last) frame = 0;
    while (!run.stopped) {
      state.set({ frame });
      this.sound(frame);
      const next = frame + 1 > (loop ? loop[1] : this.last) ? (loop ? loop[0] : null) : frame + 1;
      if (next === null) break;
      const wait = (next > frame ? frames.times[next] - frames.times[frame] : PAIR_SECONDS) || PAIR_SECONDS;
      const due = performance.now() + (wait * 1000) / Number(this.speed);
      frames.ahead(Array.from({ length: AHEAD }, (_, k) => next + k));
      await frames.get(next).catch(() => {});
      await new Promise((done) => { setTimeout(done, Math.max(0, due - performance.now())); });
      frame = next;
    }
    if (this.run === run) this.stop();
  }

  /** @param {string} [name] - none: the one after the present one */
  overlay(name) {
    const { state } = this.app;
    state.set({ overlay: name ?? OVERLAYS[(OVERLAYS.indexOf(state.get("overlay")) + 1) % OVERLAYS.length] });
  }

  zoom() {
    const { state } = this.app;
    state.set({ zoom: state.get("zoom") === "face" ? "whole" : "face" });
  }
}

/** @param {{ app: App, playback: Playback }} given */
export function Controls({ app, playback }) {
  useWatch(app.state, ["frame", "playing", "words", "overlay", "zoom", "fixed", "opacity", "looking", "moment"]);
  const { state, frames } = app;
  const frame = state.get("frame");
  const playing = state.get("playing");
  /** @param {string} id @param {string} sign @param {() => void} act */
  const button = (id, sign, act) => html`<button id=${id} type="button" class=${id === "play" ? "primary" : ""} aria-label=${t(id)} title=${t(id)} onClick=${act}>${sign}</button>`;
  return html`<div class="controls"><span class="group">${button("first", "|◀", () => playback.go(0))}${button("previous", "◀︎", () => playback.step(-1))}${button("play", playing ? "❚❚" : "▶", () => playback.play())}${button("next", "▶︎", () => playback.step(1))}${button("last", "▶|", () => playback.go(-1))}</span>
      <label class="at"><span class="soft">${t("frame")}</span> <${NumberField} id="frame" min="0" max=${playback.last} class="number" value=${frame} take=${(/** @type {number} */ value) => playback.go(Math.max(0, value))} /></label>
      <span class="number soft nowrap"><span id="of">/ ${playback.last}</span> · <b id="time" aria-live=${playing ? "off" : "polite"}>${frames.times[frame].toFixed(3)} s</b></span>${frames.names[frame] && html`<span id="file" class="soft small">${frames.names[frame]}</span>`}
      <label><span class="hidden-text">${t("speed")}</span><${Select} id="speed" aria-label=${t("speed")} value=${playback.speed} change=${(/** @type {string} */ value) => { playback.speed = value; }} pairs=${SPEEDS.map((speed) => [speed, `${speed}×`])} /></label>
      <label class="nowrap small"><input id="loop" type="checkbox" defaultChecked onChange=${(/** @type {any} */ event) => { playback.loop = event.target.checked; }} /> ${t("loop")}</label>
      ${frames.sound && html`<label class="nowrap small"><input id="sound" type="checkbox" onChange=${(/** @type {any} */ event) => playback.listen(event.target.checked)} /> ${t("sound")}</label>`}</div>
    <div class="controls"><label class="nowrap"><span class="soft">${t("overlay")}</span> <${Select} id="overlay" value=${state.get("overlay")} change=${(/** @type {string} */ value) => playback.overlay(value)} pairs=${OVERLAYS.map((name) => [name, t(`o_${name}`)])} /></label>
      <label class="nowrap"><span class="soft small">${t("opacity")}</span> <input id="opacity" type="range" min="0" max="100" value=${Math.round(state.get("opacity") * 100)} onInput=${(/** @type {any} */ event) => state.set({ opacity: Number(event.target.value) / 100 })} /></label>
      ${state.get("overlay") === "mmc" && html`<label class="nowrap small" title=${t("fixed_note")}><input id="fixed" type="checkbox" checked=${state.get("fixed")} onChange=${(/** @type {any} */ event) => state.set({ fixed: event.target.checked })} /> ${t("fixed_scale")}</label>`}
      <span class="grow"></span>${app.moment() && html`<label class="nowrap"><span class="hidden-text">${t("look_at")}</span><${Select} id="looking" aria-label=${t("look_at")} value=${state.get("looking")} change=${(/** @type {string} */ value) => state.set({ looking: value })} pairs=${LOOKING.map((name) => [name, t(`l_${name}`)])} /></label>`}
      <button id="zoom" type="button" onClick=${() => playback.zoom()}>⤢ ${t(state.get("zoom") === "face" ? "zoom_whole" : "zoom_face")}</button></div>`;
}
