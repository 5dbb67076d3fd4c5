// Opens and closes everything; the only file that wires the parts: games to outboxes, outboxes to stores.

import { EventEmitter } from 'node:events';
import { destination, type Logger, pino } from 'pino';
import { type DirectoryLock, shardDirectory, shardOf, takeDirectory } from './directory.ts';
import type { OrreryError } from './errors.ts';
import type { Commands, GameType } from './game/define.ts';
import type { AnyGame, Game } from './game/game.ts';
import { Loop, type LoopOptions } from './game/loop.ts';
import type { GameRow } from './image/rows.ts';
import { nodeFiles } from './journal/files.ts';
import { type CheckedOptions, checkOptions, DEFAULT_SHARDS, type OrreryOptions } from './options.ts';
import type { OrreryHealth } from './outbox/health.ts';
import { LeftOut } from './outbox/left-out.ts';
import { type OrreryMetrics, orreryMetrics } from './outbox/metrics.ts';
import { Outbox } from './outbox/outbox.ts';
import { Residents } from './outbox/residents.ts';
import { packLive, type UnpackOptions, unpackLive } from './pack/live.ts';
import type { PackOptions } from './pack/packing.ts';
import type { PackDescription } from './pack/reading.ts';
import type { ProvenGame } from './pack/unpacking.ts';
import { LivePast } from './past/live-past.ts';
import type { Past } from './past/past.ts';
import { type Fork, type ForkOptions, forkGame } from './renewal/fork.ts';
import {
  type QuarantinedRange,
  quarantineOf,
  type RecoverParts,
  type Recovery,
  recoverGame,
} from './renewal/recover.ts';
import type { RecoverOptions } from './renewal/recovery-options.ts';
import type { Code } from './rerun/reruns.ts';
import { SqliteStore } from './store/sqlite.ts';
import type { CheckpointReport, RecoveryReport, Store, StoreStats } from './store/store.ts';
import { Succession } from './versions/succession.ts';

export { type OrreryHealth, shardOf };

/** What `orrery.on` can be asked for. */
export interface OrreryEvents {
  /** An image was published. */
  checkpoint: [report: CheckpointReport & { readonly shard: number }];
  /** A shard's disk or thread fails. Its games go on in memory, and it goes on trying. */
  degraded: [error: OrreryError];
  /** Everything that was accepted is on its way to disk again. */
  recovered: [shard: number];
  /** Nothing more can become durable in a shard. */
  failed: [error: OrreryError];
  /** A game left memory, because others were opened. */
  evicted: [game: string];
  /** A tick or a subscriber threw. The loop and the game go on. */
  error: [error: unknown, game: string];
}

/**
 * Opens a directory, recovers what is in it, and makes it ready for games.
 *
 * @throws OrreryError INVALID_OPTION, DIRECTORY_UNUSABLE, ALREADY_OPEN (with the process that has it), SHARD_COUNT_MISMATCH,
 * FORMAT_TOO_NEW, DAMAGED (acknowledged data cannot be read; nothing was changed), DISK_FULL, IO_FAILED.
 */
export async function openOrrery(options: OrreryOptions): Promise<Orrery> {
  const checked = checkOptions(options);
  const logger =
    options.logger ??
    pino({ name: 'orrery', level: process.env['ORRERY_LOG'] ?? 'warn' }, destination({ dest: 2, sync: true }));
  if (checked.store) {
    const make = checked.store;
    const stores = Array.from({ length: checked.shards ?? DEFAULT_SHARDS }, (_, shard) => make(shard));
    return Orrery.start(checked, logger, stores, undefined);
  }
  const { lock, config } = takeDirectory(nodeFiles, checked.directory, checked.shards, DEFAULT_SHARDS);
  const stores = Array.from(
    { length: config.shards },
    (_, shard) =>
      new SqliteStore(shardDirectory(checked.directory, shard), shard, {
        workerUrl: checked.workerUrl,
        grains: Object.fromEntries(checked.games.map(({ name, history }) => [name, history])),
        retentions: Object.fromEntries(
          checked.games.flatMap(({ name, persistence }) => (persistence ? [[name, persistence]] : [])),
        ),
        projections: Object.fromEntries(checked.games.map(({ name, projections = null }) => [name, projections])),
        sliceMs: checked.flushIntervalMs / 2,
        checkpointBytes: checked.checkpointBytes,
        maxImageBytes: checked.maxImageBytes,
        commandIndex: checked.commandIndex,
      }),
  );
  return Orrery.start(checked, logger, stores, lock);
}

export class Orrery extends Succession {
  readonly #options: CheckedOptions;
  readonly #logger: Logger;
  readonly #stores: readonly Store[];
  readonly #lock: DirectoryLock | undefined;
  readonly #outboxes: readonly Outbox[];
  readonly #residents: Residents;
  readonly #emitter = new EventEmitter<OrreryEvents>();
  #recovery: readonly RecoveryReport[] = [];
  readonly #leftOut: LeftOut;
  #closing: Promise<void> | undefined;

  private constructor(
    options: CheckedOptions,
    logger: Logger,
    stores: readonly Store[],
    lock: DirectoryLock | undefined,
  ) {
    super();
    this.#options = options;
    this.#logger = logger;
    this.#leftOut = new LeftOut(logger);
    this.#stores = stores;
    this.#lock = lock;
    this.#outboxes = stores.map((store, shard) => new Outbox(store, options, this.#outboxEvents(shard)));
    this.#residents = new Residents(this.#outboxes, options, {
      evicted: (game) => {
        logger.debug({ game: game.id }, 'game evicted');
        this.#emit('evicted', game.id);
      },
      subscriberFailed: (game, error) => this.#report(game, error, 'a subscriber failed'),
    });
  }

  /** For openOrrery. */
  static async start(
    options: CheckedOptions,
    logger: Logger,
    stores: readonly Store[],
    lock: DirectoryLock | undefined,
  ): Promise<Orrery> {
    const orrery = new Orrery(options, logger, stores, lock);
    const opened = await Promise.allSettled(stores.map((store) => store.open()));
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed) {
      await Promise.allSettled(stores.map((store) => store.destroy()));
      lock?.release();
      throw failed.reason;
    }
    orrery.#recovery = opened.map((result) => (result as PromiseFulfilledResult<RecoveryReport>).value);
    for (const [shard, report] of orrery.#recovery.entries()) {
      if (report.replayedFrames > 0 || report.tornBytes > 0)
        logger.info({ shard, ...report }, 'recovered from the journal');
      if (report.reprojected) logger.info({ shard, ...report.reprojected }, 'SQL tables were made anew');
      orrery.#leftOut.tell(shard, report);
    }
    for (const outbox of orrery.#outboxes) outbox.start();
    return orrery;
  }

  /** What opening had to do, by shard. */
  get recovery(): readonly RecoveryReport[] {
    return this.#recovery;
  }

  get health(): OrreryHealth {
    const shards = this.#outboxes.map((outbox) => outbox.health);
    const order = ['ok', 'closed', 'degraded', 'failed'] as const;
    const state = order.findLast((each) => shards.some((shard) => shard.state === each)) ?? 'ok';
    return { state, shards };
  }

  /** Games in memory, in the order in which they were opened. */
  loaded(): IterableIterator<AnyGame> {
    return this.#residents.registry.loaded();
  }

  /**
   * Loads a game, or creates it from `args` if there is none with this id. For one that is in memory already, the same
   * object. Resolves when the game is durable.
   *
   * @throws OrreryError INVALID_GAME_ID, INVALID_GAME_TYPE (the type is not in `games`), GAME_TYPE_MISMATCH (the id belongs
   * to a game of another type), GAME_VERSION (it is newer), MIGRATION_MISSING, MIGRATION_FAILED and SCHEMA_FAILED (it stays as it
   * is), CLOSED; and when it is created, COMMAND_REFUSED (`initial` threw), NOT_PERSISTABLE, INVARIANT_FAILED,
   * STATE_TOO_LARGE, BACKPRESSURE.
   */
  open<S extends object, I extends readonly unknown[], C extends Commands<S>>(
    type: GameType<S, I, C>,
    id: string,
    ...args: NoInfer<I>
  ): Promise<Game<S, I, C>> {
    return this.#residents.open(type, id, args);
  }

  /** Loads a game that is there. @throws OrreryError GAME_NOT_FOUND, and all that `open` throws. */
  load<S extends object, I extends readonly unknown[], C extends Commands<S>>(
    type: GameType<S, I, C>,
    id: string,
  ): Promise<Game<S, I, C>> {
    return this.#residents.open(type, id, undefined);
  }

  /** Every game in the directory, in memory or not, by id. */
  list(): Promise<readonly GameRow[]> {
    return this.#residents.list();
  }

  protected override get residents(): Residents {
    return this.#residents;
  }

  protected override get code(): Code {
    const { games: types, store, directory } = this.#options;
    return { types, directory: store ? undefined : directory };
  }

  override async past(id: string): Promise<Past> {
    return LivePast.open(this.#residents.outboxOf(id), id);
  }

  /**
   * Writes a game with its whole past into one file, while it is being played: everything that was accepted before the call.
   *
   * @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, PACK_EXISTS, INVALID_OPTION (there is no directory), IMAGE_TOO_LARGE,
   * DISK_FULL, IO_FAILED, CLOSED; then there is no file, or the one that was there.
   */
  pack(id: string, file: string, options?: PackOptions): Promise<PackDescription> {
    return packLive(this.#residents, this.#options.store ? undefined : this.#options.directory, id, file, options);
  }

  /**
   * Brings the game of a pack in, with its whole past. Resolves when it is durable.
   *
   * @throws OrreryError PACK_NOT_FOUND, PACK_DAMAGED, FORMAT_TOO_NEW, GAME_EXISTS, INVALID_GAME_ID, INVALID_OPTION (there is no
   * directory), IMAGE_TOO_LARGE, DISK_FULL, IO_FAILED, CLOSED; then nothing has changed.
   */
  unpack(pack: string | ProvenGame, options?: UnpackOptions): Promise<GameRow> {
    return unpackLive(this.#residents, pack, options);
  }

  /**
   * Makes a new game from a moment of another, loaded or not, which share nothing afterwards. Resolves when the fork is
   * durable; `open` or `load` takes it up. `list` tells the parent and the seq.
   *
   * @throws OrreryError INVALID_GAME_ID, INVALID_OPTION, GAME_NOT_FOUND, GAME_EXISTS, MOMENT_NOT_KEPT, DAMAGED, BACKPRESSURE,
   * STATE_TOO_LARGE, CLOSED; then nothing has changed.
   */
  fork(id: string, options: ForkOptions): Promise<Fork> {
    return forkGame({ ...this.#renewal, openPast: (game) => this.expanded(game) }, id, options);
  }

  /**
   * Brings a game back to a state that it can go on from: see RecoverOptions. That comes as a record of its own behind the
   * newest; what is given up stays in the history, and `quarantine` lists it. Nothing is written when nothing is wrong, and no
   * other game is touched.
   *
   * @throws OrreryError INVALID_GAME_ID, INVALID_OPTION, GAME_NOT_FOUND, MOMENT_NOT_KEPT, RECOVERY_FAILED (with what was
   * tried), MIGRATION_MISSING, BACKPRESSURE, STATE_TOO_LARGE, CLOSED; then nothing has changed.
   */
  recover(id: string, options: RecoverOptions): Promise<Recovery> {
    return recoverGame(this.#renewal, id, options);
  }

  /** What recoveries have given up of a game, oldest first. @throws OrreryError INVALID_GAME_ID, GAME_NOT_FOUND, CLOSED. */
  quarantine(id: string): Promise<readonly QuarantinedRange[]> {
    return quarantineOf(this.#renewal, id);
  }

  get #renewal(): RecoverParts {
    return {
      residents: this.#residents,
      types: this.#options.games,
      openPast: (game) => this.past(game),
      apart: (past) => this.unjudged(past),
    };
  }

  /** Resolves when everything accepted so far is durable. */
  async flush(): Promise<void> {
    await Promise.all(this.#outboxes.map((outbox) => outbox.flush()));
  }

  /** Publishes an image of each shard. */
  checkpoint(): Promise<readonly CheckpointReport[]> {
    return Promise.all(this.#outboxes.map((outbox) => outbox.checkpoint()));
  }

  /** What the stores have done since they were opened, by shard. */
  stats(): Promise<readonly StoreStats[]> {
    return Promise.all(this.#outboxes.map((outbox) => outbox.request((store) => store.stats())));
  }

  /**
   * The numbers to tune by: see OrreryMetrics. Asks each owner, in turn with the commits, for a few microseconds.
   *
   * @throws OrreryError CLOSED, and what stopped a shard for good.
   */
  async metrics(): Promise<OrreryMetrics> {
    return orreryMetrics(this.#residents.registry, this.#outboxes, await this.stats());
  }

  on<E extends keyof OrreryEvents>(event: E, listener: (...args: OrreryEvents[E]) => void): this {
    this.#emitter.on(event, listener as never);
    return this;
  }

  off<E extends keyof OrreryEvents>(event: E, listener: (...args: OrreryEvents[E]) => void): this {
    this.#emitter.off(event, listener as never);
    return this;
  }

  /** For runLoop: what a tick threw. A loop that goes on while everything is closed is refused its ticks, and that is all. */
  tickFailed(game: AnyGame, error: unknown): void {
    if (this.#closing) return;
    this.#report(game.id, error, 'a tick failed');
  }

  /**
   * Makes everything durable, publishes an image and gives the directory back.
   *
   * @throws OrreryError CLOSE_TIMEOUT when that takes longer than `shutdownTimeoutMs`; `context.unsaved` lists each game
   * with the first seq that is not durable. Then everything is closed all the same.
   */
  close(options?: { readonly timeoutMs?: number }): Promise<void> {
    this.#closing ??= this.#close(options?.timeoutMs ?? this.#options.shutdownTimeoutMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#residents.close();
    const endings = await Promise.allSettled(this.#outboxes.map((outbox) => outbox.close(timeoutMs)));
    const unsaved = this.#outboxes
      .flatMap((outbox) => [...outbox.pending()])
      .map(([game, firstSeq]) => ({ game, firstSeq }));
    let failure: OrreryError | undefined;
    for (const [shard, result] of endings.entries()) {
      if (result.status === 'fulfilled') continue;
      const error = result.reason as OrreryError;
      failure ??= error;
      this.#outboxes[shard]?.abandon(error);
    }
    // Whatever is being opened hears of the end from its outbox.
    await this.#residents.settled();
    const failed = this.#stores.filter((_, shard) => endings[shard]?.status === 'rejected');
    const destroyed = await Promise.allSettled(failed.map((store) => store.destroy()));
    for (const result of destroyed) {
      if (result.status === 'rejected') this.#logger.error({ err: result.reason }, 'a store could not be given up');
    }
    this.#residents.registry.clear();
    this.#lock?.release();
    if (!failure) return;
    throw unsaved.length > 0 ? failure.within({ unsaved }) : failure;
  }

  #outboxEvents(shard: number): ConstructorParameters<typeof Outbox>[2] {
    return {
      checkpoint: (report) => {
        this.#logger.debug({ shard, ...report }, 'checkpoint');
        this.#leftOut.tell(shard, report);
        this.#emit('checkpoint', { ...report, shard });
      },
      degraded: (error) => {
        this.#logger.warn({ shard, code: error.code }, error.message);
        this.#emit('degraded', error.within({ shard }));
      },
      recovered: () => {
        this.#logger.warn({ shard }, 'everything is becoming durable again');
        this.#emit('recovered', shard);
      },
      failed: (error) => {
        this.#logger.error({ shard, code: error.code }, error.message);
        this.#emit('failed', error.within({ shard }));
      },
    };
  }

  /** A listener that throws must not stop what it listens to. */
  #emit<E extends keyof OrreryEvents>(event: E, ...args: OrreryEvents[E]): void {
    for (const listener of this.#emitter.listeners(event)) {
      try {
        (listener as (...args: OrreryEvents[E]) => void)(...args);
      } catch (err) {
        this.#logger.error({ err, event }, 'a listener failed');
      }
    }
  }

  #report(game: string, error: unknown, what: string): void {
    this.#logger.error({ game, err: error }, what);
    this.#emit('error', error, game);
  }
}

/** Drives games at a fixed rate: see LoopOptions. The loop runs until it is stopped. */
export function runLoop(orrery: Orrery, options: LoopOptions): Loop {
  return new Loop(orrery, options);
}
