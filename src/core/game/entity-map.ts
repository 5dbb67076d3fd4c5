// The newest entities of one table by id, in memory. working-table.ts fills it and keeps the past beside it; table-view.ts
// shows the entities to users.

import { freezeDeep } from '../patch/freeze.ts';
import type { Json } from '../patch/patch.ts';

/** Above this a Map is split, once, in about 5 ms. */
const MOST_IN_ONE = 2 ** 15;
const PARTS = 256;

/** Entities, and which of them no user has seen, so that they may not be frozen. To ask V8 of each takes as long as to find it. */
class Part {
  readonly entities = new Map<string, Json>();
  /** The ids of those nobody has seen. Undefined while nobody has seen any, as in a game whose tables only commands read. */
  #unseen: Set<string> | undefined;

  frozen(id: string): Json | undefined {
    this.#unseen ??= new Set(this.entities.keys());
    const entity = this.entities.get(id);
    if (this.#unseen.size > 0 && this.#unseen.delete(id)) freezeDeep(entity);
    return entity;
  }

  /** Nobody has seen the entity. */
  set(id: string, entity: Json): void {
    this.entities.set(id, entity);
    this.#unseen?.add(id);
  }

  delete(id: string): void {
    this.entities.delete(id);
    this.#unseen?.delete(id);
  }
}

/**
 * A Map that does not stall when it grows: V8 copies all of a Map whenever it is full, which at a million entries takes
 * 60 ms. A large one is 256 of them, so that each stays small.
 */
export class EntityMap {
  #whole: Part | undefined = new Part();
  #parts: readonly Part[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** For the engine: it may or may not be frozen. */
  get(id: string): Json | undefined {
    return (this.#whole ?? this.#partOf(id)).entities.get(id);
  }

  /** For a user: frozen all the way down. */
  frozen(id: string): Json | undefined {
    return (this.#whole ?? this.#partOf(id)).frozen(id);
  }

  /** Nobody has seen the entity. */
  set(id: string, entity: Json): void {
    const part = this.#whole ?? this.#partOf(id);
    const before = part.entities.size;
    part.set(id, entity);
    this.#size += part.entities.size - before;
    if (this.#whole && before === MOST_IN_ONE) this.#split(this.#whole);
  }

  delete(id: string): void {
    const part = this.#whole ?? this.#partOf(id);
    const before = part.entities.size;
    part.delete(id);
    this.#size += part.entities.size - before;
  }

  *keys(): IterableIterator<string> {
    if (this.#whole) yield* this.#whole.entities.keys();
    else for (const part of this.#parts) yield* part.entities.keys();
  }

  #partOf(id: string): Part {
    // FNV-1a, folded: ids that differ in a few characters at any place spread over all parts.
    let hash = 0x811c9dc5;
    for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
    return this.#parts[(hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (PARTS - 1)] as Part;
  }

  /** Some may be frozen already, which costs whoever asks for them a second look and nothing else. */
  #split({ entities }: Part): void {
    this.#parts = Array.from({ length: PARTS }, () => new Part());
    this.#whole = undefined;
    for (const [id, entity] of entities) this.#partOf(id).set(id, entity);
  }
}
