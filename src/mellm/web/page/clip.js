// The page of one analysed clip: loads everything and puts the parts where they belong.

import * as api from "./api.js";
import { App } from "./app.js";
import { Compare } from "./compare.js";
import { Conflict } from "./conflict.js";
import { at } from "./element.js";
import { Emotion } from "./emotion.js";
import { Frames } from "./frames.js";
import { Title, Tools } from "./header.js";
import { Heading } from "./heading.js";
import { Keys } from "./keys.js";
import { say, showRooms, wireLook } from "./look.js";
import { MomentBar } from "./moment-list.js";
import { Controls, Playback } from "./playback.js";
import { Player } from "./player.js";
import { Reading } from "./reading.js";
import { Saving } from "./saving.js";
import { Timeline } from "./timeline.js";
import { Units } from "./units.js";
import { html, mount, useWatch } from "./view.js";

const id = location.pathname.split("/").filter(Boolean).at(-1);
/** @type {App | null} */
let app = null;

wireLook(() => app?.state.set({ words: app.state.get("words") + 1 }));
start().catch((error) => {
  say(error.message, "error");
  at("#title").textContent = error.message;
});

async function start() {
  const coder = localStorage.getItem("mellm-coder") || "";
  const [job, choices, report, table, annotation, { chinese }] = await Promise.all([api.job(id), api.choices(), api.report(id), api.frames(id), api.annotation(id, coder), api.sentences(id)]);
  app = new App(job, choices, report, new Frames(id, table), chinese);
  const saving = new Saving(app);
  const playback = new Playback(app);
  showRooms(choices);
  document.body.classList.toggle("pair", job.kind === "pair");
  document.title = `${job.name} – mellm`;
  app.state.set({ coder });
  saving.load(annotation);
  const first = app.moments.all.find((moment) => !moment.doubtful) ?? null;
  app.state.set({ person: first?.person ?? report.people[0]?.person ?? 1, overlay: first ? "arrows" : "none" });
  app.choose(first);
  mount("#title", Title, { app });
  mount("#tools", Tools, { app, saving });
  mount("#keyboard", Keys, { app, playback, saving });
  mount("#controls", Controls, { app, playback });
  mount("#warnings", Warnings, { app });
  mount("#moments", MomentBar, { app });
  mount("#heading", Heading, { app });
  mount("#emotion", Emotion, { app });
  mount("#units", Units, { app });
  mount("#reading", Reading, { app });
  mount("#compare", Compare, { app });
  mount("#time-part", Timeline, { app });
  mount("#dialogs", Conflict, { app, saving });
  const player = new Player(app);
  at("#to-apex").addEventListener("click", () => app.moment() && playback.go(app.moment().frames.apex));
  player.show();
  playback.ahead();
  document.body.dataset.ready = "yes";
}

/** @param {{ app: App }} given */
function Warnings({ app: { report, said, state } }) {
  useWatch(state, ["words"]);
  return html`${report.warnings.map(said).join(" ")}`;
}
