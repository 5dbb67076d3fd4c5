// The default store: one thread that owns the shard's journal and its SQLite image. This is the main thread's end; the
// work is done in shard/owner.ts, which workers/shard-owner.ts runs.

import { Piscina } from 'piscina';
import { errorFromData, OrreryError } from '../errors.ts';
import type { GameRow } from '../image/rows.ts';
import type { OwnerOptions, OwnerReply, OwnerRequest } from '../shard/protocol.ts';
import type {
  Batch,
  CheckpointReport,
  HistoryPage,
  RecoveryReport,
  Store,
  StoredGame,
  StoreLoad,
  StoreStats,
} from './store.ts';

export interface SqliteStoreOptions extends Omit<OwnerOptions, 'directory' | 'shard'> {
  /** Where the worker file is, when it is not where the package has it. */
  readonly workerUrl: URL | undefined;
}

export class SqliteStore implements Store {
  readonly capabilities = { durable: true, images: true };
  readonly #options: OwnerOptions;
  readonly #workerUrl: URL;
  #pool: Piscina | undefined;
  #closed = false;

  constructor(directory: string, shard: number, { workerUrl, ...options }: SqliteStoreOptions) {
    this.#options = { ...options, directory, shard };
    this.#workerUrl = workerUrl ?? defaultWorkerUrl();
  }

  async open(): Promise<RecoveryReport> {
    // After a death the pool has replaced its thread already; only a pool that was destroyed is made anew.
    this.#pool ??= this.#start();
    return (await this.#ask({ kind: 'open', options: this.#options })) as RecoveryReport;
  }

  async commit(batch: Batch): Promise<StoreLoad> {
    return (await this.#ask({ kind: 'commit', batch }, [batch.payload.buffer])) as StoreLoad;
  }

  async digest(): Promise<StoreLoad> {
    return (await this.#ask({ kind: 'digest' })) as StoreLoad;
  }

  async checkpoint(): Promise<CheckpointReport | undefined> {
    return (await this.#ask({ kind: 'checkpoint' })) as CheckpointReport | undefined;
  }

  async load(game: string): Promise<StoredGame | undefined> {
    return (await this.#ask({ kind: 'load', game })) as StoredGame | undefined;
  }

  async list(): Promise<readonly GameRow[]> {
    return (await this.#ask({ kind: 'list' })) as readonly GameRow[];
  }

  async history(game: string, afterSeq: number, upToSeq: number, limit: number): Promise<HistoryPage> {
    return (await this.#ask({ kind: 'history', game, afterSeq, upToSeq, limit })) as HistoryPage;
  }

  async stats(): Promise<StoreStats> {
    return (await this.#ask({ kind: 'stats' })) as StoreStats;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#ask({ kind: 'close' });
    } catch (error) {
      if (!(error instanceof OrreryError) || error.code !== 'OWNER_DIED') throw error;
      // Another thread recovers what this one left and closes in good order; should it die as well, so be it.
      await this.open();
      await this.#ask({ kind: 'close' });
    }
    await this.destroy();
  }

  async destroy(): Promise<void> {
    this.#closed = true;
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.destroy();
  }

  #start(): Piscina {
    const pool = new Piscina({
      filename: this.#workerUrl.href,
      // One thread: it owns the shard. Sharing a pool among shards makes an idle one wait behind a busy one.
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // With 'sync' an idle thread sits in Atomics.wait and its timers and signals stand still.
      atomics: 'disabled',
      // The flags of the main thread are its own affair.
      execArgv: [],
    });
    // Without a listener, a thread that dies between tasks would end the process. The next task finds out.
    pool.on('error', () => undefined);
    return pool;
  }

  async #ask(request: OwnerRequest, transferList: ArrayBuffer[] = []): Promise<unknown> {
    const pool = this.#pool;
    if (!pool) throw died(this.#options.shard, 'it is closed');
    let reply: OwnerReply;
    try {
      reply = (await pool.run(request, { transferList })) as OwnerReply;
    } catch (cause) {
      throw died(this.#options.shard, cause);
    }
    if (!reply.ok) throw errorFromData(reply.error).within({ shard: this.#options.shard });
    return reply.value;
  }
}

function died(shard: number, cause: unknown): OrreryError {
  return new OrreryError({
    code: 'OWNER_DIED',
    what: 'the thread that owns the shard has ended',
    hint: 'Orrery starts another, which recovers from disk; what was not acknowledged is sent again.',
    context: { shard },
    cause,
  });
}

/** Compiled, the worker lies beside the compiled source. From source, Node runs it if it can, else the compiled one does. */
function defaultWorkerUrl(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('../../workers/shard-owner.js', import.meta.url);
  const native = (process.features as { typescript?: unknown }).typescript;
  return new URL(native ? '../../workers/shard-owner.ts' : '../../dist/workers/shard-owner.js', import.meta.url);
}
