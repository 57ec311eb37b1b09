// A button under each text that is meant to be pasted elsewhere; without it the text can be selected by one click.

import { say } from "./words.js";

function addButtons() {
  for (const text of document.querySelectorAll("pre.copy[id]")) {
    if (text.nextElementSibling?.matches(".copy-button")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-quiet copy-button";
    button.textContent = say("Copy");
    text.after(button);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy-button");
  if (!button) return;
  const text = button.previousElementSibling;
  getSelection().selectAllChildren(text); // if the browser forbids copying, the text is at least marked
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = say("Copied");
  } catch {
    button.textContent = say("Marked: copy with the keyboard");
  }
});
document.addEventListener("answered", addButtons);
addButtons();
