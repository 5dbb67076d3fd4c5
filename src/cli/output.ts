// Standard output, in large writes and no faster than whoever reads it. Everything that a command prints goes through
// here.

import type { Writable } from 'node:stream';
import { OrreryError } from '../core/errors.ts';

const CHUNK_LENGTH = 64 * 1024;

/** Thrown when nobody reads any more, as after `orrery log ... | head -1`. It is no failure: the command just ends. */
export class NobodyReads extends Error {}

export class Output {
  readonly #stream: Writable;
  #waiting = '';

  constructor(stream: Writable) {
    this.#stream = stream;
    // Every failure comes to `flush` as well; without a listener it would end the process with a stack trace.
    stream.on('error', () => undefined);
  }

  /** Throws NobodyReads, or IO_FAILED. */
  async line(text: string): Promise<void> {
    this.#waiting += `${text}\n`;
    if (this.#waiting.length >= CHUNK_LENGTH) await this.flush();
  }

  /** Without an end of line, and when `flush` is called: a question to whoever sits at the terminal. */
  async text(text: string): Promise<void> {
    this.#waiting += text;
    if (this.#waiting.length >= CHUNK_LENGTH) await this.flush();
  }

  async flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = '';
    if (text === '') return;
    const failure = await new Promise<Error | null | undefined>((resolve) => {
      this.#stream.write(text, resolve);
    });
    if (!failure) return;
    if (NOBODY_READS.has(String((failure as NodeJS.ErrnoException).code))) throw new NobodyReads();
    throw new OrreryError({
      code: 'IO_FAILED',
      what: 'the output could not be written',
      hint: 'Look at where it is directed to: a full disk, perhaps.',
      cause: failure,
    });
  }
}

const NOBODY_READS: ReadonlySet<string> = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET']);
