// The pages of one database: as many in memory as there is room for, the others in a spill file. Before it:
// paged-file.ts, which is what SQLite reads and writes; after it: spill.ts.

import type { Spill } from './spill.ts';

interface Kept {
  readonly bytes: Uint8Array;
  /** Other than in the spill file. */
  isDirty: boolean;
  /** Asked for since the search for one to give up came past. */
  isInUse: boolean;
}

export class PageStore {
  readonly #most: number;
  readonly #spill: Spill;
  /** In the order in which the search for one to give up goes. */
  readonly #kept = new Map<number, Kept>();

  /** Keeps up to `most` pages in memory, one at least. */
  constructor(most: number, spill: Spill) {
    this.#most = Math.max(1, most);
    this.#spill = spill;
  }

  /** As it is kept: not to be changed. Undefined for a page that was never put. Throws what the spill file throws. */
  get(page: number): Uint8Array | undefined {
    const kept = this.#kept.get(page);
    if (kept) {
      kept.isInUse = true;
      return kept.bytes;
    }
    const bytes = this.#spill.read(page);
    if (bytes) this.#keep(page, bytes, false);
    return bytes;
  }

  /** Takes the bytes over. Throws what the spill file throws. */
  put(page: number, bytes: Uint8Array): void {
    this.#kept.delete(page);
    this.#keep(page, bytes, true);
  }

  close(): void {
    this.#kept.clear();
    this.#spill.close();
  }

  #keep(page: number, bytes: Uint8Array, isDirty: boolean): void {
    while (this.#kept.size >= this.#most) this.#giveUpOne();
    this.#kept.set(page, { bytes, isDirty, isInUse: true });
  }

  /** The clock algorithm: who was asked for since the last time round is passed over once. */
  #giveUpOne(): void {
    for (const [page, kept] of this.#kept) {
      this.#kept.delete(page);
      if (kept.isInUse) {
        kept.isInUse = false;
        this.#kept.set(page, kept);
        continue;
      }
      if (kept.isDirty) this.#spillOut(page, kept);
      return;
    }
  }

  #spillOut(page: number, kept: Kept): void {
    try {
      this.#spill.write(page, kept.bytes);
    } catch (error) {
      this.#kept.set(page, kept);
      throw error;
    }
  }
}
