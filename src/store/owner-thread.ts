// The main thread's end of the line to the thread that owns a shard. Before it: sqlite.ts with one request at a time; after
// it: shard/serve.ts in the thread. The pool keeps the thread, tells of its death and gives another; requests go past it
// on a port of their own, because a task of the pool costs the game loop twice as much as a message.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { OrreryError } from '../errors.ts';
import type { OwnerPiece, OwnerReply, OwnerRequest } from '../shard/protocol.ts';
import type { Seat } from '../shard/serve.ts';
import { IN_SLOT, Slot } from '../shard/slot.ts';
import type { EarlyPieces } from './store.ts';

/** Nothing happens then: an interval is what keeps a process alive. */
const VIGIL_MS = 2 ** 30;

export class OwnerThread {
  readonly #shard: number;
  readonly #pool: Piscina;
  /** Undefined between the death of a thread and the next `sit`. */
  #port: MessagePort | undefined;
  /** Each thread has its own: what one that died has left there is nobody's. */
  #slot = new Slot();
  #asked:
    | {
        readonly early: EarlyPieces | undefined;
        resolve: (reply: OwnerReply) => void;
        reject: (error: OrreryError) => void;
      }
    | undefined;
  #cause: unknown = 'it was never started';
  /**
   * Whoever waits for an answer keeps the process alive, an idle thread does not. The port could do that, but it closes when the
   * thread dies: with nothing else to do the process would end before it hears of the death.
   */
  readonly #vigil = setInterval(() => undefined, VIGIL_MS).unref();

  constructor(shard: number, workerUrl: URL) {
    this.#shard = shard;
    this.#pool = new Piscina({
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
    });
    // What a thread threw. Without a listener it would end the process.
    this.#pool.on('error', (cause: unknown) => {
      this.#cause = cause;
    });
    // It comes before the error that tells why.
    this.#pool.on('workerDestroy', () => process.nextTick(() => this.#left()));
  }

  /** Puts a thread on the line, if there is none: after a death the pool has another. */
  sit(): void {
    if (this.#port) return;
    const { port1, port2 } = new MessageChannel();
    const slot = new Slot();
    this.#port = port1;
    this.#slot = slot;
    this.#cause = 'it ended without a word';
    port1.on('message', (message: OwnerReply | OwnerPiece | typeof IN_SLOT) => {
      // A closed port still gives what had arrived by then, and that is not for who asks the next thread.
      if (this.#port !== port1) return;
      if (message === IN_SLOT) this.#answered({ ok: true, value: slot.load });
      else if ('ok' in message) this.#answered(message);
      else if (message.piece === 'discard') this.#asked?.early?.discard();
      else this.#asked?.early?.take(message.piece);
    });
    port1.unref();
    const seat: Seat = { port: port2, memory: slot.memory };
    this.#pool.run(seat, { transferList: [port2] }).catch((cause: unknown) => {
      this.#cause = cause;
      this.#left();
    });
  }

  /** Rejects with OWNER_DIED when there is no thread or it dies over this. One request at a time. */
  ask(request: OwnerRequest, early?: EarlyPieces): Promise<OwnerReply> {
    const port = this.#port;
    if (!port) return Promise.reject(died(this.#shard, this.#cause));
    return new Promise((resolve, reject) => {
      this.#asked = { early, resolve, reject };
      this.#vigil.ref();
      if (request.kind !== 'commit' || !this.#slot.put(request.batch)) port.postMessage(request);
      else if (!this.#slot.tell()) port.postMessage(IN_SLOT);
    });
  }

  async destroy(): Promise<void> {
    this.#cause = 'it is closed';
    this.#left();
    clearInterval(this.#vigil);
    await this.#pool.destroy();
  }

  #answered(reply: OwnerReply): void {
    const asked = this.#asked;
    this.#asked = undefined;
    this.#vigil.unref();
    asked?.resolve(reply);
  }

  #left(): void {
    this.#port?.close();
    this.#port = undefined;
    const asked = this.#asked;
    this.#asked = undefined;
    this.#vigil.unref();
    asked?.reject(died(this.#shard, this.#cause));
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
