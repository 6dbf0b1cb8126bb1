// Decoded frames of the clip by index, kept for as long as memory allows, fetched ahead where people go next.

import { frameAddress } from "./api.js";

/** @import {FrameTable, MicroExpression, Placement} from "./types.d.ts" */

const KEPT_PIXELS = 60e6;
const AT_ONCE = 4;

export class Frames {
  /**
   * @param {string} job
   * @param {FrameTable} table
   */
  constructor(job, table) {
    this.job = job;
    this.times = table.times;
    /** File name of each frame of a folder; else empty. */
    this.names = table.names ?? [];
    this.sound = table.sound ?? false;
    this.width = table.width;
    this.height = table.height;
    this.most = Math.max(12, Math.floor(KEPT_PIXELS / (table.width * table.height)));
    /** @type {Map<number, Promise<ImageBitmap>>} */
    this.kept = new Map();
    /** @type {number[]} */
    this.wanted = [];
    this.running = 0;
  }

  get count() {
    return this.times.length;
  }

  /**
   * The picture of frame `index`: an ImageBitmap, exactly this frame.
   * @param {number} index
   * @returns {Promise<ImageBitmap>}
   */
  get(index) {
    let picture = this.kept.get(index);
    if (picture) this.kept.delete(index);
    else picture = this.load(index);
    this.kept.set(index, picture);
    while (this.kept.size > this.most) this.kept.delete(this.kept.keys().next().value);
    return picture;
  }

  /** @param {number} index */
  async load(index) {
    let answer = await fetch(frameAddress(this.job, index));
    // Far into a long clip: the server is still looking.
    while (answer.status === 503 && this.kept.has(index)) answer = await fetch(frameAddress(this.job, index));
    if (!answer.ok) {
      this.kept.delete(index);
      const body = await answer.json().catch(() => ({}));
      throw new Error(body.error ?? `Frame ${index} could not be fetched.`);
    }
    return createImageBitmap(await answer.blob());
  }

  /**
   * Fetch these frames when nothing more urgent is under way.
   * @param {number[]} indices
   */
  ahead(indices) {
    this.wanted = indices.filter((index) => index >= 0 && index < this.count && !this.kept.has(index)).slice(0, this.most - 4);
    this.pump();
  }

  async pump() {
    while (this.running < AT_ONCE && this.wanted.length) {
      const index = this.wanted.shift();
      if (this.kept.has(index)) continue;
      this.running += 1;
      this.get(index).catch(() => {}).finally(() => { this.running -= 1; this.pump(); });
    }
  }

  /**
   * The frame shown at a time, seconds.
   * @param {number} time
   */
  at(time) {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= time + 1e-9) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * The frame nearest to a time, seconds.
   * @param {number} time
   */
  nearest(time) {
    const before = this.at(time);
    const after = Math.min(before + 1, this.count - 1);
    return time - this.times[before] <= this.times[after] - time ? before : after;
  }
}

/**
 * The rotation, size and shift that carry a report's picture (px) onto the clip: least squares over all regions.
 * @param {MicroExpression} me
 * @param {number} width
 * @param {number} height
 * @returns {Placement | null}
 */
export function placement(me, width, height) {
  const pairs = me.regions.filter((region) => region.picture_box).map(({ picture_box: p, box: b }) => [
    (p[0] + p[2] / 2) * width, (p[1] + p[3] / 2) * height, b[0] + b[2] / 2, b[1] + b[3] / 2]);
  if (!pairs.length) return null;
  const mean = [0, 1, 2, 3].map((k) => pairs.reduce((sum, pair) => sum + pair[k], 0) / pairs.length);
  let [dot, cross, size] = [0, 0, 0];
  for (const pair of pairs) {
    const [x, y, u, v] = pair.map((value, k) => value - mean[k]);
    dot += x * u + y * v;
    cross += x * v - y * u;
    size += x * x + y * y;
  }
  const [a, b] = [dot / size, cross / size];
  return { a, b, c: -b, d: a, e: mean[2] - a * mean[0] + b * mean[1], f: mean[3] - b * mean[0] - a * mean[1] };
}
