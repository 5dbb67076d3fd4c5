// What one trial measures, and how each figure is read: which way is better, and how it is printed.

import { byteSize } from '../../core/printable.ts';

/** What a trial has nothing to do with is 0 in it. */
export interface Figures {
  /** Commands a second of a loop that does not wait, until the last is durable. */
  readonly durablePerSecond: number;
  /** The same until the last is in the database as well. */
  readonly compactedPerSecond: number;
  /**
   * In the paced loop: from handing a batch to the owner to its acknowledgement, and from its first command to that.
   */
  readonly commitP50: number;
  readonly commitP99: number;
  readonly durableP50: number;
  readonly durableP99: number;
  /**
   * In a loop that waits for every 500 commands or so to become durable: how long that took, with compaction and
   * checkpoints in between.
   */
  readonly waitP99: number;
  /** In the paced loop: time that the main thread was busy, for one command. */
  readonly loopMicroseconds: number;
  /** Journal and images. */
  readonly bytesPerCommand: number;
  /** The most journal at any time that a crash would have left to replay, and about how long that would take. */
  readonly replayBytes: number;
  readonly replayMs: number;
  /** What the options bound, as far as the trial went. */
  readonly largestBatchBytes: number;
  readonly largestLagBytes: number;
  readonly checkpoints: number;
  /** fdatasync and write alone, in the paced loop. */
  readonly syncP50: number;
  /** Records of a history that were run again in a second. */
  readonly verifiedPerSecond: number;
  /** Meanwhile: how late a loop of the thread that asked for it came to its turns. */
  readonly lateP99: number;
}

export type FigureName = keyof Figures;

interface Reading {
  readonly words: string;
  readonly better: 'higher' | 'lower';
  readonly print: (value: number) => string;
}

export const READINGS: { readonly [name in FigureName]: Reading } = {
  durablePerSecond: { words: 'durable commands a second', better: 'higher', print: whole },
  compactedPerSecond: { words: 'compacted commands a second', better: 'higher', print: whole },
  commitP50: { words: 'commit latency, p50', better: 'lower', print: duration },
  commitP99: { words: 'commit latency, p99', better: 'lower', print: duration },
  durableP50: { words: 'time to durable, p50', better: 'lower', print: duration },
  durableP99: { words: 'time to durable, p99', better: 'lower', print: duration },
  waitP99: { words: 'wait beside background work, p99', better: 'lower', print: duration },
  loopMicroseconds: { words: 'game-loop time a command', better: 'lower', print: duration },
  bytesPerCommand: { words: 'bytes written a command', better: 'lower', print: whole },
  replayBytes: { words: 'journal left to replay', better: 'lower', print: (bytes) => byteSize(Math.round(bytes)) },
  replayMs: { words: 'time to replay it', better: 'lower', print: (ms) => duration(ms * 1_000) },
  largestBatchBytes: { words: 'largest batch', better: 'lower', print: (bytes) => byteSize(Math.round(bytes)) },
  largestLagBytes: { words: 'largest compaction lag', better: 'lower', print: (bytes) => byteSize(Math.round(bytes)) },
  checkpoints: { words: 'checkpoints', better: 'lower', print: whole },
  syncP50: { words: 'write and fdatasync, p50', better: 'lower', print: duration },
  verifiedPerSecond: { words: 'records verified a second', better: 'higher', print: whole },
  lateP99: { words: 'lateness of the game loop, p99', better: 'lower', print: duration },
};

/** What trials of verification measure; all others measure the rest. */
export const OF_VERIFICATION: readonly FigureName[] = ['verifiedPerSecond', 'lateP99'];

/** These, and 0 for what was not measured. */
export function figuresWith(measured: Partial<Figures>): Figures {
  const none = Object.fromEntries(Object.keys(READINGS).map((name) => [name, 0])) as unknown as Figures;
  return { ...none, ...measured };
}

/** Of several trials of the same, each figure's own median. */
export function medianFigures(trials: readonly Figures[]): Figures {
  const names = Object.keys(READINGS) as FigureName[];
  return Object.fromEntries(
    names.map((name) => [name, median(trials.map((trial) => trial[name]))]),
  ) as unknown as Figures;
}

/** Of at least one. */
export function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  const upper = ascending[ascending.length >> 1] as number;
  return ascending.length % 2 === 1 ? upper : (upper + (ascending[(ascending.length >> 1) - 1] as number)) / 2;
}

/** From the worst to the best of them. */
export function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Three significant digits and a unit that fits. */
function duration(microseconds: number): string {
  const digits = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 });
  if (microseconds < 1e3) return `${digits(microseconds)} us`;
  return microseconds < 1e6 ? `${digits(microseconds / 1e3)} ms` : `${digits(microseconds / 1e6)} s`;
}
