// Which patches change which entity of one table, all of them text. stored-chunks.ts fills it from the tail of a game
// and applies it to the pieces of a snapshot, entity by entity.

import { CLOSE_LIST } from '../../../core/patch/json-text.ts';
import type { Patch } from '../../../core/patch/patch.ts';
import { decodePatches } from '../../../core/patch/record.ts';
import { hashOf, REMOVE } from './patch-scan.ts';

const ENTITY_MARKS = 5;
const PATCH_MARKS = 4;

/** Of the patches of one text; ids and patches are known by where they stand in it. */
export class EntityChanges {
  readonly #bytes: Uint8Array;
  /**
   * Of each entity: where its id begins and ends, quotes included, its first and its last patch, and 1 once it was
   * taken.
   */
  #entities = new Int32Array(ENTITY_MARKS * 64);
  #entityCount = 0;
  /**
   * Of each patch: where it begins, where its path goes on behind the id, where it ends, and the next of the same
   * entity.
   */
  #patches = new Int32Array(PATCH_MARKS * 64);
  #patchCount = 0;
  /** Entities by the hash of their id, counted from 1. */
  #table = new Int32Array(256);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A patch to the entity whose id stands at `idFrom`. */
  add(idFrom: number, idEnd: number, from: number, to: number): void {
    this.#patches = grown(this.#patches, (this.#patchCount + 1) * PATCH_MARKS);
    const patch = this.#patchCount;
    this.#patches[patch * PATCH_MARKS] = from;
    this.#patches[patch * PATCH_MARKS + 1] = idEnd;
    this.#patches[patch * PATCH_MARKS + 2] = to;
    this.#patches[patch * PATCH_MARKS + 3] = -1;
    this.#patchCount += 1;
    const known = this.#find(this.#bytes, idFrom, idEnd);
    if (known >= 0) {
      const last = this.#entities[known * ENTITY_MARKS + 3] as number;
      this.#patches[last * PATCH_MARKS + 3] = patch;
      this.#entities[known * ENTITY_MARKS + 3] = patch;
      return;
    }
    this.#entities = grown(this.#entities, (this.#entityCount + 1) * ENTITY_MARKS);
    const mark = this.#entityCount * ENTITY_MARKS;
    this.#entities[mark] = idFrom;
    this.#entities[mark + 1] = idEnd;
    this.#entities[mark + 2] = patch;
    this.#entities[mark + 3] = patch;
    this.#entities[mark + 4] = 0;
    this.#entityCount += 1;
    this.#enter(this.#entityCount - 1);
    if (this.#entityCount * 2 > this.#table.length) this.#widen();
  }

  /** The number of the entity with this id, quotes included, or -1. Given once, it is no longer among those left. */
  take(bytes: Uint8Array, idFrom: number, idEnd: number): number {
    const entity = this.#find(bytes, idFrom, idEnd);
    if (entity >= 0) this.#entities[entity * ENTITY_MARKS + 4] = 1;
    return entity;
  }

  /** Entities that were not taken. */
  *left(): Generator<{ readonly id: string; readonly entity: number }> {
    for (let entity = 0; entity < this.#entityCount; entity += 1) {
      const mark = entity * ENTITY_MARKS;
      if (this.#entities[mark + 4] === 1) continue;
      const text = this.#bytes.subarray(this.#entities[mark] as number, this.#entities[mark + 1] as number);
      yield { id: JSON.parse(Buffer.from(text).toString('utf8')) as string, entity };
    }
  }

  firstPatch(entity: number): number {
    return this.#entities[entity * ENTITY_MARKS + 2] as number;
  }

  /** The next patch of the same entity, or -1. */
  nextPatch(patch: number): number {
    return this.#patches[patch * PATCH_MARKS + 3] as number;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  patchFrom(patch: number): number {
    return this.#patches[patch * PATCH_MARKS] as number;
  }

  /** Where the path goes on: a comma or the bracket that ends it. */
  behindId(patch: number): number {
    return this.#patches[patch * PATCH_MARKS + 1] as number;
  }

  patchEnd(patch: number): number {
    return this.#patches[patch * PATCH_MARKS + 2] as number;
  }

  /** Whether one of its patches removes the entity itself: if it is there again later, it stands behind all others. */
  removes(entity: number): boolean {
    for (let patch = this.firstPatch(entity); patch >= 0; patch = this.nextPatch(patch)) {
      const isOfEntity = this.#bytes[this.behindId(patch)] === CLOSE_LIST;
      if (isOfEntity && this.#bytes[this.patchFrom(patch) + 2] === REMOVE) return true;
    }
    return false;
  }

  parse(entity: number): Patch[] {
    const texts: string[] = [];
    for (let patch = this.firstPatch(entity); patch >= 0; patch = this.nextPatch(patch)) {
      texts.push(Buffer.from(this.#bytes.subarray(this.patchFrom(patch), this.patchEnd(patch))).toString('utf8'));
    }
    return decodePatches(JSON.parse(`[${texts.join(',')}]`));
  }

  #find(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.#table.length - 1;
    for (let slot = hashOf(bytes, from, to) & mask; ; slot = (slot + 1) & mask) {
      const entity = (this.#table[slot] as number) - 1;
      if (entity < 0) return -1;
      const mark = entity * ENTITY_MARKS;
      const idFrom = this.#entities[mark] as number;
      if ((this.#entities[mark + 1] as number) - idFrom !== to - from) continue;
      let same = 0;
      while (same < to - from && this.#bytes[idFrom + same] === bytes[from + same]) same += 1;
      if (same === to - from) return entity;
    }
  }

  #enter(entity: number): void {
    const mark = entity * ENTITY_MARKS;
    const mask = this.#table.length - 1;
    let slot = hashOf(this.#bytes, this.#entities[mark] as number, this.#entities[mark + 1] as number) & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = entity + 1;
  }

  #widen(): void {
    this.#table = new Int32Array(this.#table.length * 4);
    for (let entity = 0; entity < this.#entityCount; entity += 1) this.#enter(entity);
  }
}

function grown(marks: Int32Array<ArrayBuffer>, needed: number): Int32Array<ArrayBuffer> {
  if (needed <= marks.length) return marks;
  const wider = new Int32Array(Math.max(needed, marks.length * 2));
  wider.set(marks);
  return wider;
}
