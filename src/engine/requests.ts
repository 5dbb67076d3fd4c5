// Questions to a store, waiting for their turn between the commits. Before it: whoever asks, through commit-queue.ts.
// After it: the store.

import { OrreryError } from '../core/errors.ts';
import { again, asOrreryError } from './failures.ts';

/** How often a question is asked again when the store's thread dies over it. */
const ATTEMPTS = 3;

/** So many questions may wait: opening as many games at once as anybody has is not in the way. */
const MOST_WAITING = 2 ** 16;

interface Request {
  readonly opens: boolean;
  attempts: number;
  /** What the store's thread last died of over it: it may have been done. */
  death: OrreryError | undefined;
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
  /** From #next on. Taking the first of a long list out would move all the others. */
  #waiting: (Request | undefined)[] = [];
  #next = 0;
  /** The one the store has now. */
  #asked: Request | undefined;
  #ended = false;

  get waiting(): boolean {
    return this.#waiting.length > this.#next;
  }

  /** Whether the next may end in the creation of a game. */
  get opensNext(): boolean {
    return this.#waiting[this.#next]?.opens === true;
  }

  /** Rejects with BACKPRESSURE when too many wait. */
  add<T>(ask: () => Promise<T>, opens = false): Promise<T> {
    if (this.#waiting.length - this.#next >= MOST_WAITING) return Promise.reject(tooMany());
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ opens, attempts: 0, death: undefined, ask: () => ask().then(resolve), reject });
    });
  }

  /**
   * Asks the next. The result is OWNER_DIED when the store's thread died over it; every other failure is the asker's.
   */
  async askNext(): Promise<OrreryError | undefined> {
    const request = this.#take();
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
      request.death = error;
      if (request.attempts < ATTEMPTS && !this.#ended) this.#waiting.push(request);
      else request.reject(again(error));
      return error;
    } finally {
      this.#asked = undefined;
    }
  }

  /** Nothing more will be asked. What may have been done is told by the death that it was asked at. */
  reject(error: OrreryError): void {
    this.#ended = true;
    for (let each = this.#take(); each; each = this.#take()) each.reject(again(each.death ?? error));
  }

  #take(): Request | undefined {
    const request = this.#waiting[this.#next];
    if (!request) return undefined;
    this.#waiting[this.#next] = undefined;
    this.#next += 1;
    if (this.#next >= 1024 && 2 * this.#next >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return request;
  }

  /** Nothing will be answered any more, not even what has been asked. */
  abandon(error: OrreryError): void {
    this.#asked?.reject(again(error));
    this.reject(error);
  }
}
