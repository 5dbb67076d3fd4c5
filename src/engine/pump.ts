// Asks a store one thing after the other, and sleeps while there is nothing to ask. commit-queue.ts says what comes
// next and wakes it up.

/** One call to the store, with what follows from its answer. */
export type Work = () => Promise<void>;

export class Pump {
  readonly #next: () => Work | 'end' | undefined;
  readonly #answered: () => void;
  #wake: (() => void) | undefined;
  #askedAt: number | undefined;
  #running = Promise.resolve();

  /** `answered` is called when a work has ended and the next has not begun. */
  constructor(next: () => Work | 'end' | undefined, answered: () => void) {
    this.#next = next;
    this.#answered = answered;
  }

  /** Since when the store has not answered, by performance.now(); undefined when nothing is asked. */
  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  /** A work that throws ends it: it would leave everybody waiting. */
  start(failed: (error: unknown) => void): void {
    this.#running = this.#run().catch(failed);
  }

  /** Resolves when nothing is asked any more. */
  get ended(): Promise<void> {
    return this.#running;
  }

  /** There may be something to ask. */
  wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async #run(): Promise<void> {
    for (;;) {
      const work = this.#next();
      if (work === 'end') return;
      if (work) {
        this.#askedAt = performance.now();
        await work();
        this.#askedAt = undefined;
        this.#answered();
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await gather();
    }
  }
}

/**
 * Everybody who was woken by the same answer gets to dispatch before the next batch is cut: what is queued for the next
 * tick of Node from inside a promise's callback runs after all such callbacks, and costs no turn of the event loop.
 */
export function gather(): Promise<void> {
  return new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));
}
