// The newest entities of one table by id, in memory. working-table.ts is its only user and keeps the past beside it.

import type { Json } from '../patch/patch.ts';

/** Above this a Map is split, once, in about 5 ms. */
const MOST_IN_ONE = 2 ** 15;
const PARTS = 256;

/**
 * A Map that does not stall when it grows: V8 copies all of a Map whenever it is full, which at a million entries takes
 * 60 ms. A large one is 256 of them, so that each stays small.
 */
export class EntityMap {
  #whole: Map<string, Json> | undefined = new Map();
  #parts: readonly Map<string, Json>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: string): Json | undefined {
    return (this.#whole ?? this.#partOf(id)).get(id);
  }

  set(id: string, entity: Json): void {
    const part = this.#whole ?? this.#partOf(id);
    const before = part.size;
    part.set(id, entity);
    this.#size += part.size - before;
    if (this.#whole && before === MOST_IN_ONE) this.#split(this.#whole);
  }

  delete(id: string): void {
    if ((this.#whole ?? this.#partOf(id)).delete(id)) this.#size -= 1;
  }

  *keys(): IterableIterator<string> {
    if (this.#whole) yield* this.#whole.keys();
    else for (const part of this.#parts) yield* part.keys();
  }

  #partOf(id: string): Map<string, Json> {
    // FNV-1a, folded: ids that differ in a few characters at any place spread over all parts.
    let hash = 0x811c9dc5;
    for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
    return this.#parts[(hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (PARTS - 1)] as Map<string, Json>;
  }

  #split(whole: ReadonlyMap<string, Json>): void {
    this.#parts = Array.from({ length: PARTS }, () => new Map<string, Json>());
    this.#whole = undefined;
    for (const [id, entity] of whole) this.#partOf(id).set(id, entity);
  }
}
