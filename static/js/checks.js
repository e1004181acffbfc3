// Sanity checks: which prompts are asked, votes by key, and the end of a running check.

const sources = document.getElementById("prompt-source");
if (sources) {
  const show = () => {
    const chosen = sources.querySelector('[name="source"]:checked')?.value;
    for (const part of sources.querySelectorAll("[data-source]")) part.hidden = part.dataset.source !== chosen;
  };
  sources.addEventListener("change", show);
  show();
}

const KEYS = { a: "a", b: "b", t: "tie", n: "neither" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog")) return;
  const side = KEYS[event.key.toLowerCase()];
  const pair = side && document.activeElement?.closest("[data-pair]");
  if (!pair) return;
  event.preventDefault();
  pair.querySelector(`button[name="side"][value="${side}"]`)?.click();
});

// After a vote the next pair takes the focus, so that a hand can stay on the keys.
document.addEventListener("htmx:afterSwap", (event) => {
  const pair = event.target.closest?.("[data-pair]") ?? document.getElementById(event.detail.target?.id);
  const all = [...document.querySelectorAll("[data-pair]")];
  const next = all[all.findIndex((one) => one.id === pair?.id) + 1];
  if (pair?.matches("[data-pair]")) (next ?? document.getElementById(pair.id))?.focus();
});

// The results stand on a page of their own making: it is loaded once the check is over.
document.querySelector("[data-check-events]")?.addEventListener("htmx:sseClose", () => location.reload());
