// What the overlay's colours and arrows mean, in the page's language.

import { pictureAddress } from "./api.js";
import { arrowGain } from "./marks.js";
import { html, useEffect, useRef, useWatch } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {FaceTracks} from "./face-tracks.js" */

/** Clockwise in the picture. */
const DIRECTIONS = ["right", "down-right", "down", "down-left", "left", "up-left", "up", "up-right"];

/** @param {{ app: App, faces: FaceTracks }} given */
export function Legend({ app, faces }) {
  useWatch(app.state, ["faces", "person", "moment", "measured", "doc", "frame", "overlay", "fixed", "words", "blind"]);
  const kind = app.state.get("overlay");
  const moment = app.moment();
  if (app.state.get("blind")) return kind === "none" ? null : html`<p>${t("blind_hidden")}</p>`;
  if (kind === "landmarks") {
    const pose = faces.at(app.state.get("person"), app.state.get("frame"))?.pose;
    return html`<p class="number">${pose ? ["yaw", "pitch", "roll"].map((name, k) => `${t(name)} ${pose[k].toFixed(1)}°`).join(" · ") : t("no_face_here")}</p>`;
  }
  if (!moment?.me || !app.inside()) return null;
  if (kind === "arrows") {
    const n = arrowGain(moment.me);
    return html`<p>${n ? t("arrow_scale", { n }) : t("nothing_moves_here")}</p>`;
  }
  const { pictures } = moment.me;
  if (kind === "magnified") return pictures.magnified && html`<p>${t("magnified_legend", { n: app.job.request.settings.magnify })}</p>`;
  const name = pictures[app.state.get("fixed") ? "mmc_fixed" : "mmc"];
  if (kind !== "mmc" || !name) return null;
  const scale = moment.me.map_scales_px?.[app.state.get("fixed") ? "mmc_fixed" : "mmc"];
  if (scale) return html`<${Colours} app=${app} scale=${scale} own=${!app.state.get("fixed")} />`;
  const home = moment.home.job ?? app.job.id;
  return html`<${Strip} key=${`${home} ${name}`} picture=${pictureAddress(home, name)} plain=${pictureAddress(home, pictures.onset)} />`;
}

/**
 * What the hues of a motion map mean: turning clockwise in the picture from red, which is right.
 * @param {{ app: App, scale: number, own: boolean }} given
 */
function Colours({ app, scale, own }) {
  return html`<div class="colours"><ul aria-label=${t("map_directions")}>${DIRECTIONS.map((name, k) => html`<li key=${name}><svg viewBox="-12 -12 24 24" width="22" height="22" aria-hidden="true">
      <path d="M-8 0H8M3 -5L8 0L3 5" fill="none" stroke=${`hsl(${45 * k} 100% 50%)`} stroke-width="3" transform=${`rotate(${45 * k})`} /></svg><span>${app.names.octant(name)}</span></li>`)}</ul>
    <p>${t(own ? "map_scale_own" : "map_scale", { px: scale.toFixed(2) })}</p></div>`;
}

/**
 * Of results made before reports named the scale: the strip below the picture, what is lower than the plain one.
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
