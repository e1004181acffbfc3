// Moments in the reader's time zone; the server writes them in UTC.

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

export function localise(root) {
  for (const time of root.querySelectorAll("time[data-ago]")) {
    time.title = exact.format(new Date(time.dateTime));
  }
  for (const time of root.querySelectorAll("time[data-exact]")) {
    time.title = time.textContent;
    time.textContent = exact.format(new Date(time.dateTime));
  }
}
