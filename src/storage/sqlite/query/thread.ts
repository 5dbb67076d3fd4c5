// The thread that runs a statement, seen from outside: its rows as they come, and its end when the time is up.
// workers/query.ts is what runs in it; cli/sql.ts prints what comes out.

import { type MessagePort, Worker } from 'node:worker_threads';
import { errorFromData, OrreryError } from '../../../core/errors.ts';
import { workerFile } from '../../worker-file.ts';
import { type Asked, answer, type Part } from './answer.ts';

/**
 * Everything but errors, which it throws: those of opening the directory, INVALID_SQL, SQL_TIMEOUT. The clock runs from
 * the moment the shards have been read, and stands still while nobody asks for the next page.
 */
export async function* ask(asked: Asked, timeoutMs: number): AsyncGenerator<Exclude<Part, { kind: 'error' }>, void> {
  // The flags of the main thread are its own affair.
  const worker = new Worker(workerFile('query'), { workerData: asked, execArgv: [] });
  const inbox = new Inbox(worker);
  let left = timeoutMs;
  try {
    for (let isOpen = false; ; ) {
      const began = performance.now();
      const part = await inbox.take(isOpen ? left : undefined);
      if (part === undefined) throw tooLong(asked.sql, timeoutMs);
      if (isOpen) left -= performance.now() - began;
      if (part.kind === 'error') throw errorFromData(part.error);
      isOpen = true;
      yield part;
      if (part.kind === 'end') return;
      worker.postMessage('more');
    }
  } finally {
    await worker.terminate();
  }
}

/** What came from the worker and was not taken yet: one part at most, and how it ended. */
class Inbox {
  #part: Part | undefined;
  #failure: OrreryError | undefined;
  #wake: (() => void) | undefined;

  constructor(worker: Worker) {
    worker.on('message', (part: Part) => {
      this.#part = part;
      this.#wake?.();
    });
    const fail = (cause: unknown): void => {
      this.#failure ??= ended(cause);
      this.#wake?.();
    };
    worker.on('error', fail);
    worker.on('exit', () => fail('it ended without a word'));
  }

  /**
   * The next part; undefined when there was none within so many milliseconds. Throws INTERNAL when there will be none.
   */
  async take(withinMs: number | undefined): Promise<Part | undefined> {
    if (this.#part === undefined && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        const timer = withinMs === undefined ? undefined : setTimeout(resolve, Math.max(0, withinMs));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const part = this.#part;
    this.#part = undefined;
    if (part === undefined && this.#failure) throw this.#failure;
    return part;
  }
}

/** For the worker file: one part for each message that asks for it, the first unasked. */
export async function serveQuery(port: MessagePort, asked: Asked): Promise<void> {
  for await (const part of answer(asked)) {
    port.postMessage(part);
    if (part.kind === 'end' || part.kind === 'error') break;
    await new Promise((resolve) => port.once('message', resolve));
  }
  port.close();
}

function tooLong(sql: string, timeoutMs: number): OrreryError {
  return new OrreryError({
    code: 'SQL_TIMEOUT',
    what: `the statement was stopped after ${timeoutMs / 1000} s`,
    hint: 'Ask for less, or give it longer with --timeout.',
    context: { sql },
  });
}

function ended(cause: unknown): OrreryError {
  return new OrreryError({
    code: 'INTERNAL',
    what: 'the thread that ran the statement ended',
    hint: 'If it ran out of memory, ask for less or for one --shard.',
    cause,
  });
}
