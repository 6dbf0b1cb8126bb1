// The analyses under way: uploaded, queued, followed, shown as a list.

import * as api from "./api.js";
import { at } from "./element.js";
import { say } from "./look.js";
import { Bar, html, useWatch } from "./view.js";
import { said, t } from "./words.js";

/** @import {Store} from "./store.js" */
/** @import {Intake, Job, JobSettings} from "./types.d.ts" */

const STAGES = ["uploading", "faces", "spotting", "reading", "saving"];
const UPLOADS_AT_ONCE = 2;
const POLL_MS = 500;
const BUSY_MS = 3000;

/** @param {number} ms */
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/**
 * Do something; where the server is too busy for it, wait and do it again.
 * @template Result
 * @param {() => Promise<Result>} act
 * @returns {Promise<Result>}
 */
async function patiently(act) {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (error.status !== 429) throw error;
      await pause(BUSY_MS);
    }
  }
}

/** One analysis. */
class Row {
  /**
   * @param {Works} works
   * @param {string} name
   * @param {File[]} files - none: begun elsewhere
   * @param {boolean} goThere - its result is opened as soon as there is something to look at
   * @param {number | null} fps - stands for a folder: the files are the frames of one recording at that rate
   */
  constructor(works, name, files, goThere, fps) {
    this.works = works;
    this.name = name;
    this.files = files;
    this.goThere = goThere;
    this.fps = fps;
    /** @type {Job | null} */
    this.job = null;
    this.share = 0;
    /** @type {string | null} */
    this.error = null;
    this.live = "";
    this.stop = new AbortController();
    this.key = crypto.getRandomValues(new Uint32Array(2)).join();
  }

  /** @param {Promise<JobSettings>} settings */
  async run(settings) {
    this.settings = settings;
    this.stop = new AbortController();
    Object.assign(this, { error: null, job: null, share: 0 });
    this.works.changed();
    try {
      const chosen = { ...await settings, ...(this.fps ? { fps: this.fps } : {}) };
      const digests = await this.upload();
      const source = digests.length === 2 ? { onset: digests[0], apex: digests[1] } : { media: digests[0] };
      this.works.follow(this, await patiently(() => api.submit({ ...source, name: this.name.slice(0, 200), settings: chosen })));
    } catch (error) {
      if (error.name === "AbortError") this.works.forget(this);
      else { this.error = error.message; this.works.changed(); }
    }
  }

  /** Send the files; only a few analyses do so at a time. Returns their hashes. */
  async upload() {
    while (this.works.uploading >= UPLOADS_AT_ONCE) await pause(200);
    this.stop.signal.throwIfAborted();
    this.works.uploading += 1;
    try {
      /** @type {string[]} */
      const digests = [];
      /** @param {number} share */
      const tell = (share) => { this.share = this.fps ? share : (digests.length + share) / this.files.length; this.works.changed(); };
      if (this.fps) return [(await patiently(() => api.uploadFolder(this.name, this.files, tell, this.stop.signal))).sha256];
      for (const file of this.files) digests.push((await patiently(() => api.upload(file, tell, this.stop.signal))).sha256);
      return digests;
    } finally {
      this.works.uploading -= 1;
    }
  }

  get active() {
    return ["queued", "running"].includes(this.job?.state);
  }

  async cancel() {
    if (!this.job) { this.stop.abort(); return; }
    await api.cancel(this.job.id).then((job) => this.works.update(this, job), (error) => say(error.message, "error"));
  }

  get state() {
    return this.error ? "failed" : this.job?.state ?? "uploading";
  }
}

export class Works {
  /** @param {Store<Intake>} state */
  constructor(state) {
    this.store = state;
    /** @type {Row[]} */
    this.list = [];
    this.uploading = 0;
    this.listening = false;
    this.polling = false;
  }

  changed() {
    this.store.set({ works: this.store.get("works") + 1 });
  }

  /**
   * @param {string} name
   * @param {File[]} files
   * @param {boolean} goThere
   * @param {number | null} fps
   * @param {Promise<JobSettings>} settings
   */
  add(name, files, goThere, fps, settings) {
    const row = new Row(this, name, files, goThere, fps);
    this.list = [row, ...this.list];
    row.run(settings);
    // Open settings push the list out of sight.
    requestAnimationFrame(() => at("#work").firstElementChild?.scrollIntoView({ block: "nearest" }));
  }

  /**
   * What was begun elsewhere.
   * @param {Job} job
   */
  take(job) {
    if (this.list.some((row) => row.job?.id === job.id)) return;
    const row = new Row(this, job.name, [], false, null);
    this.list = [row, ...this.list];
    this.follow(row, job);
  }

  /** @param {Row} row */
  forget(row) {
    this.list = this.list.filter((other) => other !== row);
    this.changed();
  }

  /**
   * @param {Row} row
   * @param {Job} job
   */
  follow(row, job) {
    for (const other of this.list) if (other !== row && !other.files.length && other.job?.id === job.id) this.forget(other);
    this.update(row, job);
    this.poll();
  }

  /**
   * @param {Row} row
   * @param {Job} job
   */
  update(row, job) {
    const before = row.job?.state;
    row.job = job;
    this.listen(row);
    this.changed();
    // A screen reader hears how each one ends, not every step on the way.
    if (before !== job.state && !row.active) at("#spoken").textContent = `${row.name}: ${said(job.verdict ?? job.error ?? t(job.state), job.chinese)}`;
    // A clip can be looked at as soon as it is here; its moments come in while one looks.
    if (row.goThere && (job.state === "done" || (job.kind === "clip" && row.active))) location.href = `/clips/${job.id}`;
  }

  /**
   * Hear a language model write; one connection at a time, a browser has few.
   * @param {Row} row
   */
  listen(row) {
    if (this.listening || row.job.state !== "running" || row.job.progress?.stage !== "reading" || row.job.request.settings.llm === "none") return;
    this.listening = true;
    let now = 0;
    api.follow(row.job.id, ({ state }) => {
      if (state === "running") return;
      this.listening = false;
      row.live = "";
    }, ({ moment, text }) => {
      row.live = moment === now ? row.live + text : text;
      now = moment;
      this.changed();
    });
  }

  /** One request for all rows: a browser opens six connections to a server at most, too few for one stream each. */
  async poll() {
    if (this.polling) return;
    this.polling = true;
    while (this.list.some((row) => row.active)) {
      await pause(POLL_MS);
      try {
        const { jobs } = await api.jobs({ limit: 200 });
        const known = new Map(jobs.map((job) => [job.id, job]));
        for (const row of this.list) {
          if (!row.active) continue;
          const now = known.get(row.job.id) ?? (await api.job(row.job.id).catch((error) => { if (error.status !== 404) throw error; }));
          if (now) this.update(row, now);
          else this.forget(row);
        }
      } catch (error) {
        say(error.message, "error");
        await pause(BUSY_MS);
      }
    }
    this.polling = false;
  }
}

/** @param {{ works: Works, state: Store<Intake> }} given */
export function Work({ works, state }) {
  useWatch(state, ["works", "words"]);
  return works.list.map((row) => html`<${Line} key=${row.key} row=${row} />`);
}

/** @param {{ row: Row }} given */
function Line({ row }) {
  const { state } = row;
  const going = ["uploading", "queued", "running"].includes(state);
  return html`<li><div><div class="name">${row.name}</div><div class="status number"><${Status} row=${row} /></div></div>
    <div>${row.job && state !== "failed" && state !== "cancelled" && html`<a class=${`button ${state === "done" ? "primary" : ""}`} href=${`/clips/${row.job.id}`}>${t("open")}</a> `}
      ${going ? html`<button type="button" onClick=${() => row.cancel()}>${t("cancel")}</button>`
      : ["failed", "cancelled"].includes(state) && row.files.length > 0 && html`<button type="button" onClick=${() => row.run(row.settings)}>${t("again")}</button>`}</div>
    ${going && html`<${Stages} row=${row} />`}${row.live && going && html`<div class="live soft"><span>${row.live}</span></div>`}</li>`;
}

/** @param {{ row: Row }} given */
function Status({ row }) {
  if (row.error) return html`<span class="error">${row.error}</span>`;
  if (!row.job) return `${t("uploading")} ${Math.round(row.share * 100)}%`;
  const { state, progress, position, error, verdict } = row.job;
  if (state === "queued") return `${t("queued")}${position ? ` · ${t("ahead", { n: position })}` : ""}`;
  if (state === "failed") return html`<span class="error">${said(error, row.job.chinese)}</span>`;
  if (state === "running" && progress) return `${stageName(progress.stage)} ${progress.total ? `${progress.done}/${progress.total}` : progress.done || ""}`;
  return state === "done" ? said(verdict, row.job.chinese) : t(state);
}

/** @param {{ row: Row }} given */
function Stages({ row }) {
  const now = row.state === "running" ? row.job.progress?.stage ?? "" : row.state;
  const at = STAGES.indexOf(now);
  const reached = row.state === "queued" || now === "starting" ? 0.5 : at;
  const { done = 0, total = null } = row.job?.progress ?? {};
  const inside = now === "uploading" ? row.share : total ? done / total : 0.5;
  return html`<div class="stages">${STAGES.map((stage, k) => html`<div key=${stage} class=${`stage ${k === at ? "now" : ""}`}><${Bar} share=${k < reached ? 1 : k === at ? inside : 0} />${stageName(stage)}</div>`)}</div>`;
}

/**
 * A stage's name; one this page does not know keeps the program's.
 * @param {string} stage
 */
export function stageName(stage) {
  if (stage === "reading") return t("stage_reading");
  return stage === "starting" || STAGES.includes(stage) ? t(stage) : stage;
}
