// Toasts: Django's messages and those of scripts; errors stay until dismissed.

const SHOWN_MS = 6000;

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
  if (!element.classList.contains("toast-error")) setTimeout(() => element.remove(), SHOWN_MS);
}
