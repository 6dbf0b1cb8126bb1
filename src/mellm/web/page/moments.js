// The micro-expressions of one report as the program and the person see them. Both are always kept.

import * as api from "./api.js";

/** @import {ActionUnitReading, Annotation, Coded, CodedUnit, FrameRange, Job, MicroExpression, NewAnnotation, Report, UnitRow} from "./types.d.ts" */

/** @returns {Coded} */
const EMPTY = () => ({ verdict: "open", frames: null, units: [], emotion: null, text: null, note: "", reread: null });

export class Moment {
  /**
   * @param {number | null} number - counts from 1 in the program's report; null: added by the person
   * @param {number} person
   * @param {MicroExpression | null} program
   */
  constructor(number, person, program) {
    this.number = number;
    this.person = person;
    this.program = program;
    /** @type {MicroExpression | null} */
    this.anew = null;
    /** @type {{ job: string, number: number } | null} */
    this.anewJob = null;
    this.busy = false;
    /** @type {string | null} */
    this.live = null;
    /** @type {string | null} */
    this.error = null;
    this.coded = EMPTY();
  }

  /** What is shown: read anew at the person's frames, else the program's. Null while an added one is measured. */
  get me() {
    return this.coded.frames ? this.anew ?? this.program : this.program;
  }

  /** The job whose pictures and readings belong to `me`, and the number of `me` in it. */
  get home() {
    return this.me && this.me === this.anew ? this.anewJob : { job: null, number: this.number };
  }

  /** @returns {FrameRange} */
  get frames() {
    const when = this.program?.interval;
    return this.coded.frames ?? { onset: when.onset_frame, apex: when.apex_frame, offset: when.offset_frame };
  }

  get touched() {
    const { verdict, frames, units, emotion, text, note } = this.coded;
    return verdict !== "open" || Boolean(frames || units.length || emotion || text || note);
  }

  /**
   * Units with the person's word on each: {program, coded}, one of them may be null.
   * @returns {UnitRow[]}
   */
  unitRows() {
    const left = [...this.coded.units];
    /** @param {ActionUnitReading} au */
    const taken = (au) => {
      const exact = left.findIndex((unit) => unit.was === au.code);
      const at = exact >= 0 ? exact : left.findIndex((unit) => unit.was && numberOf(unit.was) === au.au);
      return at >= 0 ? left.splice(at, 1)[0] : null;
    };
    const rows = (this.me?.action_units ?? []).map((au) => ({ program: au, coded: taken(au) }));
    return [...rows, ...left.map((unit) => ({ program: /** @type {null} */ (null), coded: unit }))];
  }

  /**
   * Put one word of the person in place of another (either may be null).
   * @param {CodedUnit | null} before
   * @param {CodedUnit | null} after
   */
  setUnit(before, after) {
    this.coded.units = this.coded.units.filter((unit) => unit !== before);
    if (after) this.coded.units.push(after);
    this.settle();
  }

  /** The verdict that follows from what the person did, unless a whole moment was agreed with or rejected. */
  settle() {
    const { frames, units, emotion, text } = this.coded;
    const changed = frames || emotion || text || units.some((unit) => unit.verdict !== "agreed");
    if (this.number === null) this.coded.verdict = "added";
    else if (this.coded.verdict !== "rejected") {
      if (changed) this.coded.verdict = "changed";
      else if (this.coded.verdict === "changed") this.coded.verdict = "open";
    }
  }
}

/**
 * Settings with another writer of the reading; only the server's own may be given pictures.
 * @template {{ route: string }} Settings
 * @param {string} llm
 * @param {Settings} settings
 */
export const readBy = (llm, settings) => ({ ...settings, llm, route: llm === "server" ? settings.route : "flow" });

/** @param {string} code */
export const numberOf = (code) => Number(/\d+/.exec(code)?.[0]);

export class Moments {
  /**
   * `changed()` is called when a moment has been measured anew, `heard()` while its reading is being written.
   * @param {Job} job
   * @param {Report} report
   * @param {Annotation} annotation
   * @param {() => void} changed
   * @param {() => void} heard
   */
  constructor(job, report, annotation, changed, heard) {
    this.job = job;
    this.report = report;
    this.changed = changed;
    this.heard = heard;
    this.version = annotation.version;
    this.coder = annotation.coder;
    this.note = annotation.note;
    this.list = report.micro_expressions.map((me, k) => new Moment(k + 1, me.person, me));
    for (const coded of annotation.moments) {
      let moment = this.list.find((other) => coded.number !== null && other.number === coded.number);
      if (!moment && coded.number === null && coded.frames) {
        moment = new Moment(null, coded.person, null);
        this.list.push(moment);
      }
      if (!moment) continue;
      for (const key of /** @type {(keyof Coded)[]} */ (Object.keys(moment.coded))) Object.assign(moment.coded, { [key]: coded[key] });
      if (coded.reread) this.load(moment, coded.reread);
      else if (coded.frames) this.measure(moment);
    }
    this.sort();
  }

  sort() {
    this.list.sort((a, b) => a.frames.onset - b.frames.onset || a.person - b.person);
  }

  /**
   * @param {number} person
   * @param {FrameRange} frames
   */
  add(person, frames) {
    const moment = new Moment(null, person, null);
    this.list.push(moment);
    this.setFrames(moment, frames);
    this.sort();
    return moment;
  }

  /** @param {Moment} moment */
  drop(moment) {
    this.list = this.list.filter((other) => other !== moment);
  }

  /**
   * Set the person's interval and have it measured; null goes back to the program's.
   * @param {Moment} moment
   * @param {FrameRange | null} frames
   */
  setFrames(moment, frames) {
    const program = moment.program?.interval;
    const same = program && frames && frames.onset === program.onset_frame && frames.apex === program.apex_frame && frames.offset === program.offset_frame;
    Object.assign(moment, { anew: null, anewJob: null, error: null, busy: false, live: null });
    Object.assign(moment.coded, { frames: same ? null : frames, reread: null });
    moment.settle();
    if (moment.coded.frames) this.measure(moment);
  }

  /** @param {Moment} moment */
  async measure(moment) {
    const frames = moment.coded.frames;
    moment.busy = true;
    // People press an arrow several times: only where they stop is measured.
    await new Promise((done) => { setTimeout(done, 300); });
    if (moment.coded.frames !== frames) return;
    try {
      // What was measured comes first, a language model's words after it.
      const { llm } = this.job.request.settings;
      for (const reader of llm === "none" ? ["none"] : ["none", llm]) {
        const done = await this.read(moment, frames, reader);
        if (moment.coded.frames !== frames) return;
        if (done.state !== "done") throw new Error(done.error ?? done.state);
        moment.live = null;
        await this.load(moment, done.id);
      }
    } catch (error) {
      if (moment.coded.frames === frames) Object.assign(moment, { busy: false, live: null, error: error.message });
    }
    this.changed();
  }

  /**
   * @param {Moment} moment
   * @param {FrameRange} frames
   * @param {string} llm
   */
  async read(moment, frames, llm) {
    const { media, settings } = this.job.request;
    const started = await api.submit({ media, settings: readBy(llm, settings), frames, parent: this.job.id, name: this.job.name });
    if (llm !== "none") moment.live = "";
    return api.ended(started.id, ({ text }) => {
      if (moment.coded.frames !== frames || moment.live === null) return;
      moment.live += text;
      this.heard();
    });
  }

  /**
   * @param {Moment} moment
   * @param {string} job
   */
  async load(moment, job) {
    const report = await api.report(job).catch(() => /** @type {null} */ (null));
    moment.busy = false;
    if (!report) return this.measure(moment);
    const at = nearest(report.micro_expressions, this.place(moment));
    if (at < 0) moment.error = report.verdict;
    else {
      moment.anew = { ...report.micro_expressions[at], person: moment.person };
      moment.anewJob = { job, number: at + 1 };
      moment.coded.reread = job;
    }
    return this.changed();
  }

  /**
   * @param {Moment} moment
   * @returns {[x: number, y: number]}
   */
  place(moment) {
    if (moment.program) return middle(moment.program);
    const [left, top, width, height] = this.report.people.find((one) => one.person === moment.person)?.box ?? [0, 0, 0, 0];
    return [left + width / 2, top + height / 2];
  }

  /**
   * What is saved.
   * @returns {NewAnnotation}
   */
  body() {
    return {
      base_version: this.version, coder: this.coder, note: this.note,
      moments: this.list.filter((moment) => moment.touched).map(({ number, person, coded }) => ({ number, person, ...coded })),
    };
  }
}

/**
 * @param {MicroExpression} me
 * @returns {[x: number, y: number]}
 */
const middle = (me) => {
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
