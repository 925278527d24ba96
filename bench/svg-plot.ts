/** One axis of a panel. */
export interface Axis {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  /** 'linear' when left out. */
  readonly scale?: 'linear' | 'log';
  /** How a tick is written; its number when left out. */
  readonly format?: (value: number) => string;
}

/** Points that belong together. */
export interface Series {
  readonly label: string;
  /** x and y; what lies outside the axes is cut off. */
  readonly points: readonly (readonly [number, number])[];
  /** Any colour of SVG. */
  readonly color: string;
  /** Drawn as a dashed line. */
  readonly dashed?: boolean;
  /** Whether each point has a dot. */
  readonly dots?: boolean;
}

/** One coordinate system with its curves. */
export interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

const WIDTH = 460;
const HEIGHT = 300;
const MARGIN = { left: 62, right: 24, top: 30, bottom: 44 };
const LINE_HEIGHT = 15;

/**
 * Draws panels side by side as an SVG file, each with a legend below it; white ground, so that it can be read on any
 * page.
 */
export function svgPlot(panels: readonly Panel[]): string {
  const rows = Math.max(...panels.map(({ series }) => series.length));
  const height = HEIGHT + rows * LINE_HEIGHT + 8;
  const width = WIDTH * panels.length;
  const body = panels.map((panel, i) => `<g transform="translate(${i * WIDTH} 0)">${draw(panel, i)}</g>`).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<title>${escaped(panels.map(({ title }) => title).join('; '))}</title>
<rect width="${width}" height="${height}" fill="white"/>
${body}
</svg>
`;
}

function draw({ title, x, y, series }: Panel, index: number): string {
  const [left, right, top, bottom] = [MARGIN.left, WIDTH - MARGIN.right, MARGIN.top, HEIGHT - MARGIN.bottom];
  const across = (value: number): number => left + place(x, value) * (right - left);
  const up = (value: number): number => bottom - place(y, value) * (bottom - top);
  const parts = [
    text((left + right) / 2, 18, title, 'middle', 'font-weight="bold" font-size="13"'),
    text((left + right) / 2, HEIGHT - 8, x.label, 'middle'),
    `<text transform="translate(14 ${(top + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`,
  ];
  for (const tick of ticks(x)) {
    parts.push(line(across(tick), top, across(tick), bottom, '#ddd'));
    parts.push(text(across(tick), bottom + 15, written(x, tick), 'middle'));
  }
  for (const tick of ticks(y)) {
    parts.push(line(left, up(tick), right, up(tick), '#ddd'));
    parts.push(text(left - 6, up(tick) + 4, written(y, tick), 'end'));
  }
  const clip = `panel${index}`;
  parts.push(
    `<clipPath id="${clip}"><rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/></clipPath>`,
  );
  parts.push(
    `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" fill="none" stroke="#444"/>`,
  );
  series.forEach(({ label, points, color, dashed = false, dots = false }, row) => {
    const style = `stroke="${color}" stroke-width="1.6" ${dashed ? 'stroke-dasharray="5 3"' : ''}`;
    const at = points.map(([a, b]) => `${across(a).toFixed(1)},${up(b).toFixed(1)}`);
    parts.push(`<polyline clip-path="url(#${clip})" fill="none" ${style} points="${at.join(' ')}"/>`);
    if (dots) {
      for (const [a, b] of points) {
        parts.push(
          `<circle clip-path="url(#${clip})" cx="${across(a).toFixed(1)}" cy="${up(b).toFixed(1)}" r="3" fill="${color}"/>`,
        );
      }
    }
    const below = HEIGHT + 4 + row * LINE_HEIGHT;
    parts.push(`<line x1="${left}" y1="${below}" x2="${left + 26}" y2="${below}" ${style}/>`);
    parts.push(text(left + 32, below + 4, label, 'start'));
  });
  return parts.join('\n');
}

/** Share of the axis' length, from its start. */
function place({ min, max, scale }: Axis, value: number): number {
  if (scale !== 'log') return (value - min) / (max - min);
  return Math.log(Math.max(value, 1e-300) / min) / Math.log(max / min);
}

/** Powers of ten, or about six round steps. */
function ticks({ min, max, scale }: Axis): number[] {
  if (scale === 'log') {
    const [first, last] = [Math.ceil(Math.log10(min) - 1e-9), Math.floor(Math.log10(max) + 1e-9)];
    return Array.from({ length: last - first + 1 }, (_, k) => 10 ** (first + k));
  }
  const rough = (max - min) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(min / step - 1e-9);
  const count = Math.floor(max / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, k) => (first + k) * step);
}

function written({ format = (value) => String(Number(value.toPrecision(6))) }: Axis, value: number): string {
  return format(value);
}

function line(x1: number, y1: number, x2: number, y2: number, color: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${color}"/>`;
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end', attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" ${attributes}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? character);
}
