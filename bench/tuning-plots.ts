// `npm run bench -- plots`: measures what docs/TUNING.md shows, with the trials of `orrery tune` and more values for
// each option, and draws a plot of each into docs/tuning/. The figures are kept beside them, so that plots can be drawn
// again, and `--only threads` measures one option anew beside those of the others.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type FigureName, type Figures, figuresWith, median, READINGS } from '../src/cli/tuning/figures.ts';
import { type Threads, type Tuned, type TunedOption, tunedOptions } from '../src/cli/tuning/options.ts';
import { Scratch } from '../src/cli/tuning/scratch.ts';
import { FULL_PLAN, measure } from '../src/cli/tuning/search.ts';
import { Trials } from '../src/cli/tuning/trial.ts';
import { namedWorkload, type WorkloadName } from '../src/cli/tuning/workload.ts';
import { UsageError } from './command-line.ts';
import { type Machine, thisMachine } from './machine.ts';
import { machineLine } from './report.ts';

const MIB = 2 ** 20;

const ROUNDS = 5;

/** Longer than for `orrery tune`, which has somebody waiting. */
const HISTORY_MS = 10_000;

const VALUES = {
  shards: [2, 4],
  flushIntervalMs: [2, 5, 50, 100, 200],
  batchBytes: [MIB / 64, MIB / 16, MIB / 4, MIB],
  compactionLagBytes: [MIB / 2, MIB, 2 * MIB, 4 * MIB],
  checkpointBytes: [MIB, 2 * MIB, 4 * MIB, 16 * MIB],
  coalescingDelayMs: [20, 100, 500],
  threads: ['none', 1, 2, 4] satisfies Threads[],
};

interface Plot {
  readonly option: TunedOption;
  readonly workload: WorkloadName;
  /** What it is for, and what it costs. */
  readonly figures: readonly [FigureName, FigureName];
}

const PLOTS: readonly Plot[] = [
  { option: 'shards', workload: 'many', figures: ['compactedPerSecond', 'durableP99'] },
  { option: 'flushIntervalMs', workload: 'loop', figures: ['waitP99', 'replayBytes'] },
  { option: 'batchBytes', workload: 'loop', figures: ['durablePerSecond', 'durableP50'] },
  { option: 'compactionLagBytes', workload: 'loop', figures: ['durablePerSecond', 'largestLagBytes'] },
  { option: 'checkpointBytes', workload: 'loop', figures: ['bytesPerCommand', 'replayBytes'] },
  { option: 'durability', workload: 'loop', figures: ['loopMicroseconds', 'durableP50'] },
  { option: 'threads', workload: 'loop', figures: ['verifiedPerSecond', 'lateP99'] },
];

/** One run, and what it measured. */
interface Run {
  readonly options: readonly TunedOption[];
  readonly machine: Machine;
  readonly time: string;
  readonly rounds: number;
}

interface Measured extends Plot {
  readonly values: readonly { readonly label: string; readonly rounds: readonly Figures[] }[];
}

interface Measurements {
  readonly runs: readonly Run[];
  readonly plots: readonly Measured[];
}

/** Resolves with the exit status. */
export async function runPlots(args: readonly string[]): Promise<number> {
  const { dir, out, from, only } = flagsOf(args);
  mkdirSync(out, { recursive: true });
  const kept = join(out, 'measurements.tsv');
  let text: string;
  if (from === undefined) {
    const wanted = PLOTS.filter(({ option }) => only === undefined || option === only);
    if (wanted.length === 0) throw new UsageError(`--only is one of ${PLOTS.map(({ option }) => option).join(', ')}`);
    const before = only !== undefined && existsSync(kept) ? fromTable(readFileSync(kept, 'utf8')) : undefined;
    text = asTable(beside(before, await measureAll(dir, wanted)));
    writeFileSync(kept, text);
  } else text = readFileSync(from, 'utf8');
  // What was rounded for the table is rounded in the plots too: drawn again, they are the same.
  const { runs, plots } = fromTable(text);
  for (const plot of plots) {
    const path = join(out, `${plot.option}.svg`);
    writeFileSync(path, svgOf(plot));
    console.log(path);
  }
  for (const { machine, options } of runs)
    console.log(`${options.join(', ')}: ${machineLine(machine)}; load before: ${machine.loadBefore}`);
  return 0;
}

const FIGURES = Object.keys(READINGS) as FigureName[];

/** What was measured before, but for what has been measured anew. */
function beside(before: Measurements | undefined, { runs, plots }: Measurements): Measurements {
  const isNew = (option: TunedOption): boolean => plots.some((plot) => plot.option === option);
  const others = (before?.runs ?? []).map((run) => ({ ...run, options: run.options.filter((each) => !isNew(each)) }));
  const all = [...(before?.plots.filter(({ option }) => !isNew(option)) ?? []), ...plots];
  const place = ({ option }: Plot): number => PLOTS.findIndex((plot) => plot.option === option);
  return {
    runs: [...others.filter(({ options }) => options.length > 0), ...runs],
    plots: all.sort((left, right) => place(left) - place(right)),
  };
}

/** A line for each round, behind one for each run that says what was measured, where and when. */
function asTable({ runs, plots }: Measurements): string {
  const lines = plots.flatMap(({ option, workload, values }) =>
    values.flatMap(({ label, rounds }) =>
      rounds.map((round) => [
        option,
        workload,
        label,
        ...FIGURES.map((figure) => String(Number(round[figure].toPrecision(4)))),
      ]),
    ),
  );
  const head = ['option', 'workload', 'value', ...FIGURES];
  const table = [head, ...lines].map((cells) => cells.join('\t'));
  return `${[...runs.map((run) => `# ${JSON.stringify(run)}`), ...table].join('\n')}\n`;
}

function fromTable(text: string): Measurements {
  const all = text.trimEnd().split('\n');
  const runs = all.filter((line) => line.startsWith('# ')).map((line) => JSON.parse(line.slice(2)) as Run);
  const [head = '', ...lines] = all.slice(runs.length);
  const names = head.split('\t').slice(3) as FigureName[];
  const rows = lines.map((line) => {
    const [option = '', workload = '', label = '', ...cells] = line.split('\t');
    const round = figuresWith(Object.fromEntries(names.map((name, index) => [name, Number(cells[index])])));
    return { option, workload, label, round };
  });
  const plots = PLOTS.flatMap((plot) => {
    const own = rows.filter(({ option, workload }) => option === plot.option && workload === plot.workload);
    if (own.length === 0) return [];
    const labels = [...new Set(own.map(({ label }) => label))];
    const values = labels.map((label) => ({
      label,
      rounds: own.filter((each) => each.label === label).map(({ round }) => round),
    }));
    return [{ ...plot, values }];
  });
  return { runs, plots };
}

interface Flags {
  readonly dir: string;
  readonly out: string;
  readonly from: string | undefined;
  readonly only: string | undefined;
}

function flagsOf(args: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        dir: { type: 'string', default: tmpdir() },
        out: { type: 'string', default: 'docs/tuning' },
        from: { type: 'string' },
        only: { type: 'string' },
      },
      strict: true,
      allowPositionals: false,
    });
    return { ...values, from: values.from, only: values.only };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function measureAll(dir: string, wanted: readonly Plot[]): Promise<Measurements> {
  const machine = thisMachine();
  const scratch = new Scratch(dir);
  const plots: Measured[] = [];
  try {
    for (const plot of wanted) {
      const workload = namedWorkload(plot.workload);
      const tuned = tunedOptions(VALUES, workload.games).find(({ option }) => option === plot.option) as Tuned;
      const trials = new Trials(workload, scratch);
      const plan = { ...FULL_PLAN, rounds: ROUNDS, historyMs: HISTORY_MS, options: [tuned] };
      const measured = await measure(trials, plan, (text) => console.log(`${plot.option} (${plot.workload}): ${text}`));
      const [own] = [...measured.of.values()];
      const values = (own ?? []).map(({ candidate, rounds }) => ({ label: candidate.label, rounds }));
      plots.push({ ...plot, values });
    }
  } finally {
    scratch.remove();
  }
  const options = wanted.map(({ option }) => option);
  return { runs: [{ options, machine, time: new Date().toISOString(), rounds: ROUNDS }], plots };
}

const PANEL = { width: 330, height: 200, left: 78, top: 44, bottom: 52, gap: 16 };

/** Colours for paper and for the night; whoever looks has told the browser which it is. */
const STYLE = `
  svg { font: 12px system-ui, sans-serif; }
  .ground { fill: #ffffff; } .text { fill: #24292f; } .faint { fill: #57606a; } .grid { stroke: #d0d7de; }
  .round { fill: #0969da; opacity: 0.35; } .mark { fill: #0969da; } .default { fill: #bc4c00; } .line { stroke: #0969da; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } .text { fill: #e6edf3; } .faint { fill: #9198a1; } .grid { stroke: #3d444d; }
    .round { fill: #58a6ff; } .mark { fill: #58a6ff; } .default { fill: #f0883e; } .line { stroke: #58a6ff; }
  }`;

function svgOf(plot: Measured): string {
  const { width, height, gap } = PANEL;
  const panels = plot.figures.map((figure, index) => panelOf(plot, figure, index * (width + gap)));
  const whole = width * 2 + gap;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${whole} ${height}" width="${whole}" height="${height}" role="img">
<title>${plot.option}: ${plot.figures.map((figure) => READINGS[figure].words).join(' and ')}</title>
<style>${STYLE}
</style>
<rect class="ground" width="${whole}" height="${height}" rx="6"/>
${panels.join('\n')}
</svg>
`;
}

/** Small dots are rounds, large ones their medians; the default stands out, and sorted among the values. */
function panelOf({ option, values, workload }: Measured, figure: FigureName, x: number): string {
  const { width, height, left, top, bottom } = PANEL;
  const { words, better, print } = READINGS[figure];
  const [standard] = values;
  const sorted = option === 'durability' ? values : [...values].sort((a, b) => sizeOf(a.label) - sizeOf(b.label));
  const most = Math.max(...values.flatMap(({ rounds }) => rounds.map((round) => round[figure]))) || 1;
  const step = figure.endsWith('Bytes') ? 2 ** Math.ceil(Math.log2(most / 4)) : niceStep(most);
  const scale = Math.ceil(most / step) * step;
  const plotWidth = width - left - 14;
  const plotHeight = height - top - bottom;
  const across = (index: number): number => round1(x + left + ((index + 0.5) * plotWidth) / sorted.length);
  const up = (value: number): number => round1(top + plotHeight - (value / scale) * plotHeight);
  const parts = [
    `<text class="text" x="${x + 12}" y="18" font-weight="600">${words}</text>`,
    `<text class="faint" x="${x + 12}" y="33" font-size="10.5">${better} is better; workload ${workload}</text>`,
  ];
  for (let value = 0; value <= scale + step / 2; value += step) {
    parts.push(
      `<line class="grid" x1="${x + left}" x2="${x + width - 14}" y1="${up(value)}" y2="${up(value)}"/>`,
      `<text class="faint" x="${x + left - 6}" y="${up(value) + 4}" text-anchor="end" font-size="10.5">${print(value)}</text>`,
    );
  }
  const middle = sorted.map(({ rounds }) => median(rounds.map((round) => round[figure])));
  parts.push(
    `<polyline class="line" fill="none" stroke-width="1.5" points="${middle.map((value, index) => `${across(index)},${up(value)}`).join(' ')}"/>`,
  );
  const small = sorted.length > 5 ? 9 : 10;
  for (const [index, { label, rounds }] of sorted.entries()) {
    const isDefault = label === standard?.label;
    for (const round of rounds) {
      parts.push(`<circle class="round" cx="${across(index)}" cy="${up(round[figure])}" r="2.5"/>`);
    }
    parts.push(
      `<circle class="${isDefault ? 'default' : 'mark'}" cx="${across(index)}" cy="${up(middle[index] as number)}" r="4.5"/>`,
    );
    const [first = '', second = ''] = tickOf(label);
    const y = height - bottom + 16;
    parts.push(
      `<text class="text" x="${across(index)}" y="${y}" text-anchor="middle" font-size="${small}">${first}</text>`,
    );
    const below = isDefault ? 'default' : second;
    if (below !== '')
      parts.push(
        `<text class="faint" x="${across(index)}" y="${y + 13}" text-anchor="middle" font-size="10">${below}</text>`,
      );
  }
  parts.push(
    `<text class="faint" x="${x + left + plotWidth / 2}" y="${height - 7}" text-anchor="middle" font-size="10.5">${option}</text>`,
  );
  return parts.join('\n');
}

/** A label in at most two lines: `'relaxed', 100 ms` does not fit on one. */
function tickOf(label: string): readonly string[] {
  return label.replaceAll("'", '').replace(/\.0 /, ' ').split(', ');
}

const UNITS: { readonly [unit: string]: number } = { KiB: 1024, MiB: MIB };

function sizeOf(label: string): number {
  const [, number = '0', unit = ''] = /([\d.]+) ?(\w*)/.exec(label) ?? [];
  return Number(number) * (UNITS[unit] ?? 1);
}

/** 1, 2 or 5 times a power of ten, about a quarter of the most. Bytes go by powers of two instead. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const factor = [1, 2, 5, 10].find((each) => each * power >= most / 4) as number;
  return factor * power;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
