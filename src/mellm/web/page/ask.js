// A question about the clip, answered from the program's report; its frames are links.

import * as api from "./api.js";
import { follow } from "./time-view.js";
import { html, useState, useWatch } from "./view.js";
import { htmlLanguage, language, t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {ClipAnswer} from "./types.d.ts" */

/** @param {{ app: App }} given */
export function Ask({ app }) {
  useWatch(app.state, ["words", "job", "blind"]);
  const [written, write] = useState("");
  const [answer, tell] = useState(/** @type {ClipAnswer | Error | null} */ (null));
  const [busy, wait] = useState(false);
  if (app.state.get("job").state !== "done" || app.state.get("blind")) return null;
  /** @param {any} event */
  const submit = async (event) => {
    event.preventDefault();
    const question = event.currentTarget.elements.question.value.trim();
    if (!question || busy) return;
    wait(true);
    tell(null);
    write("");
    let text = "";
    try {
      tell(await api.question(app.job.id, question, (piece) => { text += piece; write(text); }));
    } catch (error) {
      tell(error);
    }
    wait(false);
  };
  /** @param {number} frame */
  const go = (frame) => { app.state.set({ frame }); follow(app, frame); };
  const found = answer instanceof Error ? null : answer;
  return html`<details><summary>${t("ask")}</summary>
    <form class="ask" onSubmit=${submit}><input name="question" maxlength="500" aria-label=${t("ask_label")} placeholder=${t("ask_example")} data-focus="question" /><button class="primary" disabled=${busy}>${t("ask_go")}</button></form>
    <div role="status">${answer instanceof Error ? html`<p class="error">${answer.message}</p>` : (written || found) && html`<p class="answer" lang=${htmlLanguage(found?.language ?? language())}>${found?.text ?? written}</p>`}
      ${found && !found.measured && html`<p class="soft small">${t("not_measured")}</p>`}
      ${found?.frames.length > 0 && html`<p class="small">${t("rests_on")} ${found.frames.map((frame) => html`<button key=${frame} type="button" class="plain" onClick=${() => go(frame)}>${t("frame")} ${frame}</button>`)}</p>`}</div>
    <p class="soft small">${t("ask_note")}</p></details>`;
}
