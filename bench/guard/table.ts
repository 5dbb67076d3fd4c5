// What a person reads of a run of the guard.

import { type Machine, wasBusy } from '../machine.ts';
import { duration, machineLine } from '../report.ts';
import type { Baseline } from './baseline.ts';
import type { Check } from './checks.ts';
import { type Comparison, hasMoved, LIMIT } from './comparison.ts';

const HEADS = ['for one', 'against', 'ratio', 'baseline', 'change', ''] as const;
const WIDTH = 11;

/** What one should know before the figures. */
export function notes(machine: Machine, dir: string, inMemory: boolean, baseline: Baseline | undefined): string[] {
  const lines = [`disk: ${dir}`];
  if (inMemory)
    lines.push('      This is a file system in memory: an fdatasync costs nothing there. Choose a disk with --dir.');
  if (wasBusy(machine)) {
    lines.push(
      `load: ${machine.loadBefore} before the run. Something else uses these cores: what has moved may be noise.`,
    );
  }
  if (baseline) lines.push(`baseline: ${machineLine(baseline.machine)}, ${baseline.time}`);
  return lines;
}

export function table(comparisons: readonly Comparison[], checks: readonly Check[]): string {
  const against = new Map(checks.map((check) => [check.scenario.name, check.against]));
  const width = Math.max(...comparisons.map(({ name }) => name.length), 'check'.length) + 2;
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(WIDTH)).join('')}`.trimEnd();
  const rows = comparisons.map(({ name, microseconds, ratio, before, verdict }) =>
    row(name, [
      duration(microseconds),
      against.get(name) ?? '',
      significant(ratio),
      before === undefined ? '-' : significant(before),
      before === undefined ? '-' : change(ratio / before),
      verdict === 'same' ? '' : verdict,
    ]),
  );
  return [row('check', HEADS), ...rows].join('\n');
}

export function summary(comparisons: readonly Comparison[], baseline: Baseline | undefined, smoke: boolean): string {
  if (!baseline) return 'There is no baseline to compare with.';
  const known = new Set(comparisons.map(({ name }) => name));
  const gone = Object.keys(baseline.checks).filter((name) => !known.has(name));
  const lines = gone.map((name) => `${name} is in the baseline and was not measured.`);
  if (smoke) return [...lines, 'A smoke run: the figures decide nothing.'].join('\n');
  const moved = comparisons.filter(hasMoved);
  const limit = `${Math.round((LIMIT - 1) * 100)}%`;
  if (moved.length === 0) lines.push(`Nothing has moved by more than ${limit}.`);
  for (const { name, ratio, before, verdict } of moved) {
    lines.push(`${name} became ${verdict}: ${change(ratio / (before as number))}, each time it was measured.`);
  }
  if (moved.some(({ verdict }) => verdict === 'faster'))
    lines.push('What became faster for good belongs in the baseline: --update.');
  return lines.join('\n');
}

/** As a sign and percent: +30% takes 1.3 times as long. */
function change(factor: number): string {
  const percent = Math.round((factor - 1) * 100);
  return `${percent >= 0 ? '+' : ''}${percent}%`;
}

function significant(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
