// The elements of an array nobody has seen, after insertions and deletions. places.ts keeps one for every array that
// patches insert into or delete from.

/** Elements of the array as it was: those from index `from` on, `count` of them. */
export class Run {
  from: number;
  count: number;

  constructor(from: number, count: number) {
    this.from = from;
    this.count = count;
  }
}

interface Chunk<T> {
  entries: (Run | T)[];
  length: number;
}

/** A chunk is split when it outgrows this: both the list of chunks and a chunk are searched one by one. */
const MAX_ENTRIES = 128;

/**
 * Runs of old elements and new elements (of type T) between them, in order. How long the array was is not known, so
 * the last run has no end. Each operation takes time by the number of insertions and deletions so far, divided by 128.
 */
export class Sequence<T extends object> {
  readonly #chunks: Chunk<T>[] = [{ entries: [new Run(0, Infinity)], length: Infinity }];
  // Where the last search ended.
  #chunk = 0;
  #entry = 0;
  #offset = 0;

  /** The new element at an index, or the index that an old one had. */
  at(index: number): T | number {
    this.#find(index);
    const entry = this.#chunks[this.#chunk]!.entries[this.#entry]!;
    return entry instanceof Run ? entry.from + this.#offset : entry;
  }

  insert(index: number, element: T): void {
    this.#find(index);
    const chunk = this.#chunks[this.#chunk]!;
    const entry = chunk.entries[this.#entry]!;
    if (this.#offset === 0) {
      chunk.entries.splice(this.#entry, 0, element);
    } else {
      // Only a run has an inside.
      const run = entry as Run;
      const rest = new Run(run.from + this.#offset, run.count - this.#offset);
      run.count = this.#offset;
      chunk.entries.splice(this.#entry + 1, 0, element, rest);
    }
    this.#resized(chunk, 1);
  }

  /** Removes an element and says what it was, as `at` would have. */
  remove(index: number): T | number {
    this.#find(index);
    const chunk = this.#chunks[this.#chunk]!;
    const entry = chunk.entries[this.#entry]!;
    if (!(entry instanceof Run)) {
      chunk.entries.splice(this.#entry, 1);
      this.#resized(chunk, -1);
      return entry;
    }
    const removed = entry.from + this.#offset;
    if (entry.count === 1) {
      chunk.entries.splice(this.#entry, 1);
    } else if (this.#offset === 0) {
      entry.from++;
      entry.count--;
    } else if (this.#offset === entry.count - 1) {
      entry.count--;
    } else {
      const rest = new Run(removed + 1, entry.count - this.#offset - 1);
      entry.count = this.#offset;
      chunk.entries.splice(this.#entry + 1, 0, rest);
    }
    this.#resized(chunk, -1);
    return removed;
  }

  *entries(): Iterable<Run | T> {
    for (const chunk of this.#chunks) yield* chunk.entries;
  }

  #find(index: number): void {
    let left = index;
    let at = 0;
    while (left >= this.#chunks[at]!.length) left -= this.#chunks[at++]!.length;
    const { entries } = this.#chunks[at]!;
    let entry = 0;
    for (; ; entry++) {
      const candidate = entries[entry]!;
      const count = candidate instanceof Run ? candidate.count : 1;
      if (left < count) break;
      left -= count;
    }
    this.#chunk = at;
    this.#entry = entry;
    this.#offset = left;
  }

  #resized(chunk: Chunk<T>, by: number): void {
    chunk.length += by;
    if (chunk.entries.length === 0) {
      this.#chunks.splice(this.#chunk, 1);
    } else if (chunk.entries.length > MAX_ENTRIES) {
      const entries = chunk.entries.splice(MAX_ENTRIES / 2);
      let length = 0;
      for (const entry of entries) length += entry instanceof Run ? entry.count : 1;
      chunk.length = 0;
      for (const entry of chunk.entries) chunk.length += entry instanceof Run ? entry.count : 1;
      this.#chunks.splice(this.#chunk + 1, 0, { entries, length });
    }
  }
}
