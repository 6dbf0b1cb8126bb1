// The start page: take files in, show how far each analysis is.

import * as api from "./api.js";
import { at, bar, element, options } from "./element.js";
import { chosen, entriesOf, sortOut, walk } from "./folders.js";
import { say, showRooms, wireLook } from "./look.js";
import { readBy } from "./measured.js";
import { language, said, t } from "./words.js";

/** @import {Choices, Found, Job, JobSettings, Recording} from "./types.d.ts" */

const STAGES = ["uploading", "faces", "spotting", "reading", "saving"];
/** @type {Map<Row, Row>} */
const rows = new Map();
const UPLOADS_AT_ONCE = 2;
const POLL_MS = 500;
/** @type {Choices | null} */
let offered = null;
let uploading = 0;
let listening = false;
let polling = false;
/** @type {File[]} */
let waitingPair = [];
/** @type {Recording[]} */
let waitingFolders = [];

const drop = at("#drop");
const input = at("#files");
const work = at("#work");

wireLook(() => { drawSettings(); drawPair(); drawFolders(); for (const row of rows.values()) row.draw(); });

input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
for (const name of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name !== "drop") return;
    const entries = entriesOf(event.dataTransfer);
    if (entries) walk(entries).then(takeFolder).catch((error) => say(error.message, "error"));
    else take([...event.dataTransfer.files]);
  });
}
const folder = at("#folder");
folder.addEventListener("change", () => { takeFolder(chosen(folder.files)); folder.value = ""; });

/**
 * One picture waits for its second; two may be a pair, so ask; everything else starts at once.
 * @param {File[]} files
 */
function take(files) {
  if (!files.length) return;
  const pictures = files.every((file) => /^image\/(?!gif|webp|apng)/.test(file.type));
  if (pictures && files.length + (waitingPair.length % 2) <= 2) {
    waitingPair = [...(waitingPair.length === 1 ? waitingPair : []), ...files];
    drawPair();
    /** @type {HTMLElement} */ (document.querySelector("#pair button.primary"))?.focus();
    return;
  }
  const only = files.length === 1 && !rows.size;
  for (const file of files) new Row(file.name, [file], only).run();
}

/**
 * Clips of a folder start at once; frames wait for their frame rate, which pictures do not have.
 * @param {Found[]} found
 */
function takeFolder(found) {
  const { clips, recordings, left } = sortOut(found);
  for (const file of clips) new Row(file.name, [file], false).run();
  waitingFolders = [...waitingFolders, ...recordings];
  drawFolders();
  /** @type {HTMLElement} */ (document.querySelector("#recordings input"))?.focus();
  if (!clips.length && !recordings.length) say(t("folder_empty"), "error");
  else if (left) say(t("left_out", { n: left }));
}

function drawFolders() {
  const place = at("#recordings");
  place.hidden = !waitingFolders.length;
  if (!waitingFolders.length) return;
  const rate = element("input", { type: "number", min: 0.1, max: 100000, step: "any", required: true, value: localStorage.getItem("mellm-fps") ?? "", placeholder: "200" });
  /** @param {boolean} begin */
  const end = (begin) => {
    const folders = waitingFolders;
    waitingFolders = [];
    drawFolders();
    if (!begin) return;
    localStorage.setItem("mellm-fps", rate.value);
    const only = folders.length === 1 && !rows.size;
    for (const one of folders) new Row(one.name, one.files, only, Number(rate.value)).run();
  };
  place.replaceChildren(
    element("strong", {}, t("recordings", { n: waitingFolders.length })),
    element("form", { class: "ends", onsubmit: (event) => { event.preventDefault(); end(true); } },
      element("label", {}, `${t("frame_rate")} `, rate, " fps"),
      element("button", { class: "primary" }, t("begin")),
      element("button", { type: "button", onclick: () => end(false) }, t("cancel"))),
    element("ul", { class: "small soft", tabindex: 0, aria: { label: t("recordings", { n: waitingFolders.length }) } },
      waitingFolders.map(({ name, files }) => element("li", {}, t("recording", { name, n: files.length, first: files[0].name, last: files.at(-1).name })))));
}

function drawPair() {
  const place = at("#pair");
  place.hidden = !waitingPair.length;
  if (!waitingPair.length) return;
  /**
   * @param {File} file
   * @param {string} word
   */
  const figure = (file, word) => {
    const address = URL.createObjectURL(file);
    return element("figure", {}, element("img", { src: address, alt: file.name, onload: () => URL.revokeObjectURL(address) }),
      element("figcaption", { class: "small soft" }, `${t(word)}: ${file.name}`));
  };
  /** @param {boolean} begin */
  const end = (begin) => {
    const files = waitingPair;
    waitingPair = [];
    drawPair();
    if (begin) new Row(files.map((file) => file.name).join(" → "), files, !rows.size).run();
  };
  if (waitingPair.length === 1) {
    place.replaceChildren(figure(waitingPair[0], "onset"), element("p", { class: "soft" }, t("second_picture")), element("span", { class: "grow" }),
      element("button", { type: "button", onclick: () => { waitingPair = []; drawPair(); } }, t("cancel")));
    return;
  }
  place.replaceChildren(
    figure(waitingPair[0], "onset"),
    element("button", { type: "button", onclick: () => { waitingPair.reverse(); drawPair(); } }, `⇄ ${t("swap")}`),
    figure(waitingPair[1], "apex"),
    element("span", { class: "grow" }),
    element("button", { type: "button", class: "primary", onclick: () => end(true) }, t("begin")),
    element("button", { type: "button", onclick: () => end(false) }, t("cancel")),
  );
}

function drawSettings() {
  if (!offered) return;
  const form = at("#choices");
  const before = form.elements.length ? settings() : { ...offered.settings, llm: offered.readers[0], au_model: offered.au_models[0], language: language() };
  /**
   * @param {string} key
   * @param {HTMLElement} control
   * @param {string} [note]
   */
  const field = (key, control, note) => element("label", {}, t(key), control, note ? element("span", { class: "soft small" }, t(note)) : null);
  /**
   * @param {string} name
   * @param {[string, string][]} pairs
   * @param {string} chosen
   */
  const select = (name, pairs, chosen) => element("select", { name }, options(pairs, chosen));
  form.replaceChildren(
    field("reading_language", select("language", [["en", "English"], ["zh", "中文"]], before.language)),
    field("taxonomy", select("taxonomy", Object.entries(offered.taxonomies).map(([name, labels]) => [name, t("classes", { n: labels.length })]), before.taxonomy)),
    field("llm", select("llm", offered.readers.map((name) => [name, t(`llm_${name}`)]), before.llm), "llm_note"),
    offered.routes.length > 1 ? field("route", select("route", offered.routes.map((name) => [name, t(`given_${name}`)]), before.route), "route_note") : "",
    field("au_model", select("au_model", offered.au_models.map((name) => [name, t(`au_${name}`)]), before.au_model), "au_model_note"),
    field("people", element("input", { name: "max_people", type: "number", ...offered.bounds.max_people, value: before.max_people })),
    field("fps", element("input", { name: "fps", type: "number", ...offered.bounds.fps, step: "any", placeholder: "fps", value: before.fps ?? "" }), "fps_note"),
    field("estimator", select("estimator", offered.estimators.map((name) => [name, name]), before.estimator), "estimator_note"),
    field("compensation", select("compensation", offered.compensations.map((name) => [name, name]), before.compensation)),
    field("magnify", element("input", { name: "magnify", type: "number", ...offered.bounds.magnify, step: "any", value: before.magnify })),
  );
  // Only the server's own language model may see pictures, and the built-in one writes English.
  const { llm, language: written, route } = form.elements;
  const follow = () => {
    if (route) route.disabled = llm.value !== "server";
    llm.nextElementSibling.textContent = t(llm.value === "embedded" && written.value === "zh" ? "llm_note_zh" : "llm_note");
  };
  form.onchange = follow;
  follow();
}

/** @returns {JobSettings} */
function settings() {
  const { elements: form } = at("#choices");
  /**
   * @param {string} name
   * @param {number | null} empty
   * @returns {number | null}
   */
  const number = (name, empty) => (form[name].value === "" ? empty : Number(form[name].value));
  return readBy(form.llm.value, {
    language: form.language.value, route: form.route?.value ?? "flow", au_model: form.au_model.value, taxonomy: form.taxonomy.value, estimator: form.estimator.value,
    compensation: form.compensation.value, max_people: number("max_people", offered.settings.max_people), fps: number("fps", null), magnify: number("magnify", offered.settings.magnify),
  });
}

/** One analysis in the list. */
class Row {
  /**
   * `fps` stands for a folder: its files are the frames of one recording at that rate.
   * @param {string} name
   * @param {File[]} files
   * @param {boolean} goThere
   * @param {number | null} fps
   */
  constructor(name, files, goThere, fps = null) {
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
    this.settings = offered && files.length ? settings() : null;
    /** @type {AbortController | undefined} */
    this.stop = undefined;
    this.node = element("li");
    work.prepend(this.node);
    rows.set(this, this);
    this.draw();
    // Open settings push the list out of sight.
    if (files.length) this.node.scrollIntoView({ block: "nearest" });
  }

  async run() {
    this.stop = new AbortController();
    Object.assign(this, { error: null, job: null, share: 0 });
    this.draw();
    try {
      // Dropped before the settings were there: the ones they come with.
      this.settings ??= await ready.then(settings);
      const digests = await this.upload();
      if (this.fps) this.settings = { ...this.settings, fps: this.fps };
      const source = digests.length === 2 ? { onset: digests[0], apex: digests[1] } : { media: digests[0] };
      this.watch(await patiently(() => api.submit({ ...source, name: this.name.slice(0, 200), settings: this.settings })));
    } catch (error) {
      if (error.name === "AbortError") this.forget();
      else { this.error = error.message; this.draw(); }
    }
  }

  /** Send the files; only a few analyses do so at a time. Returns their hashes. */
  async upload() {
    while (uploading >= UPLOADS_AT_ONCE) await pause(200);
    this.stop.signal.throwIfAborted();
    uploading += 1;
    try {
      /** @type {string[]} */
      const digests = [];
      if (this.fps) {
        /** @param {number} share */
        const tell = (share) => { this.share = share; this.draw(); };
        return [(await patiently(() => api.uploadFolder(this.name, this.files, tell, this.stop.signal))).sha256];
      }
      for (const file of this.files) {
        /** @param {number} share */
        const tell = (share) => { this.share = (digests.length + share) / this.files.length; this.draw(); };
        digests.push((await patiently(() => api.upload(file, tell, this.stop.signal))).sha256);
      }
      return digests;
    } finally {
      uploading -= 1;
    }
  }

  /** @param {Job} job */
  watch(job) {
    for (const row of rows.values()) if (row !== this && !row.files.length && row.job?.id === job.id) row.forget();
    this.update(job);
    poll();
  }

  /** @param {Job} job */
  update(job) {
    const before = this.job?.state;
    this.job = job;
    this.listen();
    this.draw();
    // A screen reader hears how each one ends, not every step on the way.
    if (before !== job.state && !this.active) at("#spoken").textContent = `${this.name}: ${said(job.verdict ?? job.error ?? t(job.state), job.chinese)}`;
    if (job.state === "done" && this.goThere) location.href = `/clips/${job.id}`;
  }

  /** Hear a language model write; one connection at a time, a browser has few. */
  listen() {
    if (listening || this.job.state !== "running" || this.job.progress?.stage !== "reading" || this.job.request.settings.llm === "none") return;
    listening = true;
    let now = 0;
    api.follow(this.job.id, ({ state }) => {
      if (state === "running") return;
      listening = false;
      this.live = "";
    }, ({ moment, text }) => {
      this.live = moment === now ? this.live + text : text;
      now = moment;
      this.draw();
    });
  }

  get active() {
    return ["queued", "running"].includes(this.job?.state);
  }

  forget() {
    rows.delete(this);
    this.node.remove();
  }

  async cancel() {
    if (!this.job) { this.stop.abort(); return; }
    await api.cancel(this.job.id).then((job) => this.update(job), (error) => say(error.message, "error"));
  }

  status() {
    if (this.error) return element("span", { class: "error" }, this.error);
    if (!this.job) return `${t("uploading")} ${Math.round(this.share * 100)}%`;
    const { state, progress, position, error, verdict } = this.job;
    if (state === "queued") return `${t("queued")}${position ? ` · ${t("ahead", { n: position })}` : ""}`;
    if (state === "failed") return element("span", { class: "error" }, said(error, this.job.chinese));
    if (state === "running" && progress) return `${stageName(progress.stage)} ${progress.total ? `${progress.done}/${progress.total}` : progress.done || ""}`;
    return state === "done" ? said(verdict, this.job.chinese) : t(state);
  }

  draw() {
    const state = this.error ? "failed" : this.job?.state ?? "uploading";
    /** @type {HTMLElement[]} */
    const buttons = [];
    if (state === "done") buttons.push(element("a", { class: "button primary", href: `/clips/${this.job.id}` }, t("open")));
    else if (["failed", "cancelled"].includes(state)) {
      if (this.files.length) buttons.push(element("button", { type: "button", onclick: () => this.run() }, t("again")));
    } else buttons.push(element("button", { type: "button", onclick: () => this.cancel() }, t("cancel")));
    const stages = ["uploading", "queued", "running"].includes(state) ? this.stages(state) : null;
    this.node.replaceChildren(
      element("div", {}, element("div", { class: "name" }, this.name), element("div", { class: "status number" }, this.status())),
      element("div", {}, buttons), ...(stages ? [stages] : []),
      ...(this.live && stages ? [element("div", { class: "live soft" }, element("span", {}, this.live))] : []));
  }

  /** @param {string} state */
  stages(state) {
    const now = state === "running" ? this.job.progress?.stage ?? "" : state;
    const at = STAGES.indexOf(now);
    const reached = state === "queued" || now === "starting" ? 0.5 : at;
    const { done = 0, total = null } = this.job?.progress ?? {};
    const inside = now === "uploading" ? this.share : total ? done / total : 0.5;
    return element("div", { class: "stages" }, STAGES.map((stage, k) => element("div", { class: `stage ${k === at ? "now" : ""}` },
      bar(k < reached ? 1 : k === at ? inside : 0), stageName(stage))));
  }
}

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
      await pause(3000);
    }
  }
}

/** One request for all rows: a browser opens six connections to a server at most, too few for one stream each. */
async function poll() {
  if (polling) return;
  polling = true;
  while ([...rows.values()].some((row) => row.active)) {
    await pause(POLL_MS);
    try {
      const { jobs } = await api.jobs({ limit: 200 });
      const known = new Map(jobs.map((job) => [job.id, job]));
      for (const row of rows.values()) {
        if (!row.active) continue;
        const now = known.get(row.job.id) ?? (await api.job(row.job.id).catch((error) => { if (error.status !== 404) throw error; }));
        if (now) row.update(now);
        else row.forget();
      }
    } catch (error) {
      say(error.message, "error");
      await pause(3000);
    }
  }
  polling = false;
}

/**
 * A stage's name; one this page does not know keeps the program's.
 * @param {string} stage
 */
function stageName(stage) {
  if (stage === "reading") return t("stage_reading");
  return stage === "starting" || STAGES.includes(stage) ? t(stage) : stage;
}

const ready = api.choices().then((choices) => {
  offered = choices;
  showRooms(choices);
  drawSettings();
});
try {
  await ready;
  // Whatever was begun in another window, or before a restart, goes on here.
  for (const state of ["queued", "running"]) {
    for (const job of (await api.jobs({ state, limit: 50 })).jobs) {
      if (![...rows.values()].some((row) => row.job?.id === job.id)) new Row(job.name, [], false).watch(job);
    }
  }
} catch (error) {
  say(error.message, "error");
}
