// The micro-expressions of one report as the program and the person see them. Both are always kept.

import * as api from "./api.js";

const EMPTY = () => ({ verdict: "open", frames: null, units: [], emotion: null, text: null, note: "", reread: null });

export class Moment {
  constructor(number, person, program) {
    Object.assign(this, { number, person, program, anew: null, anewJob: null, busy: false, live: null, error: null, coded: EMPTY() });
  }

  /** What is shown: read anew at the person's frames, else the program's. Null while an added one is measured. */
  get me() {
    return this.coded.frames ? this.anew ?? this.program : this.program;
  }

  /** The job whose pictures and readings belong to `me`, and the number of `me` in it. */
  get home() {
    return this.me && this.me === this.anew ? this.anewJob : { job: null, number: this.number };
  }

  get frames() {
    const when = this.program?.interval;
    return this.coded.frames ?? { onset: when.onset_frame, apex: when.apex_frame, offset: when.offset_frame };
  }

  get touched() {
    const { verdict, frames, units, emotion, text, note } = this.coded;
    return verdict !== "open" || Boolean(frames || units.length || emotion || text || note);
  }

  /** Units with the person's word on each: {program, coded}, one of them may be null. */
  unitRows() {
    const left = [...this.coded.units];
    const taken = (au) => {
      const exact = left.findIndex((unit) => unit.was === au.code);
      const at = exact >= 0 ? exact : left.findIndex((unit) => unit.was && numberOf(unit.was) === au.au);
      return at >= 0 ? left.splice(at, 1)[0] : null;
    };
    const rows = (this.me?.action_units ?? []).map((au) => ({ program: au, coded: taken(au) }));
    return [...rows, ...left.map((unit) => ({ program: null, coded: unit }))];
  }

  /** Put one word of the person in place of another (either may be null). */
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

/** Settings with another writer of the reading; only the server's own may be given pictures. */
export const readBy = (llm, settings) => ({ ...settings, llm, route: llm === "server" ? settings.route : "flow" });

export const numberOf = (code) => Number(/\d+/.exec(code)?.[0]);

export class Moments {
  /** `changed()` is called when a moment has been measured anew, `heard()` while its reading is being written. */
  constructor(job, report, annotation, changed, heard) {
    Object.assign(this, { job, report, changed, heard, version: annotation.version, coder: annotation.coder, note: annotation.note });
    this.list = report.micro_expressions.map((me, k) => new Moment(k + 1, me.person, me));
    for (const coded of annotation.moments) {
      let moment = this.list.find((other) => coded.number !== null && other.number === coded.number);
      if (!moment && coded.number === null && coded.frames) {
        moment = new Moment(null, coded.person, null);
        this.list.push(moment);
      }
      if (!moment) continue;
      for (const key of Object.keys(moment.coded)) moment.coded[key] = coded[key];
      if (coded.reread) this.load(moment, coded.reread);
      else if (coded.frames) this.measure(moment);
    }
    this.sort();
  }

  sort() {
    this.list.sort((a, b) => a.frames.onset - b.frames.onset || a.person - b.person);
  }

  add(person, frames) {
    const moment = new Moment(null, person, null);
    this.list.push(moment);
    this.setFrames(moment, frames);
    this.sort();
    return moment;
  }

  drop(moment) {
    this.list = this.list.filter((other) => other !== moment);
  }

  /** Set the person's interval and have it measured; null goes back to the program's. */
  setFrames(moment, frames) {
    const program = moment.program?.interval;
    const same = program && frames && frames.onset === program.onset_frame && frames.apex === program.apex_frame && frames.offset === program.offset_frame;
    Object.assign(moment, { anew: null, anewJob: null, error: null, busy: false, live: null });
    Object.assign(moment.coded, { frames: same ? null : frames, reread: null });
    moment.settle();
    if (moment.coded.frames) this.measure(moment);
  }

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

  async load(moment, job) {
    const report = await api.report(job).catch(() => null);
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

  place(moment) {
    if (moment.program) return middle(moment.program);
    const [left, top, width, height] = this.report.people.find((one) => one.person === moment.person)?.box ?? [0, 0, 0, 0];
    return [left + width / 2, top + height / 2];
  }

  /** What is saved. */
  body() {
    return {
      base_version: this.version, coder: this.coder, note: this.note,
      moments: this.list.filter((moment) => moment.touched).map(({ number, person, coded }) => ({ number, person, ...coded })),
    };
  }
}

const middle = (me) => {
  const sum = me.regions.reduce(([x, y], { box }) => [x + box[0] + box[2] / 2, y + box[1] + box[3] / 2], [0, 0]);
  return sum.map((value) => value / me.regions.length);
};

/** Index of the face nearest to a place: people may be numbered otherwise when a moment is read anew. */
export function nearest(mes, [x, y]) {
  const far = mes.map((me) => Math.hypot(middle(me)[0] - x, middle(me)[1] - y));
  return far.indexOf(Math.min(...far));
}
