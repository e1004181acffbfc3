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
}

function walk(palette, event) {
  const links = [...palette.querySelectorAll("a")];
  const input = palette.querySelector("input");
  if (event.key === "Enter" && document.activeElement === input) links[0]?.click();
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  const stops = [input, ...links];
  const step = event.key === "ArrowDown" ? 1 : stops.length - 1;
  stops[(stops.indexOf(document.activeElement) + step) % stops.length].focus();
}
