// compare.md: the tables for the README, from the medians of a run.

import { machineLine } from '../report.ts';
import type { Measures } from './measures.ts';
import type { Results } from './results.ts';
import { numberOf, shortOf, timeOf, titleOf } from './words.ts';
import type { Figures, Workload } from './workload.ts';

/** A column of the overview: a figure of a workload at a size. */
interface Column {
  readonly title: string;
  readonly workload: string;
  readonly size: number;
  readonly figure: string;
  readonly best: 'least' | 'most';
}

const loop = (title: string, workload: string, size: number): Column => ({
  title,
  workload,
  size,
  figure: 'loopMicroseconds',
  best: 'least',
});
const rate = (title: string, workload: string, size: number): Column => ({
  title,
  workload,
  size,
  figure: 'commandsPerSecond',
  best: 'most',
});

const LOOP_COLUMNS: readonly Column[] = [
  loop('W1, awaited', 'W1', 10_000),
  loop('W2, 100 systems', 'W2', 100),
  loop('W2, 10,000', 'W2', 10_000),
  loop('W3, 100,000', 'W3', 100_000),
  loop('W3, 1,000,000', 'W3', 1_000_000),
  loop('W4, 1,000 games', 'W4', 1_000),
  loop('W7, queue', 'W7', 10_000),
];

const RATE_COLUMNS: readonly Column[] = [
  rate('W1, one caller', 'W1', 10_000),
  rate('W1, 1,000 callers', 'W1-many', 10_000),
  rate('W2, 10,000 systems', 'W2', 10_000),
  rate('W4, 1,000 games', 'W4', 1_000),
  rate('W7, queue', 'W7', 10_000),
  { title: 'bytes written a command', workload: 'W2-bytes', size: 10_000, figure: 'bytesPerCommand', best: 'least' },
];

/** Workloads whose figures all stand in the overview. */
const IN_OVERVIEW = new Set([...LOOP_COLUMNS, ...RATE_COLUMNS].map(({ workload }) => workload));

export function markdownOf(results: Results, measures: Measures): string {
  const { header } = results;
  const others = results.workloads.filter(({ name }) => !IN_OVERVIEW.has(name));
  return [
    '<!-- Written by `npm run bench -- compare`. -->',
    '',
    `${machineLine(header.machine)}; ${header.time.slice(0, 10)}; medians of ${header.rounds} rounds.`,
    ...(header.smoke ? ['', '**A smoke run: these figures mean nothing.**'] : []),
    '',
    '**Game-loop time for a command**, the change of state and everything that persistence costs the loop, wherever it does it:',
    '',
    ...overview(LOOP_COLUMNS, results, timeOf),
    '',
    '**Durable commands a second**, as fast as they go, until the last is on disk and Orrery has also done its background work:',
    '',
    ...overview(RATE_COLUMNS, results, shortOf),
    '',
    '**Goals**',
    '',
    ...goals(measures),
    ...others.flatMap((workload) => tables(workload, results)),
    '',
    '**Who takes part, and how**',
    '',
    ...header.entrants.map(
      ({ name, version, unavailable, how }) => `- ${name} ${version ?? `(not available: ${unavailable})`}: ${how}`,
    ),
    ...footnotes(results),
    '',
  ].join('\n');
}

function overview(columns: readonly Column[], results: Results, written: (value: number) => string): string[] {
  const { entrants } = results.header;
  const shown = columns.filter(({ workload }) => results.workloads.some(({ name }) => name === workload));
  const value = (contender: string, { workload, size, figure }: Column): number | undefined =>
    results.medians({ workload, contender, size })?.[figure];
  const durable = entrants.filter((entrant) => entrant.durable).map(({ name }) => name);
  const reference = entrants.filter((entrant) => !entrant.durable).map(({ name }) => name);
  const row = (name: string): string => {
    const cells = shown.map((column) => {
      const own = value(name, column);
      if (own === undefined) return '';
      const all = durable.flatMap((each) => value(each, column) ?? []);
      const best = column.best === 'least' ? Math.min(...all) : Math.max(...all);
      return durable.includes(name) && own === best ? `**${written(own)}**` : written(own);
    });
    return `| ${[durable.includes(name) ? name : `_${name}_`, ...cells].join(' | ')} |`;
  };
  const rows = [...durable, ...reference].filter((name) => shown.some((column) => value(name, column) !== undefined));
  return [tableHead(['', ...shown.map(({ title }) => title)]), ...rows.map(row)];
}

function goals(measures: Measures): string[] {
  const rows = Object.entries(measures).flatMap(([name, measure]) =>
    (measure.parts ?? [{ ...measure, part: '' }]).map(({ part, value, goal, met, why, floor }, index) => {
      const what = index === 0 ? measure.meaning : '';
      const outcome = value === null ? `unknown: ${why}` : met ? 'met' : '**missed**';
      return `| ${index === 0 ? name : ''} | ${what} | ${part ? `${part}: ` : ''}${goal} | ${value === null ? '' : `${numberOf(value)} ${measure.unit}`} | ${floor ? numberOf(floor.value) : ''} | ${outcome} |`;
    }),
  );
  const floors = Object.entries(measures).flatMap(([name, measure]) =>
    (measure.parts ?? [{ ...measure, part: '' }]).flatMap(({ part, floor }) =>
      floor ? [`${name}${part ? ` ${part}` : ''}, ${floor.of}`] : [],
    ),
  );
  const legend =
    floors.length === 0
      ? []
      : [
          '',
          `Floors say what this machine takes by itself; they come from trials of their own, so a measure may lie a little beyond. ${floors.join('; ')}.`,
        ];
  return [tableHead(['', 'what', 'goal', 'measured', 'floor', '']), ...rows, ...legend];
}

function tables(workload: Workload, results: Results): string[] {
  return workload.sizes.flatMap((size) => {
    const ranked = results.ranked(workload, size);
    if (ranked.length === 0) return [];
    const figures = [...new Set(ranked.flatMap(({ medians }) => Object.keys(medians)))];
    const cells = (medians: Figures): string[] =>
      figures.map((figure) => (medians[figure] === undefined ? '' : numberOf(medians[figure])));
    return [
      '',
      `**${workload.name}**: ${workload.title}; ${size.toLocaleString('en')} ${workload.sizeUnit}`,
      '',
      tableHead(['', ...figures.map(titleOf)]),
      ...ranked.map(({ contender, medians }) => `| ${[contender, ...cells(medians)].join(' | ')} |`),
    ];
  });
}

function footnotes({ workloads, failures }: Results): string[] {
  const notes = [
    ...workloads.flatMap(({ name, excused }) =>
      Object.entries(excused ?? {}).map(([who, why]) => `- ${name} without ${who}: ${why}`),
    ),
    ...failures.map(
      ({ workload, contender, size, message }) =>
        `- ${workload} with ${size.toLocaleString('en')}: ${contender} failed: ${message.split('\n', 1)[0]}`,
    ),
  ];
  return notes.length === 0 ? [] : ['', '**What is not there**', '', ...notes];
}

function tableHead(titles: readonly string[]): string {
  return `| ${titles.join(' | ')} |\n|---${'|---:'.repeat(titles.length - 1)}|`;
}
