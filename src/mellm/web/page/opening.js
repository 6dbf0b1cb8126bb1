// A clip is opened as soon as it is here: what is spotted, measured and written comes in while one looks.

import * as api from "./api.js";
import { App } from "./app.js";
import { Frames } from "./frames.js";
import { say } from "./look.js";
import { Bar, html, useWatch } from "./view.js";
import { stageName } from "./works.js";
import { said, t } from "./words.js";

/** @import {Saving} from "./saving.js" */
/** @import {FrameTable, Job, MicroExpression, Partial, Report, Spotted} from "./types.d.ts" */

const GOING = ["queued", "running"];

/**
 * @param {string} id
 * @param {string} coder
 */
export async function opened(id, coder) {
  const [job, choices] = await Promise.all([api.job(id), api.choices()]);
  if (!GOING.includes(job.state) && job.state !== "done") throw new Error(said(job.error ?? t(job.state), job.chinese));
  const done = job.state === "done";
  api.lookAs(job.blind === "none" ? "" : coder);
  const [table, annotation, { chinese }] = await Promise.all([api.frames(id), api.annotation(id, coder), done ? api.sentences(id) : { chinese: {} }]);
  // Who codes blind is given what says nothing of the program's marks.
  const blind = job.blind === "program" && !annotation.finished;
  const report = done && !blind ? await api.report(id) : reportOf(job, sourceOf(table), await api.partial(id));
  return { app: new App(job, choices, report, new Frames(id, table), chinese), annotation };
}

/**
 * The rest of an analysis that still runs; what was said meanwhile stays, whatever comes.
 * @param {App} app
 * @param {Saving} saving
 */
export function follow(app, saving) {
  const { id } = app.job;
  if (!app.going) return;
  api.followClip(id, {
    job: async (job) => {
      if (job.state !== "done") app.state.set({ job });
      if (GOING.includes(job.state)) return;
      if (job.state !== "done") { say(said(job.error ?? t(job.state), job.chinese), "error"); return; }
      // It counts as going until its report is here: what is said in between is brought to the report too.
      try {
        const coder = app.state.get("coder");
        const blind = app.state.get("blind");
        const [report, { chinese }, annotation] = await Promise.all([blind ? app.report : api.report(id), api.sentences(id), api.annotation(id, coder)]);
        Object.assign(app.chinese, chinese);
        if (app.state.get("coder") === coder) saving.arrived(annotation, blind ? null : report.micro_expressions);
        app.take(report);
      } catch (error) {
        say(error.message, "error");
      }
      app.state.set({ job });
    },
    watched: (partial) => app.take(reportOf(app.job, app.report.source, partial)),
    moment: (me) => app.take({ ...app.report, micro_expressions: app.report.micro_expressions.map((one) => (one.number === me.number ? me : one)) }),
    reading: ({ moment, text }) => app.hear(moment, text),
  });
}

/**
 * What the frames say of the clip.
 * @param {FrameTable} table
 * @returns {Report["source"]}
 */
const sourceOf = ({ width, height, fps, times }) => ({ width, height, fps, duration: times.at(-1) ?? null });

/**
 * What is known so far in the form of a report: a moment that is not measured yet has no regions.
 * @param {Job} job
 * @param {Report["source"]} source
 * @param {Partial} partial
 * @returns {Report}
 */
function reportOf(job, source, partial) {
  const measured = new Map(partial.micro_expressions.map((me) => [me.number, me]));
  return {
    source: partial.source ?? source, people: partial.people, other_events: partial.other_events, traces: partial.traces, verdict: "", warnings: [],
    micro_expressions: partial.moments.map((spotted) => measured.get(spotted.number) ?? bare(job, spotted)), provenance: { settings: /** @type {any} */ (job.request.settings) },
  };
}

/**
 * @param {Job} job
 * @param {Spotted} spotted
 * @returns {MicroExpression}
 */
function bare(job, { number, person, onset, apex, offset, confidence }) {
  return {
    number, person, interval: { onset_frame: onset, apex_frame: apex, offset_frame: offset, confidence, origin: "spotted" }, regions: [], action_units: [],
    emotion: { taxonomy: job.request.settings.taxonomy, label: null, probabilities: {}, also: {} }, reading: null, pictures: {}, warnings: [],
  };
}

/**
 * How far the analysis is, as long as it runs.
 * @param {{ app: App }} given
 */
export function Progress({ app }) {
  useWatch(app.state, ["job", "words"]);
  const { state, progress, position, waits_for: name } = app.state.get("job");
  if (!GOING.includes(state)) return null;
  const word = state === "queued" ? `${t("queued")}${name ? ` · ${t("waits_name", { name })}` : position ? ` · ${t("ahead", { n: position })}` : ""}`
    : `${stageName(progress?.stage ?? "starting")} ${progress?.total ? `${progress.done}/${progress.total}` : ""}`;
  return html`<p class="progress small busy" role="status">${word} <${Bar} share=${progress?.total ? progress.done / progress.total : 0} /></p>
    <p class="soft small">${t("comes_in")}</p>`;
}
