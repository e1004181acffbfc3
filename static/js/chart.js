// A chart over time: it reads the rows of the table beside it, so that both always agree.
import uPlot from "../vendor/uplot.js";

const dollars = (value) => {
  const digits = Math.abs(value) >= 1 || value === 0 ? 2 : 4;
  return `${value < 0 ? "−" : ""}$${Math.abs(value).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
};
const KINDS = {
  requests: { label: "Requests", show: (value) => value.toLocaleString("en") },
  cost: { label: "Cost", show: dollars },
  savings: { label: "Saved", show: dollars },
};

export function draw(holder) {
  const chart = new Chart(holder);
  chart.draw();
  const section = holder.closest("section");
  section.addEventListener("click", (event) => {
    const button = event.target.closest("[data-series]");
    if (button) chart.choose(button.dataset.series);
  });
  new ResizeObserver(() => chart.resize()).observe(holder);
  const again = () => chart.draw();
  document.addEventListener("theme-changed", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

class Chart {
  constructor(holder) {
    this.holder = holder;
    this.kind = "requests";
    const rows = [...document.querySelectorAll(`#${holder.dataset.chart} [data-day]`)].reverse();
    this.days = rows.map((row) => Date.parse(`${row.dataset.day}T00:00:00Z`) / 1000);
    this.rows = rows;
  }

  choose(kind) {
    this.kind = kind;
    for (const button of this.holder.closest("section").querySelectorAll("[data-series]")) {
      button.setAttribute("aria-pressed", String(button.dataset.series === kind));
    }
    this.draw();
  }

  resize() {
    this.plot?.setSize({ width: this.holder.clientWidth, height: this.holder.clientHeight });
  }

  draw() {
    this.plot?.destroy();
    this.holder.replaceChildren();
    const values = this.rows.map((row) => Number(row.dataset[this.kind]));
    this.plot = new uPlot(this.options(), [this.days, values], this.holder);
  }

  options() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const { label, show } = KINDS[this.kind];
    const line = this.kind === "cost" ? colour("--bar-2") : colour("--bar");
    const axis = { stroke: colour("--muted"), grid: { stroke: colour("--faint"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    return {
      width: this.holder.clientWidth,
      height: this.holder.clientHeight,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { size: 7 } },
      // A day is a bar of its width, so the range reaches half a day beyond both ends.
      scales: { x: { range: (_, low, high) => [low - 43200, high + 43200] }, y: { range: (_, low, high) => [Math.min(0, low), Math.max(0, high) * 1.08 || 1] } },
      axes: [
        { ...axis, grid: { show: false }, incrs: [86400, 2 * 86400, 7 * 86400, 14 * 86400, 30 * 86400], values: (_, ticks) => ticks.map(dayOf), space: 56, size: 28 },
        { ...axis, size: 64, values: (_, ticks) => ticks.map(show), incrs: this.kind === "requests" ? wholeSteps() : undefined },
      ],
      series: [{}, { label, stroke: line, fill: line, width: 0, paths: uPlot.paths.bars({ size: [0.62, 48, 2] }), points: { show: false } }],
      hooks: { setCursor: [(plot) => this.tell(plot, label, show)] },
    };
  }

  tell(plot, label, show) {
    const tip = this.holder.querySelector(".chart-tip") ?? this.holder.appendChild(Object.assign(document.createElement("div"), { className: "chart-tip" }));
    const at = plot.cursor.idx;
    tip.textContent = at == null ? "" : `${dayOf(this.days[at])}: ${show(plot.data[1][at])} ${label.toLowerCase()}`;
    tip.hidden = at == null;
  }
}

function dayOf(seconds) {
  return new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

function wholeSteps() {
  return [1, 2, 5].flatMap((step) => Array.from({ length: 10 }, (_, power) => step * 10 ** power)).sort((a, b) => a - b);
}
