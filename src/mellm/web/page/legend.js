// What the overlay's colours and arrows mean, in the page's language.

import { pictureAddress } from "./api.js";
import { arrowGain } from "./marks.js";
import { html, useEffect, useRef, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {FaceTracks} from "./face-tracks.js" */

/** @param {{ app: App, faces: FaceTracks }} given */
export function Legend({ app, faces }) {
  useWatch(app.state, ["faces", "person", "moment", "measured", "doc", "frame", "overlay", "fixed", "words", "blind"]);
  const kind = app.state.get("overlay");
  const moment = app.moment();
  if (kind === "landmarks") {
    const pose = faces.at(app.state.get("person"), app.state.get("frame"))?.pose;
    return html`<p class="number">${pose ? ["yaw", "pitch", "roll"].map((name, k) => `${t(name)} ${pose[k].toFixed(1)}°`).join(" · ") : t("no_face_here")}</p>`;
  }
  if (app.state.get("blind") || !moment?.me || !app.inside()) return null;
  if (kind === "arrows") {
    const n = arrowGain(moment.me);
    return html`<p>${n ? t("arrow_scale", { n }) : t("nothing_moves_here")}</p>`;
  }
  const { pictures } = moment.me;
  if (kind === "magnified") return pictures.magnified && html`<p>${t("magnified_legend", { n: app.job.request.settings.magnify })}</p>`;
  const name = pictures[app.state.get("fixed") ? "mmc_fixed" : "mmc"];
  if (kind !== "mmc" || !name) return null;
  const home = moment.home.job ?? app.job.id;
  return html`<${Strip} key=${`${home} ${name}`} picture=${pictureAddress(home, name)} plain=${pictureAddress(home, pictures.onset)} />`;
}

/**
 * The strip below a report's picture says what its colours mean: what is lower than the plain picture.
 * @param {{ picture: string, plain: string }} given
 */
function Strip({ picture, plain }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const draw = async () => {
      const [whole, onset] = await Promise.all([picture, plain].map(async (address) => {
        const image = Object.assign(new Image(), { src: address });
        await image.decode();
        return image;
      }));
      const high = whole.naturalHeight - onset.naturalHeight;
      if (!canvas.current || high < 4) return;
      Object.assign(canvas.current, { width: whole.naturalWidth, height: high });
      canvas.current.getContext("2d").drawImage(whole, 0, onset.naturalHeight, whole.naturalWidth, high, 0, 0, whole.naturalWidth, high);
    };
    draw().catch(() => {});
  }, []);
  return html`<canvas ref=${canvas} width="1" height="1"></canvas>`;
}
