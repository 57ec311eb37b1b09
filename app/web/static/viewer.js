// The CT in the page: slices as they were acquired, windows, outlines of the regions, and in words what lies under the
// cursor. What the software calls affected is only drawn once the page shows its reading.

import { say } from "./words.js";

const box = document.getElementById("viewer");
const find = (name) => document.getElementById(`viewer-${name}`);
const stage = find("stage"), slider = find("slice"), outlines = find("outlines"), affected = find("affected");
const HEADER_BYTES = 352; // of a NIfTI file in one piece
const OUTLINE = 1, AFFECTED = 2, UNCLEAR = 3;
const COLOURS = { R: [0, 120, 255, 120], G: [0, 220, 90, 190], B: [0, 255, 110, 255], I: [0, 1, 2, 3], labels: ["", "outline", "affected", "not assessable"] };
let viewer = null, shown = null; // shown: what of which scan is on display

const reading = () => JSON.parse(document.getElementById("viewer-reading")?.dataset.reading || "null");

async function fetched(name, file) {
  const response = await fetch(`${box.dataset.scans}/${name}/${file}`, { cache: "no-store" });
  if (!response.ok) throw new Error(String(response.status));
  const packed = await response.blob();
  return new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

export async function open(name) {
  if (shown?.name === name) return redraw();
  box.hidden = false;
  find("wait").textContent = say("The CT is being loaded.");
  stage.classList.remove("is-ready");
  try {
    const facts = await (await fetch(`${box.dataset.scans}/${name}/view.json`, { cache: "no-store" })).json();
    const [library, scan, labels] = await Promise.all([
      import(box.dataset.library),
      fetched(name, "scan.nii.gz"),
      Object.keys(facts.labels).length ? fetched(name, "labels.nii.gz") : null,
    ]);
    await show(library, name, facts, scan, labels);
    find("wait").textContent = "";
    stage.classList.add("is-ready");
  } catch {
    shown = null;
    find("wait").textContent = say("This browser cannot show the CT, or it is no longer kept. The table says what was read.");
  }
}

async function show(library, name, facts, scan, labels) {
  viewer ??= await made(library);
  for (const volume of [...viewer.volumes]) viewer.removeVolume(volume);
  const base = await library.NVImage.new(scan, "scan.nii", "gray", 1, null, 20, 60, false);
  viewer.addVolume(base);
  const [, i, j, k] = base.hdr.dims;
  shown = { name, facts, dims: [i, j, k], labels: labels && new Uint8Array(labels, HEADER_BYTES), header: labels?.slice(0, HEADER_BYTES), library, drawn: null, at: null };
  slider.max = k;
  find("note").textContent = notes(facts);
  const bleeds = document.querySelector("#scan-alert section"); // then blood is looked for first
  preset(box.querySelector(bleeds ? ".preset[data-key='3']" : ".preset[aria-pressed=true]") ?? box.querySelector(".preset"));
  viewer.scene.crosshairPos = viewer.vox2frac([Math.floor(i / 2), Math.floor(j / 2), startSlice()]);
  outlines.checked = false;
  find("shows").hidden = !labels;
  await redraw();
  viewer.createOnLocationChange();
}

async function made(library) {
  const canvas = find("canvas");
  const started = new library.Niivue({
    backColor: [0, 0, 0, 1], crosshairColor: [1, 0.8, 0.1, 0.7], crosshairWidth: 0.6, crosshairGap: 8, crosshairWidthUnit: "mm",
    isRadiologicalConvention: true, dragAndDropEnabled: false, dragMode: 0, loadingText: "", logLevel: "silent", isOrientationTextVisible: false,
    isColorbar: false, viewModeHotKey: "", clipPlaneHotKey: "", cycleClipPlaneHotKey: "", isForceMouseClickToVoxelCenters: true,
  });
  await started.attachToCanvas(canvas);
  started.setSliceType(0); // axial
  started.onLocationChange = located;
  return started;
}

// The slice with most of the ganglionic regions: where a reader starts.
function startSlice() {
  const [i, j, k] = shown.dims;
  if (!shown.labels) return Math.floor(k / 2);
  const deep = new Set(Object.entries(shown.facts.labels).filter(([, [region]]) => ["C", "L", "IC", "I"].includes(region)).map(([value]) => Number(value)));
  const counts = Array.from({ length: k }, (_, at) => {
    let count = 0;
    for (let voxel = at * i * j; voxel < (at + 1) * i * j; voxel += 3) if (deep.has(shown.labels[voxel])) count += 1;
    return count;
  });
  return counts.indexOf(Math.max(...counts));
}

function notes(facts) {
  return [
    say("Slices as they were acquired; the patient's right is on the left."),
    facts.tilt_degrees >= 1 && say("The gantry was tilted by {degrees} degrees, which is not corrected in the picture.", { degrees: facts.tilt_degrees }),
    !facts.is_evenly_spaced && say("The slices lie unevenly spaced."),
    facts.every > 1 && say("Of {count} slices every {every}th is shown.", { count: facts.slices, every: facts.every }),
  ].filter(Boolean).join(" ");
}

// Draws the overlay anew when what it shows has changed: outlines, and what the software called affected.
async function redraw() {
  if (!shown) return;
  const told = reading();
  affected.disabled = !told;
  affected.closest("label").hidden = !told;
  const key = JSON.stringify([outlines.checked, affected.checked && told]);
  if (shown.labels && shown.drawn !== key) {
    shown.drawn = key;
    const voxels = painted(outlines.checked, affected.checked ? told : null);
    const file = new Uint8Array(HEADER_BYTES + voxels.length);
    file.set(new Uint8Array(shown.header));
    file.set(voxels, HEADER_BYTES);
    for (const old of viewer.volumes.slice(1)) viewer.removeVolume(old);
    const overlay = await shown.library.NVImage.new(file.buffer, "regions.nii", "gray", 1, null, 0, 3, true);
    overlay.setColormapLabel({ ...COLOURS, A: [0, 230, 130, 150] });
    viewer.addVolume(overlay);
  }
  describe();
}

// Patterns as on the map: affected is hatched, not assessable is dotted.
function painted(withOutlines, told) {
  const [i, j, k] = shown.dims, labels = shown.labels, voxels = new Uint8Array(labels.length);
  const states = new Map(Object.entries(shown.facts.labels).map(([value, [region, side]]) => [Number(value), told?.regions[side]?.[region]?.status]));
  const step = Math.max(2, Math.round(i / 128));
  for (let z = 0, at = 0; z < k; z += 1) for (let y = 0; y < j; y += 1) for (let x = 0; x < i; x += 1, at += 1) {
    const label = labels[at];
    if (!label) continue;
    const isEdge = labels[at - 1] !== label || labels[at + 1] !== label || labels[at - i] !== label || labels[at + i] !== label;
    const state = states.get(label);
    if (state === "affected" && (isEdge || (x + y) % (3 * step) < step)) voxels[at] = AFFECTED;
    else if (state === "not_assessable" && (x % (2 * step) < step && y % (2 * step) < step)) voxels[at] = UNCLEAR;
    else if (isEdge && withOutlines) voxels[at] = OUTLINE;
  }
  return voxels;
}

function located(place) {
  if (!shown) return;
  shown.at = { vox: place.vox.map(Math.round), hu: place.values[0]?.value };
  describe();
}

function describe() {
  if (!shown?.at) return;
  const [x, y, z] = shown.at.vox, [i, j] = shown.dims;
  slider.value = z + 1;
  const count = say("Slice {at} of {count}", { at: z + 1, count: shown.dims[2] });
  find("count").textContent = count;
  slider.setAttribute("aria-valuetext", count);
  const label = shown.labels?.[x + i * (y + j * z)];
  const [region, side] = shown.facts.labels[label] ?? [];
  const where = !region ? (shown.labels ? say("No region.") : "")
    : side === "left" ? say("{region}, patient's left.", { region: name(region) }) : say("{region}, patient's right.", { region: name(region) });
  find("said").textContent = [where, say("Here: {hu} HU.", { hu: figure(shown.at.hu, 0) })].filter(Boolean).join(" ");
  find("sides").replaceChildren(...(region ? measured(region, side) : []));
}

const name = (region) => document.querySelector(`#facts tr[data-field="region.${region}"] th`)?.textContent.trim().replace(/\s+/g, " ") ?? region;
const figure = (value, places) => Number(value).toLocaleString(document.documentElement.lang, { minimumFractionDigits: places, maximumFractionDigits: places });

// The region's numbers on both sides; they are the software's, so they wait for the reader's own look like the rest.
function measured(region, side) {
  const told = reading();
  if (!told) return [];
  return ["right", "left"].map((which) => {
    const one = told.regions[which][region];
    const words = { region, hu: one.hu === null ? "-" : figure(one.hu, 1), state: one.words };
    const part = document.createElement("span");
    part.className = which === side ? "is-here" : "";
    part.textContent = which === "left" ? say("Left {region}: {hu} HU, {state}", words) : say("Right {region}: {hu} HU, {state}", words);
    return part;
  });
}

function preset(button) {
  for (const one of box.querySelectorAll(".preset")) one.setAttribute("aria-pressed", String(one === button));
  const level = Number(button.dataset.level), half = Number(button.dataset.width) / 2;
  const base = viewer?.volumes[0];
  if (!base) return;
  base.cal_min = level - half;
  base.cal_max = level + half;
  viewer.updateGLVolume();
}

function step(slices) {
  if (shown) viewer.moveCrosshairInVox(0, 0, slices);
}

const KEYS = {
  ArrowUp: () => step(1), ArrowDown: () => step(-1), PageUp: () => step(3), PageDown: () => step(-3),
  ArrowRight: () => step(1), ArrowLeft: () => step(-1), Home: () => step(-9999), End: () => step(9999),
  o: () => outlines.click(), a: () => affected.click(),
  ...Object.fromEntries([...box.querySelectorAll(".preset")].map((button) => [button.dataset.key, () => preset(button)])),
};
stage.addEventListener("keydown", (event) => {
  const act = !event.ctrlKey && !event.metaKey && !event.altKey && KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  event.stopImmediatePropagation(); // the library has keys of its own
  if (!act) return;
  event.preventDefault();
  act();
}, { capture: true });
box.addEventListener("click", (event) => {
  const button = event.target.closest(".preset");
  if (button) preset(button);
});
find("up").addEventListener("click", () => step(1));
find("down").addEventListener("click", () => step(-1));
slider.addEventListener("input", () => step(slider.value - 1 - shown.at.vox[2]));
for (const tick of [outlines, affected]) tick.addEventListener("change", redraw);
document.addEventListener("answered", redraw);
