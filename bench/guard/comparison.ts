// Readings against a baseline: what has moved by more than a quarter, which way, and the exit status that follows.

import type { Failure, Reading } from './measuring.ts';

/** Times as much, or as little, as the baseline is still the same. */
export const LIMIT = 1.25;

export type Verdict = 'same' | 'slower' | 'faster' | 'new';

export interface Comparison extends Reading {
  /** The ratio in the baseline. Undefined for a check that it does not know. */
  readonly before: number | undefined;
  readonly verdict: Verdict;
}

export function compare(reading: Reading, before: number | undefined): Comparison {
  return { ...reading, before, verdict: verdictOf(reading.ratio, before) };
}

function verdictOf(ratio: number, before: number | undefined): Verdict {
  if (before === undefined) return 'new';
  if (ratio > before * LIMIT) return 'slower';
  if (ratio * LIMIT < before) return 'faster';
  return 'same';
}

/**
 * Of two measurements of one check, the one nearer to the baseline: noise moves a figure once, a change moves it each
 * time.
 */
export function nearer(first: Comparison, second: Comparison): Comparison {
  if (first.before === undefined) return second;
  const distance = ({ ratio }: Comparison): number => Math.abs(Math.log(ratio / (first.before as number)));
  return distance(second) < distance(first) ? second : first;
}

export function hasMoved({ verdict }: Comparison): boolean {
  return verdict === 'slower' || verdict === 'faster';
}

/** 1 when something got slower or could not be measured, else 0. In a smoke run figures mean nothing. */
export function exitStatus(comparisons: readonly Comparison[], failures: readonly Failure[], smoke: boolean): 0 | 1 {
  if (failures.length > 0) return 1;
  return !smoke && comparisons.some(({ verdict }) => verdict === 'slower') ? 1 : 0;
}
