// Counts the times on the page: up since the patient was last known well, down to the next bound. It counts from the
// server's clock by the browser's monotonic one; the wall clock of a ward computer may be wrong and is never read as
// the time, only to notice that the computer slept.

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
  const text = `${bound.dataset.words}. The answer shown is older than that: check it again.`;
  if (!past.hidden && document.getElementById("past-words").textContent === text) return;
  document.getElementById("past-words").textContent = text;
  past.hidden = false;
  document.documentElement.classList.add("is-past");
  spoken.textContent = `Recheck: a bound has passed. ${bound.dataset.words}`;
}

function thaw() {
  past.hidden = true;
  document.documentElement.classList.remove("is-past");
}

function reachable(is) {
  offline.hidden = is;
  if (!is) write(offline, "The server cannot be reached. What is shown is the last answer; changes are not evaluated.");
}

async function ask() {
  const sent = performance.now();
  try {
    const response = await fetch(card().dataset.ask, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(String(response.status));
    const milliseconds = await response.json();
    hear(milliseconds, (sent + performance.now()) / 2);
    const was = !offline.hidden;
    reachable(true);
    if (was) document.dispatchEvent(new CustomEvent("recheck"));
  } catch {
    reachable(false);
  }
}

document.addEventListener("answered", (event) => {
  hear(Number(card().dataset.now), event.detail.at);
  reachable(true);
  thaw();
  tick();
});
document.addEventListener("unreachable", () => reachable(false));
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
for (const name of ["online", "offline", "pageshow"]) addEventListener(name, () => ask());

hear(Number(card().dataset.now), performance.getEntriesByType("navigation")[0]?.responseStart || 0);
tick();
setInterval(tick, 1000);
setInterval(ask, ASK_MS);
