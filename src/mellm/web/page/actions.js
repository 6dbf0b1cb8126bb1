// Everything a person can say on the clip page: each is one step that can be undone.

import { doubled, entryOf, framesOf, put, refused, sameFrames, without, withUnit } from "./coding.js";
import { say } from "./look.js";
import { t } from "./words.js";

/** @import {CodedEmotion, CodedText, CodedUnit, Doc, Entry, FramePart, FrameRange, Moment, UnitRow} from "./types.d.ts" */
/** @import {App} from "./app.js" */

export class Actions {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
  }

  /**
   * @param {string} name
   * @param {Moment} moment
   * @param {(entry: Entry) => Entry} change
   * @param {string | null} joins
   */
  change(name, moment, change, joins = null) {
    this.app.steps.act(name, (doc) => put(doc, change(this.entry(doc, moment))), joins);
  }

  /**
   * What is said about a moment. Before an analysis has ended, with the interval it is said about: the report may
   * not have the moment in the end.
   * @param {Doc} doc
   * @param {Moment} moment
   */
  entry(doc, { key, number, person, program }) {
    const entry = entryOf(doc, key, number, person);
    return this.app.going && program && !entry.spotted ? { ...entry, spotted: framesOf(program.interval) } : entry;
  }

  /**
   * Agree with a moment as it stands, reject it, or leave it open. What was changed is never agreed with: it is yours.
   * False, and said why, where there is nothing yet to agree with.
   * @param {Moment} moment
   * @param {"open" | "agreed" | "rejected"} verdict
   */
  judge(moment, verdict) {
    if (verdict === "agreed" && moment.pending) {
      say(t("agree_later"), "error");
      return false;
    }
    if (verdict === "agreed" && ["changed", "added"].includes(moment.coded.verdict)) say(t("changed_stays"));
    this.change(verdict === "open" ? "open" : verdict, moment, (entry) => (entry.verdict === "added" ? entry : { ...entry, verdict }));
    return true;
  }

  /**
   * @param {Moment} moment
   * @param {CodedUnit | null} before
   * @param {CodedUnit | null} after
   */
  unit(moment, before, after) {
    this.change(after?.verdict ?? "undo", moment, (entry) => withUnit(entry, before, after));
  }

  /**
   * A unit as the person codes it. False, and said why, where it is there already.
   * @param {Moment} moment
   * @param {UnitRow | null} row
   * @param {string} code
   * @param {string} note
   */
  code(moment, row, code, note) {
    const other = doubled(moment.unitRows(), row, code);
    if (other) {
      say(t("unit_doubled", { code: other.coded?.code ?? other.program.code }), "error");
      return false;
    }
    const was = row?.program?.code ?? null;
    this.unit(moment, row?.coded ?? null, { code, verdict: !was ? "added" : code === was ? "agreed" : "changed", was, note });
    return true;
  }

  /**
   * Why a unit is not one, as it is typed.
   * @param {Moment} moment
   * @param {CodedUnit} unit
   * @param {string} note
   */
  reason(moment, unit, note) {
    this.change("why", moment, (entry) => withUnit(entry, entry.units.find((one) => one.code === unit.code && one.was === unit.was), { ...unit, note }), `why ${moment.key} ${unit.code}`);
  }

  /**
   * @param {Moment} moment
   * @param {CodedEmotion | null} emotion
   */
  emotion(moment, emotion) {
    this.change("emotion", moment, (entry) => ({ ...entry, emotion }));
  }

  /**
   * @param {Moment} moment
   * @param {CodedText | null} text
   */
  text(moment, text) {
    this.change("rewrite", moment, (entry) => ({ ...entry, text }));
  }

  /**
   * @param {Moment} moment
   * @param {string} note
   */
  note(moment, note) {
    this.change("note", moment, (entry) => ({ ...entry, note }), `note ${moment.key}`);
  }

  /**
   * The person's interval; null goes back to the program's. False, and said why, where it cannot be.
   * @param {Moment} moment
   * @param {FrameRange | null} frames
   */
  frames(moment, frames) {
    if (!this.app.editable) return false;
    const why = frames && refused(frames, this.app.frames.count);
    if (why) {
      say(t(why, { last: this.app.frames.count - 1 }), "error");
      return false;
    }
    const program = moment.program?.interval;
    const same = program && frames && sameFrames(frames, framesOf(program));
    this.change(frames ? "moved" : "back_to_program", moment, (entry) => ({ ...entry, frames: same ? null : frames, reread: null }));
    return true;
  }

  /**
   * @param {Moment} moment
   * @param {FramePart} part
   * @param {number} frame
   */
  part(moment, part, frame) {
    return this.frames(moment, { ...moment.frames, [part]: frame });
  }

  /** A moment the program did not find, around the frame that is shown. */
  add() {
    const { app } = this;
    const { frames } = app;
    const around = Math.max(1, Math.round((frames.count / Math.max(frames.times.at(-1), 0.04)) * 0.1));
    const apex = Math.max(1, Math.min(app.state.get("frame"), frames.count - 1));
    const interval = { onset: Math.max(0, apex - around), apex, offset: Math.min(frames.count - 1, apex + around) };
    const key = newKey();
    app.steps.act("added", (doc) => put(doc, { ...entryOf(doc, key, null, app.state.get("person")), verdict: "added", frames: interval }));
    app.state.set({ moment: key, overlay: app.state.get("overlay") === "none" ? "arrows" : app.state.get("overlay") });
  }

  /** @param {Moment} moment */
  drop(moment) {
    this.app.steps.act("remove", (doc) => without(doc, moment.key));
    this.app.choose(this.app.moments.of(moment.person)[0] ?? null);
  }
}

/** A name for a moment that nobody else gives. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(6))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
