// Has images proved in a thread of its own: reading back, hashing and quick_check of a large one take longer than a
// batch may wait. checkpoint.ts asks, by way of image/image.ts; workers/image-checker.ts is what runs over there.

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Files } from '../files.ts';
import type { Database } from '../image/database.ts';
import { CHECKER_IN_PLACE, type ImageCheck, type ImageChecker, WAITING } from '../image/image-check.ts';

/** What the thread is given. */
export interface CheckerTask {
  readonly path: string;
  readonly port: MessagePort;
  /** One number: not 0 when the answer is at the port. */
  readonly answered: Int32Array;
}

/** A smaller image is proved sooner than a thread starts. */
const WORTH_A_THREAD = 4 * 1024 * 1024;

/** How long a slice of the checkpoint waits for the thread, and ends: a batch waits no longer for it. */
const WAIT_MS = 2;

/** A thread that has not answered by then has died, or will not. */
const PATIENCE_MS = 30_000;
const PATIENCE_MS_PER_MIB = 500;

export class CheckerThread implements ImageChecker {
  readonly #worker: URL;
  readonly #leastBytes: number;

  constructor(worker: URL, leastBytes: number = WORTH_A_THREAD) {
    this.#worker = worker;
    this.#leastBytes = leastBytes;
  }

  *check(files: Files, path: string, database: Database, doIdleWork?: () => boolean): Generator<unknown, ImageCheck> {
    const bytes = files.size(path);
    const proof = bytes < this.#leastBytes ? undefined : yield* this.#elsewhere(path, bytes, doIdleWork);
    return proof ?? (yield* CHECKER_IN_PLACE.check(files, path, database));
  }

  /** Undefined when the thread could not do it: then it is for this one to find out why. */
  *#elsewhere(path: string, bytes: number, doIdleWork?: () => boolean): Generator<unknown, ImageCheck | undefined> {
    const answered = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const { port1, port2 } = new MessageChannel();
    const task: CheckerTask = { path, port: port2, answered };
    const worker = new Worker(this.#worker, { workerData: task, transferList: [port2] });
    worker.unref();
    let died = false;
    worker.on('error', () => {
      died = true;
    });
    try {
      const end = performance.now() + PATIENCE_MS + (bytes / 2 ** 20) * PATIENCE_MS_PER_MIB;
      while (Atomics.load(answered, 0) === 0) {
        if (died || performance.now() > end) return undefined;
        if (doIdleWork?.()) yield;
        else {
          Atomics.wait(answered, 0, 0, WAIT_MS);
          yield WAITING;
        }
      }
      return (receiveMessageOnPort(port1) as { message: ImageCheck | undefined } | undefined)?.message;
    } finally {
      port1.close();
      void worker.terminate();
    }
  }
}
