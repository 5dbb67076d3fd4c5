// What would have been: a game taken from a moment of its past and played on in memory, with other code or other
// commands. Nothing is written. Before it: a HistoryReader and game types; after it: Orrery and `orrery try` show the
// difference.

import { type ErrorData, errorToData, OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { migrate } from '../../core/game/migration.ts';
import { derivedSeed } from '../../core/game/seed.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import { cloneJson } from '../../core/patch/apply.ts';
import type { Json, JsonObject, Patch } from '../../core/patch/patch.ts';
import { TICK } from '../../core/patch/record.ts';
import { type HistoryReader, type MomentLike, momentOf, type StateAt } from '../../storage/history-reader.ts';
import { changesInTurns, type DifferenceChange, patchesInTurns } from '../difference.ts';
import { seqsIn } from '../range.ts';
import { ExpandedPast } from './expand.ts';
import { type TypeVersions, versionsOf } from './games-module.ts';
import { reasonNotToRun } from './reenact.ts';
import { Replica, type Rerun, randomOriginAt } from './replica.ts';

/** A command to be tried, or a number of ticks. */
export type Trial =
  | { readonly command: string; readonly args?: Json; readonly player?: string; readonly advance?: never }
  | { readonly advance: number; readonly command?: never };

export interface TryOptions {
  /** Where to begin; a plain number is a seq. Default: the newest moment. */
  readonly at?: MomentLike;
  /** What to do there. Default: the commands that were recorded from there on. */
  readonly commands?: Iterable<Trial> | AsyncIterable<Trial>;
  /** With the recorded commands, the last one. Default: the newest. */
  readonly to?: MomentLike;
  /** Called with every command that was accepted and what it did. The patches are not to be changed. */
  readonly onRecord?: (record: TriedRecord) => void;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number | undefined }) => void;
}

const OPTIONS: OptionsOf<TryOptions> = {
  ...({ at: 'checked', commands: 'checked', to: 'checked', onRecord: 'function', onProgress: 'function' } as const),
};

export interface TriedRecord extends Rerun {
  readonly patches: readonly Patch[];
}

/** A command that was not accepted. The game went on without it. */
export interface Refused {
  /** Of a recorded command its own; of another one that which it would have had. */
  readonly seq: number;
  readonly tick: number;
  readonly command: string;
  readonly args: Json | undefined;
  readonly player: string | undefined;
  readonly error: ErrorData;
}

export interface TryReport<State = JsonObject> {
  readonly game: string;
  readonly type: string;
  /** Of the code that was tried. */
  readonly version: number;
  readonly from: Omit<StateAt, 'state'>;
  /** What was tried ended here. */
  readonly seq: number;
  readonly tick: number;
  /** Commands that were accepted. */
  readonly accepted: number;
  readonly refused: readonly Refused[];
  /** Recorded commands that could not be run again; where it could be, what they had done was done again. */
  readonly skipped: number;
  /** What the tried state is compared with: with recorded commands what they led to, with others where they began. */
  readonly comparedWith: 'outcome' | 'beginning';
  /** From that state to the tried one. */
  readonly changes: readonly DifferenceChange[];
  readonly tables: readonly string[];
  /** The state at the end. */
  readonly state: State;
}

/** How many commands run between two looks at the clock of whoever watches. */
const TELL_EVERY = 256;

/**
 * Plays a game on from a moment, in memory. A state of an older version is migrated first. Commands that were not
 * recorded have the time of the moment as context.now.
 *
 * @throws OrreryError MOMENT_NOT_KEPT, MIGRATION_MISSING, MIGRATION_FAILED, INVALID_OPTION (a trial that is none),
 * DAMAGED; INVALID_OPTION also where a whole state was recorded on the way.
 */
export async function tryOut(
  past: HistoryReader,
  types: AnyGameType | readonly AnyGameType[] | TypeVersions,
  options: TryOptions = {},
): Promise<TryReport> {
  assertOptions('try', options, OPTIONS, { game: past.row.id });
  const versions = versionsOf(types, past.row);
  const type = versions.get(Math.max(...versions.keys())) as AnyGameType;
  // Code that makes of a merged step what was recorded can begin and end inside of it.
  const expanded = new ExpandedPast(past, type);
  const { state: stored, ...from } = await expanded.stateAt(momentOf(options.at ?? past.row.seq));
  const { game, seq, tick, time: now } = from;
  const { seed } = past;
  const begun = { ...from, ...migrate(type, { ...from, state: stored }, { game, seq, tick, now, seed }) };
  const recorded = options.commands === undefined;
  const { toSeq: last } = await seqsIn(past, options.to === undefined ? {} : { to: options.to });
  const toSeq = Math.min(last ?? past.row.seq, past.row.seq);
  if (recorded && toSeq < seq) throw endsBefore(game, seq, toSeq);
  // Read first: what cannot be compared with need not be tried.
  const base = recorded ? await outcomeAt(expanded, type, toSeq) : begun;
  const run = new TrialRun(replicaFor(past, type, begun, recorded), options, begun.time);
  if (options.commands === undefined) await run.again(past, toSeq);
  else await run.commands(options.commands);
  const { replica } = run;
  const state = cloneJson(replica.toJSON()) as JsonObject;
  const tables = replica.tables.filter((table) => base.tables.includes(table));
  const before = cloneJson(base.state) as JsonObject;
  return {
    game,
    type: type.name,
    version: type.version,
    from,
    seq: replica.seq,
    tick: replica.tick,
    accepted: run.accepted,
    refused: run.refused,
    skipped: run.skipped,
    comparedWith: recorded ? 'outcome' : 'beginning',
    changes: await changesInTurns(before, await patchesInTurns(base.state, state, tables)),
    tables: replica.tables,
    state,
  };
}

/**
 * Commands that were never recorded draw other numbers than the game itself will: nobody is to learn those by trying.
 */
function replicaFor(past: HistoryReader, type: AnyGameType, begun: StateAt, recorded: boolean): Replica {
  const { id, seed } = randomOriginAt(past, begun.seq + 1);
  return new Replica(begun, type, { id, seed: recorded || !seed ? seed : derivedSeed(seed, 'try') });
}

/** What was recorded at the end, in the version of the code that is tried. */
async function outcomeAt(past: HistoryReader, type: AnyGameType, toSeq: number): Promise<StateAt> {
  const at = await past.stateAt({ seq: toSeq });
  const { game, seq, tick, time: now } = at;
  return { ...at, ...migrate(type, at, { game, seq, tick, now, seed: past.seed }) };
}

class TrialRun {
  replica: Replica;
  readonly refused: Refused[] = [];
  accepted = 0;
  skipped = 0;
  readonly #options: TryOptions;
  readonly #time: number;
  #done = 0;

  constructor(replica: Replica, options: TryOptions, time: number) {
    this.replica = replica;
    this.#options = options;
    this.#time = time;
  }

  async commands(trials: Iterable<Trial> | AsyncIterable<Trial>): Promise<void> {
    for await (const trial of trials) {
      if (typeof trial !== 'object' || (trial as Trial | null) === null) throw noTrial(this.replica.id, trial);
      if (trial.advance !== undefined) {
        if (!Number.isSafeInteger(trial.advance) || trial.advance < 0) throw noTrial(this.replica.id, trial);
        for (let count = 0; count < trial.advance; count += 1) await this.#run(TICK, this.replica.tick + 1);
      } else {
        const { command, args, player } = trial;
        if (typeof command !== 'string' || command.startsWith('@')) throw noTrial(this.replica.id, trial);
        await this.#run(command, this.replica.tick, args, player);
      }
    }
  }

  /** The recorded commands from here on, each with the seq, tick and time it had. */
  async again(past: HistoryReader, toSeq: number): Promise<void> {
    const { seq } = this.replica;
    const total = Math.max(0, toSeq - seq);
    let due = seq + 1;
    for await (const step of past.steps({ fromSeq: seq + 1, toSeq })) {
      // The states at both ends were read before: since then retention may have merged what lies around them. Commands
      // can be run one by one from anywhere inside a step; what a step changed can only be taken over as a whole.
      if (step.firstSeq > due) throw notKept(past.row.id, due, step.firstSeq - 1);
      if (reasonNotToRun(step) && (step.firstSeq < due || step.lastSeq > toSeq))
        throw notKept(past.row.id, step.firstSeq, step.lastSeq);
      due = step.lastSeq + 1;
      // Chance follows from the id that the game had then.
      if (past.idAt && past.idAt(step.firstSeq) !== this.replica.id)
        this.replica = this.replica.as(past.idAt(step.firstSeq));
      if (step.patches.some(({ path }) => path.length === 0)) throw endsAt(past.row.id, step.firstSeq);
      if (reasonNotToRun(step)) {
        this.#takeOver(step);
      } else {
        for (const command of step.commands)
          if (command.seq > seq && command.seq <= toSeq) await this.#attempt(command, total);
      }
    }
    if (due <= toSeq) throw notKept(past.row.id, due, toSeq);
  }

  async #run(name: string, tick: number, args?: Json, player?: string): Promise<void> {
    await this.#attempt({ seq: this.replica.seq + 1, tick, time: this.#time, name, player, args }, undefined);
  }

  async #attempt(command: Rerun, total: number | undefined): Promise<void> {
    try {
      const patches = this.replica.run({ ...command });
      this.accepted += 1;
      this.#options.onRecord?.({ ...command, patches });
    } catch (thrown) {
      if (!(thrown instanceof OrreryError) || thrown.code === 'INTERNAL') throw thrown;
      const { seq, tick, name, args, player } = command;
      this.refused.push({ seq, tick, command: name, args, player, error: errorToData(thrown) });
    }
    this.#done += 1;
    if (this.#done % TELL_EVERY !== 0) return;
    this.#options.onProgress?.({ done: this.#done, total });
    await new Promise((resolve) => setImmediate(resolve));
  }

  #takeOver(step: {
    readonly patches: readonly Patch[];
    readonly firstSeq: number;
    readonly lastSeq: number;
    readonly tick: number;
    readonly time: number;
  }): void {
    const { patches, firstSeq, lastSeq: seq, tick, time } = step;
    this.skipped += seq - firstSeq + 1;
    try {
      this.replica.takeOver(patches, seq, tick);
    } catch (error) {
      // What it changed is not there any more in what is tried: then it changes nothing.
      if (!(error instanceof OrreryError && error.code === 'PATCH_INVALID')) throw error;
      return;
    }
    this.#options.onRecord?.({ seq, tick, time, name: '@update', player: undefined, args: undefined, patches });
  }
}

function noTrial(game: string, trial: unknown): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `a command to be tried is ${JSON.stringify(trial)}`,
    hint: 'Write { "command": name, "args": ..., "player": ... } or { "advance": ticks }.',
    context: { game },
  });
}

function notKept(game: string, firstSeq: number, lastSeq: number): OrreryError {
  return new OrreryError({
    code: 'MOMENT_NOT_KEPT',
    what: `seq ${firstSeq} to ${lastSeq} cannot be played from or to a moment inside: their commands are not kept`,
    hint: 'Retention may have thinned them out just now: begin again, or choose another moment.',
    context: { game, before: firstSeq - 1, after: lastSeq },
  });
}

function endsBefore(game: string, seq: number, toSeq: number): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `the last command to run again is seq ${toSeq}, and the moment to begin with is seq ${seq}`,
    hint: 'Begin at an earlier moment, or end at a later one.',
    context: { game, seq, toSeq },
  });
}

function endsAt(game: string, seq: number): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `what was tried cannot go on past seq ${seq}, where a whole state was recorded`,
    hint: 'Such are migrations, recoveries and thinned-out stretches: begin behind it, or end before it.',
    context: { game, seq },
  });
}
