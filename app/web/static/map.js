// Makes the map answer to the pointer: a click on a region turns its row of the table one status on; the radios of the
// table remain the truth, and the way for keys. Pointing at a region, or at its row, says what it is.

const NEXT = { "": "affected", affected: "unaffected", unaffected: "not_assessable", not_assessable: "" };
const facts = document.getElementById("facts");
const region = (target) => /\bmap-(C|L|IC|I|M[1-6])\b/.exec(target.closest(".map-live .map-region")?.getAttribute("class"))?.[1];

function radio(name, value) {
  return facts.querySelector(`[name="region.${name}"][value="${value}"]`);
}

document.addEventListener("click", (event) => {
  const name = region(event.target);
  if (!name) return;
  const half = event.target.closest(".map-half").classList.contains("map-left") ? "left" : "right";
  const side = facts.elements.side;
  const chosen = side.value;
  if (chosen && chosen !== half) return; // the side is chosen once; the other half is not scored
  if (!chosen) side.value = half;
  const next = radio(name, NEXT[facts.elements[`region.${name}`].value]);
  next.checked = true;
  next.dispatchEvent(new Event("change", { bubbles: true }));
});

function point(name) {
  for (const part of document.querySelectorAll(".map-live .map-region.is-pointed")) part.classList.remove("is-pointed");
  const row = name && radio(name, "")?.closest("tr");
  for (const tip of document.querySelectorAll(".map-tip")) tip.textContent = row ? row.dataset.tip : tip.dataset.rest;
  if (name) document.querySelectorAll(`.map-live .map-${name}`).forEach((part) => part.classList.add("is-pointed"));
}

document.addEventListener("pointerover", (event) => {
  const row = event.target.closest?.("tr[data-tip]");
  const name = region(event.target) ?? row?.dataset.region;
  if (name || event.target.closest?.(".map-live, .matrix")) point(name);
});
document.addEventListener("focusin", (event) => point(event.target.closest?.("tr[data-tip]")?.dataset.region));
