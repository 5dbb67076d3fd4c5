// cost-by-size.svg: what a command costs the game loop against the size of the galaxy, both axes logarithmic. Drawn by
// hand, readable on light and dark pages; every line is labelled where it ends.

import type { Results } from './results.ts';
import { shortOf, timeOf } from './words.ts';

const WIDTH = 1040;
const HEIGHT = 600;
const PLOT = { left: 84, right: 716, top: 116, bottom: 524 } as const;
const LABEL_GAP = 19;
const LABEL_AT = PLOT.right + 20;

const FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

type Marker = 'circle' | 'square' | 'diamond' | 'triangle';

interface Style {
  readonly light: string;
  readonly dark: string;
  readonly marker: Marker;
  readonly dash?: string;
}

/** Hues that stay apart for the colour-blind, and shapes for everybody else. Orrery is drawn last and widest. */
const STYLES: Readonly<Record<string, Style>> = {
  orrery: { light: '#0b57d0', dark: '#7cb0ff', marker: 'circle' },
  'better-sqlite3': { light: '#c2410c', dark: '#ff9a5c', marker: 'square' },
  'node:sqlite': { light: '#a16207', dark: '#e8bf4a', marker: 'triangle' },
  'node-sqlite3-wasm': { light: '#a8325e', dark: '#ff8fb4', marker: 'diamond' },
  lmdb: { light: '#0f766e', dark: '#4fd1c0', marker: 'square' },
  'json-file': { light: '#6d28d9', dark: '#b79cff', marker: 'triangle' },
  immer: { light: '#be123c', dark: '#ff7a8a', marker: 'diamond' },
  'emmett-sqlite': { light: '#4d7c0f', dark: '#a9d65c', marker: 'circle' },
  'orrery-without': { light: '#6b8fc9', dark: '#5577ab', marker: 'circle', dash: '2 5' },
  plain: { light: '#7a828e', dark: '#8b949e', marker: 'circle', dash: '2 5' },
};

const LABELS: Readonly<Record<string, string>> = {
  orrery: 'Orrery',
  'json-file': 'JSON file',
  immer: 'Immer, patches kept',
  'orrery-without': 'Orrery, not kept',
  plain: 'plain objects, not kept',
};

interface Point {
  readonly size: number;
  readonly microseconds: number;
}

interface Line {
  readonly contender: string;
  readonly points: readonly Point[];
}

/** Undefined when the run has not enough sizes for a line. */
export function chartOf(results: Results): string | undefined {
  const lines = linesOf(results).filter(({ points }) => points.length > 1);
  if (lines.length === 0) return undefined;
  const { header } = results;
  const subtitle =
    `A loop of 20 ticks a second, 500 commands a tick; every command durable, history kept. ` +
    `Median of ${header.rounds} ${header.rounds === 1 ? 'round' : 'rounds'}.`;
  return draw(lines, subtitle, `${header.machine.cpu}, ${header.machine.cores} cores, Node.js ${header.machine.node}`);
}

function linesOf(results: Results): Line[] {
  const byContender = new Map<string, Point[]>();
  for (const workload of results.workloads.filter(({ name }) => name === 'W2' || name === 'W3')) {
    for (const size of workload.sizes) {
      for (const { contender, medians } of results.ranked(workload, size)) {
        const points = byContender.get(contender) ?? [];
        points.push({ size, microseconds: medians['loopMicroseconds'] as number });
        byContender.set(contender, points);
      }
    }
  }
  return [...byContender].map(([contender, points]) => ({ contender, points }));
}

/** `lines` hold at least two points each. */
export function draw(lines: readonly Line[], subtitle: string, footnote: string): string {
  const all = lines.flatMap(({ points }) => points);
  const x = logScale(
    all.map(({ size }) => size),
    PLOT.left,
    PLOT.right,
  );
  const y = logScale(
    all.map(({ microseconds }) => microseconds),
    PLOT.bottom,
    PLOT.top,
  );
  // Orrery above everybody else, what nothing is kept of below.
  const order = [...lines].sort((a, b) => layerOf(a) - layerOf(b));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title description" font-family="${FONT}">`,
    '<title id="title">What a command costs the game loop, by size of the galaxy</title>',
    `<desc id="description">${escaped(descriptionOf(lines))}</desc>`,
    `<style>${styleSheet()}</style>`,
    `<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10"/>`,
    '<text class="ink" x="32" y="42" font-size="21" font-weight="650">What a command costs the game loop</text>',
    `<text class="soft" x="32" y="66" font-size="13.5">${escaped(subtitle)}</text>`,
    ...axes(x, y),
    ...order.map((line) => curve(line, x, y)),
    ...labels(lines, y),
    `<text class="faint" x="32" y="${HEIGHT - 18}" font-size="11.5">${escaped(footnote)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  /** Powers of ten, the ends included. */
  readonly decades: readonly number[];
  at(value: number): number;
}

function logScale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  return {
    decades: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
  };
}

function axes(x: Scale, y: Scale): string[] {
  const middle = (PLOT.left + PLOT.right) / 2;
  return [
    ...y.decades.flatMap((decade) => {
      const at = px(y.at(decade));
      return [
        `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at}" y2="${at}"/>`,
        `<text class="soft" x="${PLOT.left - 12}" y="${at}" dy="0.34em" font-size="12.5" text-anchor="end">${tickTime(decade)}</text>`,
      ];
    }),
    ...x.decades.flatMap((decade) => {
      const at = px(x.at(decade));
      return [
        `<line class="grid" x1="${at}" x2="${at}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>`,
        `<text class="soft" x="${at}" y="${PLOT.bottom + 22}" font-size="12.5" text-anchor="middle">${decade.toLocaleString('en')}</text>`,
      ];
    }),
    `<text class="faint" x="${middle}" y="${PLOT.bottom + 46}" font-size="12.5" text-anchor="middle">systems in the galaxy</text>`,
    `<text class="faint" x="32" y="${PLOT.top - 16}" font-size="12.5">game-loop time for a command</text>`,
  ];
}

/** 0.1 µs is 100 ns to a reader of an axis. */
function tickTime(microseconds: number): string {
  return microseconds < 1 ? `${Math.round(microseconds * 1_000)} ns` : timeOf(microseconds);
}

function curve({ contender, points }: Line, x: Scale, y: Scale): string {
  const { dash, marker } = styleOf(contender);
  const places = points.map(({ size, microseconds }) => [px(x.at(size)), px(y.at(microseconds))] as const);
  const path = places.map(([left, top], index) => `${index === 0 ? 'M' : 'L'}${left} ${top}`).join(' ');
  const width = contender === 'orrery' ? 4 : dash ? 1.8 : 2;
  const halo =
    contender === 'orrery'
      ? `<path class="halo" d="${path}" fill="none" stroke-width="9" stroke-linejoin="round"/>`
      : '';
  const marks = dash
    ? ''
    : places.map(([left, top]) => mark(marker, left, top, contender === 'orrery' ? 5.5 : 3.8)).join('');
  const dashes = dash ? ` stroke-dasharray="${dash}" stroke-linecap="round"` : '';
  return `<g class="${classOf(contender)}">${halo}<path class="line" d="${path}" fill="none" stroke-width="${width}" stroke-linejoin="round"${dashes}/>${marks}</g>`;
}

function mark(marker: Marker, x: number, y: number, r: number): string {
  if (marker === 'circle') return `<circle class="mark" cx="${x}" cy="${y}" r="${r}"/>`;
  const corners = {
    square: [
      [-0.9, -0.9],
      [0.9, -0.9],
      [0.9, 0.9],
      [-0.9, 0.9],
    ],
    diamond: [
      [0, -1.25],
      [1.25, 0],
      [0, 1.25],
      [-1.25, 0],
    ],
    triangle: [
      [0, -1.2],
      [1.15, 0.95],
      [-1.15, 0.95],
    ],
  }[marker] as [number, number][];
  return `<path class="mark" d="M${corners.map(([dx, dy]) => `${px(x + dx * r)} ${px(y + dy * r)}`).join('L')}Z"/>`;
}

/** At the height where each line ends, moved apart where they would touch. */
function labels(lines: readonly Line[], y: Scale): string[] {
  const placed = lines
    .map(({ contender, points }) => {
      const last = points.at(-1) as Point;
      return { contender, last, ends: y.at(last.microseconds) };
    })
    .sort((a, b) => a.ends - b.ends);
  const heights = spread(
    placed.map(({ ends }) => ends),
    PLOT.top,
    PLOT.bottom,
  );
  return placed.map(({ contender, last, ends }, index) => {
    const height = px(heights[index] as number);
    const weight = contender === 'orrery' ? ' font-weight="700"' : '';
    // The line may end before the largest size; it is labelled at the edge all the same.
    const leader = `<path class="leader" d="M${PLOT.right + 6} ${px(ends)}L${LABEL_AT - 5} ${height}" fill="none"/>`;
    return `<g class="${classOf(contender)}">${leader}<text class="label" x="${LABEL_AT}" y="${height}" dy="0.34em" font-size="13"${weight}>${escaped(LABELS[contender] ?? contender)} <tspan class="value">${timeOf(last.microseconds)}${sizeNote(last, lines)}</tspan></text></g>`;
  });
}

function sizeNote({ size }: Point, lines: readonly Line[]): string {
  const largest = Math.max(...lines.flatMap(({ points }) => points.map((point) => point.size)));
  return size === largest ? '' : ` at ${shortOf(size)}`;
}

/**
 * Heights in the order given, each at least LABEL_GAP below the one before, as near to what was wanted as that allows.
 */
function spread(wanted: readonly number[], top: number, bottom: number): number[] {
  const heights = [...wanted];
  for (let index = 1; index < heights.length; index += 1) {
    heights[index] = Math.max(heights[index] as number, (heights[index - 1] as number) + LABEL_GAP);
  }
  let lowest = bottom + LABEL_GAP / 2;
  for (let index = heights.length - 1; index >= 0; index -= 1) {
    heights[index] = Math.min(heights[index] as number, lowest);
    lowest = (heights[index] as number) - LABEL_GAP;
  }
  return heights.map((height) => Math.max(top - LABEL_GAP, height));
}

function descriptionOf(lines: readonly Line[]): string {
  return lines
    .map(({ contender, points }) => {
      const all = points.map(({ size, microseconds }) => `${timeOf(microseconds)} at ${size.toLocaleString('en')}`);
      return `${LABELS[contender] ?? contender}: ${all.join(', ')}`;
    })
    .join('. ');
}

function layerOf({ contender }: Line): number {
  if (contender === 'orrery') return 2;
  return styleOf(contender).dash ? 0 : 1;
}

function styleOf(contender: string): Style {
  return STYLES[contender] ?? { light: '#57606a', dark: '#8b949e', marker: 'circle' };
}

function classOf(contender: string): string {
  return `c-${contender.replace(/[^a-z0-9]+/g, '-')}`;
}

function styleSheet(): string {
  const colours = (which: 'light' | 'dark'): string =>
    Object.keys(STYLES)
      .map((contender) => `.${classOf(contender)}{color:${styleOf(contender)[which]}}`)
      .join('');
  const light = {
    page: '#ffffff',
    edge: '#d7dce2',
    ink: '#1b1f24',
    soft: '#4b5563',
    faint: '#6b7280',
    grid: '#e7eaee',
  };
  const dark = { page: '#0d1117', edge: '#2a3038', ink: '#f0f3f6', soft: '#b1bac4', faint: '#8b949e', grid: '#20262e' };
  const page = ({ page, edge, ink, soft, faint, grid }: typeof light): string =>
    `.page{fill:${page};stroke:${edge}}.ink{fill:${ink}}.soft{fill:${soft}}.faint{fill:${faint}}.grid{stroke:${grid}}.halo{stroke:${page}}.mark{stroke:${page}}`;
  return [
    page(light),
    colours('light'),
    '.line{stroke:currentColor}.leader{stroke:currentColor;stroke-width:1;opacity:.45}.mark{fill:currentColor;stroke-width:1.4}',
    '.label{fill:currentColor}.value{font-weight:400;opacity:.8}',
    `@media(prefers-color-scheme:dark){${page(dark)}${colours('dark')}}`,
  ].join('');
}

/** Tenths of a pixel are enough. */
function px(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
