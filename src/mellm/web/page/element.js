// Builds DOM nodes. Text always goes in as text, never as markup.

/** element("button", {class: "x", onclick: f, aria: {label: "y"}}, "text", child) */
export function element(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

/** The same for SVG. */
export function drawing(name, properties = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), properties, children);
}

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
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A bar from 0 to 1. */
export function bar(share, kind = "") {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return drawing("svg", { class: `bar ${kind}`, viewBox: "0 0 100 8", preserveAspectRatio: "none", aria: { hidden: "true" } },
    drawing("rect", { class: "track", width: 100, height: 8, rx: 2 }),
    drawing("rect", { class: "fill", width: width.toFixed(1), height: 8, rx: 2 }));
}

/** <option>s from [value, text] pairs. */
export function options(pairs, chosen) {
  return pairs.map(([value, text]) => element("option", { value, selected: value === chosen }, text));
}

/** Replace a node's children; the control that had the keyboard keeps it (found again by data-focus). */
export function refill(node, ...children) {
  const focus = node.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  node.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (focus) node.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}
