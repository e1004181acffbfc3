// What every page shares: theme, toasts, dialogs, copy buttons, times, focus.
import { watchTheme } from "./theme_switch.js";
import { watchToasts } from "./toasts.js";
import { watchDialogs, watchNames } from "./dialogs.js";
import { watchPalette } from "./palette.js";
import { watchCopying } from "./copying.js";
import { localise } from "./times.js";
import { showCurrentTab } from "./tabs.js";

watchTheme();
watchToasts();
watchDialogs();
watchNames();
watchPalette();
watchCopying();
showCurrentTab();

function prepare(root) {
  localise(root);
  // An answer may bring a dialog that is to be filled in again.
  root.querySelector("dialog[data-show]")?.showModal();
  root.querySelector("[data-focus]")?.focus();
  for (const chart of root.querySelectorAll("[data-chart]")) {
    // Only pages with a chart load the library.
    import("./chart.js").then((module) => module.draw(chart));
  }
}

prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
