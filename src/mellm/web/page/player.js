// The player: one exact frame on a canvas, overlays over it, regions as things to point at.

import { pictureAddress } from "./api.js";
import { at, drawing } from "./element.js";
import { placement } from "./frames.js";
import { say } from "./look.js";
import { Part } from "./state.js";
import { t } from "./words.js";

/** @import {Box, Context, MicroExpression, RegionReading} from "./types.d.ts" */

/** @type {Record<string, [string, string]>} */
const PICTURES = { mmc: ["mmc", "mmc_fixed"], magnified: ["magnified", "magnified"] };

export class Player extends Part {
  /** @param {Context} context */
  constructor(context) {
    super(context);
    this.stage = at("#stage");
    this.canvas = at("#screen");
    this.marks = at("#marks");
    this.legend = at("#legend");
    this.notice = at("#notice");
    /** @type {Map<string, HTMLImageElement>} */
    this.pictures = new Map();
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    this.patience = 0;
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.state.watch(["frame"], () => this.show());
    this.state.watch(["moment", "measured", "zoom", "person"], () => this.draw());
    this.state.watch(["overlay", "opacity", "fixed", "words"], () => this.draw());
    this.state.watch(["lit"], () => this.light());
  }

  async show() {
    const index = this.state.get("frame");
    // What belongs to the frame that was left goes at once.
    this.draw();
    // Until the picture is here, the old one is dimmed: it is not the frame whose number is shown.
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.stage.classList.add("late"), 120);
    try {
      const bitmap = await this.frames.get(index);
      if (this.state.get("frame") !== index) return;
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
   * @returns {Box}
   */
  view() {
    const { width, height } = this.stage.getBoundingClientRect();
    let [x, y, w, h] = [0, 0, this.frames.width, this.frames.height];
    const face = this.state.get("zoom") === "face" && this.faceBox();
    if (face) [x, y, w, h] = face;
    const shape = width / Math.max(height, 1);
    if (w / h < shape) [x, w] = [x - (h * shape - w) / 2, h * shape];
    else [y, h] = [y - (w / shape - h) / 2, w / shape];
    return [x, y, w, h];
  }

  /** @returns {Box | null} */
  faceBox() {
    const boxes = this.moment()?.me?.regions.map((region) => region.box);
    const person = this.report.people.find((one) => one.person === this.state.get("person")) ?? this.report.people[0];
    if (!boxes?.length && !person) return null;
    const all = boxes?.length ? boxes : [person.box];
    const left = Math.min(...all.map((b) => b[0]));
    const top = Math.min(...all.map((b) => b[1]));
    const wide = Math.max(...all.map((b) => b[0] + b[2])) - left;
    const high = Math.max(...all.map((b) => b[1] + b[3])) - top;
    const margin = boxes?.length ? 0.3 : 0.15;
    return [left - margin * wide, top - margin * 1.2 * high, wide * (1 + 2 * margin), high * (1 + 2 * margin)];
  }

  draw() {
    const [x, y, w, h] = this.view();
    const box = this.stage.getBoundingClientRect();
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
    if (this.bitmap) pen.drawImage(this.bitmap, 0, 0, this.frames.width, this.frames.height);
    this.marks.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    this.drawOverlay(pen);
    this.drawMarks(w / box.width);
  }

  /** The overlay is drawn on the frames it was measured on only; elsewhere a sentence says where that is. */
  inside() {
    const moment = this.moment();
    if (!moment?.me) return false;
    const { onset, apex, offset } = moment.frames;
    const frame = this.state.get("frame");
    return frame >= onset && frame <= (offset ?? apex);
  }

  /** @param {CanvasRenderingContext2D} pen */
  drawOverlay(pen) {
    const kind = this.state.get("overlay");
    const moment = this.moment();
    const show = kind !== "none" && moment?.me;
    this.notice.hidden = !show || this.inside();
    if (show && !this.inside()) {
      const { onset, apex, offset } = moment.frames;
      this.notice.querySelector("span").textContent = t("belongs", { a: onset, b: offset ?? apex });
    }
    this.legend.hidden = true;
    if (!show || !this.inside()) return;
    if (kind === "arrows") this.legend.hidden = false;
    const names = PICTURES[kind];
    if (!names) return;
    const home = moment.home.job ?? this.job.id;
    const file = moment.me.pictures[names[this.state.get("fixed") ? 1 : 0]];
    const [picture, onset] = [this.picture(home, file), this.picture(home, moment.me.pictures.onset)];
    if (!picture || !onset) return;
    const map = placement(moment.me, onset.naturalWidth, onset.naturalHeight);
    pen.save();
    pen.globalAlpha = this.state.get("opacity");
    pen.transform(map.a, map.b, map.c, map.d, map.e, map.f);
    pen.drawImage(picture, 0, 0, onset.naturalWidth, onset.naturalHeight, 0, 0, onset.naturalWidth, onset.naturalHeight);
    pen.restore();
    this.drawLegend(picture, onset.naturalHeight);
  }

  /**
   * The strip below a report's picture says what its colours mean.
   * @param {HTMLImageElement} picture
   * @param {number} from
   */
  drawLegend(picture, from) {
    const high = picture.naturalHeight - from;
    if (high < 4) return;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: picture.naturalWidth, height: high });
    canvas.getContext("2d").drawImage(picture, 0, from, picture.naturalWidth, high, 0, 0, picture.naturalWidth, high);
    this.legend.replaceChildren(canvas);
    this.legend.hidden = false;
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

  /** @param {number} pixel */
  drawMarks(pixel) {
    const me = this.moment()?.me;
    const kind = this.state.get("overlay");
    if (!me) { this.marks.replaceChildren(...this.people(pixel)); return; }
    const visible = this.inside() && (kind === "regions" || kind === "arrows");
    const alpha = visible ? this.state.get("opacity") : 1;
    const boxes = me.regions.map((region) => drawing("rect", {
      class: `region ${visible ? (region.moving ? "moving" : "still") : ""}`, "stroke-opacity": alpha, data: { region: region.name },
      x: region.box[0], y: region.box[1], width: region.box[2], height: region.box[3],
      onpointerenter: () => this.point([region.name]), onpointerleave: () => this.point(null),
    }, drawing("title", {}, this.regionTitle(region))));
    const arrows = visible && kind === "arrows" ? this.arrows(me, pixel, alpha) : [];
    this.marks.replaceChildren(...this.people(pixel), ...boxes, ...arrows);
    this.light();
  }

  /**
   * Who is who, where there are several: where each face was first seen.
   * @param {number} pixel
   */
  people(pixel) {
    if (this.report.people.length < 2 || this.state.get("zoom") === "face") return [];
    return this.report.people.map(({ person, box: [x, y, w, h] }) => drawing("g", {
      class: `who ${person === this.state.get("person") ? "chosen" : ""}`, onclick: () => this.choosePerson(person),
    }, drawing("rect", { x, y, width: w, height: h, rx: 6 * pixel }),
      drawing("text", { x: x + 2 * pixel, y: y - 5 * pixel, "font-size": 13 * pixel }, `${t("person")} ${person}`)));
  }

  /** @param {RegionReading} region */
  regionTitle(region) {
    const name = this.names.region(region.name);
    return region.moving ? `${name}: ${this.names.octant(region.octant)} ${region.mean_px.toFixed(2)} px` : `${name}: ${region.mean_px.toFixed(2)} px`;
  }

  /**
   * @param {MicroExpression} me
   * @param {number} pixel
   * @param {number} alpha
   */
  arrows(me, pixel, alpha) {
    const moving = me.regions.filter((region) => region.moving);
    const longest = Math.max(...moving.map((region) => Math.hypot(region.u_px, region.v_px)), 1e-6);
    const eyes = me.regions.map((region) => region.box[0]);
    const gain = Math.max(1, Math.round((Math.max(...eyes) - Math.min(...eyes)) / 6 / longest));
    const map = placement(me, 100, 120) ?? { a: 1, b: 0 };
    const turn = Math.hypot(map.a, map.b);
    const [cos, sin] = [map.a / turn, map.b / turn];
    this.legend.textContent = t("arrow_scale", { n: gain });
    return moving.map((region) => {
      const [x, y] = [region.box[0] + region.box[2] / 2, region.box[1] + region.box[3] / 2];
      const [u, v] = [region.u_px * cos - region.v_px * sin, region.u_px * sin + region.v_px * cos].map((value) => value * gain);
      const length = Math.hypot(u, v) || 1;
      const tip = 7 * pixel;
      const [p, q] = [(u / length) * tip, (v / length) * tip];
      const path = `M${x} ${y}L${x + u} ${y + v}M${x + u - p - q * 0.7} ${y + v - q + p * 0.7}L${x + u} ${y + v}L${x + u - p + q * 0.7} ${y + v - q - p * 0.7}`;
      return drawing("g", { class: "arrow", opacity: alpha }, drawing("path", { d: path, class: "under" }), drawing("path", { d: path }));
    });
  }

  light() {
    const lit = this.state.get("lit");
    for (const box of /** @type {NodeListOf<SVGElement>} */ (this.marks.querySelectorAll(".region"))) box.classList.toggle("lit", Boolean(lit?.has(box.dataset.region)));
  }
}
