// Stepping, playing and the player's controls. Playing never skips a frame: it waits for one that is late.

import { at } from "./element.js";
import { t } from "./words.js";

/** @import {Context} from "./types.d.ts" */

const OVERLAYS = ["none", "mmc", "arrows", "regions", "magnified"];
const SPEEDS = [1, 0.5, 0.25, 0.1, 0.05];

/**
 * Wire the controls; returns what the keyboard needs.
 * @param {Context} context
 */
export function wirePlayback({ state, frames, moment }) {
  const last = frames.count - 1;
  /** @type {{ stopped: boolean } | null} */
  let playing = null;

  /** @param {number} frame */
  const go = (frame) => state.set({ frame: Math.max(0, Math.min(frame < 0 ? last : frame, last)) });
  /** @param {number} by */
  const step = (by) => { stop(); state.set({ frame: Math.max(0, Math.min(state.get("frame") + by, last)) }); };

  function stop() {
    if (!playing) return;
    playing.stopped = true;
    playing = null;
    at("#play").textContent = "▶";
    at("#time").setAttribute("aria-live", "polite");
  }

  async function play() {
    if (playing) { stop(); return; }
    const run = { stopped: false };
    playing = run;
    at("#play").textContent = "❚❚";
    // A screen reader cannot say every frame of a playing clip.
    at("#time").setAttribute("aria-live", "off");
    const loop = at("#loop").checked && moment() ? [moment().frames.onset, moment().frames.offset ?? moment().frames.apex] : null;
    let frame = state.get("frame");
    if (loop && (frame < loop[0] || frame >= loop[1])) frame = loop[0];
    else if (!loop && frame >= last) frame = 0;
    while (!run.stopped) {
      state.set({ frame });
      const next = frame + 1 > (loop ? loop[1] : last) ? (loop ? loop[0] : null) : frame + 1;
      if (next === null) break;
      // A pair has no times: its two pictures take turns.
      const wait = (next > frame ? frames.times[next] - frames.times[frame] : 0.25) || 0.25;
      const due = performance.now() + (wait * 1000) / Number(at("#speed").value);
      frames.ahead(Array.from({ length: 24 }, (_, k) => next + k));
      await frames.get(next).catch(() => {});
      await new Promise((done) => { setTimeout(done, Math.max(0, due - performance.now())); });
      frame = next;
    }
    if (playing === run) stop();
  }

  /** @param {string} [name] */
  const overlay = (name) => state.set({ overlay: name ?? OVERLAYS[(OVERLAYS.indexOf(state.get("overlay")) + 1) % OVERLAYS.length] });
  const zoom = () => state.set({ zoom: state.get("zoom") === "face" ? "whole" : "face" });

  at("#first").addEventListener("click", () => { stop(); go(0); });
  at("#previous").addEventListener("click", () => step(-1));
  at("#next").addEventListener("click", () => step(1));
  at("#last").addEventListener("click", () => { stop(); go(-1); });
  at("#play").addEventListener("click", play);
  at("#zoom").addEventListener("click", zoom);
  at("#to-apex").addEventListener("click", () => moment() && go(moment().frames.apex));
  at("#frame").addEventListener("change", () => { stop(); if (at("#frame").value !== "") go(Math.max(0, Math.round(Number(at("#frame").value)))); });
  at("#opacity").addEventListener("input", () => state.set({ opacity: Number(at("#opacity").value) / 100 }));
  at("#fixed").addEventListener("change", () => state.set({ fixed: at("#fixed").checked }));
  at("#overlay").addEventListener("change", () => overlay(at("#overlay").value));
  for (const button of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[name=window]"))) button.addEventListener("change", () => state.set({ window: button.value }));
  at("#speed").replaceChildren(...SPEEDS.map((speed) => new Option(`${speed}×`, String(speed), speed === 0.25, speed === 0.25)));
  at("#frame").max = String(last);
  at("#of").textContent = `/ ${last}`;
  at("#opacity").value = String(state.get("opacity") * 100);

  const showFrame = () => {
    const frame = state.get("frame");
    at("#frame").value = String(frame);
    at("#time").textContent = `${frames.times[frame].toFixed(3)} s`;
    if (!playing) frames.ahead([1, -1, 2, 3, -2, 4, 5, 6].map((by) => frame + by));
  };
  const showControls = () => {
    at("#overlay").replaceChildren(...OVERLAYS.map((name) => new Option(t(`o_${name}`), name, false, name === state.get("overlay"))));
    at("#fixed").parentElement.hidden = state.get("overlay") !== "mmc";
    at("#fixed").parentElement.title = t("fixed_note");
    at("#fixed").checked = state.get("fixed");
    at("#zoom").textContent = `⤢ ${t(state.get("zoom") === "face" ? "zoom_whole" : "zoom_face")}`;
  };
  state.watch(["frame"], showFrame);
  state.watch(["overlay", "zoom", "words", "fixed"], showControls);
  showFrame();
  showControls();
  return { step, go: (/** @type {number} */ frame) => { stop(); go(frame); }, play, overlay: () => overlay(), zoom };
}
