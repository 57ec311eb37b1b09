// Sends a scan with progress and a way to stop; without it the same form is sent by the browser itself. The answer is
// the whole page with the reading beside the case, and is shown as any other answer.

const form = document.getElementById("scan-form");
const cancel = document.getElementById("scan-cancel");
const bar = document.getElementById("scan-bar");
const words = document.getElementById("scan-progress");
let request = null;
let entered = null; // what the facts were when the scan was sent

function say(text) {
  if (words.textContent !== text) words.textContent = text;
}

function finish(text) {
  request = null;
  cancel.hidden = bar.hidden = true;
  form.querySelector("[type=submit]").disabled = false;
  say(text);
}

function shows(event) {
  if (!event.lengthComputable) return;
  bar.value = (100 * event.loaded) / event.total;
  say(event.loaded < event.total ? "Sending the scan." : "The scan has arrived and is being read.");
}

function answered() {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  if (page.getElementById("answer")) {
    document.dispatchEvent(new CustomEvent("page", { detail: { page, ok: request.status === 200, entered } }));
    document.dispatchEvent(new CustomEvent("recheck")); // facts may have changed while the scan was read
    finish("The scan was read.");
    form.reset();
    document.getElementById("scan-reading").scrollIntoView({ block: "nearest" });
  } else {
    finish([...page.querySelectorAll("main h1, main p")].slice(0, 2).map((part) => part.textContent.trim()).join(": "));
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  entered = new FormData(document.getElementById("facts"));
  form.elements.case.value = JSON.stringify(Object.fromEntries(entered));
  request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", shows);
  request.addEventListener("load", answered);
  request.addEventListener("error", () => finish("The scan could not be sent: the server cannot be reached."));
  request.addEventListener("abort", () => finish("Stopped. The scan was not read."));
  request.send(new FormData(form));
  form.querySelector("[type=submit]").disabled = true;
  cancel.hidden = bar.hidden = false;
  bar.removeAttribute("value");
});
cancel.addEventListener("click", () => request?.abort());
