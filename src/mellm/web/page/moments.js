// The moments of one report as the program and the person see them. Both are always kept.

import { entryOf, programKey, touched, unitRows } from "./coding.js";
import { middle } from "./measured.js";

/** @import {Measured} from "./measured.js" */
/** @import {Doc, Entry, FrameRange, Measurement, MicroExpression, NewAnnotation, Report} from "./types.d.ts" */

/** Below this confidence a moment without any evidence is not taken for a micro-expression. */
const DOUBTFUL = 0.5;

/** One moment as it stands now; made anew whenever something is said or measured. */
export class Moment {
  /**
   * @param {Entry} coded
   * @param {MicroExpression | null} program - null: added by the person
   * @param {Measurement | null} measured - the person's interval, where there is one
   */
  constructor(coded, program, measured) {
    this.key = coded.key;
    this.number = coded.number;
    this.person = coded.person;
    this.coded = coded;
    this.program = program;
    this.measured = measured;
  }

  /** What is shown: read anew at the person's frames, else the program's. Null while an added one is measured. */
  get me() {
    return this.measured?.me ?? (this.pending ? null : this.program);
  }

  /** Spotted, but not measured yet. */
  get pending() {
    return Boolean(this.program) && !this.program.regions.length;
  }

  /** The job whose pictures and readings belong to `me` (null: the clip's own), and the number of `me` in it. */
  get home() {
    return this.measured?.me ? this.measured : { job: /** @type {string | null} */ (null), number: this.number };
  }

  /** @returns {FrameRange} */
  get frames() {
    const when = this.program?.interval;
    return this.coded.frames ?? { onset: when.onset_frame, apex: when.apex_frame, offset: when.offset_frame };
  }

  get touched() {
    return touched(this.coded);
  }

  /** Spotted, but nothing bears it out: listed apart, until a person takes it up. */
  get doubtful() {
    if (this.touched || !this.program || this.pending || this.program.interval.origin !== "spotted") return false;
    const { emotion, action_units: units, regions, interval } = this.program;
    const evidence = emotion.label !== null || units.some((unit) => unit.present);
    return !evidence && (interval.confidence < DOUBTFUL || !regions.some((region) => region.moving));
  }

  unitRows() {
    return unitRows(this.me?.action_units ?? [], this.coded.units);
  }
}

export class Moments {
  /**
   * @param {Report} report
   * @param {Measured} measured
   */
  constructor(report, measured) {
    this.report = report;
    this.measured = measured;
    /** @type {Moment[]} */
    this.all = [];
  }

  /**
   * @param {Doc} doc
   * @param {boolean} blind - the coder does not see what the program found
   */
  update(doc, blind) {
    const program = blind ? [] : this.report.micro_expressions.map((me, k) => this.moment(entryOf(doc, programKey(me.number ?? k + 1), me.number ?? k + 1, me.person), me));
    const known = new Set(program.map((moment) => moment.key));
    const own = Object.values(doc.entries).filter((entry) => !known.has(entry.key) && entry.number === null && entry.frames).map((entry) => this.moment(entry, null));
    this.all = [...program, ...own].sort((a, b) => a.frames.onset - b.frames.onset || a.person - b.person);
  }

  /**
   * @param {Entry} entry
   * @param {MicroExpression | null} program
   */
  moment(entry, program) {
    return new Moment(entry, program, entry.frames ? this.measured.of(entry.person, entry.frames) : null);
  }

  /** @param {string | null} key */
  find(key) {
    return this.all.find((moment) => moment.key === key) ?? null;
  }

  /**
   * The moments of one person: those that count, or those that are not taken for micro-expressions.
   * @param {number} person
   * @param {boolean} doubtful
   */
  of(person, doubtful = false) {
    return this.all.filter((moment) => moment.person === person && moment.doubtful === doubtful);
  }

  /**
   * What a moment is called: an added one gets a number that nothing else ever had once it is saved.
   * @param {Moment} moment
   */
  name(moment) {
    const id = moment.number ?? moment.coded.id;
    if (id !== null) return String(id);
    const unsaved = this.all.filter((other) => other.number === null && other.coded.id === null);
    return `+${unsaved.indexOf(moment) + 1}`;
  }

  /** Have every interval of the person's measured. */
  measure() {
    for (const moment of this.all) if (moment.coded.frames && !moment.measured?.me) this.measured.want(moment.coded, this.place(moment));
  }

  /**
   * @param {Moment} moment
   * @returns {[x: number, y: number]}
   */
  place(moment) {
    if (moment.program && !moment.pending) return middle(moment.program);
    const [left, top, width, height] = this.report.people.find((one) => one.person === moment.person)?.box ?? [0, 0, 0, 0];
    return [left + width / 2, top + height / 2];
  }

  /**
   * What is saved.
   * @param {Doc} doc
   * @returns {NewAnnotation["moments"]}
   */
  body(doc) {
    return Object.values(doc.entries).map((coded) => ({
      ...coded, reread: coded.frames ? this.measured.of(coded.person, coded.frames)?.job ?? coded.reread : null,
    }));
  }
}
