// Which regions of the face a sentence of a reading speaks of, and which of its parts claim what was not measured.

import { html } from "./view.js";
import { t } from "./words.js";

/** @import {App} from "./app.js" */
/** @import {Moment, Node, RegionReading} from "./types.d.ts" */

// How readings name areas at the start of a paragraph.
/** @type {Record<string, string>} */
const AREAS = {
  brows: "brows", eyelids: "eyes", nose: "nose", cheeks: "cheeks", mouth: "mouth", chin: "chin",
  眉部: "brows", 眼部: "eyes", 鼻部: "nose", 脸颊: "cheeks", 嘴部: "mouth", 下巴: "chin",
};

/**
 * The moving regions a sentence names: `Mouth corners go up`, `Left cheek moves up` (the picture's sides).
 * @param {string} sentence
 * @param {RegionReading[]} regions
 */
function spokenOf(sentence, regions) {
  const text = sentence.toLowerCase();
  return regions.filter((region) => region.moving).map((region) => region.name).filter((name) => {
    const [, side, part] = name.match(/^(left |right )?(.*?)( outer| centre| inner| left| right)?$/);
    if (!text.includes(part)) return false;
    const sided = [...text.matchAll(new RegExp(`(left|right) ${part}`, "g"))].map((found) => `${found[1]} `);
    return !side || !sided.length || sided.includes(side);
  });
}

/**
 * A line with the sentences marked that claim what was not measured.
 * @param {string} line
 * @param {string[]} claims
 * @returns {Node}
 */
function marked(line, claims) {
  for (const claim of claims) {
    const [sentence, what] = claim.split(" -> ");
    const start = sentence ? line.indexOf(sentence) : -1;
    if (start < 0) continue;
    const rest = claims.filter((other) => other !== claim);
    return [marked(line.slice(0, start), rest), html`<mark title=${`${t("unsupported")}: ${what}`}>${sentence}</mark>`, marked(line.slice(start + sentence.length), rest)];
  }
  return line;
}

/** @param {{ app: App, moment: Moment, line: string, part: string, claims: string[] }} given */
export function Paragraph({ app, moment, line, part, claims }) {
  const area = AREAS[line.split(/[:：]/, 1)[0].trim().toLowerCase()];
  const { regions } = moment.me;
  /** @param {string} text @param {string[]} named */
  const linked = (text, named) => html`<${Linked} app=${app} tag="span" regions=${named}>${marked(text, claims)}<//>`;
  if (!area && part === "analysis") return html`<p>${line.split(/(?<=\.) (?=[A-Z])/).map((sentence) => {
    const named = spokenOf(sentence, regions);
    return [named.length ? linked(sentence, named) : marked(sentence, claims), " "];
  })}</p>`;
  if (!area) return html`<p class=${part === "conclusion" ? "conclusion" : ""}>${marked(line, claims)}</p>`;
  const named = regions.filter((region) => region.moving && app.names.areas[area].includes(region.name)).map((region) => region.name);
  return html`<${Linked} app=${app} tag="p" regions=${named}>${marked(line, claims)}<//>`;
}

/** @param {{ app: App, tag: "span" | "p", regions: string[], children: Node }} given */
function Linked({ app, tag, regions, children }) {
  const lit = app.state.get("lit");
  const on = Boolean(lit) && regions.some((name) => lit.has(name));
  return html`<${tag} tabindex="0" class=${on ? "linked lit" : "linked"} data-regions=${regions.join("|")}
    onPointerEnter=${() => app.point(regions)} onPointerLeave=${() => app.point(null)} onFocus=${() => app.point(regions)} onBlur=${() => app.point(null)}>${children}<//>`;
}
