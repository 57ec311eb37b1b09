// What is done with an answer: copied, printed, or left for a new case. Without this, text can be selected by one click,
// the browser prints, and a new case begins at once.

import { say } from "./words.js";

const SURE_MS = 4000; // within which a second press gives the case up

const button = (textContent, className) => Object.assign(document.createElement("button"), { type: "button", className, textContent });

function addButtons() {
  for (const text of document.querySelectorAll("pre.copy[id]")) {
    const beside = text.nextElementSibling;
    if (beside?.querySelector?.(".copy-button") || beside?.matches(".copy-button")) continue;
    const copies = button(say("Copy"), "button button-quiet copy-button");
    copies.dataset.copies = text.id;
    if (beside?.id === "record-actions") beside.prepend(copies, button(say("Print"), "button button-quiet print-button"));
    else text.after(copies);
  }
}

let copied = ""; // the text that was copied last

async function copy(pressed) {
  const text = document.getElementById(pressed.dataset.copies);
  getSelection().selectAllChildren(text); // if the browser forbids copying, the text is at least marked
  try {
    await navigator.clipboard.writeText(text.textContent);
    copied = text.textContent;
    pressed.textContent = say("Copied");
  } catch {
    pressed.textContent = say("Marked: copy with the keyboard");
  }
}

// A button says 'Copied' only as long as what stands beside it is what was copied.
function offerAnew() {
  for (const pressed of document.querySelectorAll(".copy-button")) {
    if (document.getElementById(pressed.dataset.copies)?.textContent !== copied) pressed.textContent = say("Copy");
  }
}

// Nothing is kept, so a case is not given up by one slip of the hand.
function newCase(event, link) {
  if (link.dataset.sure) return;
  event.preventDefault();
  const words = link.textContent;
  link.dataset.sure = "yes";
  link.textContent = say("Discard? Press again");
  setTimeout(() => {
    delete link.dataset.sure;
    link.textContent = words;
  }, SURE_MS);
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest(".copy-button, .print-button, #new-case");
  if (pressed?.id === "new-case") newCase(event, pressed);
  else if (pressed?.matches(".print-button")) print();
  else if (pressed) copy(pressed);
});
document.addEventListener("answered", () => {
  addButtons();
  offerAnew();
});
addButtons();
