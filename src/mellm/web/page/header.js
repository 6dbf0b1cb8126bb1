// The bar above a clip: its name and facts, who codes it, undo and redo, saving, export.

import * as api from "./api.js";
import { Coders } from "./coders.js";
import { Describe } from "./describe.js";
import { say } from "./look.js";
import { html, Select, useEffect, useRef, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Saving} from "./saving.js" */

const KINDS = ["html", "eaf", "mes", "csv", "json", "boris", "vtt", "bids", "fex", "zip"];

/** @param {{ app: App }} given */
export function Title({ app }) {
  useWatch(app.state, ["words", "measured"]);
  const { source } = app.report;
  const rate = source.fps ? `${Number(source.fps.toFixed(3))} fps · ${app.frames.count} ${t("frames")} · ${source.duration?.toFixed(2) ?? "–"} s` : t("pair_pictures");
  return html`<${Name} app=${app} /><${Neighbours} app=${app} /><span id="facts" class="soft small number">${source.width}×${source.height} · ${rate}</span>`;
}

/**
 * The clip's name, and everything people say about the clip as a whole.
 * @param {{ app: App }} given
 */
function Name({ app }) {
  const [open, setOpen] = useState(false);
  const { job } = app;
  return html`<h1 id="name" title=${job.name}>${job.name}</h1><button type="button" class="plain" data-focus="describe" title=${t("describe")} aria-label=${t("describe")} onClick=${() => setOpen(true)}>✎</button>
    ${open && html`<${About} app=${app} close=${() => setOpen(false)} />`}`;
}

/** @param {{ app: App, close: () => void }} given */
function About({ app, close }) {
  const node = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => { node.current.showModal(); }, []);
  /** @param {import("./describe.js").About} about */
  const take = async (about) => {
    try {
      const { blind } = app.job;
      Object.assign(app.job, await api.describe(app.job.id, about));
      if (app.job.blind !== blind) location.reload();
      document.title = `${app.job.name} – mellm`;
      close();
    } catch (error) {
      say(error.message, "error");
    }
  };
  return html`<dialog ref=${node} class="about" aria-labelledby="about-title" onClose=${close}><h2 id="about-title">${t("describe")}</h2><${Describe} job=${app.job} take=${take} close=${close} /></dialog>`;
}

/**
 * The clips before and after this one; those this coder has handed in are left out.
 * @param {{ app: App }} given
 */
function Neighbours({ app }) {
  const [found, tell] = useState({ previous: /** @type {string | null} */ (null), next: /** @type {string | null} */ (null) });
  useEffect(() => { api.neighbours(app.job.id, app.state.get("coder")).then(tell, (error) => say(error.message, "error")); }, [app.state.get("coder")]);
  return html`${[["previous", "‹", "previous_clip"], ["next", "›", "next_clip"]].map(([side, sign, word]) => {
    const id = found[/** @type {"previous" | "next"} */ (side)];
    return id && html`<a key=${side} class="button neighbour" href=${`/clips/${id}`} title=${t(word)} aria-label=${t(word)}>${sign}</a>`;
  })}`;
}

/** @param {{ app: App, saving: Saving }} given */
export function Tools({ app, saving }) {
  useWatch(app.state, ["words", "person", "measured", "doc", "saved", "steps", "coder"]);
  const { people } = app.report;
  const { past, future } = app.steps;
  /** @param {string} name */
  const setCoder = (name) => { saving.change(name.trim()); };
  const version = app.state.get("version");
  /** @param {string} word @param {string} sign @param {{ name: string }[]} steps @param {() => void} act @param {string} keys */
  const step = (word, sign, steps, act, keys) => html`<button type="button" class="plain" data-focus=${word} disabled=${!steps.length} title=${`${t(word)}${steps.length ? `: ${t(`step_${steps.at(-1).name}`)}` : ""} (${keys})`} aria-label=${t(word)} onClick=${act}>${sign}</button>`;
  return html`${people.length > 1 && html`<label><span class="hidden-text">${t("person")}</span><${Select} id="person" value=${String(app.state.get("person"))} change=${(/** @type {string} */ value) => app.choosePerson(Number(value))}
      pairs=${people.map(({ person }) => [String(person), `${t("person")} ${person}`])} /></label>`}
    <span class="grow"></span><span id="saved" class="small soft" role="status">${app.dirty ? t("unsaved") : version ? t("saved", { n: version }) : ""}</span>
    ${step("undo", "↶", past, () => app.undo(), "Ctrl Z")}${step("redo", "↷", future, () => app.redo(), "Ctrl Y")}
    <input id="coder" maxlength="100" placeholder=${t("coder")} aria-label=${t("coder")} defaultValue=${app.state.get("coder")} onChange=${(/** @type {any} */ event) => setCoder(event.target.value)} />
    <${Coders} app=${app} saving=${saving} /><button id="save" type="button" class=${app.dirty ? "primary" : ""} onClick=${() => saving.save()}>${t("save")}</button>
    <${Exports} app=${app} saving=${saving} />`;
}

/** @param {{ app: App, saving: Saving }} given */
function Exports({ app, saving }) {
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  useEffect(() => {
    /** @param {PointerEvent} event */
    const away = (event) => { if (menu.current?.open && !menu.current.contains(/** @type {globalThis.Node} */ (event.target))) menu.current.open = false; };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, []);
  /**
   * An export never misses what is on the screen.
   * @param {MouseEvent} event
   */
  const click = async (event) => {
    const anchor = /** @type {Element} */ (event.target).closest("a");
    const asked = anchor?.dataset.kind === "instruct";
    if (!anchor || (!app.dirty && !asked)) return;
    event.preventDefault();
    if (app.dirty && !(await saving.save())) return;
    if (asked) api.download(anchor.href).catch((error) => say(error.message, "error"));
    else anchor.click();
  };
  const coder = app.state.get("coder");
  // Whoever has said nothing has the program's: never somebody else's corrections as one's own.
  const mine = app.dirty || app.state.get("version") ? "person" : "program";
  /** @param {string} kind @param {string} version @param {string | null} whose @param {string} [word] */
  const link = (kind, version, whose, word = `x_${kind}`) => html`<li key=${word}><a href=${api.exportAddress(app.job.id, kind, version, whose)} download="" data-kind=${kind}>${t(word)}</a></li>`;
  return html`<details class="menu" id="export" ref=${menu} onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape") { menu.current.open = false; menu.current.querySelector("summary").focus(); } }}>
    <summary class="button">${t("export")}</summary><div id="exports" onClick=${click}>
      <p>${t("export_person")}</p><ul aria-label=${t("export_person")}>${KINDS.map((kind) => link(kind, mine, mine === "person" ? coder : null))}
        ${app.job.coders?.some((name) => name !== coder) && link("eaf", "person", null, "x_eaf_all")}
        <li key="instruct"><a href=${api.instructAddress(app.job.id, coder)} data-kind="instruct" title=${t("x_instruct_note")}>${t("x_instruct")}</a></li></ul>
      <p>${t("export_program")}</p><ul aria-label=${t("export_program")}>${KINDS.map((kind) => link(kind, "program", null))}</ul></div></details>`;
}
