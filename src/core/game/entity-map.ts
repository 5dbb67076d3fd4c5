// The newest entities of one table by id, in memory. working-table.ts fills it and keeps the past beside it;
// table-view.ts shows the entities to users.

import { freezeDeep } from '../patch/freeze.ts';
import type { Json } from '../patch/patch.ts';

/** Above this a Map is split, once, in about 5 ms. */
const MOST_IN_ONE = 2 ** 15;
const PARTS = 256;

/**
 * The place of one entity, as long as its table has one of that id. Who has found it puts the next version there
 * without looking for it again.
 */
export class EntityCell {
  #entity: Json;
  /** Whether a user has seen the entity, so that it is frozen. To ask V8 takes as long as to find the cell. */
  #isSeen = false;

  constructor(entity: Json) {
    this.#entity = entity;
  }

  /** For the engine: it may or may not be frozen. */
  get entity(): Json {
    return this.#entity;
  }

  /** For a user: frozen all the way down. */
  get frozen(): Json {
    if (!this.#isSeen) {
      freezeDeep(this.#entity);
      this.#isSeen = true;
    }
    return this.#entity;
  }

  /** Nobody has seen the new entity. */
  replace(entity: Json): void {
    this.#entity = entity;
    this.#isSeen = false;
  }
}

type Part = Map<string, EntityCell>;

/**
 * A Map that does not stall when it grows: V8 copies all of a Map whenever it is full, which at a million entries takes
 * 60 ms. A large one is 256 of them, so that each stays small.
 */
export class EntityMap {
  #whole: Part | undefined = new Map();
  #parts: readonly Part[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(id: string): EntityCell | undefined {
    return (this.#whole ?? this.#partOf(id)).get(id);
  }

  /** Nobody has seen the entity. */
  set(id: string, entity: Json): void {
    const part = this.#whole ?? this.#partOf(id);
    const cell = part.get(id);
    if (cell) {
      cell.replace(entity);
      return;
    }
    part.set(id, new EntityCell(entity));
    this.#size += 1;
    if (this.#whole && this.#size > MOST_IN_ONE) this.#split(this.#whole);
  }

  delete(id: string): void {
    if ((this.#whole ?? this.#partOf(id)).delete(id)) this.#size -= 1;
  }

  *keys(): IterableIterator<string> {
    if (this.#whole) yield* this.#whole.keys();
    else for (const part of this.#parts) yield* part.keys();
  }

  #partOf(id: string): Part {
    // FNV-1a, folded: ids that differ in a few characters at any place spread over all parts.
    let hash = 0x811c9dc5;
    for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
    return this.#parts[(hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (PARTS - 1)] as Part;
  }

  #split(whole: Part): void {
    this.#parts = Array.from({ length: PARTS }, () => new Map<string, EntityCell>());
    this.#whole = undefined;
    for (const [id, cell] of whole) this.#partOf(id).set(id, cell);
  }
}
