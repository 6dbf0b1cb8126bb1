// What a person says goes to the server, and is never lost on the way: a draft stays in the browser until it is
// saved, and what somebody else saved meanwhile is merged, moment by moment.

import * as api from "./api.js";
import { docOf, merged, NOTHING_SAID, sameDoc, takenOver } from "./coding.js";
import { say } from "./look.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Annotation, Doc, MicroExpression} from "./types.d.ts" */

export class Saving {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    /** The document both sides know: what was loaded or saved last. */
    this.base = app.state.get("saved");
    /** @type {Promise<boolean> | null} */
    this.running = null;
    app.state.watch(["doc", "saved"], () => this.keep());
  }

  get place() {
    return `mellm-draft-${this.app.job.id}-${this.app.state.get("coder")}`;
  }

  /** @param {Annotation} annotation */
  load(annotation) {
    const draft = /** @type {{ doc: Doc, base: Doc } | null} */ (JSON.parse(localStorage.getItem(this.place) ?? "null"));
    const doc = docOf(annotation);
    this.base = doc;
    this.app.state.set({ doc, saved: doc, version: annotation.version });
    this.app.steps.forget();
    if (!draft) return;
    const { doc: joined, both } = merged(this.over(draft.base), this.over(draft.doc), doc);
    this.app.steps.act("restored", () => joined);
    say(both.length ? t("draft_both", { n: both.length }) : t("draft_restored"));
  }

  /**
   * A document as it stands in the report; as it is while that is not known.
   * @param {Doc} doc
   */
  over(doc) {
    return this.app.going ? doc : takenOver(doc, this.app.report.micro_expressions);
  }

  /**
   * The analysis has ended: what was said meanwhile, saved or not, is brought to its report.
   * @param {Annotation} annotation
   * @param {MicroExpression[] | null} mes - null: hidden from who codes blind
   */
  arrived(annotation, mes) {
    const { state, steps } = this.app;
    /** @param {Doc} doc */
    const over = (doc) => (mes ? takenOver(doc, mes) : doc);
    const theirs = docOf(annotation);
    const { doc } = merged(over(this.base), over(state.get("doc")), theirs);
    this.base = theirs;
    steps.rewrite(over);
    state.set({ doc: sameDoc(doc, theirs) ? theirs : doc, saved: theirs, version: annotation.version });
    this.keep();
  }

  /**
   * Somebody else codes: their own marks come, and only what nobody's name stood on goes with them.
   * @param {string} coder
   */
  async change(coder) {
    const { state } = this.app;
    const { coder: left, doc: before } = state.values;
    if (coder === left) return;
    localStorage.setItem("mellm-coder", coder);
    if (this.app.job.blind !== "none") api.lookAs(coder);
    try {
      const answer = await api.annotation(this.app.job.id, coder);
      const theirs = docOf(answer);
      const joined = merged(left ? before : NOTHING_SAID, state.get("doc"), theirs).doc;
      const doc = sameDoc(joined, theirs) ? theirs : joined;
      const blind = this.app.job.blind === "program" && !theirs.finished;
      const other = blind !== state.get("blind");
      this.base = theirs;
      state.set({ coder, doc, saved: theirs, version: answer.version, blind });
      this.app.steps.forget();
      // What one of them may see and the other may not is loaded, or gone; a draft stays.
      if (other) location.reload();
    } catch (error) {
      say(error.message, "error");
    }
  }

  /** The draft in this browser, for a closed window or a power cut. */
  keep() {
    if (this.app.dirty) localStorage.setItem(this.place, JSON.stringify({ doc: this.app.state.get("doc"), base: this.base }));
    else localStorage.removeItem(this.place);
  }

  /** Whether everything is saved. One at a time: a second one waits for the first. */
  async save() {
    await this.change(document.querySelector("#coder") ? /** @type {HTMLInputElement} */ (document.querySelector("#coder")).value.trim() : this.app.state.get("coder"));
    while (this.running) await this.running;
    this.running = this.send().finally(() => { this.running = null; });
    return this.running;
  }

  /** @returns {Promise<boolean>} */
  async send() {
    const { state } = this.app;
    const sent = state.get("doc");
    try {
      this.settle(await this.put(sent, state.get("version")), sent);
      return true;
    } catch (error) {
      if (error.conflict) return this.meet(sent, error.conflict.theirs);
      say(error.message, "error");
      return false;
    }
  }

  /**
   * @param {Doc} doc
   * @param {number} version
   */
  put(doc, version) {
    const { coder } = this.app.state.values;
    return api.annotate(this.app.job.id, { base_version: version, merge: true, coder: coder.trim(), role: "coder", finished: doc.finished, sources: [], note: doc.note, moments: this.app.moments.body(doc) });
  }

  /**
   * @param {Annotation} answer
   * @param {Doc} sent
   */
  settle(answer, sent) {
    const { state } = this.app;
    const saved = docOf(answer);
    const now = state.get("doc");
    this.base = saved;
    state.set({ saved, doc: now === sent ? saved : merged(sent, now, saved).doc, version: answer.version });
    this.keep();
    if (!sameDoc(sent, saved)) say(t("merged_said", { name: t("somebody") }));
  }

  /**
   * Somebody saved under this name meanwhile: what only one of both changed is kept as it is, the rest is asked.
   * @param {Doc} sent
   * @param {Annotation} newer
   * @returns {Promise<boolean>}
   */
  async meet(sent, newer) {
    const { app } = this;
    const theirs = docOf(newer);
    const { doc, both } = merged(this.base, sent, theirs);
    this.base = theirs;
    app.state.set({ version: newer.version, saved: theirs });
    app.steps.act("merged", () => doc);
    app.state.set({ conflict: both.length ? { keys: both, theirs, by: newer.coder } : null });
    if (both.length) return false;
    say(t("merged_said", { name: newer.coder || t("somebody") }));
    return this.send();
  }
}
