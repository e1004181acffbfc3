// Puts the chosen theme on the page before its first paint; without a choice the system's holds.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("theme");
  } catch {
    // Storage may be forbidden; then the system's theme it is.
  }
  if (choice === "light" || choice === "dark") document.documentElement.dataset.theme = choice;
})();
