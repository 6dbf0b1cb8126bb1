// Finds and builds DOM nodes. Text always goes in as text, never as markup.

/** @import {Child, Elements, Properties, Tags} from "./types.d.ts" */

/**
 * The page's element of this id.
 * @template {keyof Elements} Id
 * @param {Id} id
 * @returns {Elements[Id]}
 */
export const at = (id) => /** @type {any} */ (document.querySelector(id));

/**
 * element("button", {class: "x", onclick: f, aria: {label: "y"}}, "text", child)
 * @template {keyof Tags} Name
 * @param {Name} name
 * @param {Properties} properties
 * @param {...Child} children
 * @returns {Tags[Name]}
 */
export function element(name, properties = {}, ...children) {
  return /** @type {any} */ (fill(document.createElement(name), properties, children));
}

/**
 * The same for SVG.
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Properties} properties
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Name]}
 */
export function drawing(name, properties = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), properties, children);
}

/**
 * @param {any} node
 * @param {Properties} properties
 * @param {Child[]} children
 */
function fill(node, properties, children) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "aria" || key === "data") {
      for (const [part, text] of Object.entries(value)) {
        if (text !== null && text !== undefined) node.setAttribute(`${key}-${part}`, text);
      }
    } else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(.../** @type {any} */ (children).flat(Infinity).filter((/** @type {Child} */ child) => child !== null && child !== undefined && child !== false));
  return node;
}

/**
 * A bar from 0 to 1.
 * @param {number} share
 * @param {string} kind
 */
export function bar(share, kind = "") {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return drawing("svg", { class: `bar ${kind}`, viewBox: "0 0 100 8", preserveAspectRatio: "none", aria: { hidden: "true" } },
    drawing("rect", { class: "track", width: 100, height: 8, rx: 2 }),
    drawing("rect", { class: "fill", width: width.toFixed(1), height: 8, rx: 2 }));
}

/**
 * <option>s from [value, text] pairs.
 * @param {string[][]} pairs
 * @param {string} chosen
 */
export function options(pairs, chosen) {
  return pairs.map(([value, text]) => element("option", { value, selected: value === chosen }, text));
}

/**
 * Replace a node's children; the control that had the keyboard keeps it (found again by data-focus).
 * @param {HTMLElement} node
 * @param {...Child} children
 */
export function refill(node, ...children) {
  const focus = node.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.focus : null;
  node.replaceChildren(.../** @type {any} */ (children).flat(Infinity).filter(Boolean));
  if (focus) /** @type {HTMLElement} */ (node.querySelector(`[data-focus="${CSS.escape(focus)}"]`))?.focus({ preventScroll: true });
}
