// Makes the maps answer to the pointer: a click on a region turns its row of the table one status on; the radios of the
// table remain the truth, and the way for keys. Pointing at a region, or at its row, says what it is.

import { say } from "./words.js";

const NEXT = { "": "affected", affected: "unaffected", unaffected: "not_assessable", not_assessable: "" };
const facts = document.getElementById("facts");

function partOf(target) {
  const part = target.closest?.(".map-live [data-radio]");
  return part && { name: part.dataset.radio, half: part.closest(".map-half")?.classList.contains("map-left") ? "left" : "right" };
}

const radioOf = (name, value) => facts.querySelector(`[name="${name}"][value="${value}"]`);
const changed = (control) => control.dispatchEvent(new Event("change", { bubbles: true }));

document.addEventListener("click", (event) => {
  const part = partOf(event.target);
  if (!part) return;
  if (part.name.startsWith("region.")) {
    const chosen = facts.elements.side.value;
    if (chosen && chosen !== part.half) return; // the side is chosen once; the other half is not scored
    if (!chosen) facts.elements.side.value = part.half;
  }
  const radio = radioOf(part.name, NEXT[facts.elements[part.name].value]);
  radio.checked = true;
  changed(radio);
});

// 'I looked at all' is one press, seen in the table at once, and taken back by a second one.
for (const rest of document.querySelectorAll(".rest")) {
  const prefix = `${rest.value}.`, asked = rest.innerHTML;
  let filled = []; // rows that the last press set to unaffected

  const offer = () => {
    rest.innerHTML = asked;
    rest.classList.toggle("is-undo", filled.length > 0);
    if (filled.length) rest.textContent = say("Undo: {count} rows back to not looked at", { count: filled.length });
  };
  rest.addEventListener("click", (event) => {
    event.preventDefault();
    const open = facts.querySelectorAll(`[name^="${prefix}"][value=""]:checked`);
    const set = filled.length ? filled.map((name) => radioOf(name, "")) : [...open].map((radio) => radioOf(radio.name, "unaffected"));
    filled = filled.length ? [] : set.map((radio) => radio.name);
    for (const radio of set) radio.checked = true;
    offer();
    changed(rest);
  });
  facts.addEventListener("change", (event) => {
    if (!event.target.name.startsWith(prefix) || !filled.length) return;
    filled = []; // something was marked by hand since: a press no longer takes anything back
    offer();
  });
}

function point(name) {
  for (const part of document.querySelectorAll(".map-live .is-pointed")) part.classList.remove("is-pointed");
  const row = name && facts.querySelector(`tr[data-field="${name}"]`);
  for (const tip of document.querySelectorAll(".map-tip")) tip.textContent = row?.dataset.tip ?? tip.dataset.rest;
  if (name) document.querySelectorAll(`.map-live [data-radio="${name}"]`).forEach((part) => part.classList.add("is-pointed"));
}

document.addEventListener("pointerover", (event) => {
  const name = partOf(event.target)?.name ?? event.target.closest?.("tr.matrix-row")?.dataset.field;
  if (name || event.target.closest?.(".map-live, .matrix")) point(name);
});
document.addEventListener("focusin", (event) => point(event.target.closest?.("tr.matrix-row")?.dataset.field));
