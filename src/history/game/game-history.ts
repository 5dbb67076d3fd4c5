// The history of one game, as users hold it: every question about the past is asked here. Before it: histories.ts,
// which says where the game is kept and what code there is; after it: the file that answers a question, over a
// HistoryReader.

import { OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { MADE_BY_ENGINE } from '../../core/game/game.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import type { JsonObject, Path } from '../../core/patch/patch.ts';
import type { GameInfo } from '../../storage/game-info.ts';
import {
  type HistoryReader,
  type MomentLike,
  type MomentOptions,
  momentOf,
  type SnapshotEntry,
  type StateAt,
} from '../../storage/history-reader.ts';
import type { BlameEntry, BlameOptions } from '../blame.ts';
import { type Difference, type DiffOptions, diffOf } from '../difference.ts';
import { type HistoryEntry, type HistoryQuery, historyOf } from '../entries.ts';
import type { Fork, ForkOptions } from '../recover/fork.ts';
import type { QuarantinedRange, Recovery } from '../recover/recover.ts';
import type { RecoverOptions } from '../recover/recovery-options.ts';
import { type ReplayRange, type ReplayStep, replayOf } from '../replay.ts';
import { expandedBlame, expandedHistory } from '../rerun/expanded-history.ts';
import { gameTypesIn } from '../rerun/games-module.ts';
import { type TryOptions, type TryReport, tryOut } from '../rerun/trial.ts';
import type { Verification } from '../rerun/verify.ts';
import { type VerifyGameOptions, verifyGame } from '../rerun/verify-games.ts';

export interface StateAtOptions extends MomentOptions {
  /**
   * Run the commands of a merged step again for a moment inside it, with the code of today, if that leads to what was
   * recorded. Default true, and false with `nearest`.
   */
  readonly expand?: boolean;
}

export interface HistoryDiffOptions extends DiffOptions, StateAtOptions {}

export interface HistoryBlameOptions extends BlameOptions {
  /** Run the commands of a merged step again to tell which of them it was. Default true. */
  readonly expand?: boolean;
}

export interface HistoryTryOptions extends TryOptions {
  /**
   * The game type to try, or several versions of it. Default: the game types of the orrery, or those given to
   * `openPack`.
   */
  readonly games?: AnyGameType | readonly AnyGameType[];
}

const AT: OptionsOf<StateAtOptions> = { nearest: 'boolean', expand: 'boolean' };
const DIFF: OptionsOf<HistoryDiffOptions> = { ...AT, path: 'checked' };
const BLAME: OptionsOf<HistoryBlameOptions> = { from: 'checked', to: 'checked', expand: 'boolean' };
const TRY: OptionsOf<HistoryTryOptions> = {
  ...({ at: 'checked', commands: 'checked', to: 'checked', onRecord: 'function' } as const),
  ...({ onProgress: 'function', games: 'checked' } as const),
};

/** Where a history comes from, and what can be done with its game. */
export interface HistoryParts {
  /** The types whose code is here. */
  readonly types: readonly AnyGameType[];
  /** A reader of what is durable now. Throws CLOSED when what keeps the game is closed. */
  read(): Promise<HistoryReader>;
  /** Resolves when everything accepted so far is durable. */
  flush(): Promise<void>;
  verify: Parameters<typeof verifyGame>[1]['threads'];
  quarantine(): Promise<readonly QuarantinedRange[]>;
  fork(options: ForkOptions): Promise<Fork>;
  recover(options: RecoverOptions): Promise<Recovery>;
  close(): Promise<void>;
}

/** The reader behind a history, for the parts of this package that read steps. No object of the package leads to it. */
export let readerOf: (history: GameHistory<unknown>) => Promise<HistoryReader>;

/**
 * The history of one game: `orrery.history(id)` gives it, and `openPack(file)`. The game need not be in memory, and
 * nothing here puts it there. Every question is answered from what is durable when it is asked, without reading the
 * whole history into memory. `State` is the plain JSON of a state, tables as objects by id; a moment before a migration
 * has the shape of its version.
 *
 * All methods throw GAME_NOT_FOUND, DAMAGED, and CLOSED after `close` or after the orrery was closed; iterators throw
 * with their first entry. A pack throws PACK_DAMAGED in place of DAMAGED.
 */
export class GameHistory<State = JsonObject> {
  readonly #parts: HistoryParts;
  #info: GameInfo;
  /** Questions that are being answered. */
  #running = 0;
  #idle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  static {
    readerOf = (history) => history.#read();
  }

  /** Not for users: throws INVALID_OPTION. */
  constructor(key: typeof MADE_BY_ENGINE, parts: HistoryParts, info: GameInfo) {
    if (key !== MADE_BY_ENGINE) throw notMade();
    this.#parts = parts;
    this.#info = info;
    Object.freeze(this);
  }

  /** The game as it was when this was opened, or when the newest question was asked. */
  get info(): GameInfo {
    return this.#info;
  }

  /**
   * What was asked of the game, command by command, ticks included as "@tick", with the patches of each visible step on
   * its last command. Oldest first, unless `backwards` is given; filtered by moments, player, command and path.
   *
   * @throws OrreryError INVALID_OPTION, INVALID_POINTER.
   */
  entries(query: HistoryQuery = {}): AsyncGenerator<HistoryEntry, void, undefined> {
    return this.#each((reader) => historyOf(reader, query));
  }

  /**
   * The state after a seq, or after the last record up to a tick or a time. A moment that is not kept is an error that
   * names its neighbours; with `nearest` the one before is taken. The cost grows with the distance to the last
   * snapshot.
   *
   * @throws OrreryError MOMENT_NOT_KEPT, INVALID_OPTION.
   */
  at(moment: MomentLike, options: StateAtOptions = {}): Promise<StateAt<State>> {
    return this.#ask(async (reader) => {
      assertOptions('at', options, AT, { game: reader.row.id });
      const { expand, ...others } = options;
      const found = await this.#expanded(reader, expand ?? !others.nearest).stateAt(momentOf(moment), others);
      return found as StateAt as StateAt<State>;
    });
  }

  /**
   * What leads from one moment to another, which may be the earlier. @throws OrreryError MOMENT_NOT_KEPT,
   * INVALID_OPTION, INVALID_POINTER.
   */
  diff(from: MomentLike, to: MomentLike, options: HistoryDiffOptions = {}): Promise<Difference> {
    return this.#ask((reader) => {
      assertOptions('diff', options, DIFF, { game: reader.row.id });
      const { expand, ...others } = options;
      return diffOf(this.#expanded(reader, expand ?? !others.nearest), momentOf(from), momentOf(to), others);
    });
  }

  /**
   * Who changed the value at a JSON pointer or path, newest first: each step after which another value stood there,
   * whether a patch led to it, inside it or replaced something around it. Stop when you have seen enough: older steps
   * are not read.
   *
   * @throws OrreryError INVALID_POINTER, INVALID_OPTION.
   */
  blame(path: string | Path, options: HistoryBlameOptions = {}): AsyncGenerator<BlameEntry, void, undefined> {
    return this.#each((reader) => {
      assertOptions('blame', options, BLAME, { game: reader.row.id });
      const { expand = true, ...others } = options;
      return expandedBlame(reader, this.#expanded(reader, expand), path, others);
    });
  }

  /**
   * The game played again from what was recorded: the state at `from`, then every visible step with its patches and the
   * state after it. Each state stays as it is and shares with the others what did not change.
   *
   * @throws OrreryError MOMENT_NOT_KEPT, INVALID_OPTION.
   */
  replay(range: ReplayRange = {}): AsyncGenerator<ReplayStep<State>, void, undefined> {
    return this.#each((reader) => replayOf(reader, range) as AsyncGenerator<ReplayStep<State>, void, undefined>);
  }

  /**
   * Runs the recorded commands again through today's code and compares what they make with what was recorded:
   * everything that was accepted before the call. With `module` on helper threads, without it on this thread, in slices
   * of a few milliseconds.
   *
   * @throws OrreryError GAMES_MODULE (there is no code for the game), INVALID_OPTION (threads need a directory or a
   * pack), MOMENT_NOT_KEPT, BUNDLED.
   */
  verify(options: VerifyGameOptions = {}): Promise<Verification> {
    return this.#run(async () => {
      await this.#parts.flush();
      const { types, verify: threads } = this.#parts;
      return verifyGame(await this.#read(), { types, threads }, options);
    });
  }

  /**
   * Plays the game on from a moment, in memory, with other commands, or with the recorded ones and today's code, and
   * tells the difference. A state of an older version is migrated first. Commands that were not recorded have the time
   * of the moment as context.now. The game itself is not touched.
   *
   * @throws OrreryError GAMES_MODULE, MOMENT_NOT_KEPT, MIGRATION_MISSING, MIGRATION_FAILED, INVALID_OPTION (also where
   * a whole state was recorded on the way).
   */
  try(options: HistoryTryOptions = {}): Promise<TryReport<State>> {
    return this.#ask(async (reader) => {
      assertOptions('try', options, TRY, { game: reader.row.id });
      const { games, ...others } = options;
      const types = games === undefined ? this.#parts.types : gameTypesIn(games);
      return (await tryOut(reader, types, others)) as TryReport as TryReport<State>;
    });
  }

  /**
   * Makes a new game from a moment of this one; they share nothing afterwards. Resolves when the fork is durable;
   * `open` or `load` takes it up. `list` tells the parent and the seq.
   *
   * @throws OrreryError INVALID_GAME_ID, INVALID_OPTION, GAME_EXISTS, MOMENT_NOT_KEPT, BACKPRESSURE, STATE_TOO_LARGE;
   * READ_ONLY, also on a pack; then nothing has changed.
   */
  fork(options: ForkOptions): Promise<Fork> {
    return this.#run(() => this.#parts.fork(options));
  }

  /**
   * Brings the game back to a state that it can go on from: see RecoverOptions. That state is written as a record of
   * its own after the newest; what is given up stays in the history, and `quarantine` lists it. Nothing is written when
   * nothing is wrong, and no other game is touched.
   *
   * @throws OrreryError INVALID_OPTION, MOMENT_NOT_KEPT, RECOVERY_FAILED (with what was tried), MIGRATION_MISSING,
   * BACKPRESSURE, STATE_TOO_LARGE; READ_ONLY, also on a pack; then nothing has changed.
   */
  recover(options: RecoverOptions): Promise<Recovery> {
    return this.#run(() => this.#parts.recover(options));
  }

  /** What recoveries have given up, oldest first. */
  quarantine(): Promise<readonly QuarantinedRange[]> {
    return this.#run(() => this.#parts.quarantine());
  }

  /** The whole states that are stored, oldest first. */
  snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.#ask((reader) => reader.snapshots());
  }

  /** Waits for the questions that are being answered, and lets go of the pack. Every later question throws CLOSED. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await this.#parts.close();
  }

  #expanded(reader: HistoryReader, expand: boolean): HistoryReader {
    return expand ? expandedHistory(reader, this.#parts.types) : reader;
  }

  async #read(): Promise<HistoryReader> {
    const reader = await this.#parts.read();
    this.#info = reader.row;
    return reader;
  }

  #ask<T>(answer: (reader: HistoryReader) => Promise<T>): Promise<T> {
    return this.#run(async () => answer(await this.#read()));
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing) throw closedHistory(this.#info.id);
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#idle?.();
    }
  }

  /** Between two entries nothing is held up: whoever closes need not wait for one who does not go on. */
  async *#each<T>(
    open: (reader: HistoryReader) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    const entries = await this.#ask(async (reader) => open(reader));
    try {
      for (;;) {
        const next = await this.#run(() => entries.next());
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await entries.return();
    }
  }
}

function closedHistory(game: string): OrreryError {
  return new OrreryError({
    code: 'CLOSED',
    what: 'this history is closed',
    hint: 'Open it again: `orrery.history(id)`, or `openPack(file)` for a pack.',
    context: { game },
  });
}

function notMade(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'a history cannot be made by itself',
    hint: 'Use `await orrery.history(id)`, or `await openPack(file)`.',
  });
}
