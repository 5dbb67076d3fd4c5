// One game or all of them run again, on this thread or on helper threads. Before it: GameHistory.verify and
// Orrery.verify; after it: verify.ts on this thread or threads.ts beside it.

import { OrreryError } from '../../core/errors.ts';
import type { AnyGameType } from '../../core/game/define.ts';
import { assertOptions, type OptionsOf } from '../../core/option-check.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import { workerFile } from '../../storage/worker-file.ts';
import { gameTypesIn, urlOf } from './games-module.ts';
import type { Source } from './source.ts';
import { RerunThreads, type ThreadOptions } from './threads.ts';
import { type Verification, type VerifyOptions, verify } from './verify.ts';

export interface VerifyAllOptions extends Omit<VerifyOptions, 'isStopped'>, ThreadOptions {
  /**
   * A module that exports the game types. Then helper threads do the work, each with the module imported anew, and read
   * the directory or the pack beside this process. Without it the work is done here, in slices of a few milliseconds.
   */
  readonly module?: URL | string;
}

export interface VerifyGameOptions extends VerifyAllOptions {
  /**
   * The game type to run the commands with, or several versions of it, in place of a module. Default: the game types of
   * the orrery, or those given to `openPack`.
   */
  readonly games?: AnyGameType | readonly AnyGameType[];
}

const ALL: OptionsOf<VerifyAllOptions> = {
  ...({ module: 'checked', threads: 'checked', workerUrl: 'checked' } as const),
  ...({ from: 'checked', to: 'checked', onProgress: 'function' } as const),
  ...({ tolerance: 'checked', all: 'boolean' } as const),
};
const GAME: OptionsOf<VerifyGameOptions> = { ...ALL, games: 'checked' };

/** What commands are run again with. */
export interface VerifyCode {
  readonly types: readonly AnyGameType[];
  /** For helper threads: where they find the games. */
  readonly threads: {
    /** Undefined where another store keeps the games. */
    readonly source: Source | undefined;
    /** Where the program says that the file of the owner is. */
    readonly workerUrl: URL | undefined;
  };
}

/** For GameHistory.verify. */
export async function verifyGame(
  reader: HistoryReader,
  code: VerifyCode,
  options: VerifyGameOptions,
): Promise<Verification> {
  const { id } = reader.row;
  assertOptions('verify', options, GAME, { game: id });
  const { games, ...others } = options;
  if (games !== undefined && others.module !== undefined) throw twoCodes(id);
  const types = games === undefined ? code.types : gameTypesIn(games);
  const [found] = await verifyEach([id], { ...code, types, read: async () => reader }, others);
  return found as Verification;
}

/** Throws INVALID_OPTION. */
export function checkVerifyAll(options: VerifyAllOptions): void {
  assertOptions('verify', options, ALL);
}

/** Of the games in `ids`, one after the other; for Orrery.verify those of all types that there are. */
export async function verifyEach(
  ids: readonly string[],
  { types, threads: place, read }: VerifyCode & { read(id: string): Promise<HistoryReader> },
  { module, threads, workerUrl, ...options }: VerifyAllOptions,
): Promise<readonly Verification[]> {
  const each = async (work: (reader: HistoryReader) => Promise<Verification>): Promise<Verification[]> => {
    const found: Verification[] = [];
    for (const id of ids) found.push(await work(await read(id)));
    return found;
  };
  if (module === undefined) return each((reader) => verify(reader, types, options));
  const { source } = place;
  if (source === undefined) throw noDirectory();
  const pool = await RerunThreads.start(urlOf(String(module), process.cwd()), {
    ...(threads === undefined ? {} : { threads }),
    workerUrl: workerUrl ?? workerFile('rerun', place.workerUrl),
  });
  try {
    return await each((reader) => pool.verify(reader, source, options));
  } finally {
    await pool.close();
  }
}

function noDirectory(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'helper threads cannot read what another store keeps',
    hint: 'Leave `module` out: then the work is done on this thread.',
  });
}

function twoCodes(game: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'both `games` and `module` say which code to run',
    hint: 'Give `games` to run it on this thread, or `module` for helper threads.',
    context: { game },
  });
}
