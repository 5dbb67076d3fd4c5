// What an orrery runs on: its commit queues, the games in memory, the stores, and who hears of what happens. Before it:
// orrery.ts, which users hold and which shows of this what is theirs; after it: loaded-games.ts and commit-queue.ts.

import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { OrreryError } from '../core/errors.ts';
import { heed } from '../core/game/misuse.ts';
import { gameUnreadable } from '../core/patch/unreadable.ts';
import type { CheckpointReport, RecoveryReport, Store } from '../storage/store.ts';
import { CommitQueue } from './commit-queue.ts';
import type { CommitQueueOptions } from './commit-queue-options.ts';
import { before, openTimeout, soon } from './failures.ts';
import { Growth, type GrowthWarning, growthMessage } from './growth.ts';
import type { OrreryHealth } from './health.ts';
import { Limitations } from './limitations.ts';
import { LoadedGames, type LoadedGamesOptions } from './loaded-games.ts';
import { loggable } from './loggable.ts';
import { Repeats } from './repeats.ts';
import { openFew } from './shard-openings.ts';
import type { CommitQueueEvents } from './trouble.ts';

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
  /**
   * One game can go no further: its commands are refused from here on. Nothing more of it can become durable
   * (SEQ_CONFLICT), or a record of it cannot be read (GAME_UNREADABLE): then all that was accepted is kept as it
   * stands. Other games go on.
   */
  gameFailed: [error: OrreryError, game: string];
  /**
   * The image of a shard comes near `maxImageBytes`. With every record kept, a game at 20 Hz gets there within days.
   */
  imageGrowing: [warning: GrowthWarning];
  /** A game left memory, because others were opened. */
  evicted: [game: string];
  /**
   * A tick or a subscriber threw, or what a subscriber returned rejected. The loop and the game go on. It is logged
   * once, then counted.
   */
  error: [error: unknown, game: string];
}

/**
 * How long a thread may take to end when it is told to, in milliseconds. One that is not in a call to the disk takes a
 * few.
 */
const GRACE_MS = 500;

export interface EngineOptions extends CommitQueueOptions, LoadedGamesOptions {
  readonly shutdownTimeoutMs: number;
  readonly openTimeoutMs?: number | undefined;
  readonly maxImageBytes?: number;
}

/** What keeps other programs out while an engine runs. */
export interface StorageLock {
  /** It stays, for a reason, when the engine has closed. */
  keep(why: string): void;
  /** What went wrong, if it is still there. */
  release(): OrreryError | undefined;
}

export class Engine {
  readonly commitQueues: readonly CommitQueue[];
  readonly loadedGames: LoadedGames;
  readonly #options: EngineOptions;
  readonly #logger: Logger;
  readonly #stores: readonly Store[];
  readonly #lock: StorageLock | undefined;
  readonly #emitter = new EventEmitter<OrreryEvents>();
  readonly #limitations: Limitations;
  readonly #growth: Growth | undefined;
  readonly #repeats = new Repeats();
  #recovery: readonly RecoveryReport[] = [];
  #isOpen = false;
  #closing: Promise<void> | undefined;

  private constructor(options: EngineOptions, logger: Logger, stores: readonly Store[], lock: StorageLock | undefined) {
    this.#options = options;
    this.#logger = logger;
    this.#limitations = new Limitations(logger);
    this.#growth = options.maxImageBytes === undefined ? undefined : new Growth(options.maxImageBytes);
    this.#stores = stores;
    this.#lock = lock;
    this.commitQueues = stores.map((store, shard) => new CommitQueue(store, options, this.#commitQueueEvents(shard)));
    this.loadedGames = new LoadedGames(this.commitQueues, options, {
      evicted: (game) => {
        logger.debug({ game }, 'game evicted');
        this.#emit('evicted', game);
      },
      subscriberFailed: (game, error) => this.#report(game, error, 'a subscriber failed'),
      over: () => this.#over(),
    });
  }

  /** Opens the stores. What they throw is thrown, and then everything is closed again. */
  static async start(
    options: EngineOptions,
    logger: Logger,
    stores: readonly Store[],
    lock: StorageLock | undefined,
  ): Promise<Engine> {
    const engine = new Engine(options, logger, stores, lock);
    try {
      engine.#recovery = await openFew(stores, (store, shard) => engine.#openInTime(store, shard));
    } catch (error) {
      await engine.#letGo([...stores.keys()]);
      throw error;
    }
    for (const [shard, report] of engine.#recovery.entries()) {
      if (report.replayedFrames > 0 || report.tornBytes > 0)
        logger.info({ shard, ...report }, 'recovered from the journal');
      if (report.reprojected) logger.info({ shard, ...report.reprojected }, 'SQL tables were made anew');
      engine.#limitations.tell(shard, report);
      for (const { game, ...unreadable } of report.unreadable ?? [])
        logger.error({ shard, game, code: 'GAME_UNREADABLE' }, gameUnreadable(game, unreadable).message);
    }
    for (const [shard, commitQueue] of engine.commitQueues.entries())
      commitQueue.start(engine.#recovery[shard]?.unpublished);
    engine.#isOpen = true;
    return engine;
  }

  get recovery(): readonly RecoveryReport[] {
    return this.#recovery;
  }

  get health(): OrreryHealth {
    const shards = this.commitQueues.map((commitQueue) => commitQueue.health);
    const order = ['ok', 'closed', 'degraded', 'failed'] as const;
    const state = order.findLast((each) => shards.some((shard) => shard.state === each)) ?? 'ok';
    return { state, shards };
  }

  on<E extends keyof OrreryEvents>(event: E, listener: (...args: OrreryEvents[E]) => void): void {
    assertEvent(event);
    if (typeof listener !== 'function') throw noListener(String(event));
    this.#emitter.on(event, listener as never);
  }

  off<E extends keyof OrreryEvents>(event: E, listener: (...args: OrreryEvents[E]) => void): void {
    assertEvent(event);
    if (typeof listener !== 'function') throw noListener(String(event));
    this.#emitter.off(event, listener as never);
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  tickFailed(game: string, error: unknown): void {
    this.#report(game, error, 'a tick failed');
  }

  /** Rejects with CLOSE_TIMEOUT and `context.unsaved`. */
  close(timeoutMs = this.#options.shutdownTimeoutMs): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  /**
   * The same, but what it rejects with while everything is being closed comes when that is done: a rejection that
   * nobody handles ends the process, and would leave the directory locked and the last image half written.
   */
  async outlast<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await this.#over();
      throw error;
    }
  }

  async #over(): Promise<void> {
    await this.#closing?.catch(() => undefined);
  }

  async #close(timeoutMs: number): Promise<void> {
    this.loadedGames.close();
    try {
      await this.#closeAll(timeoutMs);
    } finally {
      for (const commitQueue of this.commitQueues) commitQueue.end();
      this.loadedGames.registry.clear();
    }
  }

  async #closeAll(timeoutMs: number): Promise<void> {
    const endings = await Promise.allSettled(this.commitQueues.map((commitQueue) => commitQueue.close(timeoutMs)));
    const unsaved = this.commitQueues
      .flatMap((commitQueue) => [...commitQueue.pending()])
      .map(([game, firstSeq]) => ({ game, firstSeq }));
    let failure: OrreryError | undefined;
    for (const [shard, result] of endings.entries()) {
      if (result.status === 'fulfilled') continue;
      const error = result.reason as OrreryError;
      failure ??= error;
      this.commitQueues[shard]?.abandon(error);
    }
    // Whatever is being opened hears of the end from its commit queue.
    await this.loadedGames.settled();
    const failed = [...endings.keys()].filter((shard) => endings[shard]?.status === 'rejected');
    const stuckShards = await this.#letGo(failed);
    if (!failure) return;
    const context = { ...(unsaved.length > 0 ? { unsaved } : {}), ...(stuckShards.length > 0 ? { stuckShards } : {}) };
    throw failure.within(context);
  }

  async #openInTime(store: Store, shard: number): Promise<RecoveryReport> {
    const { openTimeoutMs: ms, stalledAfterMs } = this.#options;
    const slow = setInterval(() => {
      this.#logger.warn({ shard }, 'the shard is still being opened');
    }, stalledAfterMs);
    try {
      return await (ms === undefined
        ? store.open()
        : before(performance.now() + ms, store.open(), () => openTimeout(shard, ms)));
    } finally {
      clearInterval(slow);
    }
  }

  /**
   * Gives up the stores of these shards, and then the directory. A thread that sits in a call to the disk cannot be
   * ended, and may still write: the directory stays locked until it has ended, and its shard is in the result.
   */
  async #letGo(shards: readonly number[]): Promise<readonly number[]> {
    const stuck = new Set(shards);
    const ended = Promise.all(
      shards.map(async (shard) => {
        try {
          await this.#stores[shard]?.destroy();
        } catch (err) {
          this.#logger.error({ shard, err: loggable(err) }, 'a store could not be given up');
        }
        stuck.delete(shard);
      }),
    );
    if (await soon(ended, GRACE_MS)) {
      this.#release();
      return [];
    }
    const which = [...stuck].sort((a, b) => a - b);
    this.#logger.error({ shards: which }, 'a thread does not end, and the directory stays locked until it does');
    this.#lock?.keep(`the thread of shard ${which.join(', ')} waits for the disk and may still write`);
    void ended.then(() => this.#releaseLate());
    return which;
  }

  #releaseLate(): void {
    if (this.#release()) this.#logger.warn('every thread has ended, and the directory is free');
  }

  /** Everything is closed by then, and a file that cannot be removed changes nothing of that. */
  #release(): boolean {
    const failure = this.#lock?.release();
    if (failure)
      this.#logger.error({ code: failure.code }, `the lock of the directory is still there: ${failure.message}`);
    return failure === undefined;
  }

  #commitQueueEvents(shard: number): CommitQueueEvents {
    return {
      checkpoint: (report) => {
        this.#logger.debug({ shard, ...report }, 'checkpoint');
        this.#limitations.tell(shard, report);
        this.#emit('checkpoint', { ...report, shard });
        if (this.#growth?.passes(shard, report.imageBytes)) void this.#warnOfGrowth(shard, report.imageBytes);
      },
      degraded: (error) => {
        this.#logger.warn({ shard, code: error.code }, error.message);
        const tell = (): void => this.#emit('degraded', error.within({ shard }));
        if (this.#isOpen) tell();
        // Nobody can listen yet: whoever awaits openOrrery and then listens hears of it.
        else setImmediate(tell);
      },
      recovered: () => {
        this.#logger.warn({ shard }, 'everything is becoming durable again');
        this.#emit('recovered', shard);
      },
      failed: (error) => {
        this.#logger.error({ shard, code: error.code }, error.message);
        this.#emit('failed', error.within({ shard }));
      },
      gameFailed: (error, game) => {
        this.#logger.error({ shard, game, code: error.code }, error.message);
        this.#emit('gameFailed', error.within({ shard }), game);
      },
    };
  }

  async #warnOfGrowth(shard: number, imageBytes: number): Promise<void> {
    // A shard that cannot be asked, or is being closed, is warned of all the same.
    const rows = await this.commitQueues[shard]?.request((store) => store.list()).catch(() => undefined);
    const warning = (this.#growth as Growth).warning(shard, imageBytes, rows ?? []);
    const { games } = warning;
    this.#logger.warn({ shard, imageBytes, maxImageBytes: warning.maxImageBytes, games }, growthMessage(warning));
    this.#emit('imageGrowing', warning);
  }

  /** A listener that throws must not stop what it listens to. */
  #emit<E extends keyof OrreryEvents>(event: E, ...args: OrreryEvents[E]): void {
    for (const listener of this.#emitter.listeners(event)) {
      const failed = (error: unknown): void => this.#log({ event }, error, 'a listener failed');
      try {
        heed((listener as (...args: OrreryEvents[E]) => unknown)(...args), failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  #report(game: string, error: unknown, what: string): void {
    this.#log({ game }, error, what);
    this.#emit('error', error, game);
  }

  #log(place: { readonly game: string } | { readonly event: string }, err: unknown, what: string): void {
    const times = this.#repeats.count(`${what} ${Object.values(place)[0]}`, err);
    if (times === 1) this.#logger.error({ ...place, err: loggable(err) }, what);
    else if (times !== undefined)
      this.#logger.error({ ...place, times }, `${what}, over and over: the first time was logged`);
  }
}

const EVENTS: { readonly [E in keyof OrreryEvents]: true } = {
  ...({ checkpoint: true, degraded: true, recovered: true, failed: true, gameFailed: true } as const),
  ...({ imageGrowing: true, evicted: true, error: true } as const),
};

/** Of an event whose name is misspelt nobody would ever hear. */
function assertEvent(event: unknown): void {
  if (typeof event === 'string' && Object.hasOwn(EVENTS, event)) return;
  throw new OrreryError({
    code: 'INVALID_OPTION',
    what: `an orrery has no event ${typeof event === 'string' ? JSON.stringify(event) : `that is a ${typeof event}`}`,
    hint: `Its events are: ${Object.keys(EVENTS).join(', ')}.`,
  });
}

function noListener(event: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `what should hear of ${JSON.stringify(event)} is not a function`,
    hint: 'Write orrery.on(event, (...) => { ... }).',
  });
}
