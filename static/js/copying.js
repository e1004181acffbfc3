// Copy buttons: `data-copy` copies the text of `data-copy-source` beside it.
import { toast } from "./toasts.js";

export function watchCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    const source = button?.parentElement.querySelector("[data-copy-source]");
    if (!source) return;
    try {
      await navigator.clipboard.writeText(source.textContent);
      toast("Copied.", "success");
    } catch {
      // Plain http on another host has no clipboard: leave the text selected.
      getSelection().selectAllChildren(source);
      toast("Press Ctrl C to copy the selected text.");
    }
  });
}
