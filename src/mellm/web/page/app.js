// The clip page's one object: what is loaded, what is looked at, what was said. Every part is given it.

import { Actions } from "./actions.js";
import { NOTHING_SAID } from "./coding.js";
import { say } from "./look.js";
import { Measured } from "./measured.js";
import { Moments } from "./moments.js";
import { Store, Undoable } from "./store.js";
import { closer, farther, follow } from "./time-view.js";
import { language, said, t } from "./words.js";

/** @import {Frames} from "./frames.js" */
/** @import {Choices, ClipState, Job, Moment, Naming, Report} from "./types.d.ts" */

export class App {
  /**
   * @param {Job} job
   * @param {Choices} choices
   * @param {Report} report
   * @param {Frames} frames
   * @param {Record<string, string>} chinese
   */
  constructor(job, choices, report, frames, chinese) {
    this.job = job;
    this.choices = choices;
    this.report = report;
    this.frames = frames;
    this.chinese = chinese;
    /** False for a pair, which has no frames to choose from. */
    this.editable = job.kind === "clip";
    this.names = names(choices);
    const face = report.people.length && Math.max(...report.people.map((person) => person.box[2])) < 0.45 * frames.width;
    /** @type {Store<ClipState>} */
    this.state = new Store(/** @type {ClipState} */ ({
      job, frame: 0, moment: null, doc: NOTHING_SAID, saved: NOTHING_SAID, steps: 0, faces: 0, measured: 0, live: 0, words: 0, person: 1, lit: null, overlay: "none", opacity: 0.75, fixed: true,
      looking: "one", zoom: face ? "face" : "whole", span: null, one_scale: false, view: "", taxonomy: String(report.provenance.settings.taxonomy ?? "7"), blind: false, playing: false, version: 0, coder: "",
    }));
    this.steps = new Undoable(this.state);
    this.actions = new Actions(this);
    const changed = () => { this.update(); this.state.set({ measured: this.state.get("measured") + 1 }); };
    this.moments = new Moments(report, new Measured(job, changed, () => this.state.set({ live: this.state.get("live") + 1 })));
    /** @type {{ place: number, text: string } | null} */
    this.heard = null;
    this.said = this.said.bind(this);
    this.state.watch(["doc", "blind"], () => { this.update(); this.moments.measure(); });
    this.update();
  }

  /** What is said, laid over what was found. */
  update() {
    this.moments.update(this.state.get("doc"), this.state.get("blind"));
    if (this.state.get("moment") && !this.moment()) this.choose(this.moments.of(this.state.get("person"))[0] ?? null);
  }

  /**
   * More is known of the clip than before.
   * @param {Report} report
   */
  take(report) {
    this.report = report;
    this.moments.report = report;
    this.heard = null;
    this.state.set({ measured: this.state.get("measured") + 1 });
    this.update();
    if (!this.moment() && this.state.get("frame") === 0) this.begin();
    this.state.set({ measured: this.state.get("measured") + 1 });
  }

  /** The first moment that counts is looked at first. */
  begin() {
    const first = this.moments.all.find((moment) => !moment.doubtful) ?? null;
    this.state.set({ person: first?.person ?? this.report.people[0]?.person ?? 1, ...(first ? { overlay: "arrows" } : {}) });
    this.choose(first);
  }

  /**
   * A language model writes about a moment (its number, less one).
   * @param {number} place
   * @param {string} text
   */
  hear(place, text) {
    const before = this.heard?.place === place ? this.heard.text : "";
    this.heard = { place, text: before + text };
    this.state.set({ live: this.state.get("live") + 1 });
  }

  /**
   * What is being written about a moment.
   * @param {Moment} moment
   */
  liveOf(moment) {
    if (moment.measured) return moment.measured.live;
    return moment.number !== null && this.heard?.place === moment.number - 1 ? this.heard.text : null;
  }

  moment() {
    return this.moments.find(this.state.get("moment"));
  }

  /** Whether the overlay belongs to the frame that is shown: it is drawn on those it was measured on only. */
  inside() {
    const moment = this.moment();
    if (!moment?.me) return false;
    const { onset, apex, offset } = moment.frames;
    const frame = this.state.get("frame");
    return frame >= onset && frame <= (offset ?? apex);
  }

  /**
   * A sentence of the program in the reader's language.
   * @param {string} sentence
   */
  said(sentence) {
    return said(sentence, this.chinese);
  }

  /** @param {string[] | null} regions */
  point(regions) {
    this.state.set({ lit: regions && regions.length ? new Set(regions) : null });
  }

  /** @param {string} area */
  pointArea(area) {
    this.point(this.choices.areas[area]);
  }

  /** @param {Moment | null} moment */
  choose(moment) {
    const apex = moment && Math.min(moment.frames.apex, this.frames.count - 1);
    this.state.set({ moment: moment?.key ?? null, ...(moment ? { person: moment.person, frame: apex } : {}) });
    if (moment) follow(this, apex);
  }

  /** @param {number} person */
  choosePerson(person) {
    this.state.set({ person });
    this.choose(this.moments.of(person)[0] ?? null);
  }

  /** @param {number} step */
  next(step) {
    const list = this.moments.of(this.state.get("person"));
    const at = list.indexOf(this.moment());
    if (list.length) this.choose(list[at < 0 ? 0 : (at + step + list.length) % list.length]);
  }

  /**
   * Say what one thinks of a moment; the next open one comes by itself.
   * @param {Moment} moment
   * @param {"open" | "agreed" | "rejected"} verdict
   */
  judge(moment, verdict) {
    if (!this.actions.judge(moment, verdict)) return;
    if (verdict === "open" || localStorage.getItem("mellm-go-on") !== "yes") return;
    const list = this.moments.of(this.state.get("person"));
    const at = list.findIndex((one) => one.key === moment.key);
    const open = [...list.slice(at + 1), ...list.slice(0, at)].find((one) => one.coded.verdict === "open");
    if (open) this.choose(open);
    else say(t("none_open"));
  }

  /** @param {number} by */
  zoomTime(by) {
    (by > 0 ? closer : farther)(this);
  }

  /**
   * Whether what was done last is this.
   * @param {string} name
   */
  justDone(name) {
    return this.steps.past.at(-1)?.name === name;
  }

  undo() {
    const name = this.steps.undo();
    if (name) say(t("undone", { what: t(`step_${name}`) }));
  }

  redo() {
    const name = this.steps.redo();
    if (name) say(t("redone", { what: t(`step_${name}`) }));
  }

  /** Whether the analysis has not ended yet. */
  get going() {
    return ["queued", "running"].includes(this.state.get("job").state);
  }

  get dirty() {
    return this.state.get("doc") !== this.state.get("saved");
  }

  /**
   * The class set in which a moment is shown.
   * @param {Moment} moment
   */
  taxonomy({ me: { emotion } }) {
    const asked = this.state.get("taxonomy");
    return asked === emotion.taxonomy || emotion.also[asked] ? asked : emotion.taxonomy;
  }

  /**
   * Whether there is no evidence of any emotion in a moment.
   * @param {Moment} moment
   */
  none(moment) {
    return moment.me.emotion.label === null;
  }

  /**
   * What a moment suggests, in a word: the person's, else the program's.
   * @param {Moment} moment
   */
  suggestion(moment) {
    const label = moment.coded.emotion ? moment.coded.emotion.label : moment.me?.emotion.label;
    return label ? this.names.emotion(label) : moment.me ? t("none") : "";
  }
}

/**
 * Names in the reader's language.
 * @param {Choices} choices
 * @returns {Naming}
 */
function names(choices) {
  return {
    areas: choices.areas,
    unit: (au) => choices.action_units[au]?.[language()] ?? `AU ${au}`,
    region: (name) => choices.regions[name]?.[language()] ?? name,
    emotion: (label) => choices.emotions[label]?.[language()] ?? label,
    octant: (octant) => (octant === null ? "" : language() === "zh" ? choices.octants[octant] : octant),
    subjectSide: (side) => (language() === "zh" ? `被摄者${t(side)}侧` : `subject’s ${side}`),
  };
}
