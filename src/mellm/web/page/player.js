// The player: one exact frame on a canvas, and the report's pictures over it.

import { pictureAddress } from "./api.js";
import { at } from "./element.js";
import { placement } from "./frames.js";
import { Legend } from "./legend.js";
import { say } from "./look.js";
import { faceBox, Marks } from "./marks.js";
import { html, render } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {FaceTracks} from "./face-tracks.js" */
/** @import {Box} from "./types.d.ts" */

/** @type {Record<string, [string, string]>} */
const PICTURES = { mmc: ["mmc", "mmc_fixed"], magnified: ["magnified", "magnified"] };
const PATIENCE_MS = 120;

export class Player {
  /**
   * @param {App} app
   * @param {FaceTracks} faces
   */
  constructor(app, faces) {
    this.app = app;
    this.stage = at("#stage");
    this.canvas = at("#screen");
    this.marks = at("#marks");
    this.notice = at("#notice");
    /** @type {Map<string, HTMLImageElement>} */
    this.pictures = new Map();
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    this.patience = 0;
    this.pixel = 1;
    render(html`<${Marks} app=${app} pixel=${() => this.pixel} faces=${faces} />`, this.marks);
    render(html`<${Legend} app=${app} faces=${faces} />`, at("#legend"));
    new ResizeObserver(() => this.draw()).observe(this.stage);
    app.state.watch(["frame"], () => this.show());
    app.state.watch(["moment", "measured", "doc", "zoom", "person", "overlay", "opacity", "fixed", "words", "blind"], () => this.draw());
  }

  async show() {
    const { app } = this;
    const index = app.state.get("frame");
    // What belongs to the frame that was left goes at once.
    this.draw();
    // Until the picture is here, the old one is dimmed: it is not the frame whose number is shown.
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.stage.classList.add("late"), PATIENCE_MS);
    try {
      const bitmap = await app.frames.get(index);
      if (app.state.get("frame") !== index) return;
      clearTimeout(this.patience);
      this.stage.classList.remove("late");
      this.bitmap = bitmap;
      this.stage.dataset.shown = String(index);
      this.draw();
    } catch (error) {
      say(error.message, "error");
    }
  }

  /**
   * The part of the clip that is shown, px: wide enough to fill the stage.
   * @param {DOMRect} stage
   * @returns {Box}
   */
  view({ width, height }) {
    const { frames, state } = this.app;
    let [x, y, w, h] = [0, 0, frames.width, frames.height];
    const face = state.get("zoom") === "face" && faceBox(this.app);
    if (face) [x, y, w, h] = face;
    const shape = width / Math.max(height, 1);
    if (w / h < shape) [x, w] = [x - (h * shape - w) / 2, h * shape];
    else [y, h] = [y - (w / shape - h) / 2, w / shape];
    return [x, y, w, h];
  }

  draw() {
    const { frames, state } = this.app;
    const box = this.stage.getBoundingClientRect();
    const [x, y, w, h] = this.view(box);
    const dense = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(box.width * dense), Math.round(box.height * dense)];
    if (!width || !height) return;
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const pen = this.canvas.getContext("2d");
    const scale = width / w;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.setTransform(scale, 0, 0, scale, -x * scale, -y * scale);
    pen.imageSmoothingQuality = "high";
    if (this.bitmap) pen.drawImage(this.bitmap, 0, 0, frames.width, frames.height);
    this.marks.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    this.pixel = w / box.width;
    state.set({ view: `${x} ${y} ${w} ${h} ${box.width}` });
    this.drawOverlay(pen);
  }

  /** @param {CanvasRenderingContext2D} pen */
  drawOverlay(pen) {
    const { app } = this;
    const kind = app.state.get("overlay");
    const moment = app.moment();
    const show = ["mmc", "arrows", "regions", "magnified"].includes(kind) && moment?.me && !app.state.get("blind");
    this.notice.hidden = !show || app.inside();
    if (show && !app.inside()) {
      const { onset, apex, offset } = moment.frames;
      this.notice.querySelector("span").textContent = t("belongs", { a: onset, b: offset ?? apex });
    }
    const names = PICTURES[kind];
    if (!show || !app.inside() || !names) return;
    const home = moment.home.job ?? app.job.id;
    const file = moment.me.pictures[names[app.state.get("fixed") ? 1 : 0]];
    const [picture, onset] = [this.picture(home, file), this.picture(home, moment.me.pictures.onset)];
    if (!picture || !onset) return;
    const map = placement(moment.me, onset.naturalWidth, onset.naturalHeight);
    pen.save();
    pen.globalAlpha = app.state.get("opacity");
    pen.transform(map.a, map.b, map.c, map.d, map.e, map.f);
    pen.drawImage(picture, 0, 0, onset.naturalWidth, onset.naturalHeight, 0, 0, onset.naturalWidth, onset.naturalHeight);
    pen.restore();
  }

  /**
   * A picture of the report, once it is here.
   * @param {string} job
   * @param {string | undefined} name
   */
  picture(job, name) {
    if (!name) return null;
    const address = pictureAddress(job, name);
    if (!this.pictures.has(address)) {
      const image = new Image();
      image.addEventListener("load", () => this.draw());
      image.src = address;
      this.pictures.set(address, image);
    }
    const image = this.pictures.get(address);
    return image.complete && image.naturalWidth ? image : null;
  }
}
