// A game run again from a moment of its past: recorded commands go in, and what today's code makes of them comes out as
// patches. Nothing it does reaches a disk. Before it: a StateAt of storage/history-reader.ts; after it: reenact.ts and
// expand.ts.

import { OrreryError } from '../../core/errors.ts';
import { GameActor } from '../../core/game/actor.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { RecordedRandomness } from '../../core/game/randomness.ts';
import type { Receipt, RecordSink } from '../../core/game/recording.ts';
import type { GameSeed } from '../../core/game/seed.ts';
import { WorkingState } from '../../core/game/state.ts';
import type { JsonObject, Patch } from '../../core/patch/patch.ts';
import { type Record, TICK } from '../../core/patch/record.ts';
import type { HistoryReader, StateAt } from '../../storage/history-reader.ts';
import type { CommandEntry } from '../../storage/steps.ts';
import { takeOver } from './taking-over.ts';

/** What the random numbers of a game followed from at some moment of its past. */
export interface RandomOrigin {
  /** Default: the id it has. */
  readonly id?: string | undefined;
  /** None: a game from before there were seeds. */
  readonly seed: GameSeed | undefined;
}

/** What a past says of the record with a seq. */
export function randomOriginAt(past: HistoryReader, seq: number): RandomOrigin {
  return { id: past.idAt?.(seq), seed: past.seed };
}

/** What a command may be given besides its name when it is run again. */
export type Rerun = Pick<CommandEntry, 'seq' | 'tick' | 'time' | 'name' | 'player' | 'args' | 'nonce'>;

export class Replica {
  readonly #sink: Catch;
  readonly #origin: RandomOrigin & { readonly id: string };
  readonly #game: GameActor;
  #state: WorkingState;

  /**
   * The state is copied. `origin` is what random numbers follow from: the id it had then, and its seed. Throws
   * NOT_PERSISTABLE.
   */
  constructor(at: StateAt, type: AnyGameType, { id = at.game, seed }: RandomOrigin) {
    this.#origin = { id, seed };
    this.#sink = new Catch(id, seed);
    this.#game = new GameActor(id, type, this.#sink);
    this.#state = WorkingState.fromJson(at.state, at.tables);
    this.#game.restore(this.#state, at.seq, at.tick);
  }

  get id(): string {
    return this.#origin.id;
  }

  get seq(): number {
    return this.#game.seq;
  }

  get tick(): number {
    return this.#game.tick;
  }

  get tables(): readonly string[] {
    return this.#state.tableNames;
  }

  /** The same game under another id, from which other random numbers follow. */
  as(id: string): Replica {
    const { type, seq, tick } = this.#game;
    const at = { game: id, type: type.name, version: type.version, seq, tick, time: this.#sink.time };
    return new Replica({ ...at, tables: this.tables, state: this.toJSON() }, type, { ...this.#origin, id });
  }

  /** The state as plain JSON; values are shared with it. */
  toJSON(): JsonObject {
    return this.#state.toJSON();
  }

  /**
   * Runs one command as it was recorded, `@tick` included, with its seq, tick and time. The patches alias the state:
   * they are to be copied or read, not changed.
   *
   * @throws OrreryError COMMAND_REFUSED, UNKNOWN_COMMAND, INVARIANT_FAILED, NOT_PERSISTABLE and what else dispatch
   * throws; then the state is as before.
   */
  run({ seq, tick, time, name, player, args, nonce = 0 }: Rerun): readonly Patch[] {
    this.#sink.time = time;
    this.#sink.randomness.recorded = nonce;
    const game = this.#game;
    if (name === TICK) {
      game.restore(this.#state, seq - 1, tick - 1);
      game.advance();
    } else {
      game.restore(this.#state, seq - 1, tick);
      game.dispatch(name, args, player === undefined ? undefined : { player });
    }
    return this.#sink.take(game.id, seq);
  }

  /** Takes recorded patches over as they are, where what made them cannot be run again. Throws PATCH_INVALID. */
  takeOver(patches: readonly Patch[], seq: number, tick: number): void {
    const whole = takeOver(this.#state, patches);
    if (whole) this.#state = whole;
    this.#game.restore(this.#state, seq, tick);
  }
}

/** Keeps the newest record. */
class Catch implements RecordSink {
  readonly notifyWhen = 'accepted';
  readonly randomness: RecordedRandomness;
  time = 0;
  #record: Record | undefined;

  constructor(game: string, seed: GameSeed | undefined) {
    this.randomness = new RecordedRandomness(game, seed);
  }

  ready(): void {}

  append(record: Record): Receipt {
    this.#record = record;
    return { seq: record.seq, tick: record.tick, durable: Promise.resolve() };
  }

  take(game: string, seq: number): readonly Patch[] {
    const record = this.#record;
    this.#record = undefined;
    if (record?.seq === seq) return record.patches;
    throw new OrreryError({
      code: 'INTERNAL',
      what: 'a command that was run again left no record',
      hint: 'This is a defect in Orrery: please report it with this message.',
      context: { game, seq },
    });
  }

  subscriberFailed(error: unknown): void {
    throw error;
  }

  now(): number {
    return this.time;
  }
}
