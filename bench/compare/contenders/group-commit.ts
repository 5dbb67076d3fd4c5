// One write at a time, for contenders whose writing is our own: who asks while one is under way waits for the next,
// together with everybody else who asked.

export class GroupCommit {
  readonly #write: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** `write` makes everything durable that is there when it is called. */
  constructor(write: () => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when everything that was there at the time of the call is durable. */
  commit(): Promise<void> {
    // The next one first: it may be about to begin, with nothing under way at this moment.
    if (this.#next) return this.#next;
    if (!this.#running) return this.#start();
    const start = (): Promise<void> => this.#start();
    this.#next = this.#running.then(start, start);
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = undefined;
    const running = this.#write().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
