// The default store: one thread that owns the shard's journal and its SQLite image. This is the main thread's end; the
// work is done in worker/owner.ts, which workers/shard-owner.ts runs.

import type { Piscina } from 'piscina';
import { errorFromData, OrreryError } from '../../core/errors.ts';
import type { GameInfo, Quarantine } from '../game-info.ts';
import type { Moment, SnapshotEntry, StepRange } from '../history-reader.ts';
import type {
  Batch,
  CheckpointReport,
  EarlyChunks,
  PastPage,
  RecoveryReport,
  Store,
  StoredGame,
  StoredMoment,
  StoreLoad,
  StoreStats,
} from '../store.ts';
import { OwnerThread } from './owner-thread.ts';
import type { Import } from './worker/import.ts';
import type { OwnerOptions, OwnerRequest } from './worker/protocol.ts';

export interface SqliteStoreOptions extends Omit<OwnerOptions, 'directory' | 'shard'> {
  /** Where the worker file is. */
  readonly workerUrl: URL;
  /** What makes the thread. */
  readonly pool: typeof Piscina;
  /** MiB of heap that the owner's thread may have. Undefined: as many as Node gives a thread. */
  readonly memoryMb?: number | undefined;
}

export class SqliteStore implements Store {
  readonly capabilities = { durable: true, images: true };
  readonly #options: OwnerOptions;
  readonly #workerUrl: URL;
  readonly #pool: typeof Piscina;
  readonly #memoryMb: number | undefined;
  #thread: OwnerThread | undefined;
  #destroyed: Promise<void> | undefined;
  #closed = false;

  constructor(directory: string, shard: number, { workerUrl, pool, memoryMb, ...options }: SqliteStoreOptions) {
    this.#options = { ...options, directory, shard };
    this.#workerUrl = workerUrl;
    this.#pool = pool;
    this.#memoryMb = memoryMb;
  }

  async open(): Promise<RecoveryReport> {
    if (this.#closed) throw notOpen(this.#options.shard);
    this.#thread ??= new OwnerThread(this.#pool, this.#options.shard, this.#workerUrl, this.#memoryMb);
    this.#thread.connect();
    return (await this.#ask({ kind: 'open', options: this.#options })) as RecoveryReport;
  }

  async commit(batch: Batch): Promise<StoreLoad> {
    return (await this.#ask({ kind: 'commit', batch })) as StoreLoad;
  }

  async compact(): Promise<StoreLoad> {
    return (await this.#ask({ kind: 'compact' })) as StoreLoad;
  }

  async checkpoint(): Promise<CheckpointReport | undefined> {
    return (await this.#ask({ kind: 'checkpoint' })) as CheckpointReport | undefined;
  }

  async load(game: string, early?: EarlyChunks): Promise<StoredGame | undefined> {
    return (await this.#ask({ kind: 'load', game, early: early !== undefined }, early)) as StoredGame | undefined;
  }

  async list(): Promise<readonly GameInfo[]> {
    return (await this.#ask({ kind: 'list' })) as readonly GameInfo[];
  }

  async stateAt(game: string, moment: Moment, nearest: boolean): Promise<StoredMoment | undefined> {
    return (await this.#ask({ kind: 'stateAt', game, moment, nearest })) as StoredMoment | undefined;
  }

  async past(game: string, range: StepRange, limit: number): Promise<PastPage | undefined> {
    return (await this.#ask({ kind: 'past', game, range, limit })) as PastPage | undefined;
  }

  async snapshots(game: string): Promise<readonly SnapshotEntry[] | undefined> {
    return (await this.#ask({ kind: 'snapshots', game })) as readonly SnapshotEntry[] | undefined;
  }

  async quarantine(game: string): Promise<readonly Quarantine[]> {
    return (await this.#ask({ kind: 'quarantine', game })) as readonly Quarantine[];
  }

  async import(coming: Import): Promise<GameInfo> {
    return (await this.#ask({ kind: 'import', import: coming })) as GameInfo;
  }

  async stats(): Promise<StoreStats> {
    return (await this.#ask({ kind: 'stats' })) as StoreStats;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#ask({ kind: 'close' });
    } catch (error) {
      // One that was given up over this has ended by order: nobody may take its place.
      if (!(error instanceof OrreryError) || error.code !== 'OWNER_DIED' || this.#closed) throw error;
      // Another thread recovers what this one left and closes in good order; should it die as well, so be it.
      await this.open();
      await this.#ask({ kind: 'close' });
    }
    await this.destroy();
  }

  /**
   * Resolves when the thread has ended. One that sits in a call to the disk ends when the disk answers, however often
   * this is asked.
   */
  destroy(): Promise<void> {
    this.#closed = true;
    this.#destroyed ??= this.#thread?.destroy() ?? Promise.resolve();
    this.#thread = undefined;
    return this.#destroyed;
  }

  async #ask(request: OwnerRequest, early?: EarlyChunks): Promise<unknown> {
    if (!this.#thread) throw notOpen(this.#options.shard);
    const reply = await this.#thread.ask(request, early);
    if (!reply.ok) throw errorFromData(reply.error).within({ shard: this.#options.shard });
    return reply.value;
  }
}

function notOpen(shard: number): OrreryError {
  return new OrreryError({
    code: 'OWNER_DIED',
    what: 'the shard is not open',
    hint: 'Orrery opens it again by itself, unless it was closed.',
    context: { shard },
  });
}
