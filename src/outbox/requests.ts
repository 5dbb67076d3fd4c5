// Questions to a store, waiting for their turn between the commits. Before it: whoever asks, through outbox.ts. After it: the
// store.

import { OrreryError } from '../errors.ts';
import { again, asOrreryError } from './failures.ts';

/** How often a question is asked again when the store's thread dies over it. */
const ATTEMPTS = 3;

/** So many questions may wait: opening as many games at once as anybody has is not in the way. */
const MOST_WAITING = 2 ** 16;

interface Request {
  attempts: number;
  ask(): Promise<void>;
  reject(error: OrreryError): void;
}

function tooMany(): OrreryError {
  return new OrreryError({
    code: 'BACKPRESSURE',
    what: `${MOST_WAITING} questions to the shard wait for an answer`,
    hint: 'Wait for some of them before you ask more: open, load, list, history, stats. If the disk does not answer, `health` says so.',
  });
}

export class Requests {
  readonly #waiting: Request[] = [];
  /** The one the store has now. */
  #asked: Request | undefined;

  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Rejects with BACKPRESSURE when too many wait. */
  add<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#waiting.length >= MOST_WAITING) return Promise.reject(tooMany());
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ attempts: 0, ask: () => ask().then(resolve), reject });
    });
  }

  /** Asks the next. The result is OWNER_DIED when the store's thread died over it; every other failure is the asker's. */
  async askNext(): Promise<OrreryError | undefined> {
    const request = this.#waiting.shift();
    if (!request) return undefined;
    this.#asked = request;
    request.attempts += 1;
    try {
      await request.ask();
      return undefined;
    } catch (caught) {
      const error = asOrreryError(caught);
      if (error.code !== 'OWNER_DIED') {
        request.reject(error);
        return undefined;
      }
      if (request.attempts < ATTEMPTS) this.#waiting.push(request);
      else request.reject(again(error));
      return error;
    } finally {
      this.#asked = undefined;
    }
  }

  /** Nothing more will be asked. */
  reject(error: OrreryError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(again(error));
  }

  /** Nothing will be answered any more, not even what has been asked. */
  abandon(error: OrreryError): void {
    this.#asked?.reject(again(error));
    this.reject(error);
  }
}
