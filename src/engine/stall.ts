// Notices when a store does not answer: nothing fails then, and nothing becomes durable. commit-queue.ts says what
// waits, and hears when the longest wait has passed a bound and when it is over.

import { OrreryError } from '../core/errors.ts';

/** Since when something waits, by performance.now(), and what. */
export interface Wait {
  readonly since: number;
  readonly what: string;
}

/** Of a record that may wait for `delayMs` before it is sent, and of a question to the store. */
export function longestWait(
  acceptedAt = Number.POSITIVE_INFINITY,
  delayMs = 0,
  askedAt = Number.POSITIVE_INFINITY,
): Wait | undefined {
  const dueAt = acceptedAt + delayMs;
  if (dueAt > askedAt) return { since: askedAt, what: 'an answer of the owner' };
  return dueAt === Number.POSITIVE_INFINITY ? undefined : { since: dueAt, what: 'an accepted command' };
}

/** A wait is noticed so much of the bound later at most. */
const LOOKS = 4;

export class Stall {
  readonly #boundMs: number;
  readonly #longest: () => Wait | undefined;
  readonly #tell: (stall: OrreryError | undefined) => void;
  #timer: NodeJS.Timeout | undefined;
  #isLate = false;
  #lookedAt = 0;

  /**
   * `longest` is what has waited longest. `tell` is called with an error when that is over the bound, and without when
   * it is not.
   */
  constructor(boundMs: number, longest: () => Wait | undefined, tell: (stall: OrreryError | undefined) => void) {
    this.#boundMs = boundMs;
    this.#longest = longest;
    this.#tell = tell;
  }

  get isLate(): boolean {
    return this.#isLate;
  }

  start(): void {
    const everyMs = Math.max(1, this.#boundMs / LOOKS);
    this.#lookedAt = performance.now();
    this.#timer = setInterval(() => {
      const stoodStill = performance.now() - this.#lookedAt > 2 * everyMs;
      this.#lookedAt = performance.now();
      // A game loop that stood still has not heard the answers yet: the store is not to blame.
      if (!stoodStill) this.look();
    }, everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Something has become durable, or was answered. */
  answered(): void {
    if (this.#isLate) this.look();
  }

  look(): void {
    const wait = this.#longest();
    const ms = wait ? performance.now() - wait.since : 0;
    if (wait && ms > this.#boundMs) {
      if (this.#isLate) return;
      this.#isLate = true;
      this.#tell(stalled(wait.what, ms, this.#boundMs));
    } else if (this.#isLate) {
      this.#isLate = false;
      this.#tell(undefined);
    }
  }
}

function stalled(what: string, ms: number, boundMs: number): OrreryError {
  return new OrreryError({
    code: 'STALLED',
    what: `${what} has waited for ${Math.round(ms)} ms, and the bound is ${boundMs}`,
    hint: 'Games go on in memory. Look at the disk: `oldestWaitingMs` says how far it is behind. Raise `stalledAfterMs` if that is its pace.',
  });
}
