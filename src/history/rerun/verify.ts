// Verification by re-execution, counted: the recorded commands of a game are run again through today's code, and what
// they make is compared with what was recorded. Before it: whoever asks, or section-task.ts in a thread; after it:
// reenact.ts.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import { type HistoryRange, seqsIn } from '../range.ts';
import { type Difference, explain } from './explanation.ts';
import { type TypeVersions, versionsOf } from './games-module.ts';
import { type Comparing, type Outcome, reenact, type Skipped } from './reenact.ts';

/** How much of the past was gone through. */
export interface Counts {
  /** Visible steps that were run again and came out as recorded. */
  readonly steps: number;
  /** The commands behind them. */
  readonly commands: number;
  /** Of the steps those that came out as recorded but for numbers within the tolerance. */
  readonly tolerated: number;
  /** Visible steps that came out differently: one at most, unless all were looked for. */
  readonly different: number;
  /** Records that could not be run again, by why. */
  readonly skipped: { readonly [why in Skipped]: number };
}

export interface Verification extends Counts {
  readonly game: string;
  readonly type: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** The first step that came out differently; undefined when all that could be run again is as it was recorded. */
  readonly difference: Difference | undefined;
  /** The first 100 of the steps that came out differently, oldest first. */
  readonly differences: readonly Difference[];
}

/** So many differences of a game are told. */
export const MOST_DIFFERENCES = 100;

export interface VerifyProgress {
  readonly game: string;
  /** Records gone through so far, of so many. */
  readonly done: number;
  readonly total: number;
}

/** What counts as a difference, and whether the first is the end. */
export interface VerifyMeasure {
  /**
   * By how much numbers may differ, as a part of the larger of the two, from 0 up to but not with 1: another version of
   * V8 may give other last digits. The next step goes on from what was recorded. Default 0.
   */
  readonly tolerance?: number;
  /** Go on behind a difference, from what was recorded, to the end of the range. Default false. */
  readonly all?: boolean;
}

export interface VerifyOptions extends HistoryRange, VerifyMeasure {
  /** Called now and then. */
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Asked after every step; true ends it early. What was counted by then is the result. */
  readonly isStopped?: () => boolean;
}

const OPTIONS: OptionsOf<VerifyOptions> = {
  ...({ from: 'checked', to: 'checked', onProgress: 'function', isStopped: 'function' } as const),
  ...({ tolerance: 'checked', all: 'boolean' } as const),
};

/** How long other work of the thread may have to wait. */
const SLICE_MS = 4;

/**
 * Verifies one game on this thread, in slices between turns of the event loop. One step is never cut: its commands run
 * as they ran when they were recorded.
 *
 * @throws OrreryError GAMES_MODULE (no code for the game among the types), and what the past throws: DAMAGED,
 * MOMENT_NOT_KEPT, CLOSED.
 */
export async function verify(
  past: HistoryReader,
  types: AnyGameType | readonly AnyGameType[] | TypeVersions,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { row } = past;
  assertOptions('verify', options, OPTIONS, { game: row.id });
  const versions = versionsOf(types, row);
  const { fromSeq, toSeq } = await boundsOf(past, options);
  const measure = measureOf(row.id, options);
  const counting = new Counting();
  const differences: Difference[] = [];
  let sliceEnd = performance.now() + SLICE_MS;
  const total = Math.max(0, toSeq - fromSeq + 1);
  for await (const outcome of reenact(past, versions, { fromSeq, toSeq, ...measure })) {
    counting.add(outcome);
    if (outcome.kind === 'different' && differences.length < MOST_DIFFERENCES) {
      differences.push(await explain(past, versions, outcome));
    }
    if (options.isStopped?.()) break;
    if (performance.now() < sliceEnd) continue;
    options.onProgress?.({ game: row.id, done: Math.min(total, outcome.step.lastSeq - fromSeq + 1), total });
    await nextTurn();
    sliceEnd = performance.now() + SLICE_MS;
  }
  if (differences.length === 0 || measure.goesOn) options.onProgress?.({ game: row.id, done: total, total });
  return { game: row.id, type: row.type, fromSeq, toSeq, ...counting.counts, difference: differences[0], differences };
}

/** Throws INVALID_OPTION. */
export function measureOf(
  game: string,
  { tolerance = 0, all = false }: VerifyMeasure,
): Omit<Comparing, 'fromSeq' | 'toSeq'> {
  const isPart = typeof tolerance === 'number' && tolerance >= 0 && tolerance < 1;
  if (isPart && typeof all === 'boolean') return { tolerance, goesOn: all };
  throw new OrreryError({
    code: 'INVALID_OPTION',
    what: isPart ? `\`all\` is ${String(all)}` : `the tolerance is ${String(tolerance)}`,
    hint: isPart ? 'Give true or false.' : 'Give a part of a number, from 0 up to but not with 1, such as 1e-12.',
    context: { game },
  });
}

/** The seqs that are meant, as far as they are kept. Throws INVALID_OPTION. */
export async function boundsOf(past: HistoryReader, range: HistoryRange): Promise<{ fromSeq: number; toSeq: number }> {
  const { row } = past;
  const { fromSeq, toSeq } = await seqsIn(past, range);
  return { fromSeq: Math.max(fromSeq ?? 0, row.firstSeq + 1), toSeq: Math.min(toSeq ?? row.seq, row.seq) };
}

class Counting {
  #steps = 0;
  #commands = 0;
  #tolerated = 0;
  #different = 0;
  readonly #skipped: { [why in Skipped]: number } = { version: 0, anonymous: 0, whole: 0, 'not kept': 0 };

  get counts(): Counts {
    const [steps, commands, tolerated, different] = [this.#steps, this.#commands, this.#tolerated, this.#different];
    return { steps, commands, tolerated, different, skipped: { ...this.#skipped } };
  }

  add(outcome: Outcome): void {
    const { firstSeq, lastSeq } = outcome.step;
    const records = lastSeq - firstSeq + 1;
    if (outcome.kind === 'different') this.#different += 1;
    else if (outcome.kind === 'skipped') this.#skipped[outcome.why] += records;
    else {
      this.#steps += 1;
      this.#commands += records;
      if (outcome.isTolerated) this.#tolerated += 1;
    }
  }
}

/** Of pieces of one game. */
export function sumOf(some: Counts, other: Counts): Counts {
  const skipped = { ...some.skipped };
  for (const why of Object.keys(skipped) as Skipped[]) skipped[why] += other.skipped[why];
  return {
    steps: some.steps + other.steps,
    commands: some.commands + other.commands,
    tolerated: some.tolerated + other.tolerated,
    different: some.different + other.different,
    skipped,
  };
}

export const NOTHING: Counts = new Counting().counts;
