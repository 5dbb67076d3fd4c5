// A game loop with a fixed rate. Ticks are due at start + n / hz, so a late tick does not make the next ones late.

import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import { OrreryError } from '../core/errors.ts';
import type { AnyGame } from '../core/game/game.ts';
import { assertOptions, type OptionsOf } from '../core/option-check.ts';

/** What a loop drives. */
export interface LoopGames {
  /** The games that are in memory now. */
  loaded(): Iterable<AnyGame>;
  /** A game's tick threw; the loop goes on. */
  tickFailed(game: AnyGame, error: unknown): void;
  /** No game is advanced any more: what it did could not be kept. */
  isClosing?(): boolean;
}

export interface LoopOptions {
  /** Ticks a second, more than 0 and at most 1,000. */
  readonly hz: number;
  /** Called before the games advance, with the number of this tick: the place for players' commands. */
  readonly beforeTick?: (tick: number) => void;
  /** Called after the games have advanced. */
  readonly afterTick?: (tick: number) => void;
  /** Ticks that are made up for in one go when the loop was held up; what is over is skipped. Default 5. */
  readonly catchUp?: number;
  /** Which games to drive. Default: all that are in memory. */
  readonly games?: Iterable<AnyGame>;
  /** For tests: where time comes from. Default: the monotonic clock. */
  readonly clock?: LoopClock;
}

const OPTIONS: OptionsOf<LoopOptions> = {
  ...({ hz: 'checked', beforeTick: 'function', afterTick: 'function', catchUp: 'checked' } as const),
  ...({ games: 'checked', clock: 'checked' } as const),
};

export interface LoopClock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Calls once after so many milliseconds; the result cancels. */
  after(ms: number, call: () => void): () => void;
}

const systemClock: LoopClock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

const DEFAULT_CATCH_UP = 5;

/** Rounding must not make a tick that is due just now wait for another timer. */
const SLACK_MS = 1e-6;

export class Loop {
  readonly hz: number;
  /** Nanoseconds that a tick took: beforeTick, all games, afterTick. */
  readonly histogram: RecordableHistogram = createHistogram();
  readonly #games: LoopGames;
  readonly #options: LoopOptions;
  readonly #clock: LoopClock;
  readonly #catchUp: number;
  readonly #driven: Iterable<AnyGame> | undefined;
  readonly #start: number;
  /** What the clock said last. */
  #seen = 0;
  #due = 0;
  #ticks = 0;
  #skipped = 0;
  #stopped = false;
  #cancel: () => void = () => {};

  constructor(games: LoopGames, options: LoopOptions) {
    assertOptions('runLoop', options, OPTIONS);
    const { hz, catchUp = DEFAULT_CATCH_UP } = options ?? {};
    if (!(typeof hz === 'number' && hz > 0 && hz <= 1000))
      throw invalid(`hz is ${String(hz)}`, 'Use a number over 0 and up to 1,000.');
    if (!(Number.isInteger(catchUp) && catchUp >= 0)) {
      throw invalid(`catchUp is ${String(catchUp)}`, 'Use a whole number from 0.');
    }
    this.hz = hz;
    this.#games = games;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#catchUp = catchUp;
    // An iterator gives its games once and then nothing; a collection is read anew each tick, and may change.
    const driven: unknown = options.games?.[Symbol.iterator]();
    this.#driven = driven !== undefined && driven === options.games ? [...options.games] : options.games;
    this.#start = this.#now();
    // Without its histogram a tick would throw where nobody catches it.
    Object.freeze(this);
    this.#schedule();
  }

  /** Ticks that have begun. */
  get ticks(): number {
    return this.#ticks;
  }

  /** Ticks that were due while the loop was held up for too long to make up for them. */
  get skipped(): number {
    return this.#skipped;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #schedule(): void {
    if (this.#stopped) return;
    const dueAt = this.#start + ((this.#due + 1) * 1000) / this.hz;
    this.#cancel = this.#clock.after(Math.max(0, dueAt - this.#now()), () => this.#wake());
  }

  /**
   * A clock that gives no time stands still: one such answer would stop the loop for good, or make it run through for
   * ever.
   */
  #now(): number {
    const now = this.#clock.now();
    if (Number.isFinite(now)) this.#seen = now;
    return this.#seen;
  }

  #wake(): void {
    if (this.#stopped) return;
    const passed = Math.floor(((this.#now() - this.#start + SLACK_MS) * this.hz) / 1000);
    // A timer may fire a moment early: then nothing is due yet, and the rest of the time is waited for.
    const behind = Math.max(0, passed - this.#due);
    const run = Math.min(behind, this.#catchUp + 1);
    this.#due += behind;
    let begun = 0;
    try {
      while (begun < run && !this.#stopped) {
        begun += 1;
        this.#tick();
      }
    } finally {
      // What beforeTick and afterTick throw goes to whoever listens for uncaught exceptions; the loop goes on if they
      // do.
      if (!this.#stopped) this.#skipped += behind - begun;
      this.#schedule();
    }
  }

  #tick(): void {
    const began = performance.now();
    this.#ticks += 1;
    const tick = this.#ticks;
    try {
      this.#options.beforeTick?.(tick);
      for (const game of this.#driven ?? this.#games.loaded()) {
        try {
          if (game.loaded && !this.#games.isClosing?.()) game.advance();
        } catch (error) {
          this.#games.tickFailed(game, error);
        }
      }
      this.#options.afterTick?.(tick);
    } finally {
      this.histogram.record(Math.max(1, Math.round((performance.now() - began) * 1e6)));
    }
  }
}

function invalid(what: string, hint: string): OrreryError {
  return new OrreryError({ code: 'INVALID_OPTION', what, hint });
}
