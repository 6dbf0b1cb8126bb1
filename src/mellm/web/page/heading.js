// The frames of the chosen moment, and whether the person agrees with it at all.

import { html, NumberField, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {FramePart, Moment} from "./types.d.ts" */

const PARTS = /** @type {FramePart[]} */ (["onset", "apex", "offset"]);

/** @param {{ app: App }} given */
export function Heading({ app }) {
  useWatch(app.state, ["moment", "measured", "doc", "person", "words", "blind", "job"]);
  const moment = app.moment();
  if (!moment) return html`<${NothingFound} app=${app} />`;
  return html`<div class="interval" key=${moment.key}>
    ${PARTS.map((part) => moment.frames[part] !== null && html`<${FrameField} key=${part} app=${app} moment=${moment} part=${part} />`)}
    <${State} app=${app} moment=${moment} /><${Judge} app=${app} moment=${moment} /></div>`;
}

/**
 * Nothing was found: why, what was seen instead, and how to add what the person sees.
 * @param {{ app: App }} given
 */
function NothingFound({ app }) {
  const { report } = app;
  if (app.state.get("blind")) return html`<p class="verdict">${t("blind_hidden")}</p>${app.editable && html`<button type="button" data-focus="add-first" onClick=${() => app.actions.add()}>+ ${t("add_moment")}</button>`}`;
  const seen = report.other_events.filter((event) => event.person === app.state.get("person"));
  return html`<p class="verdict">${app.said(report.verdict)}</p>
    ${seen.length > 0 && html`<p class="seen small"><span class="soft">${t("also_seen")}: </span>${seen.map((event, k) => html`<button key=${k} type="button" class="plain"
      title=${app.said(event.note)} data-focus=${`seen-${k}`} onClick=${() => app.state.set({ frame: event.apex_frame })}>${t(event.kind)} ${event.onset_time.toFixed(2)}–${event.offset_time.toFixed(2)} s</button>`)}</p>`}
    ${app.editable && (report.people.length > 0 || app.going) && html`<button type="button" data-focus="add-first" onClick=${() => app.actions.add()}>+ ${t("add_moment")}</button>`}`;
}

/** @param {{ app: App, moment: Moment, part: FramePart }} given */
function FrameField({ app, moment, part }) {
  const value = moment.frames[part];
  const program = moment.program?.interval[/** @type {const} */ (`${part}_frame`)];
  const moved = moment.coded.frames && program !== undefined && program !== value;
  const time = app.frames.times[value];
  return html`<label class="frame-field"><span class="soft small">${t(part)}</span>
    <${NumberField} min="0" max=${app.frames.count - 1} value=${value} disabled=${!app.editable} class=${moved || moment.number === null ? "person number" : "number"} data-focus=${part}
      take=${(/** @type {number} */ frame) => { if (app.actions.part(moment, part, frame)) app.state.set({ frame }); }} onFocus=${() => app.state.set({ frame: value })} />
    <span class="soft small number">${time === undefined ? "" : `${time.toFixed(3)} s`}</span>
    ${moved && html`<s class="small was number" title=${t("program_says")}>${program}</s>`}</label>`;
}

/** @param {{ app: App, moment: Moment }} given */
function State({ app, moment }) {
  const { measured, coded, program } = moment;
  const word = moment.pending && !measured ? html`<span class="busy">${t("being_measured")}</span>`
    : measured?.busy ? html`<span class="busy">${measured.waiting ? t("waits_for", { n: measured.waiting }) : t("reading_again")}</span>`
    : measured?.error ? html`<span class="error">${measured.error} <button type="button" class="plain" data-focus="measure-again" onClick=${() => app.moments.measured.again(coded, app.moments.place(moment))}>${t("again")}</button></span>`
      : coded.frames ? html`<span class="person-text">✎ ${t("set_by_you")}</span>`
        : program?.interval.origin === "spotted" ? html`<span class="soft">${t("confidence")} ${program.interval.confidence.toFixed(2)}</span>` : null;
  return html`<div class="state small" role="status">${moment.doubtful && html`<span class="soft">${t("not_taken_why")}</span>`}${word}
    ${coded.frames && program && html`<button type="button" class="plain" data-focus="back" onClick=${() => app.actions.frames(moment, null)}>↶ ${t("back_to_program")}</button>`}</div>`;
}

/**
 * The two answers stay where they are, whatever is said: what is pressed is never what came under the pointer.
 * @param {{ app: App, moment: Moment }} given
 */
function Judge({ app, moment }) {
  const { verdict } = moment.coded;
  const word = /** @type {Record<string, string>} */ ({ changed: "changed", agreed: "agreed", rejected: "rejected", added: "own_moment" })[verdict];
  if (verdict === "added") return html`<div class="judge"><span class="chip person">${t(word)}</span><button type="button" data-focus="drop" onClick=${() => app.actions.drop(moment)}>${t("remove")}</button></div>`;
  /** @param {"agreed" | "rejected"} answer @param {string} name @param {string} sign */
  const button = (answer, name, sign) => html`<button type="button" data-focus=${name} aria-pressed=${verdict === answer} title=${verdict === answer ? t("take_back") : ""}
    onClick=${() => app.judge(moment, verdict === answer ? "open" : answer)}>${sign} ${t(name)}</button>`;
  return html`<div class="judge">${word && html`<span class="chip person">${t(word)}</span>`}${button("agreed", "agree", "✓")}${button("rejected", "reject", "✕")}</div>`;
}
