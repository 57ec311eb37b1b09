// Keeps the answer up to date while facts are entered. The page works without it: the same form is sent to the same
// address, and what comes back is the same page; here only the parts marked data-live are taken from it.

const TYPING_MS = 350; // after the last key; a choice or a left field is sent at once
const RETRY_MS = 3000; // after which a busy server is asked again
const BUSY = [429, 502, 503, 504];
const facts = document.getElementById("facts");
const details = document.getElementById("details");
const panel = document.getElementById("answer");
const pinned = new Map(); // time as typed -> time as first understood, so that '-2h' does not move with the clock
let running = null; // the request under way; a newer one ends it
let timer = 0;
let touched = null; // the control used last

document.documentElement.classList.add("is-live");

function body(entered) {
  const fields = new URLSearchParams(entered);
  for (const [name, time] of pinned) {
    if (fields.get(name) === time.typed && fields.get(`${name}.day`) === time.day) {
      fields.set(name, time.full);
      fields.set(`${name}.day`, "");
    }
  }
  return fields;
}

async function update({ typing = false } = {}) {
  clearTimeout(timer);
  running?.abort();
  const mine = (running = new AbortController());
  const started = performance.now();
  const entered = new FormData(facts);
  try {
    const response = await fetch(facts.action, { method: "POST", body: body(entered), signal: mine.signal });
    const at = performance.now();
    const text = await response.text();
    if (mine !== running) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    if (!page.getElementById("answer")) {
      notAnswered(response.status);
      return;
    }
    show(page, { answered: response.ok, typing, entered });
    performance.measure("answered", { start: started, end: performance.now() });
    panel.dataset.answers = Number(panel.dataset.answers ?? 0) + 1;
    document.dispatchEvent(new CustomEvent("answered", { detail: { at, ok: response.ok } }));
  } catch (error) {
    if (error.name === "AbortError") return;
    notAnswered();
  } finally {
    if (mine === running) running = null;
  }
}

function notAnswered(status) {
  stale(true);
  document.dispatchEvent(new CustomEvent("unreachable", { detail: { status } }));
  if (BUSY.includes(status)) timer = setTimeout(update, RETRY_MS);
}

function show(page, { answered, typing, entered }) {
  if (!answered && typing) {
    stale(true); // half a number is not a mistake yet: wait until the field is left
    return;
  }
  const focus = remembered();
  const place = touched?.getBoundingClientRect().top;
  for (const part of page.querySelectorAll("[data-live]")) {
    if (part.dataset.live === "answer" && !answered) continue;
    swap(document.getElementById(part.id), part);
  }
  page.querySelectorAll("#facts [data-field]").forEach((fresh) => syncField(fresh, entered));
  stale(false);
  details.classList.toggle("is-waiting", !answered);
  document.title = page.title;
  announce();
  focus?.();
  // What is under the hands stays where it was, however much the answer above it grew.
  if (touched?.isConnected && place > 0 && place < innerHeight) scrollBy(0, touched.getBoundingClientRect().top - place);
}

function swap(here, fresh) {
  if (!here || here.isEqualNode(fresh)) return;
  for (const part of fresh.querySelectorAll("details[id]")) {
    const before = here.querySelector(`details[id="${part.id}"]`);
    if (before) part.open = before.open;
  }
  here.replaceWith(document.adoptNode(fresh));
}

// A field of the form keeps its control; the problem, the two readings of a repeated time and the echo are replaced.
function syncField(fresh, entered) {
  const here = facts.querySelector(`[data-field="${fresh.dataset.field}"]`);
  if (!here) return;
  const name = fresh.dataset.field;
  here.className = fresh.className;
  for (const kind of [".problem", ".passes", ".spoken"]) {
    const before = here.querySelector(kind), after = fresh.querySelector(kind);
    if (before && after) { if (!before.isEqualNode(after)) before.replaceWith(document.adoptNode(after)); }
    else if (before) before.remove();
    else if (after) kind === ".spoken" ? here.append(after) : here.querySelector("label, legend").after(after);
  }
  const control = here.querySelector(`[id="${name.replaceAll(".", "-")}"]`);
  const twin = fresh.querySelector(`[id="${name.replaceAll(".", "-")}"]`);
  if (!control || !twin) return;
  for (const attribute of ["aria-invalid", "aria-describedby"]) {
    if (twin.hasAttribute(attribute)) control.setAttribute(attribute, twin.getAttribute(attribute));
    else control.removeAttribute(attribute);
  }
  if (here.classList.contains("time") && !fresh.classList.contains("has-problem")) pin(name, control, twin.value, entered);
}

// `entered` is what the form held when it was sent: a time typed since then is not the one that was understood.
function pin(name, control, full, entered) {
  const day = facts.elements[`${name}.day`];
  if (entered.get(name) !== control.value || entered.get(`${name}.day`) !== day.value) return;
  if (!control.value.trim() || !full) {
    pinned.delete(name);
  } else if (document.activeElement === control || document.activeElement === day) {
    pinned.set(name, { typed: control.value, day: day.value, full });
  } else {
    pinned.delete(name);
    control.value = full;
    day.value = "";
  }
}

// Where the focus is within a part that is about to be replaced; returns a function that puts it back.
function remembered() {
  const at = document.activeElement;
  if (!at?.closest("[data-live]")) return null;
  const row = at.closest("details[id]")?.id;
  const find = at.id ? () => document.getElementById(at.id)
    : at.name ? () => document.querySelector(`#asks [name="${at.name}"][value="${at.value}"]`)
    : at.matches("summary") && row ? () => document.querySelector(`details[id="${row}"] > summary`)
    : () => null;
  const caret = "selectionStart" in at && at.type === "text" ? [at.selectionStart, at.selectionEnd] : null;
  return () => {
    if (at.isConnected) return;
    const again = find() ?? document.querySelector("#asks input:not([type=hidden]), #asks select");
    again?.focus({ preventScroll: true });
    if (caret && again?.type === "text") again.setSelectionRange(...caret);
  };
}

function stale(is) {
  panel.classList.toggle("is-waiting", is);
  panel.setAttribute("aria-busy", String(is));
}

// Screen readers hear the decision when it changes, and nothing else.
function announce() {
  const words = document.getElementById("glance").textContent.trim();
  const spoken = document.getElementById("spoken-decision");
  if (spoken.textContent !== words) spoken.textContent = words;
}

// What is asked for below the answer belongs to the same case: it is copied to its place on the form.
function copyToForm(control) {
  const place = facts.elements[control.name];
  if (!place) return;
  place.value = control.value;
}

function takes(event) {
  const control = event.target;
  if (control.closest(".viewer, .opening")) return false;
  touched = control;
  if (control.form?.id === "asks") copyToForm(control);
  return control.form === facts || control.form?.id === "asks";
}

document.addEventListener("input", (event) => {
  if (!takes(event) || !event.target.matches("input:not([type=radio], [type=checkbox])")) return;
  clearTimeout(timer);
  timer = setTimeout(update, TYPING_MS, { typing: true });
});
document.addEventListener("change", (event) => { if (takes(event)) update(); });
document.addEventListener("submit", (event) => {
  if (!["facts", "asks"].includes(event.target.id) || event.submitter?.name) return;
  event.preventDefault();
  update().then(() => {
    if (!event.submitter) return;
    const problems = document.getElementById("summary-title");
    (problems ?? document.getElementById("verdict")).scrollIntoView({ block: "nearest" });
  });
});
document.addEventListener("page", (event) => {
  const at = performance.now();
  show(event.detail.page, { answered: event.detail.ok, typing: false, entered: event.detail.entered });
  document.dispatchEvent(new CustomEvent("answered", { detail: { at, ok: event.detail.ok } }));
});
document.addEventListener("recheck", () => update());
