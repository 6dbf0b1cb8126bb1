// Several people code one clip: who has, what they agree on, the final version, and everything that was ever saved.

import { Adjudication } from "./adjudication.js";
import { Agreement } from "./agreement.js";
import * as api from "./api.js";
import { docOf } from "./coding.js";
import { told } from "./conflict.js";
import { say } from "./look.js";
import { html, useEffect, useRef, useState, useWatch } from "./view.js";
import { language, t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Saving} from "./saving.js" */
/** @import {Annotation, CoderState} from "./types.d.ts" */

/** @param {{ app: App, saving: Saving }} given */
export function Coders({ app, saving }) {
  useWatch(app.state, ["words"]);
  const [open, setOpen] = useState(false);
  if (!app.editable) return null;
  return html`<button type="button" id="coders" class="plain" onClick=${() => setOpen(true)}>${t("coders")}</button>
    ${open && html`<${Room} app=${app} saving=${saving} close=${() => setOpen(false)} />`}`;
}

/** @param {{ app: App, saving: Saving, close: () => void }} given */
function Room({ app, saving, close }) {
  useWatch(app.state, ["words", "version", "coder", "doc"]);
  const node = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [coders, take] = useState(/** @type {CoderState[] | null} */ (null));
  const coder = app.state.get("coder");
  useEffect(() => { node.current.showModal(); }, []);
  useEffect(() => { api.coders(app.job.id, coder).then(take, (error) => { take([]); say(error.message, "error"); }); }, [coder, app.state.get("version")]);
  const finished = app.state.get("doc").finished;
  return html`<dialog ref=${node} class="coders" aria-labelledby="coders-title" onClose=${close}><h2 id="coders-title">${t("coders")}</h2>
    ${app.job.blind !== "none" && html`<p class="small">${t(`blind_${app.job.blind}`)}: ${t("blind_note")}</p>`}
    ${!coders ? html`<p class="busy">${t("loading")}</p>` : html`<${List} coders=${coders} />`}
    ${coder ? html`<p><label><input type="checkbox" id="finished" checked=${finished} onChange=${(/** @type {any} */ event) => app.steps.act("handed_in", (doc) => ({ ...doc, finished: event.target.checked }))} /> ${t("finished", { name: coder })}</label>
      <button type="button" onClick=${async () => { if (await saving.save() && app.state.get("blind") && app.state.get("doc").finished) location.reload(); }}>${t("save")}</button></p>` : html`<p class="soft">${t("name_first")}</p>`}
    ${coders && html`<${Agreement} app=${app} coders=${coders} /><${Adjudication} app=${app} coders=${coders} />`}
    <${Versions} app=${app} saving=${saving} /><${Import} app=${app} saving=${saving} />
    <form method="dialog"><button class="primary">${t("close")}</button></form></dialog>`;
}

/** @param {string | null} created */
const when = (created) => (created ? new Date(created).toLocaleString(language() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" }) : "");

/** @param {{ coders: CoderState[] }} given */
function List({ coders }) {
  if (!coders.length) return html`<p class="soft">${t("nobody_yet")}</p>`;
  return html`<table class="small"><tbody>${coders.map((row) => html`<tr key=${`${row.role} ${row.coder}`}><th scope="row">${row.role === "final" ? `★ ${t("final")}: ` : ""}${row.coder || t("somebody")}</th>
    <td>${t("version_n", { n: row.version })}</td><td>${when(row.created)}</td><td>${row.moments === null ? "" : t("all_moments", { n: row.moments })}</td><td>${row.finished ? `✓ ${t("handed_in")}` : ""}</td></tr>`)}</tbody></table>`;
}

/** Every version of this coder; one can be made the newest again. @param {{ app: App, saving: Saving }} given */
function Versions({ app, saving }) {
  const [list, take] = useState(/** @type {Annotation[] | null} */ (null));
  const coder = app.state.get("coder");
  /** @param {any} event */
  const toggle = (event) => { if (event.target.open) api.versions(app.job.id, coder).then(({ versions }) => take(versions), (error) => say(error.message, "error")); };
  /** @param {number} version */
  const restore = async (version) => {
    if (app.dirty && !(await saving.save())) return;
    try {
      saving.load(await api.restore(app.job.id, version, app.state.get("version")));
      take((await api.versions(app.job.id, coder)).versions);
      say(t("restored_version", { n: version }));
    } catch (error) {
      say(error.message, "error");
    }
  };
  return html`<details class="versions" onToggle=${toggle}><summary>${t("versions")}</summary>${list && html`<ol reversed>${[...list].reverse().map((one) => html`<li key=${one.version}><b>${t("version_n", { n: one.version })}</b> <span class="soft small">${when(one.created)}</span>
    ${one.version !== app.state.get("version") && html`<button type="button" class="plain" onClick=${() => restore(one.version)}>↶ ${t("restore")}</button>`}
    <ul class="small">${Object.values(docOf(one).entries).map((entry) => html`<li key=${entry.key}>${t("moment")} ${entry.number ?? entry.id ?? "+"}: ${told(app, entry)}</li>`)}</ul></li>`)}</ol>`}</details>`;
}

/** @param {{ app: App, saving: Saving }} given */
function Import({ app, saving }) {
  /** @param {any} event */
  const take = async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file || (app.dirty && !(await saving.save()))) return;
    try {
      saving.load(await api.importElan(app.job.id, app.state.get("coder"), app.state.get("version"), file));
      say(t("imported", { name: file.name }));
    } catch (error) {
      say(error.message, "error");
    }
  };
  return html`<p><label class="button">${t("import_elan")} <input class="hidden-text" type="file" accept=".eaf" onChange=${take} /></label></p>`;
}
