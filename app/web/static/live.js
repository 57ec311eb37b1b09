// Keeps the answer up to date while facts are entered. The page works without it: the same form is sent to the same
// address, and what comes back is the same page. Here that page is laid over the present one, so that whatever did not
// change stays the element that it was, and no control is ever replaced or rewritten under the hands.

import { Idiomorph } from "./idiomorph.js";

const TYPING_MS = 350; // after the last key; a choice or a left field is sent at once
const RETRY_MS = 3000; // after which a busy server is asked again
const BUSY = [429, 502, 503, 504];
const IN_PLACE = ["scan_choice", "scan_shown"]; // buttons whose answer changes fields of the form
const OWN = ["viewer", "opening", "past", "offline", "spoken-decision", "details", "answer"]; // their own attributes are set by scripts
const workspace = document.querySelector(".workspace");
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

async function update({ typing = false, pressed = null } = {}) {
  clearTimeout(timer);
  running?.abort();
  const mine = (running = new AbortController());
  const started = performance.now();
  const entered = new FormData(facts);
  if (pressed) entered.set(pressed.name, pressed.value);
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
    show(page, { answered: response.ok, typing, entered, rewrites: Boolean(pressed) });
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

// rewrites: the server changed fields of the form, because it was asked to, and the controls follow.
function show(page, { answered, typing, entered, rewrites }) {
  if (!answered && typing) {
    stale(true); // half a number is not a mistake yet: wait until the field is left
    return;
  }
  const place = touched?.getBoundingClientRect().top;
  const focused = document.activeElement;
  pinTimes(page, entered);
  Idiomorph.morph(workspace, page.querySelector(".workspace"), { callbacks: callbacks(answered, rewrites) });
  stale(false);
  details.classList.toggle("is-waiting", !answered);
  document.title = page.title;
  announce();
  if (!focused.isConnected && focused.form?.id !== "facts") document.querySelector("#asks :is(input:not([type=hidden]), select)")?.focus({ preventScroll: true });
  // What is under the hands stays where it was, however much the answer above it grew.
  if (touched?.isConnected && place > 0 && place < innerHeight) scrollBy(0, touched.getBoundingClientRect().top - place);
}

function callbacks(answered, rewrites) {
  return {
    beforeNodeMorphed(here, fresh) {
      if (here.nodeType !== Node.ELEMENT_NODE) return true;
      if (["viewer", "opening", "past"].includes(here.id) || here.matches(".rest")) return false;
      if (!answered && here.dataset.live === "answer") return false; // the last answer stays, and is said to be old
      return !here.isEqualNode(fresh);
    },
    beforeNodeRemoved: (node) => !node.matches?.(".copy-button, .print-button"),
    beforeAttributeUpdated(name, node) {
      if (OWN.includes(node.id)) return false;
      if (node.matches("details")) return name !== "open";
      if (name === "class" && node.matches(".map-region")) return false; // where the pointer is
      if (node.matches("input:not([type=hidden]), option")) return rewrites || !["value", "checked", "selected"].includes(name);
      return true;
    },
  };
}

// A time that was understood is shown in full once its field is left. `entered` is what the form held when it was sent: a
// time typed since then is not the one that was understood.
function pinTimes(page, entered) {
  for (const fresh of page.querySelectorAll("#facts .time[data-field]:not(.has-problem)")) {
    const name = fresh.dataset.field, full = fresh.querySelector("input.box").value;
    const control = facts.elements[name], day = facts.elements[`${name}.day`];
    if (entered.get(name) !== control.value || entered.get(`${name}.day`) !== day.value) continue;
    pinned.delete(name);
    if (!control.value.trim() || !full) continue;
    if (document.activeElement === control || document.activeElement === day) {
      pinned.set(name, { typed: control.value, day: day.value, full });
    } else {
      control.value = full;
      day.value = "";
    }
  }
}

function stale(is) {
  panel.classList.toggle("is-waiting", is);
  panel.setAttribute("aria-busy", String(is));
}

// Screen readers hear the decision when it changes, and nothing else.
function announce() {
  const words = [...document.querySelectorAll("#glance > span > *")].map((part) => part.textContent.trim()).join(". ");
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
  const name = event.submitter?.name;
  if (!["facts", "asks"].includes(event.target.id) || (name && !IN_PLACE.includes(name))) return;
  event.preventDefault();
  if (name) touched = null;
  update({ pressed: name ? event.submitter : null }).then(() => {
    const problems = document.getElementById("summary-title");
    if (!name) (problems ?? document.getElementById("verdict")).scrollIntoView({ block: "nearest" });
  });
});
document.addEventListener("page", (event) => {
  const at = performance.now();
  show(event.detail.page, { answered: event.detail.ok, typing: false, entered: event.detail.entered, rewrites: false });
  document.dispatchEvent(new CustomEvent("answered", { detail: { at, ok: event.detail.ok } }));
});
document.addEventListener("recheck", () => update());
