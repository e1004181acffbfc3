// Search: Ctrl K or ⌘K opens it, arrows walk the results, Enter goes.

export function watchPalette() {
  const palette = document.getElementById("palette");
  if (!palette) return;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!palette.open) palette.showModal();
    }
  });
  // `toggle` comes whoever opened it; htmx then fetches the first results.
  palette.addEventListener("toggle", () => {
    if (palette.open) palette.dispatchEvent(new CustomEvent("palette-opened", { bubbles: true }));
  });
  palette.addEventListener("keydown", (event) => walk(palette, event));
  palette.addEventListener("htmx:afterSwap", () => {
    if (palette.dataset.hurried && isCurrent(palette)) goToFirst(palette);
  });
}

// Whether the results on show belong to the words in the field: they come some
// 150 ms after the last key, and a quick Enter must not open an older answer.
function isCurrent(palette) {
  const answered = palette.querySelector("[data-words]")?.dataset.words;
  return answered === palette.querySelector("input").value.trim();
}

function goToFirst(palette) {
  delete palette.dataset.hurried;
  palette.querySelector("a")?.click();
}

function walk(palette, event) {
  const links = [...palette.querySelectorAll("a")];
  const input = palette.querySelector("input");
  if (event.key === "Enter" && document.activeElement === input) {
    if (isCurrent(palette)) goToFirst(palette);
    else palette.dataset.hurried = "yes";
    return;
  }
  delete palette.dataset.hurried;
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  const stops = [input, ...links];
  const step = event.key === "ArrowDown" ? 1 : stops.length - 1;
  stops[(stops.indexOf(document.activeElement) + step) % stops.length].focus();
}
