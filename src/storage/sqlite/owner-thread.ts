// The main thread's end of the line to the thread that owns a shard. Before it: sqlite.ts with one request at a time;
// after it: worker/serve.ts in the thread. The pool keeps the thread, tells of its death and gives another; requests go
// past it on a port of their own, because a task of the pool costs the game loop twice as much as a message.

import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import { isOutOfMemory, OrreryError } from '../../core/errors.ts';
import type { EarlyChunks } from '../store.ts';
import { HEAVY_BYTES, HeavyGame } from './heavy-game.ts';
import { outOfMemory } from './owner-memory.ts';
import { AtWork } from './worker/at-work.ts';
import { CommitSlot, IN_SLOT } from './worker/commit-slot.ts';
import type { OwnerChunk, OwnerReply, OwnerRequest } from './worker/protocol.ts';
import type { OwnerConnection } from './worker/serve.ts';

/** Nothing happens then: an interval is what keeps a process alive. */
const FOREVER_MS = 2 ** 30;

export class OwnerThread {
  readonly #shard: number;
  readonly #memoryMb: number | undefined;
  readonly #pool: Piscina;
  /** Undefined between the death of a thread and the next `connect`. */
  #port: MessagePort | undefined;
  /** Each thread has its own: what one that died has left there is nobody's. */
  #slot = new CommitSlot();
  /** Of the newest thread, also when it has died. */
  #atWork = new AtWork();
  #asked:
    | {
        readonly request: OwnerRequest;
        readonly early: EarlyChunks | undefined;
        resolve: (reply: OwnerReply) => void;
        reject: (error: OrreryError) => void;
      }
    | undefined;
  #cause: unknown = 'it was never started';
  /** Of all threads so far: a new one replays what those before it have written. */
  readonly #heavy = new HeavyGame();
  /** The game that the last death was over. */
  #lastOver: string | undefined;
  /** The thread has loaded its file and listens. */
  #isUp = false;
  readonly #workerUrl: URL;
  /**
   * Whoever waits for an answer keeps the process alive, an idle thread does not. The port could do that, but it closes
   * when the thread dies: with nothing else to do the process would end before it hears of the death.
   */
  readonly #keepAlive = setInterval(() => undefined, FOREVER_MS).unref();

  /** `memoryMb` bounds the heap of the thread, unless a flag of Node does. */
  constructor(pool: typeof Piscina, shard: number, workerUrl: URL, memoryMb?: number) {
    this.#shard = shard;
    this.#memoryMb = memoryMb;
    this.#workerUrl = workerUrl;
    this.#pool = new pool({
      filename: workerUrl.href,
      // One thread: it owns the shard. Sharing a pool among shards makes an idle one wait behind a busy one.
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // With 'sync' an idle thread sits in Atomics.wait and its timers and signals stand still.
      atomics: 'disabled',
      // The flags of the main thread are its own affair.
      execArgv: [],
      ...(memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMb } }),
    });
    // What a thread threw. Without a listener it would end the process.
    this.#pool.on('error', (cause: unknown) => {
      this.#cause = cause;
    });
    // It comes before the error that tells why, which may take several promises.
    this.#pool.on('workerDestroy', () => {
      const port = this.#port;
      setImmediate(() => this.#left(port));
    });
  }

  /** Puts a thread on the line, if there is none: after a death the pool has another. */
  connect(): void {
    if (this.#port) return;
    const { port1, port2 } = new MessageChannel();
    const slot = new CommitSlot();
    this.#port = port1;
    this.#slot = slot;
    this.#cause = 'it ended without a word';
    this.#isUp = false;
    port1.on('message', (message: OwnerReply | OwnerChunk | typeof IN_SLOT) => {
      // A closed port still gives what had arrived by then, and that is not for who asks the next thread.
      if (this.#port !== port1) return;
      if (message === IN_SLOT) this.#answered({ ok: true, value: slot.load });
      else if ('ok' in message) this.#answered(message);
      else if (message.piece === 'discard') this.#asked?.early?.discard();
      else this.#asked?.early?.take(message.piece);
    });
    port1.unref();
    this.#atWork = new AtWork();
    const connection: OwnerConnection = { port: port2, memory: slot.memory, atWork: this.#atWork.memory };
    this.#pool.run(connection, { transferList: [port2] }).then(
      () => {
        if (this.#port === port1) this.#isUp = true;
      },
      (cause: unknown) => {
        if (this.#port === port1) this.#cause = cause;
        this.#left(port1);
      },
    );
  }

  /** Rejects with OWNER_DIED when there is no thread or it dies over this. One request at a time. */
  ask(request: OwnerRequest, early?: EarlyChunks): Promise<OwnerReply> {
    const port = this.#port;
    if (!port) return Promise.reject(this.#died(undefined));
    const game = gameOf(request);
    if (request.kind === 'commit' && game !== undefined) this.#heavy.wrote(game, request.batch.payload.length);
    return new Promise((resolve, reject) => {
      this.#asked = { request, early, resolve, reject };
      this.#keepAlive.ref();
      if (request.kind !== 'commit' || !this.#slot.put(request.batch)) port.postMessage(request);
      else if (!this.#slot.tell()) port.postMessage(IN_SLOT);
    });
  }

  async destroy(): Promise<void> {
    this.#cause = 'it is closed';
    this.#isUp = true;
    this.#left(this.#port);
    clearInterval(this.#keepAlive);
    await this.#pool.destroy();
  }

  #answered(reply: OwnerReply): void {
    const asked = this.#asked;
    this.#asked = undefined;
    this.#keepAlive.unref();
    asked?.resolve(reply);
  }

  /** The thread behind a port has ended. Another may have taken its place. */
  #left(port: MessagePort | undefined): void {
    if (this.#port !== port) return;
    port?.close();
    this.#port = undefined;
    const asked = this.#asked;
    this.#asked = undefined;
    this.#keepAlive.unref();
    asked?.reject(this.#died(asked.request));
  }

  #died(request: OwnerRequest | undefined): OrreryError {
    if (!isOutOfMemory(this.#cause)) {
      return this.#isUp ? died(this.#shard, this.#cause) : notStarted(this.#shard, this.#workerUrl, this.#cause);
    }
    const { context } = this.#cause as { context?: { readonly game?: string } };
    const { game: at } = this.#atWork;
    const game = at ?? context?.game ?? heavyGameOf(request) ?? this.#heavy.game ?? this.#lastOver;
    this.#lastOver = game;
    const doing = at !== undefined && request?.kind === 'commit' ? 'compact' : request?.kind;
    return outOfMemory(this.#shard, doing, game, this.#memoryMb, this.#cause);
  }
}

/** The one game that a request is about, unless it is too small to have taken anybody's memory. */
function heavyGameOf(request: OwnerRequest | undefined): string | undefined {
  const isSmall = request?.kind === 'commit' && request.batch.payload.length < HEAVY_BYTES;
  return isSmall ? undefined : gameOf(request);
}

/** The one game that a request is about. */
function gameOf(request: OwnerRequest | undefined): string | undefined {
  if (request?.kind === 'commit') return request.batch.spans.length === 1 ? request.batch.spans[0]?.game : undefined;
  if (request?.kind === 'import') return request.import.game;
  return request && 'game' in request ? request.game : undefined;
}

function notStarted(shard: number, workerUrl: URL, cause: unknown): OrreryError {
  return new OrreryError({
    code: 'OWNER_DIED',
    what: 'the thread that owns the shard could not load its file',
    hint:
      'Look whether the file is there. In a bundle, the package piscina must be left out of it, and `workerUrl` be the URL of ' +
      'orrery/worker: docs/BUNDLING.md shows how. Nothing was changed.',
    context: { shard, file: workerUrl.protocol === 'file:' ? fileURLToPath(workerUrl) : workerUrl.href },
    cause,
  });
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
