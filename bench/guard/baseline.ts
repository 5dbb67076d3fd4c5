// bench/baseline.json: what the guard measured when somebody last said that this is how fast it should be. Ratios
// count; the machine and the times are there to be read.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../machine.ts';
import type { CalibrationName } from './calibration.ts';
import type { Check } from './checks.ts';
import type { Reading } from './measuring.ts';

interface Entry {
  readonly against: CalibrationName;
  readonly ratio: number;
  readonly microseconds: number;
}

export interface Baseline {
  readonly machine: Machine;
  readonly time: string;
  readonly checks: Readonly<Record<string, Entry>>;
}

/** In the checkout, also when this runs compiled from dist/. */
export const BASELINE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../baseline.json' : '../../../bench/baseline.json', import.meta.url),
);

/** Undefined when there is none. Throws when there is one that makes no sense. */
export function readBaseline(file: string): Baseline | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const baseline = JSON.parse(text) as Baseline;
  const checks = Object.entries(baseline.checks);
  const wrong = checks.find(([, { ratio }]) => !(Number.isFinite(ratio) && ratio > 0));
  if (wrong || checks.length === 0) throw new Error(`the ratio of ${wrong?.[0] ?? 'every check'} is missing`);
  return baseline;
}

/** The ratio of a check, if it was measured against the same calibration. */
export function ratioIn(baseline: Baseline | undefined, { scenario, against }: Check): number | undefined {
  const entry = baseline?.checks[scenario.name];
  return entry?.against === against ? entry.ratio : undefined;
}

/** Of every check. Four significant digits: more would be noise in every diff. */
export function writeBaseline(
  file: string,
  machine: Machine,
  checks: readonly Check[],
  readings: readonly Reading[],
): void {
  const rounded = (value: number): number => Number(value.toPrecision(4));
  const byName = new Map(readings.map((reading) => [reading.name, reading]));
  const entries = checks.map(({ scenario: { name }, against }) => {
    const { ratio, microseconds } = byName.get(name) as Reading;
    return [name, { against, ratio: rounded(ratio), microseconds: rounded(microseconds) }] as const;
  });
  const baseline: Baseline = { machine, time: new Date().toISOString(), checks: Object.fromEntries(entries) };
  writeFileSync(file, `${JSON.stringify(baseline, null, 2)}\n`);
}
