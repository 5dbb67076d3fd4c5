// What happened to a game since a snapshot, as the text of patches that do the same and are few: while steps only
// replace values, the last value of a place takes the room of the one before. Before it: tail.ts, which reads the
// steps. After it: stored-chunks.ts and fold.ts.

import type { Patch } from '../../../core/patch/patch.ts';
import { decodePatches, encodePatches } from '../../../core/patch/record.ts';
import { ByteText } from './byte-text.ts';
import { MARKS, PATH_OFFSET, type PatchScan } from './patch-scan.ts';

/** Of each patch: where it begins, where its path ends, where it ends, and the hash of its path. */
const PLACES = 4;
const FIRST_PATCHES = 64;

/** What is looked at before somebody else may have a turn: a few milliseconds. */
const PATCHES_A_TURN = 16 * 1024;

export class LatestPatches {
  #count = 0;
  readonly #text = new ByteText();
  #places = new Int32Array(PLACES * FIRST_PATCHES);
  /** Patches by the hash of their path, counted from 1; its size is a power of two. */
  #paths = new Int32Array(4 * FIRST_PATCHES);
  #shallowest = Number.POSITIVE_INFINITY;
  #deepest = 0;
  #hasStructure = false;
  /**
   * Whether of each place the last value counts, and nothing else. Where a value may have an inside, no other path may
   * lead into it: paths of one length lead past each other. A plain value has none, so what leads inside stands before
   * it. Once that is not so, what comes is put behind what there is.
   */
  #lastCounts = true;
  /** Nothing was parsed, so that of every patch it is known where its path ends. */
  #isMarked = true;

  add(bytes: Uint8Array, found: PatchScan): void {
    if (found.count === 0) return;
    if (found.shallowest < this.#shallowest) this.#shallowest = found.shallowest;
    if (found.deepest > this.#deepest) this.#deepest = found.deepest;
    this.#hasStructure ||= found.hasStructure;
    this.#lastCounts &&= found.onlyReplaces && (!this.#hasStructure || this.#shallowest === this.#deepest);
    const { marks } = found;
    for (let index = 0; index < found.count; index += 1) {
      const mark = index * MARKS;
      const isLast = index + 1 === found.count;
      this.#put(
        bytes,
        marks[mark] as number,
        marks[mark + 1] as number,
        isLast ? found.to - 1 : (marks[mark + MARKS] as number) - 1,
        marks[mark + 2] as number,
      );
    }
  }

  /** Patches of a step that was parsed because its text was not certain. */
  addParsed(patches: readonly Patch[]): void {
    this.#lastCounts = false;
    this.#isMarked = false;
    for (const patch of patches) {
      const text = Buffer.from(encodePatches([patch]), 'utf8');
      this.#append(text, 1, 1, text.length - 1, 0);
    }
  }

  parse(): Patch[] {
    const texts: string[] = [];
    const bytes = this.#text.view();
    for (let place = 0; place < this.#count * PLACES; place += PLACES) {
      texts.push(bytes.toString('utf8', this.#places[place] as number, this.#places[place + 2] as number));
    }
    return decodePatches(JSON.parse(`[${texts.join(',')}]`));
  }

  /**
   * Calls `each` with where a patch begins, where its path ends and where it ends, in order. False when it says so, or
   * when not of every patch that is known. Yields now and then; no patch may be added meanwhile.
   */
  *visit(each: (bytes: Uint8Array, from: number, pathEnd: number, to: number) => boolean): Generator<void, boolean> {
    if (!this.#isMarked) return false;
    for (let index = 0; index < this.#count; index += 1) {
      if (index % PATCHES_A_TURN === PATCHES_A_TURN - 1) yield;
      const place = index * PLACES;
      const from = this.#places[place] as number;
      const pathEnd = this.#places[place + 1] as number;
      if (!each(this.#text.bytes, from, pathEnd, this.#places[place + 2] as number)) return false;
    }
    return true;
  }

  #put(bytes: Uint8Array, from: number, pathEnd: number, to: number, hash: number): void {
    if (!this.#lastCounts) {
      this.#append(bytes, from, pathEnd, to, hash);
      return;
    }
    const mask = this.#paths.length - 1;
    let slot = hash & mask;
    for (;;) {
      const known = (this.#paths[slot] as number) - 1;
      if (known < 0) break;
      if (this.#hasPath(known, bytes, from, pathEnd, hash)) {
        this.#replace(known, bytes, from, pathEnd, to);
        return;
      }
      slot = (slot + 1) & mask;
    }
    this.#paths[slot] = this.#count + 1;
    this.#append(bytes, from, pathEnd, to, hash);
    if (this.#count * 2 > this.#paths.length) this.#widen();
  }

  #hasPath(known: number, bytes: Uint8Array, from: number, pathEnd: number, hash: number): boolean {
    const place = known * PLACES;
    if (this.#places[place + 3] !== hash) return false;
    const own = this.#text.bytes;
    let at = this.#places[place] as number;
    if ((this.#places[place + 1] as number) - at !== pathEnd - from) return false;
    at += PATH_OFFSET;
    for (let index = from + PATH_OFFSET; index < pathEnd; index += 1, at += 1) {
      if (own[at] !== bytes[index]) return false;
    }
    return true;
  }

  /** A value of another length goes to the end, and the room of the one before is lost. */
  #replace(known: number, bytes: Uint8Array, from: number, pathEnd: number, to: number): void {
    const place = known * PLACES;
    const own = this.#text.bytes;
    let at = this.#places[place + 1] as number;
    if ((this.#places[place + 2] as number) - at === to - pathEnd) {
      for (let index = pathEnd; index < to; index += 1, at += 1) own[at] = bytes[index] as number;
      return;
    }
    this.#write(place, bytes, from, pathEnd, to);
  }

  #append(bytes: Uint8Array, from: number, pathEnd: number, to: number, hash: number): void {
    const place = this.#count * PLACES;
    if (place === this.#places.length) {
      const wider = new Int32Array(this.#places.length * 2);
      wider.set(this.#places);
      this.#places = wider;
    }
    this.#write(place, bytes, from, pathEnd, to);
    this.#places[place + 3] = hash;
    this.#count += 1;
  }

  #write(place: number, bytes: Uint8Array, from: number, pathEnd: number, to: number): void {
    const start = this.#text.length;
    this.#text.copy(bytes, from, to);
    this.#places[place] = start;
    this.#places[place + 1] = start + pathEnd - from;
    this.#places[place + 2] = start + to - from;
  }

  #widen(): void {
    const wider = new Int32Array(this.#paths.length * 4);
    const mask = wider.length - 1;
    for (let index = 0; index < this.#count; index += 1) {
      let slot = (this.#places[index * PLACES + 3] as number) & mask;
      while (wider[slot] !== 0) slot = (slot + 1) & mask;
      wider[slot] = index + 1;
    }
    this.#paths = wider;
  }
}
