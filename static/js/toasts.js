// Toasts: Django's messages and those of scripts; errors stay until dismissed.

const SHOWN_MS = 6000;

export function watchToasts() {
  document.querySelectorAll("[data-toast]").forEach(expire);
  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest("[data-toast]")?.remove();
  });
  document.addEventListener("htmx:responseError", (event) => {
    // A page that answers with its own form again is no failure.
    if (event.detail.xhr.status !== 422) toast("That did not work. Try again.", "error");
  });
  document.addEventListener("htmx:sendError", () => toast("The server cannot be reached.", "error"));
  // A refused form comes back with its errors and must be shown.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 422) event.detail.shouldSwap = true;
  });
}

export function toast(text, level = "info") {
  const element = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  element.classList.add(`toast-${level}`);
  element.querySelector("span").textContent = text;
  document.getElementById("toasts").append(element);
  expire(element);
}

function expire(element) {
  if (!element.classList.contains("toast-error")) setTimeout(() => element.remove(), SHOWN_MS);
}
