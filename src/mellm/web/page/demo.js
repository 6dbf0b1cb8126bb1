// Where nothing was analysed yet: what a result looks like, and a clip to try it with.

import { say } from "./look.js";
import { html, useState, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {Store} from "./store.js" */
/** @import {Intake} from "./types.d.ts" */

/** @param {{ state: Store<Intake>, begin: (name: string, files: File[], only: boolean) => void }} given */
export function Demo({ state, begin }) {
  useWatch(state, ["words", "empty", "works"]);
  const [busy, wait] = useState(false);
  const go = async () => {
    wait(true);
    try {
      const answer = await fetch("/static/demo.mp4");
      if (!answer.ok) throw new Error(t("demo_missing"));
      begin(t("demo_name"), [new File([await answer.blob()], t("demo_name"), { type: "video/mp4" })], true);
    } catch (error) {
      say(error.message, "error");
    }
    wait(false);
  };
  if (!state.get("empty")) return html`<p class="or"><button type="button" class="plain" id="try-demo" disabled=${busy} onClick=${go}>${t("demo_try")}</button></p>`;
  return html`<section class="example" aria-labelledby="example-title"><h2 id="example-title">${t("example_title")}</h2>
    <img src="/static/example.webp" width="1120" height="665" alt=${t("example_alt")} />
    <ol class="small">${[1, 2, 3, 4].map((n) => html`<li key=${n}>${t(`example_${n}`)}</li>`)}</ol>
    <p><button type="button" class="primary" id="try-demo" disabled=${busy} onClick=${go}>${t("demo_try")}</button> <span class="soft small">${t("demo_note")}</span></p></section>`;
}
