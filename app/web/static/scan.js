// Sends a scan with progress and a way to stop, as soon as it is chosen or dropped; without this the same form is sent by
// the browser itself. The answer is the whole page with the reading beside the case, and is shown as any other answer.

import { say } from "./words.js";

const MOST_FILES = 4000;
const form = document.getElementById("scan-form");
const opening = document.getElementById("opening");
const input = document.getElementById("scan-files");
const folder = document.getElementById("scan-folder");
const cancel = document.getElementById("scan-cancel");
const bar = document.getElementById("scan-bar");
const words = document.getElementById("scan-progress");
let request = null;
let entered = null; // what the facts were when the scan was sent
let sent = ""; // what the reader calls the scan that was sent: its name stays on this page

function tell(text) {
  if (words.textContent !== text) words.textContent = text;
}

function finish(text) {
  request = null;
  cancel.hidden = bar.hidden = true;
  input.disabled = folder.disabled = false;
  input.value = "";
  tell(text);
}

function shows(event) {
  if (!event.lengthComputable) return;
  bar.value = (100 * event.loaded) / event.total;
  tell(event.loaded < event.total ? say("Sending the scan.") : say("The scan has arrived and is being read."));
}

function answered() {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  if (page.getElementById("answer")) {
    const why = refusal(page); // the page is taken apart next
    document.dispatchEvent(new CustomEvent("page", { detail: { page, ok: request.status === 200, entered } }));
    document.dispatchEvent(new CustomEvent("recheck")); // facts may have changed while the scan was read
    finish(`${sent}: ${why || say("The scan was read.")}`);
    openViewer();
  } else {
    const said = [...page.querySelectorAll("main h1, main p")].slice(0, 2).map((part) => part.textContent.trim()).join(": ");
    finish(said || say("The server could not take the scan. Try again in a moment."));
  }
}

// Why the scan was not scored and what would help, told where it was sent: the reading itself stands below ten rows.
function refusal(page) {
  return [...page.querySelectorAll("#scan-reading[data-refused] p")].map((part) => part.textContent.trim()).join(" ");
}

function send(files) {
  if (request || !files.length) return;
  if (files.length > MOST_FILES) return tell(say("That folder holds {count} files. Choose the folder of one series.", { count: files.length }));
  entered = new FormData(document.getElementById("facts"));
  sent = files.length === 1 ? files[0].name : say("{count} files", { count: files.length });
  const body = new FormData();
  body.append("case", JSON.stringify(Object.fromEntries(entered)));
  for (const file of files) body.append("scan", file, "scan");
  request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", shows);
  request.addEventListener("load", answered);
  request.addEventListener("error", () => finish(say("The scan could not be sent: the server cannot be reached.")));
  request.addEventListener("abort", () => finish(say("Stopped. The scan was not read.")));
  request.send(body);
  input.disabled = folder.disabled = true;
  cancel.hidden = bar.hidden = false;
  bar.removeAttribute("value");
  tell(say("Sending the scan."));
}

const isScan = (file) => file.size > 0 && !file.name.startsWith(".");

// The files of what was dropped, folders with all that lies in them.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  for (let entry = entries.pop(); entry; entry = entries.pop()) {
    if (entry.isFile) files.push(await new Promise((done, fail) => entry.file(done, fail)));
    else {
      const reader = entry.createReader();
      for (let some = await listed(reader); some.length; some = await listed(reader)) entries.push(...some);
    }
    if (files.length > MOST_FILES) break;
  }
  return files;
}

const listed = (reader) => new Promise((done, fail) => reader.readEntries(done, fail));

async function openViewer() {
  const name = document.querySelector('#scan-fields [name="scan"]')?.value;
  const viewer = document.getElementById("viewer");
  if (!name || !document.getElementById("scan-views")) { viewer.hidden = true; return; }
  const { open } = await import(viewer.dataset.code);
  await open(name);
}

input.addEventListener("change", () => send([...input.files].filter(isScan)));
folder.addEventListener("click", () => {
  const chooser = Object.assign(document.createElement("input"), { type: "file", webkitdirectory: true });
  chooser.addEventListener("change", () => send([...chooser.files].filter(isScan)));
  chooser.click();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send([...input.files].filter(isScan));
});
cancel.addEventListener("click", () => request?.abort());
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault(); // else the browser would open the file and lose the page
    opening.classList.toggle("is-over", kind === "dragover");
  });
}
document.addEventListener("drop", async (event) => {
  if (!event.dataTransfer.files.length && !event.dataTransfer.items.length) return;
  try {
    send((await dropped(event.dataTransfer)).filter(isScan));
  } catch {
    tell(say("The folder could not be read. Choose it with the button instead."));
  }
});

document.documentElement.classList.add("is-sending");
folder.hidden = !("webkitdirectory" in HTMLInputElement.prototype);
openViewer();
