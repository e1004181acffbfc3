// Dialogs and pop-up details: opened by `data-open="id"`, closed by `data-close`, Esc, or a click outside.

export function watchDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
    const closes = event.target.closest("[data-close]") || event.target.matches("dialog[open]");
    if (closes) event.target.closest("dialog")?.close();
    closeDetails(event.target);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeDetails(null);
  });
}

function closeDetails(except) {
  for (const details of document.querySelectorAll("details:is(.menu, .provenance)[open]")) {
    if (except && details.contains(except)) continue;
    if (details.contains(document.activeElement)) details.querySelector("summary").focus();
    details.open = false;
  }
}

// A form whose action cannot be undone asks for a name; only that exact name lets it go.
export function watchNames() {
  document.addEventListener("input", (event) => {
    const wanted = event.target.dataset?.mustEqual;
    if (wanted === undefined) return;
    event.target.setCustomValidity(event.target.value === wanted ? "" : `Type “${wanted}” exactly.`);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-confirm]");
    if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
  });
}
