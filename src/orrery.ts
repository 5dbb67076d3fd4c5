// Opens and closes everything; the only file that wires the parts: games to commit queues, commit queues to stores.

import type { Logger } from 'pino';
import { OrreryError, reason } from './core/errors.ts';
import type { Commands, GameType } from './core/game/define.ts';
import { type AnyGame, type Game, MADE_BY_ENGINE, type OpenRest } from './core/game/game.ts';
import { assertOptions, type OptionsOf } from './core/option-check.ts';
import { Engine, type OrreryEvents } from './engine/engine.ts';
import type { OrreryHealth } from './engine/health.ts';
import { type OrreryMetrics, orreryMetrics } from './engine/metrics.ts';
import { LiveHistory } from './history/live-history.ts';
import { type Fork, type ForkOptions, forkGame } from './history/recover/fork.ts';
import {
  type QuarantinedRange,
  quarantineOf,
  type RecoverParts,
  type Recovery,
  recoverGame,
} from './history/recover/recover.ts';
import type { RecoverOptions } from './history/recover/recovery-options.ts';
import { expandedHistory, expandedHistoryUnjudged } from './history/rerun/expanded-history.ts';
import type { Code } from './history/rerun/reruns.ts';
import { Succession } from './history/upgrade/succession.ts';
import { type CheckedOptions, DEFAULT_SHARDS } from './options.ts';
import { packLive, type UnpackOptions, unpackLive } from './packs.ts';
import { offerToLoops } from './run-loop.ts';
import type { GameInfo } from './storage/game-info.ts';
import type { HistoryReader } from './storage/history-reader.ts';
import { importPiscina } from './storage/late-import.ts';
import type { Opening } from './storage/openings.ts';
import { lookAtDirectory, shardDirectory, takeDirectory } from './storage/sqlite/directory.ts';
import { nodeFiles } from './storage/sqlite/files.ts';
import { readOpenings, recordOpening } from './storage/sqlite/openings.ts';
import type { PackOptions } from './storage/sqlite/pack/packing.ts';
import type { PackDescription } from './storage/sqlite/pack/reading.ts';
import type { ProvenGame } from './storage/sqlite/pack/unpacking.ts';
import { SqliteStore } from './storage/sqlite/sqlite-store.ts';
import type { CheckpointReport, RecoveryReport, StoreStats } from './storage/store.ts';
import { workerFile } from './storage/worker-file.ts';

export type { OrreryEvents, OrreryHealth };

/** With a store of the user's own. Before it: on-demand.ts with the options, checked. */
export async function openOwnStore(checked: CheckedOptions, logger: Logger): Promise<Orrery> {
  const make = checked.store as NonNullable<CheckedOptions['store']>;
  const stores = Array.from({ length: checked.shards ?? DEFAULT_SHARDS }, (_, shard) => make(shard));
  return new Orrery(MADE_BY_ENGINE, await Engine.start(checked, logger, stores, undefined), checked);
}

/** Before it: on-demand.ts with the options, checked. */
export async function openDirectory(checked: CheckedOptions, logger: Logger): Promise<Orrery> {
  // What a bundle lacks is found out before anything is made.
  const workerUrl = checked.workerUrl ?? workerFile('shard-owner');
  const pool = await importPiscina();
  const { lock, config } = checked.readOnly
    ? { lock: undefined, config: lookAtDirectory(nodeFiles, checked.directory, checked.shards) }
    : takeDirectory(nodeFiles, checked.directory, checked.shards, DEFAULT_SHARDS);
  if (lock) noteOpening(checked.directory, logger);
  const stores = Array.from(
    { length: config.shards },
    (_, shard) =>
      new SqliteStore(shardDirectory(checked.directory, shard), shard, {
        workerUrl,
        pool,
        memoryMb: checked.ownerMemoryMb,
        recording: { directory: config.id },
        granularities: new Map(checked.games.map(({ name, history }) => [name, history])),
        retentions: new Map(
          checked.games.flatMap(({ name, persistence }) => (persistence ? [[name, persistence]] : [])),
        ),
        projections: new Map(checked.games.map(({ name, projections = null }) => [name, projections])),
        sliceMs: checked.flushIntervalMs / 2,
        checkpointBytes: checked.checkpointBytes,
        maxImageBytes: checked.maxImageBytes,
        commandIndex: checked.commandIndex,
        readOnly: checked.readOnly,
      }),
  );
  return new Orrery(MADE_BY_ENGINE, await Engine.start(checked, logger, stores, lock), checked);
}

/** How an orrery is closed. */
export interface CloseOptions {
  /** Milliseconds that it may take, in place of `shutdownTimeoutMs`. */
  readonly timeoutMs?: number;
}

const CLOSE: OptionsOf<CloseOptions> = { timeoutMs: 'milliseconds' };

/** Games do not depend on it: a directory that has no room for it opens all the same. */
function noteOpening(directory: string, logger: Logger): void {
  try {
    recordOpening(nodeFiles, directory);
  } catch (error) {
    logger.warn(
      { directory, error: reason(error) },
      'could not note which Node, time zone and locale this opening has',
    );
  }
}

/** What users hold. Nothing that is meant for the engine can be reached from it. */
export class Orrery extends Succession {
  readonly #engine: Engine;
  readonly #code: Code;

  /** Not for users: throws INVALID_OPTION. */
  constructor(key: typeof MADE_BY_ENGINE, engine: Engine, options: CheckedOptions) {
    if (key !== MADE_BY_ENGINE) throw notMade();
    const { games: types, store, directory, workerUrl } = options;
    const code = { types, directory: store ? undefined : directory, workerUrl };
    super(code, engine.loadedGames);
    this.#engine = engine;
    this.#code = code;
    offerToLoops(this, () => {
      engine.loadedGames.assertWritable('a loop changes its games');
      return {
        loaded: () => this.loaded(),
        tickFailed: ({ id }, error) => engine.tickFailed(id, error),
        isClosing: () => engine.isClosing,
      };
    });
    Object.freeze(this);
  }

  /** What opening had to do, by shard. */
  get recovery(): readonly RecoveryReport[] {
    return this.#engine.recovery;
  }

  get health(): OrreryHealth {
    return this.#engine.health;
  }

  /** Games in memory, in the order in which they were opened. */
  *loaded(): IterableIterator<AnyGame> {
    for (const { game } of this.#engine.loadedGames.registry.loaded()) yield game;
  }

  /**
   * Loads a game, or creates it with `args` for `initial` if there is none with this id. For one that is in memory already, the same
   * object. A game that is created or migrated is durable then. One that is in memory is given at once, whatever the disk does: its
   * newest commands may still be on their way, as their receipts and `flush` tell.
   *
   * @throws OrreryError INVALID_GAME_ID, INVALID_GAME_TYPE (the type is not in `games`), GAME_TYPE_MISMATCH (the id belongs
   * to a game of another type), GAME_VERSION (it is newer), MIGRATION_MISSING, MIGRATION_FAILED and SCHEMA_FAILED (it stays as it
   * is), CLOSED; and when it is created, COMMAND_REFUSED (`initial` threw), NOT_PERSISTABLE, INVARIANT_FAILED,
   * STATE_TOO_LARGE, BACKPRESSURE; with `readOnly`, READ_ONLY in place of creating or migrating it.
   */
  open<S extends object, A, C extends Commands<S>>(
    type: GameType<S, A, C>,
    id: string,
    ...args: OpenRest<NoInfer<A>>
  ): Promise<Game<S, A, C>> {
    return this.#engine.loadedGames.open(type, id, args);
  }

  /** Loads a game that is there. @throws OrreryError GAME_NOT_FOUND, and all that `open` throws. */
  load<S extends object, A, C extends Commands<S>>(type: GameType<S, A, C>, id: string): Promise<Game<S, A, C>> {
    return this.#engine.loadedGames.open(type, id, undefined);
  }

  /** Every game in the directory, in memory or not, by id. */
  list(): Promise<readonly GameInfo[]> {
    return this.#engine.outlast(this.#engine.loadedGames.list());
  }

  override past(id: string): Promise<HistoryReader> {
    return this.#engine.outlast(this.#openPast(id));
  }

  async #openPast(id: string): Promise<HistoryReader> {
    const { directory } = this.#code;
    const openings = (): readonly Opening[] => (directory === undefined ? [] : readOpenings(nodeFiles, directory));
    return LiveHistory.open(this.#engine.loadedGames.commitQueueOf(id), id, openings);
  }

  /**
   * Writes a game with its whole past into one file, while it is being played: everything that was accepted before the call.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, PACK_EXISTS, INVALID_OPTION (there is no directory), IMAGE_TOO_LARGE,
   * DISK_FULL, IO_FAILED, CLOSED; then there is no file, or the one that was there.
   */
  async pack(id: string, file: string, options?: PackOptions): Promise<PackDescription> {
    return this.#engine.outlast(packLive(this.#engine.loadedGames, this.#code, id, file, options));
  }

  /**
   * Brings the game of a pack in, with its whole past. Resolves when it is durable.
   *
   * @throws OrreryError PACK_NOT_FOUND, PACK_DAMAGED, FORMAT_TOO_NEW, GAME_EXISTS, INVALID_GAME_ID, INVALID_OPTION (there is no
   * directory), OUT_OF_MEMORY, IMAGE_TOO_LARGE, DISK_FULL, IO_FAILED, CLOSED; then nothing has changed. OWNER_DIED: the thread of the
   * shard ended over it; `list` says whether the game is there, or after `close` the next opening.
   */
  async unpack(pack: string | ProvenGame, options?: UnpackOptions): Promise<GameInfo> {
    this.#engine.loadedGames.assertWritable('no game can be taken in');
    return this.#engine.outlast(unpackLive(this.#engine.loadedGames, this.#code, pack, options));
  }

  /**
   * Makes a new game from a moment of another, loaded or not, which share nothing afterwards. Resolves when the fork is
   * durable; `open` or `load` takes it up. `list` tells the parent and the seq.
   *
   * @throws OrreryError INVALID_GAME_ID, INVALID_OPTION, GAME_NOT_FOUND, GAME_EXISTS, MOMENT_NOT_KEPT, DAMAGED, BACKPRESSURE,
   * STATE_TOO_LARGE, CLOSED; then nothing has changed.
   */
  async fork(id: string, options: ForkOptions): Promise<Fork> {
    this.#engine.loadedGames.assertWritable('a fork is a new game');
    const openPast = async (game: string) => expandedHistory(await this.#openPast(game), this.#code.types);
    return this.#engine.outlast(forkGame({ ...this.#renewal, openPast }, id, options));
  }

  /**
   * Brings a game back to a state that it can go on from: see RecoverOptions. That comes as a record of its own behind the
   * newest; what is given up stays in the history, and `quarantine` lists it. Nothing is written when nothing is wrong, and no
   * other game is touched.
   *
   * @throws OrreryError INVALID_GAME_ID, INVALID_OPTION, GAME_NOT_FOUND, MOMENT_NOT_KEPT, RECOVERY_FAILED (with what was
   * tried), MIGRATION_MISSING, BACKPRESSURE, STATE_TOO_LARGE, CLOSED; then nothing has changed.
   */
  async recover(id: string, options: RecoverOptions): Promise<Recovery> {
    this.#engine.loadedGames.assertWritable('a recovery is a record');
    return this.#engine.outlast(recoverGame(this.#renewal, id, options));
  }

  /** What recoveries have given up of a game, oldest first. @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, CLOSED. */
  quarantine(id: string): Promise<readonly QuarantinedRange[]> {
    return this.#engine.outlast(quarantineOf(this.#renewal, id));
  }

  get #renewal(): RecoverParts {
    return {
      loadedGames: this.#engine.loadedGames,
      types: this.#code.types,
      openPast: (game) => this.#openPast(game),
      // A past that is searched for the record with which it went wrong: rules of today refuse no command of it.
      apart: (past) => expandedHistoryUnjudged(past, this.#code.types),
    };
  }

  /** Resolves when everything accepted so far is durable. */
  async flush(): Promise<void> {
    await this.#engine.outlast(Promise.all(this.#engine.commitQueues.map((commitQueue) => commitQueue.flush())));
  }

  /** Publishes an image of each shard. */
  async checkpoint(): Promise<readonly CheckpointReport[]> {
    this.#engine.loadedGames.assertWritable('no image can be published');
    return this.#engine.outlast(Promise.all(this.#engine.commitQueues.map((commitQueue) => commitQueue.checkpoint())));
  }

  /** What the stores have done since they were opened, by shard. Waits for every owner: `metrics` does not. */
  stats(): Promise<readonly StoreStats[]> {
    const { commitQueues } = this.#engine;
    return this.#engine.outlast(
      Promise.all(commitQueues.map((commitQueue) => commitQueue.request((store) => store.stats()))),
    );
  }

  /**
   * The numbers to tune by: see OrreryMetrics. Asks each owner, in turn with the commits, for a few microseconds. Of an owner that
   * does not answer within a second, or is known not to, the last numbers are given, with their age in `ownerAgeMs`.
   *
   * @throws OrreryError CLOSED.
   */
  async metrics(): Promise<OrreryMetrics> {
    const { commitQueues, loadedGames } = this.#engine;
    const known = await this.#engine.outlast(Promise.all(commitQueues.map((commitQueue) => commitQueue.stats())));
    return orreryMetrics(loadedGames.registry, commitQueues, known);
  }

  on<E extends keyof OrreryEvents>(event: E, listener: (...args: OrreryEvents[E]) => void): this {
    this.#engine.on(event, listener);
    return this;
  }

  off<E extends keyof OrreryEvents>(event: E, listener: (...args: OrreryEvents[E]) => void): this {
    this.#engine.off(event, listener);
    return this;
  }

  /**
   * Makes everything durable that was accepted by now, publishes an image and gives the directory back. Games go on until it resolves, so
   * that no timer is in the way: what they are asked meanwhile becomes durable, or its receipt rejects. Then they throw CLOSED.
   *
   * @throws OrreryError CLOSE_TIMEOUT when that takes longer than `shutdownTimeoutMs`; `context.unsaved` lists each game
   * with the first seq that is not durable. Then everything is closed all the same, but a thread that waits for the disk cannot be
   * ended: `context.stuckShards` lists the shards of those, and the directory stays locked until they end.
   */
  close(options?: CloseOptions): Promise<void> {
    try {
      assertOptions('close', options, CLOSE);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#engine.close(options?.timeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function notMade(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'an orrery cannot be made by itself',
    hint: 'Use `await openOrrery({ directory, games })`.',
  });
}
