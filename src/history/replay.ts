// A game played again from what it recorded: each visible step with the state after it. Before it: orrery.ts and the
// command line; after it: past.ts. No command runs: rerun/ does that.

import { OrreryError } from '../core/errors.ts';
import { assertOptions, type OptionsOf } from '../core/option-check.ts';
import type { JsonObject, Patch } from '../core/patch/patch.ts';
import {
  type HistoryReader,
  type Moment,
  type MomentLike,
  type MomentOptions,
  momentOf,
  type PastStep,
} from '../storage/history-reader.ts';
import { momentNotKept } from '../storage/moment.ts';
import type { CommandEntry } from '../storage/steps.ts';
import { SharedState } from './shared-state.ts';

export interface ReplayRange extends MomentOptions {
  /** The moment it begins with. Default: the first that can be read. */
  readonly from?: MomentLike;
  /** The last moment. Default: the newest that is durable when the steps begin to be read. */
  readonly to?: MomentLike;
}

const RANGE: OptionsOf<ReplayRange> = { from: 'checked', to: 'checked', nearest: 'boolean' };

/** A moment of a replay. */
export interface ReplayStep<State = JsonObject> {
  readonly seq: number;
  readonly firstSeq: number;
  readonly tick: number;
  readonly time: number;
  /** Oldest first; empty for the moment it begins with. */
  readonly commands: readonly CommandEntry[];
  /** What led here from the moment before; empty for the one it begins with. */
  readonly patches: readonly Patch[];
  /**
   * The state after them: deeply frozen, and it shares what did not change with the states before and after. It is made
   * when it is asked for, also later. Tables are plain objects by id.
   */
  readonly state: State;
}

/** The moment it begins with comes first. Throws MOMENT_NOT_KEPT, INVALID_OPTION, DAMAGED. */
export async function* replayOf(
  past: HistoryReader,
  range: ReplayRange = {},
): AsyncGenerator<ReplayStep, void, undefined> {
  assertOptions('replay', range, RANGE, { game: past.row.id });
  const { from, to, ...options } = range;
  const start = await past.stateAt(momentOf(from ?? past.row.firstSeq), options);
  // The end is looked for before anything is given out: one that is not kept is an error at once.
  const end = to === undefined ? Number.POSITIVE_INFINITY : await seqOf(past, momentOf(to), options);
  const { seq, tick, time } = start;
  if (end < seq) throw backwards(past.row.id, seq, end);
  let shared = SharedState.of(start.state, start.tables);
  yield new Step({ firstSeq: seq, lastSeq: seq, tick, time, commands: [], patches: [] }, shared);
  if (end === seq) return;
  let last = seq;
  for await (const step of past.steps({ fromSeq: seq + 1, toSeq: end })) {
    if (step.firstSeq > last + 1) throw hole(past.row.id, last, step.firstSeq);
    // The newest step of a running game grows until its tick is over: what was its end a moment ago lies inside it now.
    const inside = step.firstSeq <= last ? last : step.lastSeq > end ? end : undefined;
    if (inside !== undefined) {
      throw momentNotKept(past.row.id, { seq: inside }, { before: step.firstSeq - 1, after: step.lastSeq });
    }
    shared = shared.after(step.patches);
    yield new Step(step, shared);
    last = step.lastSeq;
  }
}

class Step implements ReplayStep {
  readonly seq: number;
  readonly firstSeq: number;
  readonly tick: number;
  readonly time: number;
  readonly commands: readonly CommandEntry[];
  readonly patches: readonly Patch[];
  readonly #shared: SharedState;

  constructor({ firstSeq, lastSeq, tick, time, commands, patches }: PastStep, shared: SharedState) {
    this.seq = lastSeq;
    this.firstSeq = firstSeq;
    this.tick = tick;
    this.time = time;
    this.commands = commands;
    this.patches = patches;
    this.#shared = shared;
  }

  get state(): JsonObject {
    return this.#shared.value;
  }
}

async function seqOf(past: HistoryReader, moment: Moment, options: MomentOptions): Promise<number> {
  return (await past.stateAt(moment, options)).seq;
}

function backwards(game: string, from: number, to: number): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `a replay cannot go from seq ${from} back to seq ${to}`,
    hint: 'Give as `from` the earlier of the two moments.',
    context: { game },
  });
}

/** Steps were taken out by retention: what is behind them cannot be reached from here. */
function hole(game: string, last: number, next: number): OrreryError {
  return new OrreryError({
    code: 'MOMENT_NOT_KEPT',
    what: `the steps from seq ${last + 1} to seq ${next - 1} are not kept`,
    hint: `Replay up to seq ${last}, or from a later moment on.`,
    context: { game, seq: last + 1, before: last, after: undefined },
  });
}
