// Which game a thread is at work on with much memory, in memory that is there when the thread is not: should it have
// run out, this game is to blame. Before it: compaction, in the thread; after it: sqlite/owner-thread.ts, which tells.

const LENGTH_BYTES = 4;
/** Ids are shorter. */
const MOST_BYTES = 1024;

export class AtWork {
  /** For the other end. */
  readonly memory: SharedArrayBuffer;
  readonly #length: Int32Array;
  readonly #name: Buffer;

  constructor(memory = new SharedArrayBuffer(LENGTH_BYTES + MOST_BYTES)) {
    this.memory = memory;
    this.#length = new Int32Array(memory, 0, 1);
    this.#name = Buffer.from(memory, LENGTH_BYTES);
  }

  get game(): string | undefined {
    const length = Atomics.load(this.#length, 0);
    return length === 0 ? undefined : this.#name.toString('utf8', 0, length);
  }

  /** Undefined: with none any more. */
  readonly on = (game: string | undefined): void => {
    Atomics.store(this.#length, 0, game === undefined ? 0 : this.#name.write(game, 'utf8'));
  };
}
