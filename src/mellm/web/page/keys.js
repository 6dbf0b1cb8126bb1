// The keyboard: one table of keys, used for acting and for the help.

import { at, element } from "./element.js";
import { t } from "./words.js";

/** @import {FramePart} from "./types.d.ts" */

/**
 * `acts` maps the names below to functions; the ones with a number are called with it.
 * @param {Record<"step" | "go" | "moment", (by: number) => void> & Record<"part" | "set", (part: FramePart) => void> & Record<"play" | "overlay" | "zoom" | "save", () => void>} acts
 */
export function wireKeys(acts) {
  const table = [
    ["← →", "k_step"], ["⇧ ← →", "k_ten"], ["Home End", "k_ends"], ["Space", "k_play"], ["O A F", "k_go"],
    ["⇧ O A F", "k_set"], ["P N", "k_moment"], ["M", "k_overlay"], ["Z", "k_zoom"], ["Ctrl S", "k_save"], ["?", "keys"],
  ];
  const dialog = at("#help");
  const help = () => {
    dialog.replaceChildren(element("h2", {}, t("keys")), element("table", {}, element("tbody", {}, table.map(([keys, word]) =>
      element("tr", {}, element("th", { scope: "row" }, keys.split(" ").map((key) => element("kbd", {}, key))), element("td", {}, t(word)))))),
      element("h3", {}, t("meaning")), element("p", {}, t("meaning_text")),
      element("form", { method: "dialog" }, element("button", { class: "primary" }, t("close"))));
    dialog.showModal();
  };
  at("#keys").addEventListener("click", help);
  /** @type {Record<string, () => void>} */
  const plain = {
    ArrowLeft: () => acts.step(-1), ArrowRight: () => acts.step(1), Home: () => acts.go(0), End: () => acts.go(-1), " ": acts.play,
    o: () => acts.part("onset"), a: () => acts.part("apex"), f: () => acts.part("offset"),
    n: () => acts.moment(1), p: () => acts.moment(-1), m: acts.overlay, z: acts.zoom, "?": help,
  };
  /** @type {Record<string, () => void>} */
  const shifted = {
    ArrowLeft: () => acts.step(-10), ArrowRight: () => acts.step(10), "?": help,
    O: () => acts.set("onset"), A: () => acts.set("apex"), F: () => acts.set("offset"),
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      acts.save();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    const focused = /** @type {Element} */ (event.target);
    const typing = focused.matches("textarea, select, input:not([type=range], [type=checkbox])");
    const own = focused.matches("input[type=range]") || (focused.matches("button, summary, a, [role=tab], input") && [" ", "Enter"].includes(event.key));
    if (typing || own) return;
    const act = (event.shiftKey ? shifted : plain)[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
