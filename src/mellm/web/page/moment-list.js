// The moments of a clip: previous and next, a few at a glance, and all of them as a list that filters and sorts.

import { html, useEffect, useRef, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Moment} from "./types.d.ts" */

/** So many are shown at a glance; the others are in the list. */
const AT_A_GLANCE = 5;
const ROW_PX = 30;
const SHOWN_PX = 300;
/** @type {Record<string, (moment: Moment) => boolean>} */
const FILTERS = {
  every: () => true, open: (moment) => moment.coded.verdict === "open", agreed: (moment) => moment.coded.verdict === "agreed",
  changed: (moment) => ["changed", "added"].includes(moment.coded.verdict), rejected: (moment) => moment.coded.verdict === "rejected",
};
/** @type {Record<string, (a: Moment, b: Moment) => number>} */
const ORDERS = {
  by_time: (a, b) => a.frames.onset - b.frames.onset,
  by_confidence: (a, b) => (b.program?.interval.confidence ?? 2) - (a.program?.interval.confidence ?? 2),
};

/** @param {{ app: App }} given */
export function MomentBar({ app }) {
  useWatch(app.state, ["moment", "measured", "doc", "person", "words"]);
  const [open, setOpen] = useState(false);
  const moment = app.moment();
  const list = app.moments.of(app.state.get("person"));
  const doubtful = app.moments.of(app.state.get("person"), true);
  const at = list.indexOf(moment);
  const start = Math.max(0, Math.min(at - Math.floor(AT_A_GLANCE / 2), list.length - AT_A_GLANCE));
  const many = list.length > AT_A_GLANCE || doubtful.length > 0;
  return html`<div class="tabs" role="group" aria-label=${t("title")}>
      ${list.length > 1 && html`<button type="button" class="plain step" data-focus="previous-moment" title=${t("previous_moment")} aria-label=${t("previous_moment")} onClick=${() => app.next(-1)}>‹</button>`}
      ${list.slice(start, start + AT_A_GLANCE).map((one) => html`<${Tab} key=${one.key} app=${app} moment=${one} chosen=${one === moment} />`)}
      ${list.length > 1 && html`<button type="button" class="plain step" data-focus="next-moment" title=${t("next_moment")} aria-label=${t("next_moment")} onClick=${() => app.next(1)}>›</button>`}
      ${many && html`<button type="button" class="plain" data-focus="all-moments" aria-expanded=${open} onClick=${() => setOpen(!open)}>${at >= 0 ? `${at + 1} / ${list.length}` : t("all_moments", { n: list.length })} ▾</button>`}
      ${app.editable && html`<button type="button" class="plain" title=${t("add_moment")} aria-label=${t("add_moment")} data-focus="add-moment" onClick=${() => app.actions.add()}>+</button>`}
    </div>
    ${open && many && html`<${MomentList} app=${app} list=${list} doubtful=${doubtful} />`}`;
}

/** @param {{ app: App, moment: Moment, chosen: boolean }} given */
function Tab({ app, moment, chosen }) {
  return html`<button type="button" class=${`tab ${moment.number === null ? "person" : ""} ${moment.coded.verdict}`} aria-pressed=${chosen}
    data-focus=${`tab-${moment.key}`} onClick=${() => app.choose(moment)}>${label(app, moment)}<span class="small number"> ${time(app, moment)} s</span></button>`;
}

/** @param {App} app @param {Moment} moment */
const label = (app, moment) => `${moment.number === null ? "✎ " : ""}${t("moment")} ${app.moments.name(moment)}`;

/** @param {App} app @param {Moment} moment */
const time = (app, moment) => app.frames.times[moment.frames.apex]?.toFixed(2) ?? "";

/** @param {{ app: App, list: Moment[], doubtful: Moment[] }} given */
function MomentList({ app, list, doubtful }) {
  const [filter, setFilter] = useState("every");
  const [order, setOrder] = useState("by_time");
  const shown = list.filter(FILTERS[filter]).sort(ORDERS[order]);
  return html`<div class="moment-list">
    <div class="tools small">
      <label>${t("show")} <select data-focus="filter" onChange=${(/** @type {any} */ event) => setFilter(event.target.value)}>
        ${Object.keys(FILTERS).map((name) => html`<option key=${name} value=${name} selected=${name === filter}>${t(name)}</option>`)}</select></label>
      <label>${t("order")} <select data-focus="order" onChange=${(/** @type {any} */ event) => setOrder(event.target.value)}>
        ${Object.keys(ORDERS).map((name) => html`<option key=${name} value=${name} selected=${name === order}>${t(name)}</option>`)}</select></label>
    </div>
    <${Rows} app=${app} list=${shown} />
    ${doubtful.length > 0 && html`<details class="doubtful"><summary class="soft small">${t("not_taken", { n: doubtful.length })}</summary><${Rows} app=${app} list=${doubtful} /></details>`}
  </div>`;
}

/**
 * Rows that are in sight, of any number.
 * @param {{ app: App, list: Moment[] }} given
 */
function Rows({ app, list }) {
  const [top, setTop] = useState(0);
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const chosen = list.indexOf(app.moment());
  useEffect(() => {
    if (chosen < 0) return;
    const { scrollTop } = place.current;
    if (chosen * ROW_PX < scrollTop || (chosen + 1) * ROW_PX > scrollTop + SHOWN_PX) place.current.scrollTop = chosen * ROW_PX - SHOWN_PX / 2;
  }, [chosen]);
  // A filter may have shortened the list since it was last scrolled.
  const highest = Math.max(0, list.length * ROW_PX - SHOWN_PX);
  const first = Math.max(0, Math.floor(Math.min(top, highest) / ROW_PX) - 4);
  const shown = list.slice(first, first + Math.ceil(SHOWN_PX / ROW_PX) + 8);
  return html`<div class="rows" ref=${place} onScroll=${(/** @type {any} */ event) => setTop(event.target.scrollTop)}>
    <ul style=${{ height: `${list.length * ROW_PX}px` }} aria-label=${t("title")}>${shown.map((moment, k) => html`<li key=${moment.key} style=${{ top: `${(first + k) * ROW_PX}px` }} aria-setsize=${list.length} aria-posinset=${first + k + 1}>
      <button type="button" class=${`row ${moment.coded.verdict}`} aria-pressed=${moment === app.moment()} data-focus=${`row-${moment.key}`} onClick=${() => app.choose(moment)}>
        <b>${label(app, moment)}</b><span class="number">${time(app, moment)} s</span>
        <span>${app.suggestion(moment)}</span><span class="number soft">${moment.program?.interval.origin === "spotted" ? moment.program.interval.confidence.toFixed(2) : ""}</span>
        <span class="person-text">${moment.coded.verdict === "open" ? "" : t(moment.coded.verdict)}</span></button></li>`)}</ul></div>`;
}
