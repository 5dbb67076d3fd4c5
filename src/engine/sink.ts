// Between one game and the commit queue of its shard: encodes each record, once, and watches over sizes.

import { OrreryError } from '../core/errors.ts';
import { GameActor } from '../core/game/actor.ts';
import type { AnyGameType } from '../core/game/define.ts';
import { GameRandomness, type RandomOptions } from '../core/game/randomness.ts';
import type { Receipt, RecordSink } from '../core/game/recording.ts';
import { type Validation, validatesCommands } from '../core/game/schema.ts';
import { assertCounts, type Record } from '../core/patch/record.ts';
import { wallClock } from '../core/patch/wall-clock.ts';
import type { RecordCheck } from './accepted.ts';
import type { CommitQueue } from './commit-queue.ts';

export interface SinkOptions extends RandomOptions {
  readonly durability: 'group' | 'strict' | 'relaxed';
  readonly maxRecordBytes: number;
  readonly maxStateBytes: number;
  readonly validate: Validation;
}

/** An actor with the sink that it was made with. */
export interface Attached {
  readonly actor: GameActor;
  readonly sink: GameSink;
}

/** Counts uses over all games: who was used longest ago has the smallest number. */
let uses = 0;

export class GameSink implements RecordSink, RecordCheck {
  readonly notifyWhen: 'accepted' | 'durable';
  readonly checksSchema: boolean;
  readonly commitQueue: CommitQueue;
  readonly randomness: GameRandomness;
  readonly #options: SinkOptions;
  readonly #onSubscriberError: (error: unknown) => void;
  #actor: GameActor | undefined;
  /** No less than the size of the state as JSON: its size when it was last measured, and every record since. */
  #stateBytes = 0;
  #records = 0;
  #bytes = 0;
  /** Bytes of the newest record that was admitted. */
  #appended = 0;
  #patches = 0;
  #lastUsed = 0;

  private constructor(
    id: string,
    commitQueue: CommitQueue,
    options: SinkOptions,
    onSubscriberError: (error: unknown) => void,
  ) {
    this.commitQueue = commitQueue;
    this.randomness = new GameRandomness(id, options);
    this.#options = options;
    this.#onSubscriberError = onSubscriberError;
    this.notifyWhen = options.durability === 'strict' ? 'durable' : 'accepted';
    this.checksSchema = validatesCommands(options.validate, process.env);
  }

  /** A new actor with its sink, not yet with a state. */
  static attach(
    id: string,
    type: AnyGameType,
    commitQueue: CommitQueue,
    options: SinkOptions,
    onSubscriberError: (error: unknown) => void,
  ): Attached {
    const sink = new GameSink(id, commitQueue, options, onSubscriberError);
    const actor = new GameActor(id, type, sink);
    sink.#actor = actor;
    sink.use();
    return { actor, sink };
  }

  get lastUsed(): number {
    return this.#lastUsed;
  }

  /** Whether the game may leave memory: everything is durable and nobody listens. */
  get idle(): boolean {
    const actor = this.#actor as GameActor;
    return !actor.subscribed && this.commitQueue.isDurable(actor);
  }

  /** Counts since this game was first opened, and the least that its state can be. */
  get figures(): {
    readonly records: number;
    readonly bytes: number;
    readonly patches: number;
    readonly stateBytes: number;
  } {
    return { records: this.#records, bytes: this.#bytes, patches: this.#patches, stateBytes: this.#stateBytes };
  }

  use(): void {
    this.#lastUsed = uses += 1;
  }

  /** The size of a state that was loaded. */
  sized(stateBytes: number): void {
    this.#stateBytes = stateBytes;
  }

  ready(): void {
    this.commitQueue.ready(this.#actor as GameActor);
  }

  ended(): OrreryError | undefined {
    return this.commitQueue.endedFor((this.#actor as GameActor).id);
  }

  append(record: Record): Receipt {
    assertCounts(record);
    const receipt = this.commitQueue.append(this.#actor as GameActor, record, this);
    this.#records += 1;
    this.#bytes += this.#appended;
    this.#patches += record.patches.length;
    return receipt;
  }

  /** @throws OrreryError RECORD_TOO_LARGE, STATE_TOO_LARGE. */
  admit(record: Record, bytes: number): void {
    // A record that carries the whole state says how large it is, whatever there was before.
    const isWhole = record.version !== undefined;
    if (!isWhole && bytes > this.#options.maxRecordBytes) throw this.#recordTooLarge(bytes);
    this.#grow(isWhole ? 0 : this.#stateBytes, bytes);
    this.use();
    this.#appended = bytes;
  }

  subscriberFailed(error: unknown): void {
    this.#onSubscriberError(error);
  }

  now(): number {
    try {
      return wallClock();
    } catch (error) {
      throw (error as OrreryError).within({ game: (this.#actor as GameActor).id });
    }
  }

  /** Measuring a state costs its size, so it is done only when the records could have made it too large. */
  #grow(before: number, bytes: number): void {
    const { maxStateBytes } = this.#options;
    if (before + bytes > maxStateBytes) {
      const measured = JSON.stringify((this.#actor as GameActor).toJSON()).length;
      if (measured > maxStateBytes) {
        throw new OrreryError({
          code: 'STATE_TOO_LARGE',
          what: `the state would be ${measured} bytes of JSON, and the bound is ${maxStateBytes}`,
          hint: 'Split the game into several, take out what is not needed any more, or raise `maxStateBytes`.',
        });
      }
      this.#stateBytes = measured;
      return;
    }
    this.#stateBytes = before + bytes;
  }

  #recordTooLarge(bytes: number): OrreryError {
    return new OrreryError({
      code: 'RECORD_TOO_LARGE',
      what: `the command with its arguments and patches is ${bytes} bytes of JSON, and the bound is ${this.#options.maxRecordBytes}`,
      hint: 'Do it in several commands, or raise `maxRecordBytes`, which is at most a sixteenth of the memory of an owner.',
    });
  }
}
