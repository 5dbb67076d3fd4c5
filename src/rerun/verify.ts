// Verification by re-execution, counted: the recorded commands of a game are run again through today's code, and what they
// make is compared with what was recorded. Before it: whoever asks, or piece-task.ts in a thread; after it: reenact.ts.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AnyGameType } from '../game/define.ts';
import type { Past } from '../past/past.ts';
import { checkBound } from '../past/range.ts';
import { type Difference, explain } from './explanation.ts';
import { type TypeVersions, versionsOf } from './games-module.ts';
import { reenact, type Skipped } from './reenact.ts';

/** How much of the past was gone through. */
export interface Counts {
  /** Visible steps that were run again and came out as recorded. */
  readonly steps: number;
  /** The commands behind them. */
  readonly commands: number;
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
}

export interface VerifyRange {
  /** Default: from the oldest kept. */
  readonly fromSeq?: number;
  /** Default: up to the newest. */
  readonly toSeq?: number;
}

export interface VerifyProgress {
  readonly game: string;
  /** Records gone through so far, of so many. */
  readonly done: number;
  readonly total: number;
}

export interface VerifyOptions extends VerifyRange {
  /** Called now and then. */
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Asked after every step; true ends it early. What was counted by then is the result. */
  readonly isStopped?: () => boolean;
}

/** How long other work of the thread may have to wait. */
const SLICE_MS = 4;

/**
 * Verifies one game on this thread, in slices between turns of the event loop. One step is never cut: its commands run as
 * they ran when they were recorded.
 *
 * @throws OrreryError GAMES_MODULE (no code for the game among the types), and what the past throws: DAMAGED, MOMENT_NOT_KEPT, CLOSED.
 */
export async function verify(
  past: Past,
  types: AnyGameType | readonly AnyGameType[] | TypeVersions,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { row } = past;
  const versions = versionsOf(types, row);
  const { fromSeq, toSeq } = boundsOf(past, options);
  const counting = new Counting();
  let difference: Difference | undefined;
  let sliceEnd = performance.now() + SLICE_MS;
  const total = Math.max(0, toSeq - fromSeq + 1);
  for await (const outcome of reenact(past, versions, { fromSeq, toSeq })) {
    if (outcome.kind === 'different') difference = await explain(past, versions, outcome);
    else counting.add(outcome.step, outcome.kind === 'skipped' ? outcome.why : undefined);
    if (options.isStopped?.()) break;
    if (performance.now() < sliceEnd) continue;
    options.onProgress?.({ game: row.id, done: Math.min(total, outcome.step.lastSeq - fromSeq + 1), total });
    await nextTurn();
    sliceEnd = performance.now() + SLICE_MS;
  }
  if (!difference) options.onProgress?.({ game: row.id, done: total, total });
  return { game: row.id, type: row.type, fromSeq, toSeq, ...counting.counts, difference };
}

/** The seqs that are meant, as far as they are kept. Throws INVALID_OPTION. */
export function boundsOf({ row }: Past, { fromSeq, toSeq }: VerifyRange): { fromSeq: number; toSeq: number } {
  checkBound(row.id, 'fromSeq', fromSeq);
  checkBound(row.id, 'toSeq', toSeq);
  return { fromSeq: Math.max(fromSeq ?? 0, row.firstSeq + 1), toSeq: Math.min(toSeq ?? row.seq, row.seq) };
}

class Counting {
  #steps = 0;
  #commands = 0;
  readonly #skipped: { [why in Skipped]: number } = { version: 0, anonymous: 0, whole: 0, 'not kept': 0 };

  get counts(): Counts {
    return { steps: this.#steps, commands: this.#commands, skipped: { ...this.#skipped } };
  }

  add({ firstSeq, lastSeq }: { readonly firstSeq: number; readonly lastSeq: number }, why: Skipped | undefined): void {
    const records = lastSeq - firstSeq + 1;
    if (why) {
      this.#skipped[why] += records;
    } else {
      this.#steps += 1;
      this.#commands += records;
    }
  }
}

/** Of pieces of one game. */
export function sumOf(some: Counts, other: Counts): Counts {
  const skipped = { ...some.skipped };
  for (const why of Object.keys(skipped) as Skipped[]) skipped[why] += other.skipped[why];
  return { steps: some.steps + other.steps, commands: some.commands + other.commands, skipped };
}

export const NOTHING: Counts = new Counting().counts;
