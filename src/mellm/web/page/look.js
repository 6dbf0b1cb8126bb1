// What every page has: language, light or dark, and words put into the markup.

import { t, language, setLanguage } from "./words.js";

const LOOKS = ["auto", "light", "dark"];

function wear(look) {
  if (look === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = look;
}

const stored = () => localStorage.getItem("mellm-look") || "auto";
wear(stored());

/** Put words into every [data-t], [data-t-label] and [data-t-placeholder]. */
export function putWords(root = document) {
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  for (const node of root.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of root.querySelectorAll("[data-t-label]")) {
    node.setAttribute("aria-label", t(node.dataset.tLabel));
    node.title = t(node.dataset.tLabel);
  }
  for (const node of root.querySelectorAll("[data-t-placeholder]")) node.placeholder = t(node.dataset.tPlaceholder);
}

/** Wire the buttons for language and look; `changed()` redraws what the page wrote itself. */
export function wireLook(changed) {
  const look = document.querySelector("#look");
  const tongue = document.querySelector("#language");
  const show = () => {
    look.textContent = { auto: "◐", light: "☀", dark: "☾" }[stored()];
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

/** Show the links to rooms this server has. */
export function showRooms(choices) {
  for (const link of document.querySelectorAll("[data-room]")) link.hidden = !choices[link.dataset.room];
}

/** Say something in the corner, and to screen readers. */
export function say(text, kind = "") {
  const place = document.querySelector("#said");
  place.className = kind;
  place.textContent = text;
  clearTimeout(say.timer);
  if (kind !== "error") say.timer = setTimeout(() => { place.textContent = ""; }, 6000);
}
