// Between one game and the outbox of its shard: encodes each record, once, and watches over sizes.

import { OrreryError } from '../errors.ts';
import type { Commands, GameType } from '../game/define.ts';
import { type AnyGame, Game } from '../game/game.ts';
import type { Receipt, RecordSink } from '../game/recording.ts';
import { type Validation, validatesCommands } from '../game/schema.ts';
import type { Record } from '../patch/record.ts';
import type { Outbox } from './outbox.ts';

export interface SinkOptions {
  readonly durability: 'group' | 'strict' | 'relaxed';
  readonly maxRecordBytes: number;
  readonly maxStateBytes: number;
  readonly validate: Validation;
}

/** Counts uses over all games: who was used longest ago has the smallest number. */
let uses = 0;

export class GameSink implements RecordSink {
  readonly notifyWhen: 'accepted' | 'durable';
  readonly checksSchema: boolean;
  readonly outbox: Outbox;
  readonly #options: SinkOptions;
  readonly #onSubscriberError: (error: unknown) => void;
  #game: AnyGame | undefined;
  /** No less than the size of the state as JSON: its size when it was last measured, and every record since. */
  #stateBytes = 0;
  #records = 0;
  #bytes = 0;
  #patches = 0;
  #lastUsed = 0;

  private constructor(outbox: Outbox, options: SinkOptions, onSubscriberError: (error: unknown) => void) {
    this.outbox = outbox;
    this.#options = options;
    this.#onSubscriberError = onSubscriberError;
    this.notifyWhen = options.durability === 'strict' ? 'durable' : 'accepted';
    this.checksSchema = validatesCommands(options.validate, process.env);
  }

  /** A game with its sink. A game that was evicted keeps its object, so that old references work again. */
  static attach<S extends object, I extends readonly unknown[], C extends Commands<S>>(
    known: Game<S, I, C> | undefined,
    id: string,
    type: GameType<S, I, C>,
    outbox: Outbox,
    options: SinkOptions,
    onSubscriberError: (error: unknown) => void,
  ): { readonly game: Game<S, I, C>; readonly sink: GameSink } {
    const sink = known?.sink instanceof GameSink ? known.sink : new GameSink(outbox, options, onSubscriberError);
    const game = known ?? new Game(id, type, sink);
    sink.#game = game as unknown as AnyGame;
    sink.use();
    return { game, sink };
  }

  get lastUsed(): number {
    return this.#lastUsed;
  }

  /** Whether the game may leave memory: everything is durable and nobody listens. */
  get idle(): boolean {
    const game = this.#game as AnyGame;
    return !game.subscribed && this.outbox.isDurable(game);
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
    this.outbox.ready(this.#game as AnyGame);
  }

  append(record: Record): Receipt {
    const bytes = this.outbox.encode(record);
    // A record that carries the whole state says how large it is, whatever there was before.
    const isWhole = record.version !== undefined;
    if (!isWhole && bytes > this.#options.maxRecordBytes) throw this.#recordTooLarge(bytes);
    this.#grow(isWhole ? 0 : this.#stateBytes, bytes);
    this.use();
    const receipt = this.outbox.append(this.#game as AnyGame, record, bytes);
    this.#records += 1;
    this.#bytes += bytes;
    this.#patches += record.patches.length;
    return receipt;
  }

  subscriberFailed(error: unknown): void {
    this.#onSubscriberError(error);
  }

  now(): number {
    return Date.now();
  }

  /** Measuring a state costs its size, so it is done only when the records could have made it too large. */
  #grow(before: number, bytes: number): void {
    const { maxStateBytes } = this.#options;
    if (before + bytes > maxStateBytes) {
      const measured = JSON.stringify((this.#game as AnyGame).toJSON()).length;
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
      hint: 'Do it in several commands, or raise `maxRecordBytes`.',
    });
  }
}
