// Onset and apex at once: side by side, or one after the other in one place; and the moment as a magnified video.

import * as api from "./api.js";
import { faceBox } from "./marks.js";
import { html, useEffect, useLayoutEffect, useRef, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Box, Moment} from "./types.d.ts" */

const BLINK_MS = 450;
const WAIT_MS = 1000;
const FACTORS = [2, 4, 8, 12];
const SPEEDS = [1, 0.5, 0.25, 0.1];

/** @param {{ app: App }} given */
export function Comparator({ app }) {
  useWatch(app.state, ["looking", "moment", "doc", "measured", "words"]);
  const looking = app.state.get("looking");
  const moment = app.moment();
  if (looking === "one" || !moment) return null;
  const { onset, apex } = moment.frames;
  const close = html`<button type="button" class="close" aria-label=${t("close")} title=${t("close")} onClick=${() => app.state.set({ looking: "one" })}>✕</button>`;
  if (looking === "video") return html`<div class="comparator">${moment.me ? html`<${Magnified} key=${moment.key} app=${app} moment=${moment} />` : html`<p>${t("being_measured")}</p>`}${close}</div>`;
  if (looking === "blink") return html`<div class="comparator"><${Blink} key=${`${onset} ${apex}`} app=${app} frames=${[["onset", onset], ["apex", apex]]} />${close}</div>`;
  return html`<div class="comparator side">${[["onset", onset], ["apex", apex]].map(([part, frame]) => html`<figure key=${part}><${Still} app=${app} frame=${frame} /><figcaption>${t(String(part))} · ${frame}</figcaption></figure>`)}${close}</div>`;
}

/**
 * One exact frame, cropped to the face.
 * @param {{ app: App, frame: number }} given
 */
function Still({ app, frame }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [size, measure] = useState("");
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => measure(`${canvas.current.clientWidth} ${canvas.current.clientHeight}`));
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    let here = true;
    app.frames.get(frame).then((bitmap) => { if (here && canvas.current) paint(canvas.current, bitmap, faceBox(app) ?? [0, 0, app.frames.width, app.frames.height], app.frames.width); }, () => {});
    return () => { here = false; };
  }, [frame, size]);
  return html`<canvas ref=${canvas} data-frame=${frame}></canvas>`;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap} bitmap
 * @param {Box} box - what is shown of the clip, px
 * @param {number} clip - width of the clip, px
 */
function paint(canvas, bitmap, [x, y, w, h], clip) {
  const dense = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth * dense, canvas.clientHeight * dense];
  Object.assign(canvas, { width, height });
  const scale = Math.min(width / w, height / h);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.setTransform(scale, 0, 0, scale, (width - w * scale) / 2 - x * scale, (height - h * scale) / 2 - y * scale);
  pen.drawImage(bitmap, 0, 0, clip, (clip * bitmap.height) / bitmap.width);
  canvas.dataset.painted = "yes";
}

/** @param {{ app: App, frames: [part: string, frame: number][] }} given */
function Blink({ app, frames }) {
  const [turn, next] = useState(0);
  // Who wants no motion presses the button.
  const [running, run] = useState(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => next((/** @type {number} */ now) => 1 - now), BLINK_MS);
    return () => clearInterval(timer);
  }, [running]);
  return html`<figure>${frames.map(([part, frame], k) => html`<div key=${part} class="layer" hidden=${k !== turn}><${Still} app=${app} frame=${frame} /></div>`)}
    <figcaption>${t(frames[turn][0])} · ${frames[turn][1]} <button type="button" onClick=${() => run(!running)}>${running ? "❚❚" : "▶"} ${t("blinking")}</button>
      ${!running && html`<button type="button" onClick=${() => next(1 - turn)}>⇄ ${t("other_one")}</button>`}</figcaption></figure>`;
}

/** @param {{ app: App, moment: Moment }} given */
function Magnified({ app, moment }) {
  const [factor, magnify] = useState(4);
  const [speed, slow] = useState(0.25);
  const [state, tell] = useState(/** @type {"wait" | "there" | Error} */ ("wait"));
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const address = api.videoAddress(moment.home.job ?? app.job.id, moment.home.number, factor);
  useEffect(() => {
    let here = true;
    tell("wait");
    const ask = async () => {
      for (;;) {
        const answer = await fetch(address);
        if (!here) return;
        if (answer.ok) { tell("there"); return; }
        if (answer.status !== 503) throw new Error((await answer.json().catch(() => ({}))).error ?? t("no_video"));
        await new Promise((done) => { setTimeout(done, WAIT_MS); });
      }
    };
    ask().catch((error) => { if (here) tell(error); });
    return () => { here = false; };
  }, [address]);
  useEffect(() => { if (video.current) video.current.playbackRate = speed; }, [speed, state]);
  /** @param {string} word @param {number[]} values @param {number} chosen @param {(value: number) => void} change */
  const select = (word, values, chosen, change) => html`<label>${t(word)} <select onChange=${(/** @type {any} */ event) => change(Number(event.target.value))}>${values.map((value) => html`<option key=${value} value=${value} selected=${value === chosen}>${value}×</option>`)}</select></label>`;
  return html`<figure>${state instanceof Error ? html`<p class="error">${state.message}</p>` : state === "wait" ? html`<p class="busy">${t("video_made")}</p>`
    : html`<video ref=${video} key=${address} src=${address} loop muted autoplay controls playsinline aria-label=${t("magnified_video")} onLoadedData=${() => { video.current.playbackRate = speed; }}></video>`}
    <figcaption>${select("magnified_by", FACTORS, factor, magnify)} ${select("speed", SPEEDS, speed, slow)}<p class="small">${t("warped_note")}</p></figcaption></figure>`;
}
