// Intervals a person named, as the program measures them: asked for once, kept by their frames, so that what was
// undone and done again is there at once.

import * as api from "./api.js";

/** @import {Entry, FrameRange, Job, Measurement, MicroExpression} from "./types.d.ts" */

/** People press an arrow several times: only where they stop is measured. */
const REST_MS = 300;

/**
 * Settings with another writer of the reading; only the server's own may be given pictures.
 * @template {{ route: string }} Settings
 * @param {string} llm
 * @param {Settings} settings
 */
export const readBy = (llm, settings) => ({ ...settings, llm, route: llm === "server" ? settings.route : "flow" });

export class Measured {
  /**
   * `changed()` is called when something is known about an interval, `heard()` while its reading is being written.
   * @param {Job} job
   * @param {() => void} changed
   * @param {() => void} heard
   */
  constructor(job, changed, heard) {
    this.job = job;
    this.changed = changed;
    this.heard = heard;
    /** @type {Map<string, Measurement>} */
    this.kept = new Map();
    /** @type {Map<string, string>} the interval each moment stands on now */
    this.wanted = new Map();
  }

  /**
   * @param {number} person
   * @param {FrameRange} frames
   */
  of(person, frames) {
    return this.kept.get(intervalKey(person, frames)) ?? null;
  }

  /**
   * Have the interval of an entry measured, where that was not done.
   * @param {Entry} entry
   * @param {[x: number, y: number]} place - the middle of the face, px
   */
  async want(entry, place) {
    const key = intervalKey(entry.person, entry.frames);
    this.wanted.set(entry.key, key);
    if (this.kept.has(key)) return;
    /** @type {Measurement} */
    const found = { me: null, job: null, number: null, busy: true, live: null, error: null, waiting: null };
    this.kept.set(key, found);
    if (entry.reread && await this.load(found, entry.reread, place, entry.person)) return;
    await new Promise((done) => { setTimeout(done, REST_MS); });
    if (this.wanted.get(entry.key) !== key) { this.kept.delete(key); return; }
    try {
      // What was measured comes first, a language model's words after it.
      const { llm } = this.job.request.settings;
      for (const reader of llm === "none" ? ["none"] : ["none", llm]) {
        const done = await this.read(found, entry.frames, reader);
        if (done.state !== "done") throw new Error(done.error ?? done.state);
        found.live = null;
        // Who codes blind is shown what was measured once everything is handed in.
        if (!await this.load(found, done.id, place, entry.person)) Object.assign(found, { busy: false, waiting: null, job: done.id });
      }
      this.changed();
    } catch (error) {
      Object.assign(found, { busy: false, live: null, waiting: null, error: error.message });
      this.changed();
    }
  }

  /**
   * Ask again for what failed.
   * @param {Entry} entry
   * @param {[x: number, y: number]} place
   */
  again(entry, place) {
    this.kept.delete(intervalKey(entry.person, entry.frames));
    this.want(entry, place);
  }

  /**
   * @param {Measurement} found
   * @param {FrameRange} frames
   * @param {string} llm
   */
  async read(found, frames, llm) {
    const { media, settings } = this.job.request;
    const started = await api.submit({ media, settings: readBy(llm, settings), frames, parent: this.job.id, name: this.job.name });
    if (llm !== "none") found.live = "";
    return api.ended(started.id, ({ text }) => {
      found.live = (found.live ?? "") + text;
      this.heard();
    }, ({ state, position }) => {
      found.waiting = state === "queued" ? position : null;
      this.changed();
    });
  }

  /**
   * Whether the report of a job was there.
   * @param {Measurement} found
   * @param {string} job
   * @param {[x: number, y: number]} place
   * @param {number} person
   */
  async load(found, job, place, person) {
    const report = await api.report(job).catch(() => /** @type {null} */ (null));
    if (!report) return false;
    Object.assign(found, { busy: false, waiting: null });
    const at = nearest(report.micro_expressions, place);
    if (at < 0) found.error = report.verdict;
    else Object.assign(found, { me: { ...report.micro_expressions[at], person }, job, number: report.micro_expressions[at].number ?? at + 1 });
    this.changed();
    return true;
  }
}

/**
 * @param {number} person
 * @param {FrameRange} frames
 */
const intervalKey = (person, { onset, apex, offset }) => [person, onset, apex, offset ?? ""].join();

/**
 * @param {MicroExpression} me
 * @returns {[x: number, y: number]}
 */
export const middle = (me) => {
  const sum = me.regions.reduce(([x, y], { box }) => [x + box[0] + box[2] / 2, y + box[1] + box[3] / 2], [0, 0]);
  return [sum[0] / me.regions.length, sum[1] / me.regions.length];
};

/**
 * Index of the face nearest to a place: people may be numbered otherwise when a moment is read anew.
 * @param {MicroExpression[]} mes
 * @param {[x: number, y: number]} place
 */
export function nearest(mes, [x, y]) {
  const far = mes.map((me) => Math.hypot(middle(me)[0] - x, middle(me)[1] - y));
  return far.indexOf(Math.min(...far));
}
