// The renderer: Preact with htm (vendored), and what every part of the page uses of them.

import htm from "./htm.js";
import { h, options, render } from "./preact.js";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "./preact-hooks.js";

/** @import {Store} from "./store.js" */
/** @import {Node} from "./types.d.ts" */

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(/** @type {any} */ (h));
export { render, useEffect, useLayoutEffect, useReducer, useRef, useState };

// What is pressed is not moved: while a button is held down, parts are not drawn again, so that a field that takes
// its value when it is left cannot push the button away from under the pointer before the click.
const PRESSED = "button, a, summary, label, select";
/** A pointer that left the window is never let go here. */
const LONGEST_PRESS_MS = 1000;
let held = false;
let patience = 0;
/** @type {(() => void)[]} */
let waiting = [];

options.debounceRendering = (draw) => { if (held) waiting.push(draw); else queueMicrotask(draw); };
document.addEventListener("pointerdown", (event) => {
  held = Boolean(/** @type {Element} */ (event.target).closest(PRESSED));
  clearTimeout(patience);
  if (held) patience = setTimeout(letGo, LONGEST_PRESS_MS);
}, { capture: true });
// The click itself comes right after the pointer was let go.
for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, () => setTimeout(letGo), { capture: true });

function letGo() {
  held = false;
  clearTimeout(patience);
  const draws = waiting;
  waiting = [];
  for (const draw of draws) draw();
}

/**
 * Draw this part again when one of these values of the store changes.
 * @template {object} Values
 * @param {Store<Values>} store
 * @param {(keyof Values)[]} keys
 */
export function useWatch(store, keys) {
  const [, again] = useReducer((/** @type {number} */ turn) => turn + 1, 0);
  useLayoutEffect(() => store.watch(keys, () => again(undefined)), [store]);
}

/**
 * A bar from 0 to 1.
 * @param {{ share: number, kind?: string }} given
 */
export function Bar({ share, kind = "" }) {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return html`<svg class=${`bar ${kind}`} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="100" height="8" rx="2" /><rect class="fill" width=${width.toFixed(1)} height="8" rx="2" /></svg>`;
}

/**
 * A choice among [value, text] pairs.
 * @param {{ pairs: string[][], value: string, change: (value: string) => void } & Record<string, unknown>} given
 */
export function Select({ pairs, value, change, ...more }) {
  // Options must be there before the value can stand on one.
  const node = useRef(/** @type {HTMLSelectElement | null} */ (null));
  useLayoutEffect(() => { node.current.value = value; });
  return html`<select ref=${node} onChange=${(/** @type {any} */ event) => change(event.target.value)} ...${more}>
    ${pairs.map(([name, text]) => html`<option key=${name} value=${name}>${text}</option>`)}</select>`;
}

/**
 * A number that is taken when the field is left or Enter is pressed; what is half typed is never drawn over.
 * @param {{ value: number, take: (value: number) => void } & Record<string, unknown>} given
 */
export function NumberField({ value, take, ...more }) {
  const [typed, type] = useState(/** @type {string | null} */ (null));
  /** @param {any} event */
  const end = (event) => {
    const { value: text } = event.target;
    type(null);
    if (text === "" || Number(text) === value) event.target.value = String(value);
    else take(Math.round(Number(text)));
  };
  return html`<input type="number" value=${typed ?? String(value)} onInput=${(/** @type {any} */ event) => type(event.target.value)}
    onChange=${end} ...${more} />`;
}

/**
 * Draw a part into the page's element of this selector, and keep it drawn.
 * @param {string} selector
 * @param {(given: any) => Node} Part
 * @param {object} given
 */
export function mount(selector, Part, given) {
  render(html`<${Part} ...${given} />`, document.querySelector(selector));
}

/** The control of this name gets the keyboard once it is drawn. */
let awaited = /** @type {string | null} */ (null);

/** @param {string} name */
export function focusNext(name) {
  awaited = name;
  queueMicrotask(() => queueMicrotask(seek));
  setTimeout(seek);
}

function seek() {
  const node = awaited && /** @type {HTMLElement | null} */ (document.querySelector(`[data-focus="${CSS.escape(awaited)}"]`));
  if (!node) return;
  awaited = null;
  node.focus({ preventScroll: false });
}
