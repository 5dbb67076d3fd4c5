// What an orrery is asked that takes running commands again. Before it: orrery.ts, which knows the games, their types and the
// directory; after it: verify.ts on this thread or threads.ts beside it, trial.ts, expand.ts.

import { OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import type { Path } from '../../core/patch/patch.ts';
import type { GameInfo } from '../../storage/game-info.ts';
import {
  type HistoryReader,
  type MomentLike,
  type MomentOptions,
  momentOf,
  type StateAt,
} from '../../storage/history-reader.ts';
import { workerFile } from '../../storage/worker-file.ts';
import type { BlameEntry, BlameOptions } from '../blame.ts';
import { type Difference, type DiffOptions, diffOf } from '../difference.ts';
import { Recall } from '../recall.ts';
import { expandedBlame, expandedHistory, typeOf } from './expanded-history.ts';
import { urlOf } from './games-module.ts';
import { RerunThreads, type ThreadOptions } from './threads.ts';
import { type TryOptions, type TryReport, tryOut } from './trial.ts';
import { type Verification, type VerifyOptions, verify } from './verify.ts';

export interface LiveVerifyOptions extends Omit<VerifyOptions, 'isStopped'>, ThreadOptions {
  /**
   * A module that exports the game types. Then helper threads do the work, each with the module imported anew, and read the
   * directory beside this process. Without it the work is done here, in slices of a few milliseconds.
   */
  readonly module?: URL | string;
}

export interface StateAtOptions extends MomentOptions {
  /**
   * Run the commands of a merged step again for a moment inside it, with the code of today, if that leads to what was recorded.
   * Default true, and false with `nearest`.
   */
  readonly expand?: boolean;
}

export interface DiffAnywhereOptions extends DiffOptions, StateAtOptions {}

export interface BlameAnywhereOptions extends BlameOptions {
  /** Run the commands of a merged step again to tell which of them it was. Default true. */
  readonly expand?: boolean;
}

const STATE_AT: OptionsOf<StateAtOptions> = { nearest: 'boolean', expand: 'boolean' };
const DIFF: OptionsOf<DiffAnywhereOptions> = { ...STATE_AT, path: 'checked' };
const BLAME: OptionsOf<BlameAnywhereOptions> = { fromSeq: 'checked', upToSeq: 'checked', expand: 'boolean' };
const VERIFY: OptionsOf<LiveVerifyOptions> = {
  ...({ module: 'checked', threads: 'checked', workerUrl: 'checked' } as const),
  ...({ fromSeq: 'checked', toSeq: 'checked', onProgress: 'function' } as const),
  ...({ tolerance: 'checked', all: 'boolean' } as const),
};

/** The code that there is to run commands again with. */
export interface Code {
  readonly types: readonly AnyGameType[];
  /** Undefined where another store keeps the games. */
  readonly directory: string | undefined;
  /** Where the program says that the file of the owner is. */
  readonly workerUrl: URL | undefined;
}

export abstract class Reruns extends Recall {
  abstract list(): Promise<readonly GameInfo[]>;
  abstract flush(): Promise<void>;
  readonly #code: Code;

  constructor(code: Code) {
    super();
    this.#code = code;
  }

  override async stateAt(id: string, moment: MomentLike, given: StateAtOptions = {}): Promise<StateAt> {
    assertOptions('stateAt', given, STATE_AT, { game: id });
    const { expand, ...options } = given;
    return (await this.#pastFor(id, expand ?? !options.nearest)).stateAt(momentOf(moment), options);
  }

  override async diff(
    id: string,
    from: MomentLike,
    to: MomentLike,
    given: DiffAnywhereOptions = {},
  ): Promise<Difference> {
    assertOptions('diff', given, DIFF, { game: id });
    const { expand, ...options } = given;
    return diffOf(await this.#pastFor(id, expand ?? !options.nearest), momentOf(from), momentOf(to), options);
  }

  override async *blame(
    id: string,
    path: string | Path,
    given: BlameAnywhereOptions = {},
  ): AsyncGenerator<BlameEntry, void, undefined> {
    assertOptions('blame', given, BLAME, { game: id });
    const { expand = true, ...options } = given;
    const past = await this.past(id);
    yield* expandedBlame(past, expand ? expandedHistory(past, this.#code.types) : past, path, options);
  }

  /**
   * The past of a game in which every command is a step of its own, wherever today's code makes of its merged steps what was
   * recorded. For a game whose type was not given to openOrrery, it is as it is kept.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, CLOSED.
   */
  async expanded(id: string): Promise<HistoryReader> {
    return expandedHistory(await this.past(id), this.#code.types);
  }

  /**
   * Runs the recorded commands of a game, or of all games whose types there are, again through today's code and compares what
   * they make with what was recorded: everything that was accepted before the call. The first difference of each game is told.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, GAMES_MODULE, INVALID_OPTION (threads need a directory), DAMAGED,
   * BUNDLED, CLOSED.
   */
  async verify(id?: string, given: LiveVerifyOptions = {}): Promise<readonly Verification[]> {
    assertOptions('verify', given, VERIFY, id === undefined ? {} : { game: id });
    const { module, threads, workerUrl, ...options } = given;
    const { directory, types } = this.#code;
    await this.flush();
    const ids = id === undefined ? (await this.list()).filter((row) => typeOf(types, row)).map((row) => row.id) : [id];
    if (module === undefined) return this.#each(ids, (past) => verify(past, types, options));
    if (directory === undefined) throw noDirectory();
    const pool = await RerunThreads.start(urlOf(String(module), process.cwd()), {
      ...(threads === undefined ? {} : { threads }),
      workerUrl: workerUrl ?? workerFile('rerun', this.#code.workerUrl),
    });
    try {
      return await this.#each(ids, (past) => pool.verify(past, { kind: 'directory', directory }, options));
    } finally {
      await pool.close();
    }
  }

  /**
   * Plays a game on from a moment, in memory, with other commands, or with the recorded ones and today's code, and tells the
   * difference. The game itself is not touched.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, GAMES_MODULE, and all that `tryOut` throws.
   */
  async tryOut(id: string, options?: TryOptions): Promise<TryReport> {
    return tryOut(await this.past(id), this.#code.types, options);
  }

  async #each(ids: readonly string[], work: (past: HistoryReader) => Promise<Verification>): Promise<Verification[]> {
    const found: Verification[] = [];
    for (const id of ids) {
      const past = await this.past(id);
      try {
        found.push(await work(past));
      } finally {
        await past.close();
      }
    }
    return found;
  }

  async #pastFor(id: string, expand: boolean): Promise<HistoryReader> {
    return expand ? this.expanded(id) : this.past(id);
  }
}

function noDirectory(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'helper threads cannot read what another store keeps',
    hint: 'Leave `module` out: then the work is done on this thread.',
  });
}
