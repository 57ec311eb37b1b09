// What the scripts say, in the language of the page: the English words are the keys of the catalogue.

const told = JSON.parse(document.getElementById("page-words")?.textContent || "{}");

export function say(words, values = {}) {
  return (told[words] ?? words).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
