// Toasts: Django's messages and those of scripts; errors stay until dismissed.

const SHOWN_MS = 6000;
const UNDO_SHOWN_MS = 20000;

export function watchToasts() {
  document.querySelectorAll("[data-toast]").forEach(expire);
  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
  });
  document.addEventListener("htmx:responseError", () => toast("That did not work. Try again.", "error"));
  document.addEventListener("htmx:sendError", () => toast("The server cannot be reached.", "error"));
}

export function toast(text, level = "info") {
  const element = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  element.classList.add(`toast-${level}`);
  element.querySelector("span").textContent = text;
  document.getElementById("toasts").append(element);
  expire(element);
}

function expire(element) {
  const shownMs = "undo" in element.dataset ? UNDO_SHOWN_MS : SHOWN_MS;
  if (!element.classList.contains("toast-error")) setTimeout(() => element.remove(), shownMs);
}
