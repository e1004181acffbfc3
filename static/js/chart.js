// A chart over time: it reads the rows of the table beside it, so that both always agree.
import uPlot from "../vendor/uplot.js";

const dollars = (value) => {
  const digits = Math.abs(value) >= 1 || value === 0 ? 2 : 4;
  return `${value < 0 ? "−" : ""}$${Math.abs(value).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
};
const milliseconds = (value) => (value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`);
const KINDS = {
  requests: { label: "Requests", show: (value) => value.toLocaleString("en") },
  cost: { label: "Cost", show: dollars },
  savings: { label: "Saved", show: dollars },
  measured: { label: "Saved, measured", show: dollars },
  estimated: { label: "Saved, estimated", show: dollars },
  baseline: { label: "Cost before", show: dollars },
  p50: { label: "half within", show: milliseconds },
  p95: { label: "95 % within", show: milliseconds },
  failed: { label: "Failed", show: (share) => `${(share * 100).toLocaleString("en", { maximumFractionDigits: 1 })} %` },
  tokens: { label: "Tokens", show: (value) => value.toLocaleString("en") },
};
const DAY = 86400;

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
    this.kind = holder.dataset.first ?? "requests";
    // Seconds that one bar stands for.
    this.step = Number(holder.dataset.step ?? DAY);
    const rows = [...document.querySelectorAll(`#${holder.dataset.chart} :is([data-day], [data-at])`)].reverse();
    this.moments = rows.map((row) => Number(row.dataset.at ?? Date.parse(`${row.dataset.day}T00:00:00Z`) / 1000));
    this.rows = rows;
    // Where the axis begins and ends at the latest, whatever was measured.
    this.span = [holder.dataset.from, holder.dataset.until].map((edge) => (edge ? Number(edge) : undefined));
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
    this.plot = new uPlot(this.options(), [this.moments, values], this.holder);
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
      // A bar is as wide as its step, so the range reaches half of one beyond both ends.
      scales: { x: { range: (_, low, high) => this.reach(low, high) }, y: { range: (_, low, high) => [Math.min(0, low), Math.max(0, high) * 1.08 || 1] } },
      axes: [
        { ...axis, grid: { show: false }, incrs: this.step < DAY ? [1 / 12, 1 / 4, 1 / 2, 1, 2, 3, 6, 12, 24].map((hours) => hours * 3600).filter((incr) => incr >= this.step) : [1, 2, 7, 14, 30].map((days) => days * DAY), values: (_, ticks) => ticks.map((tick) => this.nameOf(tick)), space: 56, size: 28 },
        { ...axis, size: 64, values: (_, ticks) => ticks.map(show), incrs: ["requests", "tokens"].includes(this.kind) ? wholeSteps() : undefined },
      ],
      series: [{}, { label, stroke: line, fill: line, width: 0, paths: uPlot.paths.bars({ size: [0.62, 48, 2] }), points: { show: false } }],
      hooks: { setCursor: [(plot) => this.tell(plot, label, show)] },
    };
  }

  reach(low, high) {
    const [from, until] = this.span;
    return [Math.min(low, from ?? low) - this.step / 2, Math.max(high, until ?? high) + this.step / 2];
  }

  tell(plot, label, show) {
    const tip = this.holder.querySelector(".chart-tip") ?? this.holder.appendChild(Object.assign(document.createElement("div"), { className: "chart-tip" }));
    const at = plot.cursor.idx;
    tip.textContent = at == null ? "" : `${this.nameOf(this.moments[at])}: ${show(plot.data[1][at])} ${label.toLowerCase()}`;
    tip.hidden = at == null;
  }

  nameOf(seconds) {
    const time = new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
    return this.step < DAY && seconds % DAY ? time : dayOf(seconds);
  }
}

function dayOf(seconds) {
  return new Date(seconds * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
}

function wholeSteps() {
  return [1, 2, 5].flatMap((step) => Array.from({ length: 10 }, (_, power) => step * 10 ** power)).sort((a, b) => a - b);
}
