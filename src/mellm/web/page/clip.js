// The page of one analysed clip: loads everything, owns what is selected, wires the parts together.

import * as api from "./api.js";
import { Compare } from "./compare.js";
import { at, element, options } from "./element.js";
import { Emotion } from "./emotion.js";
import { Frames } from "./frames.js";
import { Heading } from "./heading.js";
import { wireKeys } from "./keys.js";
import { say, showRooms, wireLook } from "./look.js";
import { Moments } from "./moments.js";
import { wirePlayback } from "./playback.js";
import { Player } from "./player.js";
import { Reading } from "./reading.js";
import { State } from "./state.js";
import { Timeline } from "./timeline.js";
import { Units } from "./units.js";
import { language, said, t } from "./words.js";

/** @import {Choices, ClipState, Context, Moment, Naming} from "./types.d.ts" */

const id = location.pathname.split("/").filter(Boolean).at(-1);

const state = new State(/** @type {ClipState} */ ({
  frame: 0, moment: null, measured: 0, live: 0, edits: 0, words: 0, person: 1, lit: null, overlay: "none", opacity: 0.75, fixed: true, zoom: "whole", window: "all", taxonomy: "7", dirty: false,
}));

wireLook(() => state.set({ words: state.get("words") + 1 }));
start().catch((error) => {
  say(error.message, "error");
  at("#facts").textContent = error.message;
});

async function start() {
  const [job, choices, report, table, annotation, { chinese }] = await Promise.all([api.job(id), api.choices(), api.report(id), api.frames(id), api.annotation(id), api.sentences(id)]);
  const frames = new Frames(id, table);
  const measured = () => state.set({ measured: state.get("measured") + 1 });
  const moments = new Moments(job, report, annotation, measured, () => state.set({ live: state.get("live") + 1 }));
  /** @type {Context} */
  const context = {
    job, choices, report, frames, moments, state, names: names(choices), editable: job.kind === "clip",
    moment: () => state.get("moment"),
    said: (sentence) => said(sentence, chinese),
    point: (regions) => state.set({ lit: regions && regions.length ? new Set(regions) : null }),
    pointArea: (area) => state.set({ lit: new Set(choices.areas[area]) }),
    dirty: () => state.set({ dirty: true }),
    edited: () => state.set({ dirty: true, edits: state.get("edits") + 1 }),
    choose,
    choosePerson(person) {
      state.set({ person });
      choose(ofPerson()[0] ?? null);
    },
    setFrames(moment, wanted) {
      moments.setFrames(moment, wanted);
      state.set({ dirty: true, edits: state.get("edits") + 1 });
      measured();
    },
    addMoment() {
      const frame = state.get("frame");
      const around = Math.max(1, Math.round((frames.count / Math.max(frames.times.at(-1), 0.04)) * 0.1));
      const apex = Math.max(1, Math.min(frame, frames.count - 1));
      const moment = moments.add(state.get("person"), { onset: Math.max(0, apex - around), apex, offset: Math.min(frames.count - 1, apex + around) });
      state.set({ dirty: true, moment, overlay: state.get("overlay") === "none" ? "arrows" : state.get("overlay") });
      measured();
    },
    dropMoment(moment) {
      moments.drop(moment);
      state.set({ dirty: true });
      choose(ofPerson()[0] ?? null);
      measured();
    },
  };

  /** @param {Moment | null} moment */
  function choose(moment) {
    state.set({ moment, ...(moment ? { person: moment.person, frame: Math.min(moment.frames.apex, frames.count - 1) } : {}) });
  }
  const ofPerson = () => moments.list.filter((moment) => moment.person === state.get("person"));

  showRooms(choices);
  document.body.classList.toggle("pair", job.kind === "pair");
  document.title = `${job.name} – mellm`;
  at("#name").textContent = job.name;
  const player = new Player(context);
  for (const Part of [Timeline, Heading, Units, Emotion, Reading, Compare]) new Part(context);
  const play = wirePlayback(context);
  drawHeader(context);
  state.watch(["words", "person"], () => drawHeader(context));
  const first = moments.list[0] ?? null;
  const face = report.people.length && Math.max(...report.people.map((person) => person.box[2])) < 0.45 * frames.width;
  state.set({ taxonomy: String(report.provenance.settings.taxonomy ?? "7"), person: first?.person ?? report.people[0]?.person ?? 1, zoom: face ? "face" : "whole", overlay: first ? "arrows" : "none" });
  choose(first);
  state.touch("moment");
  player.show();
  wireSaving(context);
  wireKeys({
    ...play,
    part: (part) => context.moment()?.frames[part] !== null && context.moment() && state.set({ frame: context.moment().frames[part] }),
    set(part) {
      const moment = context.moment();
      if (!moment || !context.editable) return;
      const wanted = { ...moment.frames, [part]: state.get("frame") };
      if (wanted.onset < wanted.apex && (wanted.offset === null || wanted.apex <= wanted.offset)) context.setFrames(moment, wanted);
    },
    moment(step) {
      const list = ofPerson();
      if (list.length) choose(list[(list.indexOf(context.moment()) + step + list.length) % list.length]);
    },
    save: () => at("#save").click(),
  });
  document.body.dataset.ready = "yes";
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

/** @param {Context} context */
function drawHeader({ report, frames, state: now, choosePerson, said: translated }) {
  const { source } = report;
  const rate = source.fps ? `${Number(source.fps.toFixed(3))} fps · ${frames.count} ${t("frames")} · ${source.duration?.toFixed(2) ?? "–"} s` : t("pair_pictures");
  at("#facts").textContent = `${source.width}×${source.height} · ${rate}`;
  at("#warnings").textContent = report.warnings.map(translated).join(" ");
  const people = at("#person");
  people.parentElement.hidden = report.people.length < 2;
  people.replaceChildren(...options(report.people.map(({ person }) => [String(person), `${t("person")} ${person}`]), String(now.get("person"))));
  people.onchange = () => choosePerson(Number(people.value));
  /**
   * @param {string} kind
   * @param {string} version
   */
  const link = (kind, version) => element("li", {}, element("a", { href: api.exportAddress(id, kind, version), download: "", data: { kind } }, t(`x_${kind}`)));
  const kinds = ["html", "eaf", "mes", "csv", "json", "zip"];
  at("#exports").replaceChildren(
    element("p", {}, t("export_person")), element("ul", { aria: { label: t("export_person") } }, kinds.map((kind) => link(kind, "person")),
      element("li", {}, element("a", { href: api.instructAddress(id), data: { kind: "instruct" }, title: t("x_instruct_note") }, t("x_instruct")))),
    element("p", {}, t("export_program")), element("ul", { aria: { label: t("export_program") } }, kinds.map((kind) => link(kind, "program"))));
}

/** @param {Context} context */
function wireSaving({ moments, state: now, edited }) {
  const coder = at("#coder");
  const note = at("#saved");
  const draw = () => {
    at("#save").classList.toggle("primary", now.get("dirty"));
    note.textContent = now.get("dirty") ? t("unsaved") : moments.version ? t("saved", { n: moments.version }) : "";
  };
  coder.value = moments.coder || localStorage.getItem("mellm-coder") || "";
  coder.addEventListener("change", () => { localStorage.setItem("mellm-coder", coder.value.trim()); edited(); });
  const save = async () => {
    moments.coder = coder.value.trim();
    try {
      moments.version = (await api.annotate(id, moments.body())).version;
      now.set({ dirty: false });
      draw();
      return true;
    } catch (error) {
      say(error.message, "error");
      return false;
    }
  };
  at("#save").addEventListener("click", save);
  // An export never misses what is on the screen.
  at("#exports").addEventListener("click", async (event) => {
    const anchor = /** @type {Element} */ (event.target).closest("a");
    const asked = anchor?.dataset.kind === "instruct";
    if (!anchor || (!now.get("dirty") && !asked)) return;
    event.preventDefault();
    if (now.get("dirty") && !(await save())) return;
    if (asked) api.download(anchor.href).catch((error) => say(error.message, "error"));
    else anchor.click();
  });
  const menu = at("#export");
  document.addEventListener("pointerdown", (event) => { if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false; });
  menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); } });
  now.watch(["dirty", "words"], draw);
  window.addEventListener("beforeunload", (event) => { if (now.get("dirty")) event.preventDefault(); });
  draw();
}
