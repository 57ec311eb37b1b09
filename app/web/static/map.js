// Makes the maps answer to the pointer: a click on a region turns its row of the table one status on; the radios of the
// table remain the truth, and the way for keys. Pointing at a region, or at its row, says what it is.

const NEXT = { "": "affected", affected: "unaffected", unaffected: "not_assessable", not_assessable: "" };
const facts = document.getElementById("facts");

function partOf(target) {
  const part = target.closest?.(".map-live [data-radio]");
  return part && { name: part.dataset.radio, half: part.closest(".map-half")?.classList.contains("map-left") ? "left" : "right" };
}

document.addEventListener("click", (event) => {
  const part = partOf(event.target);
  if (!part) return;
  if (part.name.startsWith("region.")) {
    const chosen = facts.elements.side.value;
    if (chosen && chosen !== part.half) return; // the side is chosen once; the other half is not scored
    if (!chosen) facts.elements.side.value = part.half;
  }
  const status = NEXT[facts.elements[part.name].value];
  const radio = facts.querySelector(`[name="${part.name}"][value="${status}"]`);
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
});

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
