// Keeps the score beside the scale up to date; without it the same form is sent by its button.

const form = document.getElementById("field");
let running = null;

async function update() {
  running?.abort();
  running = new AbortController();
  try {
    const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), signal: running.signal });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("field-answer");
    if (fresh) document.getElementById("field-answer").replaceWith(document.adoptNode(fresh));
  } catch {
    // the button still sends the form, and the browser then says what is wrong
  }
}

form.addEventListener("change", update);
