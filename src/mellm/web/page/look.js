// What every page has: language, light or dark, and words put into the markup.

import { at } from "./element.js";
import { t, language, setLanguage } from "./words.js";

/** @import {Choices, Names} from "./types.d.ts" */

let fading = 0;
const LOOKS = ["auto", "light", "dark"];

/** @param {string} look */
function wear(look) {
  if (look === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = look;
}

/** @param {ParentNode} root @param {string} selector @returns {Iterable<HTMLElement>} */
const html = (root, selector) => root.querySelectorAll(selector);

const stored = () => localStorage.getItem("mellm-look") || "auto";
wear(stored());

/**
 * Put words into every [data-t], [data-t-label] and [data-t-placeholder].
 * @param {ParentNode} root
 */
export function putWords(root = document) {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  for (const node of html(root, "[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of html(root, "[data-t-label]")) {
    node.setAttribute("aria-label", t(node.dataset.tLabel));
    if (!node.matches("section, aside")) node.title = t(node.dataset.tLabel);
  }
  for (const node of html(root, "[data-t-placeholder]")) /** @type {HTMLInputElement} */ (node).placeholder = t(node.dataset.tPlaceholder);
}

/**
 * Wire the buttons for language and look; `changed()` redraws what the page wrote itself.
 * @param {() => void} changed
 */
export function wireLook(changed) {
  const look = at("#look");
  const tongue = at("#language");
  const show = () => {
    look.textContent = /** @type {Names} */ ({ auto: "◐", light: "☀", dark: "☾" })[stored()];
    look.title = `${t("look")}: ${t(`look_${stored()}`)}`;
    look.setAttribute("aria-label", look.title);
    tongue.textContent = language() === "zh" ? "EN" : "中文";
    tongue.setAttribute("aria-label", language() === "zh" ? "English" : "中文");
    putWords();
  };
  look.addEventListener("click", () => {
    localStorage.setItem("mellm-look", LOOKS[(LOOKS.indexOf(stored()) + 1) % LOOKS.length]);
    wear(stored());
    show();
    changed();
  });
  tongue.addEventListener("click", () => {
    setLanguage(language() === "zh" ? "en" : "zh");
    show();
    changed();
  });
  show();
}

/**
 * Show the links to rooms this server has.
 * @param {Choices} choices
 */
export function showRooms(choices) {
  for (const link of html(document, "[data-room]")) link.hidden = !choices[/** @type {"review"} */ (link.dataset.room)];
}

/**
 * Say something in the corner, and to screen readers.
 * @param {string} text
 * @param {string} kind
 */
export function say(text, kind = "") {
  const place = at("#said");
  place.className = kind;
  place.textContent = text;
  clearTimeout(fading);
  if (kind !== "error") fading = setTimeout(() => { place.textContent = ""; }, 6000);
}
