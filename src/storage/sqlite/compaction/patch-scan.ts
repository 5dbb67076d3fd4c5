// The patches of one record, found in the text they stand in and checked, but not parsed. record-line.ts has one for
// each line of the journal; patch-text.ts gathers what was found.

import { randomInt } from 'node:crypto';
import {
  CLOSE_LIST,
  COMMA,
  endOfCount,
  endOfString,
  endOfUniqueString,
  endOfValue,
  isForbiddenKeyAt,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from '../../../core/patch/json-text.ts';
import { MAX_DEPTH } from '../../../core/patch/patch.ts';

const ADD = 0x2b;
export const REMOVE = 0x2d;
const REPLACE = 0x3d;

/** Numbers kept of each patch: where it begins, where its path ends, and the hash of its path. */
export const MARKS = 3;

/** Where the path begins in a patch: behind `["=",`. */
export const PATH_OFFSET = 5;

/** Nobody outside can choose ids whose paths all have one hash. */
const SEED = randomInt(2 ** 31);

export class PatchScan {
  count = 0;
  marks = new Int32Array(MARKS * 16);
  /** The patches, from `[` to behind `]`. */
  from = 0;
  to = 0;
  /** Every patch replaces something below the root, and two paths are the same just when their texts are. */
  onlyReplaces = true;
  /** Some patch has a value that is an object or a list. */
  hasStructure = false;
  /** Of all paths. */
  shallowest = MAX_DEPTH;
  deepest = 0;
  /** Of the path found last. */
  #depth = 0;

  /** Whether a list of patches begins at `at`, as encodePatches writes it. Without, nothing is certain. */
  scan(bytes: Uint8Array, at: number): boolean {
    this.count = 0;
    this.from = at;
    this.onlyReplaces = true;
    this.hasStructure = false;
    this.shallowest = MAX_DEPTH;
    this.deepest = 0;
    if (bytes[at] !== OPEN_LIST) return false;
    let index = at + 1;
    if (bytes[index] === CLOSE_LIST) {
      this.to = index + 1;
      return true;
    }
    for (;;) {
      index = this.#patch(bytes, index);
      if (index < 0) return false;
      const byte = bytes[index];
      index += 1;
      if (byte === CLOSE_LIST) break;
      if (byte !== COMMA) return false;
    }
    this.to = index;
    return true;
  }

  #patch(bytes: Uint8Array, at: number): number {
    const op = bytes[at + 2];
    if (bytes[at] !== OPEN_LIST || bytes[at + 1] !== QUOTE || bytes[at + 3] !== QUOTE || bytes[at + 4] !== COMMA)
      return -1;
    const mark = this.count * MARKS;
    if (mark + MARKS > this.marks.length) this.#widen();
    this.count += 1;
    this.marks[mark] = at;
    const pathEnd = this.#path(bytes, at + PATH_OFFSET, mark);
    if (pathEnd < 0) return -1;
    if (op === REMOVE) {
      this.onlyReplaces = false;
      return bytes[pathEnd] === CLOSE_LIST ? pathEnd + 1 : -1;
    }
    if (op === ADD) this.onlyReplaces = false;
    else if (op !== REPLACE) return -1;
    if (bytes[pathEnd] !== COMMA) return -1;
    const first = bytes[pathEnd + 1];
    if (first === OPEN_LIST || first === OPEN_OBJECT) this.hasStructure = true;
    const end = endOfValue(bytes, pathEnd + 1, this.#depth);
    return end >= 0 && bytes[end] === CLOSE_LIST ? end + 1 : -1;
  }

  #path(bytes: Uint8Array, at: number, mark: number): number {
    if (bytes[at] !== OPEN_LIST) return -1;
    let index = at + 1;
    let depth = 0;
    if (bytes[index] === CLOSE_LIST) {
      this.onlyReplaces = false;
    } else {
      for (;;) {
        const end = bytes[index] === QUOTE ? this.#key(bytes, index) : endOfCount(bytes, index);
        if (end < 0) return -1;
        depth += 1;
        if (bytes[end] === CLOSE_LIST) {
          index = end;
          break;
        }
        if (bytes[end] !== COMMA) return -1;
        index = end + 1;
      }
    }
    if (depth > MAX_DEPTH) return -1;
    this.#depth = depth;
    if (depth < this.shallowest) this.shallowest = depth;
    if (depth > this.deepest) this.deepest = depth;
    index += 1;
    this.marks[mark + 1] = index;
    this.marks[mark + 2] = hashOf(bytes, at, index);
    return index;
  }

  #key(bytes: Uint8Array, at: number): number {
    const unique = endOfUniqueString(bytes, at);
    if (unique < 0) this.onlyReplaces = false;
    const end = unique < 0 ? endOfString(bytes, at) : unique;
    return end >= 0 && !isForbiddenKeyAt(bytes, at, end) ? end : -1;
  }

  #widen(): void {
    const wider = new Int32Array(this.marks.length * 2);
    wider.set(this.marks);
    this.marks = wider;
  }
}

export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = SEED;
  for (let index = from; index < to; index += 1) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  // The low bits choose the place in a table, and multiplication carries nothing down to them.
  return hash ^ (hash >>> 15);
}
