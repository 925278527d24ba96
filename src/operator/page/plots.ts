import uPlot from 'uplot';
import { make } from './dom.js';

/** Time shown, s, and samples kept for it. */
const SPAN = 30;
const CAPACITY = 600;

interface Series {
  readonly label: string;
  readonly color: string;
}

/** A plot of the last half minute. */
export class LivePlot {
  readonly #plot: uPlot;
  /** Times, s, then a column of each series; null where there is no value. */
  readonly #data: (number | null)[][];
  readonly #note: HTMLElement;
  readonly #series: readonly Series[];
  readonly #unit: string;

  constructor(parent: HTMLElement, title: string, unit: string, series: readonly Series[]) {
    this.#series = series;
    this.#unit = unit;
    this.#data = Array.from({ length: series.length + 1 }, () => []);
    this.#note = make('p');
    const box = make('div', '', make('h3', '', title), this.#note);
    parent.append(box);
    const axis = {
      stroke: () => getComputedStyle(box).color,
      size: 46,
      font: '11px system-ui',
      grid: { stroke: '#8883' },
    };
    this.#plot = new uPlot(
      {
        width: Math.max(box.clientWidth, 120),
        height: 110,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: () => [-SPAN, 0] }, y: { range: (_, low, high) => range(low, high) } },
        axes: [
          { ...axis, size: 26 },
          { ...axis, values: (_, splits) => splits.map(thousands) },
        ],
        series: [
          {},
          ...series.map(({ label, color }) => ({ label, stroke: color, width: 1.5, points: { show: false } })),
        ],
      },
      this.#shifted(0),
      box,
    );
    // Its height changes with the lines of the note.
    new ResizeObserver(() => {
      if (box.clientWidth !== this.#plot.width) this.#plot.setSize({ width: box.clientWidth, height: 110 });
    }).observe(box);
  }

  /** Adds a sample of each series. */
  add(...values: number[]): void {
    const time = performance.now() / 1000;
    for (const [i, value] of [time, ...values].entries()) {
      const column = this.#data[i]!;
      column.push(Number.isFinite(value) ? value : null);
      if (column.length > CAPACITY) column.splice(0, CAPACITY / 10);
    }
  }

  draw(): void {
    this.#plot.setData(this.#shifted(performance.now() / 1000));
    const last = this.#series.map(({ label }, i) => `${label} ${format(this.#data[i + 1]!.at(-1))}`);
    this.#note.textContent = this.#data[0]!.length === 0 ? 'no data' : `${last.join(', ')} ${this.#unit}`;
  }

  /** Times relative to now, s. */
  #shifted(now: number): uPlot.AlignedData {
    const [times, ...rest] = this.#data;
    return [times!.map((time) => time! - now), ...rest] as uPlot.AlignedData;
  }
}

/** From zero to a little above the largest. */
function range(low: number | null, high: number | null): [number, number] {
  return [Math.min(0, low ?? 0), Math.max(1e-6, 1.1 * (high ?? 1))];
}

/** Three digits. */
function format(value: number | null | undefined): string {
  return typeof value === 'number' ? Number(value.toPrecision(3)).toLocaleString('en') : '–';
}

/** Short enough for the axis. */
function thousands(value: number): string {
  return value >= 1000 ? `${value / 1000} k` : String(value);
}
