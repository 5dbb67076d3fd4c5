// What an orrery is asked that takes running commands again. Before it: orrery.ts, which knows the games, their types and the
// directory; after it: verify.ts on this thread or threads.ts beside it, try-out.ts, expand.ts.

import { OrreryError } from '../errors.ts';
import type { AnyGameType } from '../game/define.ts';
import type { GameRow } from '../image/rows.ts';
import type { Moment, MomentOptions, Past, StateAt } from '../past/past.ts';
import { Recall } from '../past/recall.ts';
import { ExpandedPast } from './expand.ts';
import { urlOf } from './games-module.ts';
import { RerunThreads, type ThreadOptions } from './threads.ts';
import { type TryOptions, type TryReport, tryOut } from './try-out.ts';
import { type Verification, type VerifyOptions, verify } from './verify.ts';

export interface LiveVerifyOptions extends Omit<VerifyOptions, 'isStopped'>, ThreadOptions {
  /**
   * A module that exports the game types. Then helper threads do the work, each with the module imported anew, and read the
   * directory beside this process. Without it the work is done here, in slices of a few milliseconds.
   */
  readonly module?: URL | string;
}

export interface StateAtOptions extends MomentOptions {
  /** Run the commands of a merged step again for a moment inside it, with the code of today. Default false. */
  readonly expand?: boolean;
}

/** The code that there is to run commands again with. */
export interface Code {
  readonly types: readonly AnyGameType[];
  /** Undefined where another store keeps the games. */
  readonly directory: string | undefined;
}

export abstract class Reruns extends Recall {
  abstract list(): Promise<readonly GameRow[]>;
  abstract flush(): Promise<void>;
  protected abstract get code(): Code;

  override async stateAt(
    id: string,
    moment: Moment,
    { expand = false, ...options }: StateAtOptions = {},
  ): Promise<StateAt> {
    return expand ? (await this.expanded(id)).stateAt(moment, options) : super.stateAt(id, moment, options);
  }

  /**
   * The past of a game in which every command is a step of its own, wherever today's code makes of its merged steps what was
   * recorded. For a game whose type was not given to openOrrery, it is as it is kept.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, CLOSED.
   */
  async expanded(id: string): Promise<Past> {
    const past = await this.past(id);
    const type = this.#typeOf(past.row);
    return type ? new ExpandedPast(past, type) : past;
  }

  /**
   * Runs the recorded commands of a game, or of all games whose types there are, again through today's code and compares what
   * they make with what was recorded: everything that was accepted before the call. The first difference of each game is told.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, GAMES_MODULE, INVALID_OPTION (threads need a directory), DAMAGED, CLOSED.
   */
  async verify(
    id?: string,
    { module, threads, workerUrl, ...options }: LiveVerifyOptions = {},
  ): Promise<readonly Verification[]> {
    const { directory, types } = this.code;
    await this.flush();
    const ids = id === undefined ? (await this.list()).filter((row) => this.#typeOf(row)).map((row) => row.id) : [id];
    if (module === undefined) return this.#each(ids, (past) => verify(past, types, options));
    if (directory === undefined) throw noDirectory();
    const pool = new RerunThreads(urlOf(String(module), process.cwd()), {
      ...(threads === undefined ? {} : { threads }),
      ...(workerUrl === undefined ? {} : { workerUrl }),
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
    return tryOut(await this.past(id), this.code.types, options);
  }

  async #each(ids: readonly string[], work: (past: Past) => Promise<Verification>): Promise<Verification[]> {
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

  #typeOf({ type, version }: Pick<GameRow, 'type' | 'version'>): AnyGameType | undefined {
    return this.code.types.find((each) => each.name === type && each.version >= version);
  }
}

function noDirectory(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'helper threads cannot read what another store keeps',
    hint: 'Leave `module` out: then the work is done on this thread.',
  });
}
