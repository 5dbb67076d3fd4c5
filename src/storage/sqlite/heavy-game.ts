// The game that wrote most of late: when the thread of a shard runs out of memory and nothing else tells over which
// game, it is this one. Before it: the batches that owner-thread.ts got written; after it: the error that tells of the
// death.

/** A game that wrote less has not taken anybody's memory. */
export const HEAVY_BYTES = 256 * 1024;

export class HeavyGame {
  #game: string | undefined;
  #bytes = 0;

  /**
   * A batch that is of one game. The vote of Boyer and Moore: one game at a time stands, what others write counts
   * against it. So whoever wrote more than all others is found, with no count for each of them.
   */
  wrote(game: string, bytes: number): void {
    if (game === this.#game) this.#bytes += bytes;
    else if (bytes <= this.#bytes) this.#bytes -= bytes;
    else {
      this.#game = game;
      this.#bytes = bytes - this.#bytes;
    }
  }

  get game(): string | undefined {
    return this.#bytes < HEAVY_BYTES ? undefined : this.#game;
  }
}
