"use strict";
// Hovering or focusing an action unit, a region or a paragraph on an area lights its regions (and the areas of the timeline), and the other way round.
for (const card of document.querySelectorAll("article.me")) {
  const boxes = card.querySelectorAll(".overlay rect");
  const rows = card.querySelectorAll("[data-regions]");
  const lanes = card.querySelectorAll(".lane");
  const light = (names, areas) => {
    for (const box of boxes) box.classList.toggle("lit", names.has(box.dataset.region));
    for (const row of rows) {
      const own = row.dataset.regions.split("|");
      row.classList.toggle("lit", own.some((name) => names.has(name)));
    }
    for (const lane of lanes) lane.classList.toggle("dim", areas.size > 0 && !areas.has(lane.dataset.area));
  };
  const nothing = new Set();
  const split = (text) => new Set((text || "").split("|").filter(Boolean));
  const link = (element, names, areas) => {
    for (const on of ["mouseenter", "focus"]) element.addEventListener(on, () => light(names, areas));
    for (const off of ["mouseleave", "blur"]) element.addEventListener(off, () => light(nothing, nothing));
  };
  for (const row of rows) link(row, split(row.dataset.regions), split(row.dataset.areas));
  for (const box of boxes) link(box, new Set([box.dataset.region]), split(box.dataset.areas));
  const slider = card.querySelector(".slider input");
  if (slider) {
    slider.addEventListener("input", () => {
      for (const layer of card.querySelectorAll("img.layer")) layer.style.opacity = slider.value / 100;
    });
  }
}
// On paper everything is open.
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
