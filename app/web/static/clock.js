// Counts the times on the page: up since the patient was last known well, down to the next bound. It counts from the
// server's clock by the browser's monotonic one; the wall clock of a ward computer may be wrong and is never read as
// the time, only to notice that the computer slept.

import { say } from "./words.js";

const ASK_MS = 30_000;
const SOON_MS = 10 * 60_000; // within ten minutes of a bound seconds are shown
const SLEPT_MS = 5_000;
const offline = document.getElementById("offline");
const past = document.getElementById("past");
const spoken = document.getElementById("spoken-decision");
let server = 0; // the server's time in ms at the moment `heard` of performance.now()
let heard = 0;
let lead = Date.now() - performance.now();

const card = () => document.getElementById("clock-card");
const now = () => server + performance.now() - heard;

function hear(milliseconds, at) {
  server = milliseconds;
  heard = at;
}

function words(milliseconds, seconds) {
  const whole = Math.max(0, Math.floor(milliseconds / 1000));
  const h = Math.floor(whole / 3600), min = Math.floor((whole % 3600) / 60);
  if (seconds) return `${h * 60 + min} min ${String(whole % 60).padStart(2, "0")} s`;
  return [h && `${h} h`, (min || !h) && `${min} min`].filter(Boolean).join(" ");
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  const slept = Math.abs(Date.now() - performance.now() - lead) > SLEPT_MS;
  if (slept) {
    lead = Date.now() - performance.now();
    ask();
  }
  if ("still" in card().dataset) return;
  const moment = now();
  for (const element of document.querySelectorAll("[data-since]")) write(element, words(moment - element.dataset.since));
  for (const element of document.querySelectorAll("[data-until]")) {
    const left = element.dataset.until - moment;
    write(element, words(left, left < SOON_MS));
  }
  const passed = [...document.querySelectorAll("[data-bound]")].filter((bound) => moment >= bound.dataset.bound);
  if (passed.length) freeze(passed.at(-1));
}

function freeze(bound) {
  const text = say("{bound}. The answer shown is older than that: check it again.", { bound: bound.dataset.words });
  if (!past.hidden && document.getElementById("past-words").textContent === text) return;
  document.getElementById("past-words").textContent = text;
  past.hidden = false;
  document.documentElement.classList.add("is-past");
  spoken.textContent = `${say("Recheck: a bound has passed")}. ${bound.dataset.words}`;
}

function thaw() {
  past.hidden = true;
  document.documentElement.classList.remove("is-past");
}

// Why the answer on the page may be old: out of reach, busy, or no longer signed in; empty: it is not.
function trouble(words) {
  offline.hidden = !words;
  if (words) write(offline, words);
}

const OUT_OF_REACH = say("The server cannot be reached. What is shown is the last answer; changes are not evaluated.");
const BUSY = say("The server is busy. Trying again; what is shown is the last answer.");
const SIGNED_OUT = say("You are no longer signed in. Sign in in another tab; what you entered stays here.");
const SAID = { 401: SIGNED_OUT, 403: SIGNED_OUT, 429: BUSY, 502: BUSY, 503: BUSY, 504: BUSY };

async function ask() {
  const sent = performance.now();
  try {
    const response = await fetch(card().dataset.ask, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!response.ok) return trouble(SAID[response.status] ?? OUT_OF_REACH);
    const milliseconds = await response.json();
    hear(milliseconds, (sent + performance.now()) / 2);
    const was = !offline.hidden;
    trouble("");
    tick();
    if (was) document.dispatchEvent(new CustomEvent("recheck"));
  } catch {
    trouble(OUT_OF_REACH);
  }
}

document.addEventListener("answered", (event) => {
  hear(Number(card().dataset.now), event.detail.at);
  trouble("");
  thaw();
  tick();
});
document.addEventListener("unreachable", (event) => trouble(SAID[event.detail?.status] ?? OUT_OF_REACH));
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
for (const name of ["online", "offline", "pageshow"]) addEventListener(name, () => ask());

hear(Number(card().dataset.now), performance.getEntriesByType("navigation")[0]?.responseStart || 0);
tick();
setInterval(tick, 1000);
setInterval(ask, ASK_MS);
