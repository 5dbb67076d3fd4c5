// Histories of games, wherever they are kept. Before it: orrery.ts and openPack, which load this when they are asked;
// after it: the GameHistory that users get, over the commit queue of a running game or over a pack.

import { resolve } from 'node:path';
import { OrreryError } from './core/errors.ts';
import type { AnyGameType } from './core/game/define.ts';
import { MADE_BY_ENGINE } from './core/game/game.ts';
import { typeMismatch } from './core/game/mismatch.ts';
import { assertOptions, type OptionsOf } from './core/option-check.ts';
import type { Engine } from './engine/engine.ts';
import { GameHistory, type HistoryParts } from './history/game/game-history.ts';
import { LiveHistory } from './history/live-history.ts';
import { forkGame } from './history/recover/fork.ts';
import { quarantineOf, type RecoverParts, recoverGame } from './history/recover/recover.ts';
import { expandedHistory, expandedHistoryUnjudged, typeOf } from './history/rerun/expanded-history.ts';
import { gameTypesIn, isGameType } from './history/rerun/games-module.ts';
import type { Verification } from './history/rerun/verify.ts';
import { checkVerifyAll, type VerifyAllOptions, type VerifyCode, verifyEach } from './history/rerun/verify-games.ts';
import type { HistoryReader } from './storage/history-reader.ts';
import type { Opening } from './storage/openings.ts';
import { nodeFiles } from './storage/sqlite/files.ts';
import { readOpenings } from './storage/sqlite/openings.ts';
import { openPackPast } from './storage/sqlite/pack/pack-history.ts';

/** An open orrery, and the code that there is to run commands again with. */
export interface LiveGames {
  readonly engine: Engine;
  readonly types: readonly AnyGameType[];
  /** Undefined where another store keeps the games. */
  readonly directory: string | undefined;
  /** Where the program says that the file of the owner is. */
  readonly workerUrl: URL | undefined;
}

/** For Orrery.history. With a type, throws GAME_TYPE_MISMATCH when the game is of another. */
export async function liveHistory(
  live: LiveGames,
  id: string,
  type: AnyGameType | undefined,
): Promise<GameHistory<unknown>> {
  const { engine } = live;
  const { loadedGames } = engine;
  if (type !== undefined && !isGameType(type)) throw notAType(id);
  const recovering = recoverParts(live);
  const parts: HistoryParts = {
    types: live.types,
    verify: codeOf(live).threads,
    read: () => liveReader(live, id),
    flush: async () => {
      await engine.outlast(loadedGames.commitQueueOf(id).flush());
    },
    quarantine: () => engine.outlast(quarantineOf(recovering, id)),
    fork: async (options) => {
      loadedGames.assertWritable('a fork is a new game');
      const openPast = (game: string): Promise<HistoryReader> => expandedReader(live, game);
      return engine.outlast(forkGame({ ...recovering, openPast }, id, options));
    },
    recover: async (options) => {
      loadedGames.assertWritable('a recovery is a record');
      return engine.outlast(recoverGame(recovering, id, options));
    },
    // The orrery stays open.
    close: async () => undefined,
  };
  const { row } = await parts.read();
  if (type && type.name !== row.type) throw typeMismatch(id, row.type, type.name);
  return new GameHistory(MADE_BY_ENGINE, parts, row);
}

/** The history with every command a step of its own, where there is code for that. For work that closing waits for. */
export async function expandedReader(live: LiveGames, id: string): Promise<HistoryReader> {
  return expandedHistory(await readerWithin(live, id), live.types);
}

/** For Orrery.verify: every game whose type there is. */
export async function verifyLive(live: LiveGames, options: VerifyAllOptions): Promise<readonly Verification[]> {
  checkVerifyAll(options);
  const { engine, types } = live;
  await engine.outlast(Promise.all(engine.commitQueues.map((commitQueue) => commitQueue.flush())));
  const rows = await engine.outlast(engine.loadedGames.list());
  const ids = rows.filter((row) => typeOf(types, row)).map(({ id }) => id);
  return verifyEach(ids, { ...codeOf(live), read: (id) => liveReader(live, id) }, options);
}

export interface OpenPackOptions {
  /** The game types whose code `verify`, `try` and moments inside merged steps may run. Default: none. */
  readonly games?: AnyGameType | readonly AnyGameType[];
}

const PACK: OptionsOf<OpenPackOptions> = { games: 'checked' };

/** For openPack. */
export async function packHistory(file: string, options: OpenPackOptions = {}): Promise<GameHistory> {
  assertOptions('openPack', options, PACK);
  const types = gameTypesIn(options.games ?? []);
  // The process may stand elsewhere by the time a thread opens it.
  const whole = resolve(file);
  const reader = await openPackPast(whole);
  const parts: HistoryParts = {
    types,
    verify: { source: { kind: 'pack', file: whole }, workerUrl: undefined },
    read: async () => reader,
    // Everything in a pack is durable.
    flush: async () => undefined,
    quarantine: () => reader.quarantine(),
    fork: async () => {
      throw notInPack('a fork is a new game', whole);
    },
    recover: async () => {
      throw notInPack('a recovery is a record', whole);
    },
    close: () => reader.close(),
  };
  return new GameHistory(MADE_BY_ENGINE, parts, reader.row);
}

function liveReader(live: LiveGames, id: string): Promise<HistoryReader> {
  return live.engine.outlast(readerWithin(live, id));
}

/**
 * For work that closing waits for: a refusal of it must not wait until everything is closed, as that of `outlast` does,
 * or each would wait for the other.
 */
async function readerWithin({ engine, directory }: LiveGames, id: string): Promise<HistoryReader> {
  const openings = (): readonly Opening[] => (directory === undefined ? [] : readOpenings(nodeFiles, directory));
  return LiveHistory.open(engine.loadedGames.commitQueueOf(id), id, openings);
}

function codeOf({ types, directory, workerUrl }: LiveGames): VerifyCode {
  return {
    types,
    threads: { source: directory === undefined ? undefined : { kind: 'directory', directory }, workerUrl },
  };
}

function recoverParts(live: LiveGames): RecoverParts {
  return {
    loadedGames: live.engine.loadedGames,
    types: live.types,
    openPast: (game) => readerWithin(live, game),
    // A history that is searched for the record with which it went wrong: rules of today refuse no command of it.
    expanded: (past) => expandedHistoryUnjudged(past, live.types),
  };
}

function notAType(game: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_GAME_TYPE',
    what: 'the first argument of `history` is no game type',
    hint: 'Pass what defineGame returns, and the id after it; or the id alone.',
    context: { game },
  });
}

function notInPack(what: string, file: string): OrreryError {
  return new OrreryError({
    code: 'READ_ONLY',
    what: `a pack is only read, and ${what}`,
    hint: 'Take the game in with `orrery.unpack(file)` first; then ask `orrery.history(id)`.',
    context: { file },
  });
}
