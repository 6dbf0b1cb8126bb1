// The page of one analysed clip: loads everything and puts the parts where they belong.

import { Ask } from "./ask.js";
import { Comparator } from "./comparator.js";
import { Compare } from "./compare.js";
import { Conflict } from "./conflict.js";
import { at } from "./element.js";
import { Emotion } from "./emotion.js";
import { Title, Tools } from "./header.js";
import { FaceTracks } from "./face-tracks.js";
import { Heading } from "./heading.js";
import { Keys } from "./keys.js";
import { say, showRooms, wireLook } from "./look.js";
import { MomentBar } from "./moment-list.js";
import { follow, opened, Progress } from "./opening.js";
import { Controls, Playback } from "./playback.js";
import { Player } from "./player.js";
import { Pose } from "./pose.js";
import { Reading } from "./reading.js";
import { Saving } from "./saving.js";
import { Timeline } from "./timeline.js";
import { Units } from "./units.js";
import { html, mount, useWatch } from "./view.js";

/** @import {App} from "./app.js" */

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
  const { app: loaded, annotation } = await opened(id, coder);
  app = loaded;
  const { job } = app;
  const saving = new Saving(app);
  const playback = new Playback(app);
  const faces = new FaceTracks(app);
  showRooms(app.choices);
  document.body.classList.toggle("pair", job.kind === "pair");
  document.title = `${job.name} – mellm`;
  app.state.set({ coder, blind: job.blind === "program" && !annotation.finished });
  saving.load(annotation);
  app.begin();
  follow(app, saving);
  mount("#title", Title, { app });
  mount("#tools", Tools, { app, saving });
  mount("#keyboard", Keys, { app, playback, saving });
  mount("#controls", Controls, { app, playback });
  mount("#progress", Progress, { app });
  mount("#warnings", Warnings, { app });
  mount("#moments", MomentBar, { app });
  mount("#heading", Heading, { app });
  mount("#emotion", Emotion, { app });
  mount("#units", Units, { app });
  mount("#reading", Reading, { app });
  mount("#compare", Compare, { app });
  mount("#time-part", Timeline, { app });
  mount("#dialogs", Conflict, { app, saving });
  mount("#ask", Ask, { app });
  mount("#pose", Pose, { app, faces });
  mount("#comparator", Comparator, { app });
  const player = new Player(app, faces);
  at("#to-apex").addEventListener("click", () => app.moment() && playback.go(app.moment().frames.apex));
  player.show();
  playback.ahead();
  document.body.dataset.ready = "yes";
}

/** @param {{ app: App }} given */
function Warnings({ app }) {
  useWatch(app.state, ["words", "measured"]);
  return html`${app.report.warnings.map(app.said).join(" ")}`;
}
