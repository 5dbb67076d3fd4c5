// A game that runs in memory, on any platform, and hands out its records: for a browser, a test, or a server that keeps
// them itself. Before it: a program; after it: actor.ts, which does the work as it does for an orrery.

import { OrreryError } from '../errors.ts';
import { assertOptions, type OptionsOf } from '../option-check.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json } from '../patch/patch.ts';
import { assertCounts, type Record } from '../patch/record.ts';
import { wallClock } from '../patch/wall-clock.ts';
import { GameActor } from './actor.ts';
import type { Commands, GameType } from './define.ts';
import type { Game, OpenRest } from './game.ts';
import { checkGameId } from './id.ts';
import { GameRandomness } from './randomness.ts';
import type { Receipt, RecordSink } from './recording.ts';
import { GameSeed } from './seed.ts';

export interface RunGameOptions {
  /** The id of the game, which its records carry. */
  readonly id: string;
  /** The secret from which random numbers follow, 32 hex digits. Default: a new one, which the first record carries. */
  readonly seed?: string;
  /**
   * Called with each record, frozen, before the command returns; the first one carries the whole state. If it throws,
   * the command is refused.
   */
  readonly onRecord?: (record: Record) => void;
  /** Called when a subscriber threw. Default: the error becomes a promise that is rejected and that nobody handles. */
  readonly onSubscriberError?: (error: unknown) => void;
  /** Milliseconds since 1970, a whole number: the time of records, and `context.now`. Default: Date.now. */
  readonly now?: () => number;
}

const OPTIONS: OptionsOf<RunGameOptions> = {
  ...({
    id: 'checked',
    seed: 'checked',
    onRecord: 'function',
    onSubscriberError: 'function',
    now: 'function',
  } as const),
};

/**
 * Makes a new game that runs in memory: no storage, no threads, no bound on sizes. `durable` of its receipts resolves
 * at once, since whoever gets the records keeps them. `args` is what `initial` takes.
 *
 * @throws OrreryError INVALID_GAME_ID, INVALID_OPTION, and what `initial` and the first state may be refused for:
 * COMMAND_REFUSED, NOT_PERSISTABLE, INVARIANT_FAILED, SCHEMA_FAILED, CLOCK_INVALID.
 */
export function runGame<S extends object, A, C extends Commands<S>>(
  type: GameType<S, A, C>,
  options: RunGameOptions,
  ...args: OpenRest<A>
): Game<S, A, C> {
  if (typeof type?.initial !== 'function') {
    throw invalid('what should be run is no game type', 'Pass what defineGame returned.');
  }
  if (options === undefined) throw invalid('a game that runs has no id', 'Write runGame(type, { id }).');
  assertOptions('runGame', options, OPTIONS);
  checkGameId(options.id);
  const actor = new GameActor(options.id, type, new RecordHandler(options));
  actor.create(args[0]);
  return actor.game as Game<S, A, C>;
}

class RecordHandler implements RecordSink {
  readonly notifyWhen = 'accepted';
  readonly checksSchema = true;
  readonly randomness: GameRandomness;
  readonly #options: RunGameOptions;

  constructor(options: RunGameOptions) {
    this.#options = options;
    this.randomness = new GameRandomness(options.id, {}, givenSeed(options.seed));
  }

  /** There is room for any number of records: none is kept. */
  ready(): void {}

  append(record: Record): Receipt {
    assertCounts(record);
    // Its values are those of the state.
    this.#options.onRecord?.(freezeDeep(record as unknown as Json) as unknown as Record);
    return { seq: record.seq, tick: record.tick, durable: Promise.resolve() };
  }

  subscriberFailed(error: unknown): void {
    if (this.#options.onSubscriberError) this.#options.onSubscriberError(error);
    else void Promise.reject(error);
  }

  now(): number {
    return wallClock(this.#options.now);
  }
}

function givenSeed(seed: unknown): GameSeed | undefined {
  if (seed === undefined) return undefined;
  try {
    return GameSeed.of(String(seed));
  } catch {
    // What was passed is not told: it may be most of a secret.
    throw invalid('the option `seed` of runGame is not 32 hex digits', 'Write 32 of 0-9 and a-f, or leave it out.');
  }
}

function invalid(what: string, hint: string): OrreryError {
  return new OrreryError({ code: 'INVALID_OPTION', what, hint });
}
