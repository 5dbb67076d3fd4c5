// What a newer program would make of a game, before anything is written: its newest state is migrated, and beside it an
// older state, after which the recorded commands are run again with the new code. Before it: a HistoryReader,
// read-only; after it: the report of `orrery migrate --rehearse`. All of it happens in memory, under the game's own id:
// chance follows from that, so a fork in a directory would play differently.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Operation } from 'fast-json-patch';
import { OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { migrate } from '../../core/game/migration.ts';
import { tooNew } from '../../core/game/mismatch.ts';
import type { GameSeed } from '../../core/game/seed.ts';
import { toJsonPatch } from '../../core/patch/pointer.ts';
import type { HistoryReader, PastStep, StateAt } from '../../storage/history-reader.ts';
import { changesInTurns, type DifferenceChange, patchesInTurns } from '../difference.ts';
import { soundnessOf } from '../recover/soundness.ts';
import { reasonNotToRun } from '../rerun/reenact.ts';
import { Replica, randomOriginAt } from '../rerun/replica.ts';

/** Commands that are run again when nothing is said. */
export const DEFAULT_LAST = 1_000;

/** Refused commands that are told one by one. */
const NAMED_REFUSALS = 20;

/** How long other work of the thread may have to wait. */
const SLICE_MS = 4;

export interface RehearsalOptions {
  /** How many of the newest commands are run again. Default 1,000. */
  readonly last?: number;
  /** Called now and then. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** A command that was accepted when it was recorded, and is not by the new code. */
export interface RefusedCommand {
  readonly seq: number;
  readonly tick: number;
  readonly command: string;
  readonly error: OrreryError;
}

export interface Rehearsal {
  readonly game: string;
  readonly type: string;
  readonly from: number;
  readonly to: number;
  /** The newest seq: the migration would come right behind it. */
  readonly seq: number;
  /** Why the game could not be migrated. Then nothing was run again. */
  readonly failure: OrreryError | undefined;
  /** The state that the commands were run from was that after this seq. */
  readonly fromSeq: number;
  /** How many were run again, refused ones included. */
  readonly commands: number;
  /** Records that cannot be run again, such as anonymous recipes. Behind each it went on from what was recorded. */
  readonly skipped: number;
  /** How many were refused. */
  readonly refusals: number;
  /** The first of them. */
  readonly refused: readonly RefusedCommand[];
  /**
   * From the migrated newest state to the one that the new code came to. Empty: it makes no difference when to migrate.
   */
  readonly changes: readonly DifferenceChange[];
  /** The same as RFC 6902 has it. */
  readonly operations: readonly Operation[];
  /** The tables of both. */
  readonly tables: readonly string[];
}

/**
 * Writes nothing, wherever the past is from. A migration that fails, or a state that does not fit afterwards, is part
 * of the result.
 *
 * @throws OrreryError GAME_VERSION (the game is newer than the program) and what the past throws: DAMAGED, CLOSED.
 */
export async function rehearse(
  past: HistoryReader,
  type: AnyGameType,
  options: RehearsalOptions = {},
): Promise<Rehearsal> {
  const { id, seq, version: from } = past.row;
  if (from > type.version) throw tooNew(id, from, type.version);
  const begun = { game: id, type: type.name, from, to: type.version as number, seq };
  const first = Math.max(past.row.firstSeq, seq - (options.last ?? DEFAULT_LAST));
  let newest: StateAt;
  let replay: Replay;
  try {
    newest = taken(type, await past.stateAt({ seq }), seq + 1, past.seed);
    const error = soundnessOf(type, past.seed)(newest);
    if (error) throw error;
    replay = new Replay(past, type, await past.stateAt({ seq: first }, { nearest: true }));
  } catch (failure) {
    if (!(failure instanceof OrreryError) || !TELLS_OF_MIGRATION.has(failure.code)) throw failure;
    const nothing = { fromSeq: seq, commands: 0, skipped: 0, refusals: 0, refused: [], changes: [], operations: [] };
    return { ...begun, ...nothing, failure, tables: [] };
  }
  const { fromSeq } = replay;
  await replay.run(seq, options.onProgress);
  const { commands, skipped, refusals, refused, replica } = replay;
  const tables = newest.tables.filter((table) => replica.tables.includes(table));
  const patches = await patchesInTurns(newest.state, replica.toJSON(), tables);
  const operations = toJsonPatch(patches);
  const changes = await changesInTurns(newest.state, patches);
  const told = { fromSeq, commands, skipped, refusals, refused, changes, operations };
  return { ...begun, ...told, failure: undefined, tables: [...new Set([...newest.tables, ...replica.tables])] };
}

/** The states and commands of a game, with the code of another version. */
class Replay {
  readonly fromSeq: number;
  readonly #past: HistoryReader;
  readonly #type: AnyGameType;
  replica: Replica;
  commands = 0;
  skipped = 0;
  refusals = 0;
  readonly refused: RefusedCommand[] = [];
  #seq: number;

  constructor(past: HistoryReader, type: AnyGameType, at: StateAt) {
    this.#past = past;
    this.#type = type;
    this.fromSeq = at.seq;
    this.#seq = at.seq;
    this.replica = this.#replicaAt(at);
  }

  async run(upToSeq: number, onProgress: RehearsalOptions['onProgress']): Promise<void> {
    const total = upToSeq - this.fromSeq;
    let sliceEnd = performance.now() + SLICE_MS;
    for await (const step of this.#past.steps({ fromSeq: this.#seq + 1, toSeq: upToSeq })) {
      if (step.lastSeq <= this.#seq) continue;
      await this.#take(step);
      this.#seq = step.lastSeq;
      if (performance.now() < sliceEnd) continue;
      onProgress?.({ done: this.#seq - this.fromSeq, total });
      await nextTurn();
      sliceEnd = performance.now() + SLICE_MS;
    }
    onProgress?.({ done: total, total });
  }

  async #take(step: PastStep): Promise<void> {
    const isRenamed = this.#past.idAt !== undefined && this.#past.idAt(step.firstSeq) !== this.replica.id;
    if (reasonNotToRun(step) !== undefined || step.firstSeq !== this.#seq + 1 || isRenamed) {
      // Its patches are those of a state of another shape: it goes on from the state that was recorded, migrated.
      this.skipped += step.lastSeq - step.firstSeq + 1;
      this.replica = this.#replicaAt(await this.#past.stateAt({ seq: step.lastSeq }));
      return;
    }
    for (const command of step.commands) {
      this.commands += 1;
      try {
        this.replica.run(command);
      } catch (error) {
        if (!(error instanceof OrreryError) || error.code === 'INTERNAL') throw error;
        this.refusals += 1;
        if (this.refused.length >= NAMED_REFUSALS) continue;
        this.refused.push({ seq: command.seq, tick: command.tick, command: command.name, error });
      }
    }
  }

  #replicaAt(at: StateAt): Replica {
    const { row, seed } = this.#past;
    return new Replica(taken(this.#type, at, row.seq + 1, seed), this.#type, randomOriginAt(this.#past, at.seq + 1));
  }
}

/**
 * A state migrated at its own time, with the random numbers of a migration that is the record `as`: what an older state
 * draws otherwise than the newest would be told as a difference.
 */
function taken(type: AnyGameType, at: StateAt, as: number, seed: GameSeed | undefined): StateAt {
  const { game, tick, time } = at;
  return { ...at, ...migrate(type, at, { game, seq: as, tick, now: time, seed }) };
}

const TELLS_OF_MIGRATION: ReadonlySet<string> = new Set([
  'MIGRATION_MISSING',
  'MIGRATION_FAILED',
  'SCHEMA_FAILED',
  'INVARIANT_FAILED',
  'NOT_PERSISTABLE',
]);
