// Copies what the pages need from node_modules, so that nobody needs Node to run them.
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";

const ICONS = [
  "activity", "arrow-right", "bell", "book-open", "boxes", "bot", "calendar", "chart-column", "check", "chevron-down",
  "chevron-right", "circle-alert", "circle-check", "clock", "copy", "download",
  "fingerprint", "flask-conical", "gauge", "heart-pulse", "info", "key-round", "layers", "lightbulb", "list-checks", "log-out", "mail", "menu",
  "monitor", "moon", "play", "plug", "plus", "route", "scale", "scroll-text", "search", "settings", "square", "sun",
  "trash-2", "triangle-alert", "user", "wallet", "x",
];
const FILES = {
  "htmx.org/dist/htmx.min.js": "htmx.min.js",
  "htmx-ext-sse/dist/sse.min.js": "htmx-sse.min.js",
  "uplot/dist/uPlot.min.css": "uplot.css",
};
const NOTE =
  "Icons from Lucide (lucide.dev), ISC License, Copyright (c) Lucide Icons and Contributors; " +
  "some derive from Feather, MIT License, Copyright (c) 2013-present Cole Bemis.";

await mkdir("static/vendor", { recursive: true });
for (const [from, to] of Object.entries(FILES)) {
  await cp(`node_modules/${from}`, `static/vendor/${to}`);
}

// The minified build is a script with a global; its modules build is three times the size.
const uplot = await readFile("node_modules/uplot/dist/uPlot.iife.min.js", "utf8");
await writeFile("static/vendor/uplot.js", `${uplot}\nexport default uPlot;\n`);

const symbols = await Promise.all(ICONS.map(toSymbol));
await writeFile(
  "static/img/icons.svg",
  `<!-- ${NOTE} -->\n<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`,
);

async function toSymbol(name) {
  const svg = await readFile(`node_modules/lucide-static/icons/${name}.svg`, "utf8");
  const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  const strokes = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${strokes}>${inner.replace(/\s*\n\s*/g, "")}</symbol>`;
}
