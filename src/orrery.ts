// Opens and closes everything; the only file that wires the parts: games to commit queues, commit queues to stores.

import type { Logger } from 'pino';
import { OrreryError, reason } from './core/errors.ts';
import type { AnyGameType, Commands, GameType, StateCopy } from './core/game/define.ts';
import { type AnyGame, type Game, MADE_BY_ENGINE, type OpenRest } from './core/game/game.ts';
import { assertOptions, type OptionsOf } from './core/option-check.ts';
import { Engine, type OrreryEvents } from './engine/engine.ts';
import type { OrreryHealth } from './engine/health.ts';
import { type OrreryMetrics, orreryMetrics } from './engine/metrics.ts';
import type { LiveGames } from './histories.ts';
import type { GameHistory } from './history/game/game-history.ts';
import type { Verification } from './history/rerun/verify.ts';
import type { VerifyAllOptions } from './history/rerun/verify-games.ts';
import type { MigrateAllOptions, MigrationReport } from './history/upgrade/migrate-all.ts';
import type { Submission, SubmissionReceipt } from './history/upgrade/submission.ts';
import { type CheckedOptions, DEFAULT_SHARDS } from './options.ts';
import { packLive, type UnpackOptions, unpackLive } from './packs.ts';
import { offerToLoops } from './run-loop.ts';
import type { GameInfo } from './storage/game-info.ts';
import type { HistoryReader } from './storage/history-reader.ts';
import { importPiscina, part } from './storage/late-import.ts';
import { lookAtDirectory, shardDirectory, takeDirectory } from './storage/sqlite/directory.ts';
import { nodeFiles } from './storage/sqlite/files.ts';
import { recordOpening } from './storage/sqlite/openings.ts';
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
        pageCacheBytes: Math.floor(checked.pageCacheBytes / config.shards),
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
export class Orrery {
  readonly #engine: Engine;
  readonly #live: LiveGames;

  /** Not for users: throws INVALID_OPTION. */
  constructor(key: typeof MADE_BY_ENGINE, engine: Engine, options: CheckedOptions) {
    if (key !== MADE_BY_ENGINE) throw notMade();
    const { games: types, store, directory, workerUrl } = options;
    this.#engine = engine;
    this.#live = { engine, types, directory: store ? undefined : directory, workerUrl };
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
   * Loads a game, or creates it with `args` for `initial` if there is none with this id. For one that is in memory
   * already, the same object. A game that is created or migrated is durable then. One that is in memory is given at
   * once, whatever the disk does: its newest commands may still be on their way, as their receipts and `flush` tell.
   *
   * @throws OrreryError INVALID_GAME_ID, INVALID_GAME_TYPE (the type is not in `games`), GAME_TYPE_MISMATCH (the id
   * belongs to a game of another type), GAME_VERSION (it is newer), MIGRATION_MISSING, MIGRATION_FAILED and
   * SCHEMA_FAILED (it stays as it is), CLOSED; and when it is created, COMMAND_REFUSED (`initial` threw),
   * NOT_PERSISTABLE, INVARIANT_FAILED, STATE_TOO_LARGE, BACKPRESSURE; with `readOnly`, READ_ONLY in place of creating
   * or migrating it.
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

  /**
   * The history of a game, in memory or not: its entries, its states, differences, who changed what, replay,
   * verification, trials, forks and recovery. With a game type its states are typed by it.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, GAME_TYPE_MISMATCH (the game is of another type than `type`),
   * INVALID_GAME_TYPE, INVALID_OPTION, CLOSED.
   */
  history(id: string): Promise<GameHistory>;
  history<S extends object, A, C extends Commands<S>>(
    type: GameType<S, A, C>,
    id: string,
  ): Promise<GameHistory<StateCopy<S>>>;
  async history(typeOrId: AnyGameType | string, id?: string): Promise<GameHistory<unknown>> {
    const { liveHistory } = await part(() => import('./histories.ts'));
    if (id === undefined) return liveHistory(this.#live, typeOrId as string, undefined);
    if (typeof typeOrId !== 'object') throw noQuery(typeOrId);
    return liveHistory(this.#live, id, typeOrId);
  }

  /**
   * Runs the recorded commands of all games whose types there are again through today's code and compares what they
   * make with what was recorded: everything that was accepted before the call. `history(id)` verifies one game.
   *
   * @throws OrreryError GAMES_MODULE, INVALID_OPTION (threads need a directory), DAMAGED, BUNDLED, CLOSED.
   */
  async verify(options: VerifyAllOptions = {}): Promise<readonly Verification[]> {
    const { verifyLive } = await part(() => import('./histories.ts'));
    return verifyLive(this.#live, options);
  }

  /**
   * Takes a whole state that was made from an older one, by a program that does not hold the game: a service, a tool, a
   * colleague's older version. If nothing else has changed since `baseSeq`, it becomes the game's state, as with
   * `save`; otherwise, or when it is of an older version, the game type's `resolve` says what becomes of it.
   *
   * @throws OrreryError GAME_NOT_FOUND, CONFLICT (with the paths of both sides; nothing changed), GAME_VERSION (it is
   * of a newer version), MOMENT_NOT_KEPT (the base cannot be read), INVALID_OPTION, and what `open`, migrations and
   * `save` throw.
   */
  async submit(id: string, submission: Submission): Promise<SubmissionReceipt> {
    const { types, engine } = this.#live;
    const { loadedGames } = engine;
    loadedGames.assertWritable('nothing can be submitted');
    const [{ submitTo }, { expandedReader }] = await part(() =>
      Promise.all([import('./history/upgrade/submission.ts'), import('./histories.ts')]),
    );
    // What the writer began from may lie inside a merged step.
    const openPast = (game: string): Promise<HistoryReader> => expandedReader(this.#live, game);
    return engine.outlast(submitTo({ types, loadedGames, openPast }, id, submission));
  }

  /**
   * Takes every stored game of an older version up to that of its type, one after the other, as opening it would. A
   * game that fails stays as it was, and the report says why.
   *
   * @throws OrreryError GAME_NOT_FOUND, CLOSED.
   */
  async migrateAll(options?: MigrateAllOptions): Promise<MigrationReport> {
    const { types, engine } = this.#live;
    engine.loadedGames.assertWritable('a migration is a record');
    const load = (type: AnyGameType, id: string) => engine.loadedGames.open(type, id, undefined);
    const { migrateAll } = await part(() => import('./history/upgrade/migrate-all.ts'));
    return migrateAll({ types, list: () => this.list(), load }, options);
  }

  /**
   * Writes a game with its whole past into one file, while it is being played: everything that was accepted before the
   * call.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, PACK_EXISTS, INVALID_OPTION (there is no directory),
   * IMAGE_TOO_LARGE, DISK_FULL, IO_FAILED, CLOSED; then there is no file, or the one that was there.
   */
  async pack(id: string, file: string, options?: PackOptions): Promise<PackDescription> {
    return this.#engine.outlast(packLive(this.#engine.loadedGames, this.#live, id, file, options));
  }

  /**
   * Brings the game of a pack in, with its whole past. Resolves when it is durable.
   *
   * @throws OrreryError PACK_NOT_FOUND, PACK_DAMAGED, FORMAT_TOO_NEW, GAME_EXISTS, INVALID_GAME_ID, INVALID_OPTION
   * (there is no directory), OUT_OF_MEMORY, IMAGE_TOO_LARGE, DISK_FULL, IO_FAILED, CLOSED; then nothing has changed.
   * OWNER_DIED: the thread of the shard ended over it; `list` says whether the game is there, or after `close` the next
   * opening.
   */
  async unpack(pack: string | ProvenGame, options?: UnpackOptions): Promise<GameInfo> {
    this.#engine.loadedGames.assertWritable('no game can be taken in');
    return this.#engine.outlast(unpackLive(this.#engine.loadedGames, this.#live, pack, options));
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
   * The numbers to tune by: see OrreryMetrics. Asks each owner, in turn with the commits, for a few microseconds. Of an
   * owner that does not answer within a second, or is known not to, the last numbers are given, with their age in
   * `ownerAgeMs`.
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
   * Makes everything durable that was accepted by now, publishes an image and gives the directory back. Games go on
   * until it resolves, so that no timer is in the way: what they are asked meanwhile becomes durable, or its receipt
   * rejects. Then they throw CLOSED.
   *
   * @throws OrreryError CLOSE_TIMEOUT when that takes longer than `shutdownTimeoutMs`; `context.unsaved` lists each
   * game with the first seq that is not durable. Then everything is closed all the same, but a thread that waits for
   * the disk cannot be ended: `context.stuckShards` lists the shards of those, and the directory stays locked until
   * they end.
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

/** Its second argument would be left unheeded. */
function noQuery(id: unknown): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: '`history` was given a second argument beside an id',
    hint: 'Write history(id) or history(type, id); a query goes to its methods: (await orrery.history(id)).entries(query).',
    context: typeof id === 'string' ? { game: id } : {},
  });
}

function notMade(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'an orrery cannot be made by itself',
    hint: 'Use `await openOrrery({ directory, games })`.',
  });
}
