// The pages of one database: those that were changed since it was last published, and of the others as many as there is
// room for, in memory; what was changed and has no room in a spill file; the rest where it was published. Before it:
// paged-file.ts, which is what SQLite reads and writes; after it: spill.ts and base.ts.

import { OrreryError } from '../../../core/errors.ts';
import { PAGE_BYTES } from './page-size.ts';
import type { Spill } from './spill.ts';

/** Pages that are never changed. */
export interface Base {
  readonly count: number;
  /** Of a page below `count`. Nobody else holds it. Throws IO_FAILED, DAMAGED. */
  read(page: number): Uint8Array;
  close(): void;
}

interface Kept {
  readonly bytes: Uint8Array;
  /** Other than in the base and in the spill file. */
  isDirty: boolean;
  /** Asked for since the search for one to give up came past. */
  isInUse: boolean;
}

/** The pages as they were at one moment, while they go on being changed. */
export interface Frozen {
  readonly count: number;
  /** Not to be changed. Throws what the spill file and the base throw. */
  read(page: number): Uint8Array;
}

export class PageStore {
  /** Pages from the first one on that were never written are zeros. */
  count: number;
  readonly #most: number;
  readonly #spill: Spill;
  #base: Base | undefined;
  /** The pages of the base that count: a database may have been cut, and have grown again since. */
  #baseCount: number;
  /** In the order in which the search for one to give up goes. */
  readonly #kept = new Map<number, Kept>();
  /** What pages were when they were frozen that have been changed since; those of the base are there anyway. */
  #frozen: Map<number, Uint8Array> | undefined;
  /** Those that were changed since. */
  readonly #changed = new Set<number>();

  /** Keeps up to `most` pages in memory, one at least. */
  constructor(most: number, spill: Spill, base?: Base) {
    this.#most = Math.max(1, most);
    this.#spill = spill;
    this.#base = base;
    this.#baseCount = base?.count ?? 0;
    this.count = this.#baseCount;
  }

  /** As it is kept: not to be changed, and good until the next call. Undefined for one that was never written. */
  get(page: number): Uint8Array | undefined {
    const kept = this.#kept.get(page);
    if (kept) {
      kept.isInUse = true;
      return kept.bytes;
    }
    const bytes = this.#spill.read(page) ?? this.#fromBase(page);
    if (bytes) this.#keep(page, bytes, false);
    return bytes;
  }

  /** Changes a part of a page, or all of it. Copies the bytes. Throws what the spill file and the base throw. */
  write(page: number, bytes: Uint8Array, within: number): void {
    const kept = this.#kept.get(page);
    const isFrozen = this.#frozen !== undefined && !this.#changed.has(page);
    if (kept?.isDirty && !isFrozen) {
      kept.isInUse = true;
      kept.bytes.set(bytes, within);
      return;
    }
    const isWhole = bytes.length === PAGE_BYTES;
    const before = isWhole && !isFrozen ? undefined : this.get(page);
    if (isFrozen) this.#saveFrozen(page, before);
    const changed = new Uint8Array(PAGE_BYTES);
    if (before && !isWhole) changed.set(before);
    changed.set(bytes, within);
    this.#kept.delete(page);
    this.#keep(page, changed, true);
    this.#spill.drop(page);
    this.count = Math.max(this.count, page + 1);
  }

  /**
   * Takes away the pages from `count` on: should the database grow again, they are zeros. Not while pages are frozen.
   */
  cut(count: number): void {
    if (this.#frozen) throw cutWhileFrozen();
    for (const page of [...this.#kept.keys()]) if (page >= count) this.#kept.delete(page);
    for (const page of [...this.#spill.pages]) if (page >= count) this.#spill.drop(page);
    this.#baseCount = Math.min(this.#baseCount, count);
    this.count = count;
  }

  /** The pages as they are now, until the next call of this, of `rebase` or of `thaw`. */
  freeze(): Frozen {
    const saved = new Map<number, Uint8Array>();
    this.#frozen = saved;
    this.#changed.clear();
    const { count } = this;
    return { count, read: (page) => saved.get(page) ?? this.#unchanged(page) };
  }

  /** What was frozen is of no use: it was not published. */
  thaw(): void {
    this.#frozen = undefined;
    this.#changed.clear();
  }

  /** What was frozen is published, as this: from now on it is where pages come from that were not changed since. */
  rebase(base: Base): void {
    this.#base?.close();
    this.#base = base;
    this.#baseCount = base.count;
    for (const [page, kept] of this.#kept) kept.isDirty &&= this.#changed.has(page);
    for (const page of [...this.#spill.pages]) if (!this.#changed.has(page)) this.#spill.drop(page);
    this.thaw();
  }

  close(): void {
    this.#kept.clear();
    this.#spill.close();
    this.#base?.close();
    this.#base = undefined;
  }

  #fromBase(page: number): Uint8Array | undefined {
    return page < this.#baseCount ? this.#base?.read(page) : undefined;
  }

  /**
   * Of frozen pages, one that was not changed, or was that of the base. Reading all of them must not push out those in
   * use.
   */
  #unchanged(page: number): Uint8Array {
    const bytes = this.#changed.has(page) ? undefined : (this.#kept.get(page)?.bytes ?? this.#spill.read(page));
    return bytes ?? this.#fromBase(page) ?? new Uint8Array(PAGE_BYTES);
  }

  #saveFrozen(page: number, before: Uint8Array | undefined): void {
    const isOfBase = !this.#kept.get(page)?.isDirty && !this.#spill.has(page);
    if (before && !isOfBase) this.#frozen?.set(page, before);
    this.#changed.add(page);
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
      this.#spill.drop(page);
      this.#kept.set(page, kept);
      throw error;
    }
  }
}

function cutWhileFrozen(): OrreryError {
  return new OrreryError({
    code: 'INTERNAL',
    what: 'a database was about to be cut while it was being published',
    hint: 'This is a defect in Orrery: please report it with this message.',
  });
}
