// The motion of one face area over time, ready to be drawn at any zoom: of many frames on one pixel, the one that
// moved most is drawn.

/** @import {OtherEvent, Trace} from "./types.d.ts" */

/** @type {Record<string, string>} */
export const COLOURS = { brows: "#0072B2", eyes: "#56B4E9", nose: "#009E73", cheeks: "#CC79A7", mouth: "#D55E00", chin: "#E69F00" };
/** A lane is never scaled to less: noise must not look like motion. */
const LEAST_FULL_PX = 0.5;
/** So many samples make one of the next coarser level. */
const FOLD = 8;
/** Frames whose motion is no expression do not set a lane's scale. */
const OUTSIDE = ["blink", "closure", "head"];

export class Lane {
  /**
   * @param {string} area
   * @param {number[]} times
   * @param {(number | null)[]} values - px; null where the face was not seen
   * @param {OtherEvent[]} events - of the same person
   */
  constructor(area, times, values, events) {
    this.area = area;
    this.times = times;
    /** Level 0 has an index for every sample, each next one the index of the highest of eight. */
    this.levels = [Int32Array.from(values, (_, k) => k)];
    this.values = Float32Array.from(values, (value) => value ?? NaN);
    for (let level = this.levels[0]; level.length > 2 * FOLD;) {
      level = Int32Array.from({ length: Math.ceil(level.length / FOLD) }, (_, k) => this.highest(level, k * FOLD));
      this.levels.push(level);
    }
    this.full = this.scale(events);
  }

  /**
   * @param {Int32Array} level
   * @param {number} from
   */
  highest(level, from) {
    let best = level[from];
    for (let k = from + 1; k < Math.min(from + FOLD, level.length); k += 1) {
      if (this.values[level[k]] > this.values[best] || Number.isNaN(this.values[best])) best = level[k];
    }
    return best;
  }

  /**
   * The motion that fills the lane: the largest outside blinks, shut eyes and head motion.
   * @param {OtherEvent[]} events
   */
  scale(events) {
    let full = LEAST_FULL_PX;
    const spans = events.filter((event) => OUTSIDE.includes(event.kind)).map((event) => [event.onset_time - 0.02, event.offset_time + 0.02]).sort((a, b) => a[0] - b[0]);
    let next = 0;
    for (let k = 0; k < this.times.length; k += 1) {
      while (next < spans.length && spans[next][1] < this.times[k]) next += 1;
      if (next < spans.length && spans[next][0] <= this.times[k]) continue;
      if (this.values[k] > full) full = this.values[k];
    }
    return full;
  }

  /**
   * Indices of the samples to draw between two times on so many pixels.
   * @param {number} start
   * @param {number} end
   * @param {number} pixels
   */
  between(start, end, pixels) {
    const [from, to] = [Math.max(0, below(this.times, start) - 1), Math.min(this.times.length, below(this.times, end) + 1)];
    let [level, size] = [0, 1];
    while (level + 1 < this.levels.length && (to - from) / size > 2 * pixels * 1.5) { level += 1; size *= FOLD; }
    return this.levels[level].subarray(Math.floor(from / size), Math.ceil(to / size));
  }
}

/**
 * How many of some ascending times lie before one.
 * @param {number[]} times
 * @param {number} time
 */
function below(times, time) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {Trace | undefined} trace
 * @param {OtherEvent[]} events
 */
export function lanesOf(trace, events) {
  return trace ? Object.keys(COLOURS).filter((area) => trace.areas[area]).map((area) => new Lane(area, trace.times, trace.areas[area], events)) : [];
}
