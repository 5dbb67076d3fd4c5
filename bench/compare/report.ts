// What a person reads in the terminal: who takes part, a table for each workload and size, the measures.

import { wasBusy } from '../machine.ts';
import { machineLine } from '../report.ts';
import type { Contender } from './contenders/contender.ts';
import type { Measures } from './measures.ts';
import type { Results, RunHeader, TrialFailure } from './results.ts';
import { aligned, numberOf, titleOf } from './words.ts';
import type { Workload } from './workload.ts';

export function listLines(workloads: readonly Workload[], contenders: readonly Contender[]): string[] {
  return [
    'workloads',
    ...workloads.map(
      ({ name, title, sizes, sizeUnit }) =>
        `  ${name.padEnd(18)}${title} (${sizes.map((size) => size.toLocaleString('en')).join(', ')} ${sizeUnit})`,
    ),
    '',
    'contenders',
    ...contenders.map(({ name, how }) => `  ${name.padEnd(18)}${how}`),
  ];
}

export function headLines({ machine, directory, inMemory, entrants, rounds, smoke }: RunHeader): string[] {
  return [
    machineLine(machine),
    `disk: ${directory}${inMemory ? ' (in memory: an fsync costs nothing there; choose a disk with --dir)' : ''}`,
    ...(wasBusy(machine) ? ['the machine was busy before the run: figures may be off'] : []),
    smoke ? 'a smoke run: the figures mean nothing' : `medians of ${rounds} rounds`,
    '',
    ...aligned(
      entrants.map(({ name, version, unavailable }) => [name, '', version ?? `not available: ${unavailable}`]),
    ).map((line) => `  ${line}`),
  ];
}

export function workloadLines(workload: Workload, results: Results): string[] {
  const { name, title, sizes, sizeUnit, excused } = workload;
  const lines = ['', `${name}: ${title}`];
  for (const size of sizes) {
    const ranked = results.ranked(workload, size);
    if (ranked.length === 0) continue;
    const figures = [...new Set(ranked.flatMap(({ medians }) => Object.keys(medians)))];
    const rows = [
      [`${size.toLocaleString('en')} ${sizeUnit}`, ...figures.map(titleOf)],
      ...ranked.map(({ contender, medians }) => [
        contender,
        ...figures.map((figure) => (medians[figure] === undefined ? '' : numberOf(medians[figure]))),
      ]),
    ];
    lines.push('', ...aligned(rows).map((line) => `  ${line}`));
  }
  const missing = Object.entries(excused ?? {}).map(([who, why]) => `  ${who}: not here, ${why}`);
  return missing.length > 0 ? [...lines, '', ...missing] : lines;
}

export function measureLines(measures: Measures): string[] {
  const rows = Object.entries(measures).flatMap(([name, measure]) =>
    (measure.parts ?? [{ ...measure, part: '' }]).map(({ part, value, goal, met, why, floor }, index) => [
      index === 0 ? name : '',
      value === null ? '-' : numberOf(value),
      met ? 'met' : value === null ? 'unknown' : 'missed',
      `${goal}${part ? ` (${part})` : ''}: ${why ?? measure.meaning}${floor ? `; the floor is ${numberOf(floor.value)}: ${floor.of}` : ''}`,
    ]),
  );
  return [
    '',
    'measures',
    ...rows.map(([name, value, met, rest]) => `  ${name?.padEnd(5)}${value?.padStart(9)}  ${met?.padEnd(8)} ${rest}`),
  ];
}

export function failureLines(failures: readonly TrialFailure[]): string[] {
  return failures.flatMap(({ workload, contender, size, round, message }) => [
    '',
    `${workload}, ${size.toLocaleString('en')}, ${contender} failed in round ${round}: ${message}`,
  ]);
}
