// What a person reads: the machine, a table of scenarios by group, the ratios that matter.

import { type Machine, wasBusy } from './machine.ts';
import type { Measurement } from './measure.ts';
import type { Ratio } from './ratios.ts';
import { groupOf, type Scenario } from './scenario.ts';

const COLUMNS = ['median', 'p99', 'ops/s', 'samples'] as const;
const COLUMN_WIDTH = 10;
const UNIT_WIDTH = 9;

export function machineLine(machine: Machine): string {
  const { node, cpu, cores, memoryGiB, system } = machine;
  return `node ${node}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}`;
}

export function notes(machine: Machine, directory: string, inMemory: boolean, smoke: boolean): string[] {
  const lines = [`disk: ${directory}`];
  if (inMemory)
    lines.push('      This is a file system in memory: an fdatasync costs nothing there. Choose a disk with --dir.');
  if (wasBusy(machine)) {
    lines.push(
      `load: ${machine.loadBefore} before the run. Something else uses these cores: trust medians and ratios, not p99.`,
    );
  }
  lines.push('Each sample of what takes microseconds is the mean of many operations, and p99 is of samples.');
  if (smoke) lines.push('A smoke run shows that every scenario works; its figures are rough.');
  return lines;
}

/** The head of the table. Rows follow one by one, as they are measured. */
export function tableHead(width: number): string {
  const heads = COLUMNS.map((title) => title.padStart(COLUMN_WIDTH)).join('');
  return `${'scenario'.padEnd(width)}${'for one'.padEnd(UNIT_WIDTH)}${heads}`;
}

export function tableRow(measurement: Measurement, width: number): string {
  const { name, unit, medianMicroseconds, p99Microseconds, operationsPerSecond, samples } = measurement;
  const cells = [
    duration(medianMicroseconds),
    duration(p99Microseconds),
    significant(operationsPerSecond),
    samples.toLocaleString('en'),
  ];
  return `${name.padEnd(width)}${unit.padEnd(UNIT_WIDTH)}${cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join('')}`;
}

export function failureRow({ name }: { readonly name: string }): string {
  return `${name}    failed, see below`;
}

export function widthOf(scenarios: readonly Scenario[]): number {
  return Math.max(...scenarios.map(({ name }) => name.length)) + 2;
}

export function ratioLines(ratios: readonly Ratio[]): string[] {
  const width = Math.max(...ratios.map(({ name }) => name.length)) + 2;
  return ratios.map(({ name, value }) => `${name.padEnd(width)}${`${significant(value)} x`.padStart(COLUMN_WIDTH)}`);
}

/** What one operation of each scenario is. */
export function legend(scenarios: readonly Scenario[]): string[] {
  const width = widthOf(scenarios);
  return scenarios.flatMap(({ name, operation, large }, index) => {
    const line = `${name.padEnd(width)}${operation}${large ? ' (not in a smoke run)' : ''}`;
    const before = scenarios[index - 1];
    return before && groupOf(before.name) !== groupOf(name) ? ['', line] : [line];
  });
}

/** Three significant digits and a unit that fits. */
export function duration(microseconds: number): string {
  if (microseconds < 1) return `${significant(microseconds * 1e3)} ns`;
  if (microseconds < 1e3) return `${significant(microseconds)} us`;
  if (microseconds < 1e6) return `${significant(microseconds / 1e3)} ms`;
  return `${significant(microseconds / 1e6)} s`;
}

function significant(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}
