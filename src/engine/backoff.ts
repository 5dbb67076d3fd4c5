// Waiting before trying again: each time twice as long, and never exactly as long as the neighbour.

const FIRST_MS = 50;
const LONGEST_MS = 5_000;

export class Backoff {
  readonly #over: () => void;
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `over` is called whenever a wait has ended. */
  constructor(over: () => void) {
    this.#over = over;
  }

  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  start(): void {
    clearTimeout(this.#timer);
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#over();
      },
      longest * (0.5 + Math.random() / 2),
    );
  }

  reset(): void {
    this.stop();
    this.#attempts = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
