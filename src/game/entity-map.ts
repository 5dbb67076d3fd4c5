// The newest entities of one table by id, in memory. working-table.ts fills it and keeps the past beside it; table-view.ts
// shows the entities to users.

import { freezeDeep } from '../patch/freeze.ts';
import type { Json } from '../patch/patch.ts';

/** Above this a Map is split, once, in about 5 ms. */
const MOST_IN_ONE = 2 ** 15;
const PARTS = 256;

/** An entity that no user has seen, so that it may not be frozen yet. To ask V8 whether it is takes longer than to find it. */
class Unseen {
  readonly entity: Json;

  constructor(entity: Json) {
    this.entity = entity;
  }
}

type Held = Json | Unseen;

/**
 * A Map that does not stall when it grows: V8 copies all of a Map whenever it is full, which at a million entries takes
 * 60 ms. A large one is 256 of them, so that each stays small.
 */
export class EntityMap {
  #whole: Map<string, Held> | undefined = new Map();
  #parts: readonly Map<string, Held>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** For the engine: it may or may not be frozen. */
  get(id: string): Json | undefined {
    const held = (this.#whole ?? this.#partOf(id)).get(id);
    return held instanceof Unseen ? held.entity : held;
  }

  /** For a user: frozen all the way down. */
  frozen(id: string): Json | undefined {
    const map = this.#whole ?? this.#partOf(id);
    const held = map.get(id);
    if (!(held instanceof Unseen)) return held;
    map.set(id, freezeDeep(held.entity));
    return held.entity;
  }

  /** Nobody has seen the entity. */
  set(id: string, entity: Json): void {
    this.#put(id, typeof entity === 'object' ? new Unseen(entity) : entity);
  }

  /** The entity is frozen all the way down. */
  setFrozen(id: string, entity: Json): void {
    this.#put(id, entity);
  }

  delete(id: string): void {
    if ((this.#whole ?? this.#partOf(id)).delete(id)) this.#size -= 1;
  }

  *keys(): IterableIterator<string> {
    if (this.#whole) yield* this.#whole.keys();
    else for (const part of this.#parts) yield* part.keys();
  }

  #put(id: string, held: Held): void {
    const part = this.#whole ?? this.#partOf(id);
    const before = part.size;
    part.set(id, held);
    this.#size += part.size - before;
    if (this.#whole && before === MOST_IN_ONE) this.#split(this.#whole);
  }

  #partOf(id: string): Map<string, Held> {
    // FNV-1a, folded: ids that differ in a few characters at any place spread over all parts.
    let hash = 0x811c9dc5;
    for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
    return this.#parts[(hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (PARTS - 1)] as Map<string, Held>;
  }

  #split(whole: ReadonlyMap<string, Held>): void {
    this.#parts = Array.from({ length: PARTS }, () => new Map<string, Held>());
    this.#whole = undefined;
    for (const [id, held] of whole) this.#partOf(id).set(id, held);
  }
}
