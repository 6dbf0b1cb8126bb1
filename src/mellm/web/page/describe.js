// What people say about a clip as a whole: name, subject, session, tags, note, and who may see what while it is coded.

import { html, useState } from "./view.js";
import { t } from "./words.js";

/** @import {Job} from "./types.d.ts" */

/** @typedef {Pick<Job, "name" | "subject" | "session" | "tags" | "note" | "blind">} About */

/** @param {{ job: Job, take: (about: About) => Promise<void>, close: () => void }} given */
export function Describe({ job, take, close }) {
  const [busy, wait] = useState(false);
  /** @param {any} event */
  const submit = async (event) => {
    event.preventDefault();
    const { elements: given } = event.currentTarget;
    const text = (/** @type {string} */ name) => given[name].value.trim();
    const tags = text("tags").split(/[,，]/).map((/** @type {string} */ tag) => tag.trim()).filter(Boolean);
    wait(true);
    await take({ name: text("name") || job.name, subject: text("subject"), session: text("session"), tags, note: text("note"), blind: given.blind.value });
    wait(false);
  };
  /** @param {string} name @param {string} value */
  const field = (name, value) => html`<label><span class="soft small">${t(`d_${name}`)}</span><input name=${name} maxlength="200" defaultValue=${value} data-focus=${`d-${name}`} /></label>`;
  return html`<form class="describe" onSubmit=${submit}>${field("name", job.name)}${field("subject", job.subject)}${field("session", job.session)}${field("tags", job.tags.join(", "))}${field("note", job.note)}
    <label><span class="soft small">${t("d_blind")}</span><select name="blind">${["none", "others", "program"].map((name) => html`<option key=${name} value=${name} selected=${name === job.blind}>${t(`blind_${name}`)}</option>`)}</select></label>
    <div class="ends"><button class="primary" disabled=${busy}>${t("okay")}</button><button type="button" onClick=${close}>${t("cancel")}</button></div></form>`;
}
