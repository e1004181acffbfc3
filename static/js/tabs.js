// On a narrow screen the tabs of an area scroll: the current one is brought into view.

export function showCurrentTab() {
  const current = document.querySelector(".tabs [aria-current]");
  if (!current) return;
  const tabs = current.parentElement;
  tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
}
