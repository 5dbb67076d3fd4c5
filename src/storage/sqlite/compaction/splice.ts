// Values of an entity replaced in its text, without parsing it. stored-chunks.ts tries this for each entity that
// changed; whatever is not plainly a replacement of what is there is for apply.ts to do, or to refuse.

import {
  CLOSE_LIST,
  COMMA,
  countAt,
  endOfCount,
  endOfUniqueString,
  endOfValue,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from '../../../core/patch/json-text.ts';
import type { ByteText } from './byte-text.ts';
import type { EntityChanges } from './entity-changes.ts';

const REPLACE = 0x3d;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Where old values stand in the entity, and new ones in the patches; four numbers each, by the place of the old value.
 */
let edits = new Int32Array(4 * 32);

/**
 * Appends the entity that stands in `text` from `from` to `to` with its patches done. False, and nothing appended, if
 * not sure. With `onlyPlain` it is sure of numbers, strings and the like alone: what is inside of a list or an object
 * is for fold to check.
 */
export function spliceEntity(
  out: ByteText,
  text: Uint8Array,
  from: number,
  to: number,
  changes: EntityChanges,
  entity: number,
  onlyPlain: boolean,
): boolean {
  const { bytes } = changes;
  let count = 0;
  for (let patch = changes.firstPatch(entity); patch >= 0; patch = changes.nextPatch(patch)) {
    if (bytes[changes.patchFrom(patch) + 2] !== REPLACE) return false;
    let at = from;
    let segment = changes.behindId(patch);
    while (bytes[segment] === COMMA) {
      const end = bytes[segment + 1] === QUOTE ? endOfUniqueString(bytes, segment + 1) : endOfCount(bytes, segment + 1);
      if (end < 0) return false;
      at =
        bytes[segment + 1] === QUOTE
          ? memberValue(text, at, bytes, segment + 1, end)
          : elementAt(text, at, countAt(bytes, segment + 1, end));
      if (at < 0) return false;
      segment = end;
    }
    if (onlyPlain && !isPlain(bytes, segment + 2, changes.patchEnd(patch) - 1)) return false;
    const end = endOfValue(text, at);
    if (end < 0 || !insert(count, at, end, segment + 2, changes.patchEnd(patch) - 1)) return false;
    count += 1;
  }
  let copied = from;
  for (let edit = 0; edit < count * 4; edit += 4) {
    out.copy(text, copied, edits[edit] as number);
    out.copy(bytes, edits[edit + 2] as number, edits[edit + 3] as number);
    copied = edits[edit + 1] as number;
  }
  out.copy(text, copied, to);
  return true;
}

/**
 * Whether the text of a value that ends at `to` is the one that JSON.stringify writes for it. Of lists and objects that
 * is not known.
 */
function isPlain(bytes: Uint8Array, at: number, to: number): boolean {
  const first = bytes[at] as number;
  if (first === QUOTE) return endOfUniqueString(bytes, at) === to;
  if (first === OPEN_OBJECT || first === OPEN_LIST) return false;
  const isNumber = first === MINUS || (first >= ZERO && first <= NINE);
  if (!isNumber || endOfCount(bytes, first === MINUS ? at + 1 : at) === to) return true;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, to - at).toString('latin1');
  return String(Number(text)) === text;
}

/** Keeps the edits in order. False when one lies inside another. */
function insert(count: number, from: number, to: number, valueFrom: number, valueTo: number): boolean {
  if ((count + 1) * 4 > edits.length) {
    const wider = new Int32Array(edits.length * 2);
    wider.set(edits);
    edits = wider;
  }
  let at = count * 4;
  while (at > 0 && (edits[at - 4] as number) >= from) {
    edits.copyWithin(at, at - 4, at);
    at -= 4;
  }
  edits[at] = from;
  edits[at + 1] = to;
  edits[at + 2] = valueFrom;
  edits[at + 3] = valueTo;
  if (at > 0 && (edits[at - 3] as number) > from) return false;
  return at === count * 4 || (edits[at + 4] as number) >= to;
}

/** Where the value of a key begins, in the object at `at`, or -1. The key is text, quotes included. */
function memberValue(text: Uint8Array, at: number, bytes: Uint8Array, keyFrom: number, keyEnd: number): number {
  if (text[at] !== OPEN_OBJECT) return -1;
  const length = keyEnd - keyFrom;
  for (let index = at + 1; ; index += 1) {
    // A key with an escape may be the one in another guise.
    const end = endOfUniqueString(text, index);
    if (end < 0 || text[end] !== COLON) return -1;
    if (end - index === length) {
      let same = 0;
      while (same < length && text[index + same] === bytes[keyFrom + same]) same += 1;
      if (same === length) return end + 1;
    }
    index = endOfValue(text, end + 1);
    if (index < 0 || text[index] !== COMMA) return -1;
  }
}

function elementAt(text: Uint8Array, at: number, place: number): number {
  if (text[at] !== OPEN_LIST || text[at + 1] === CLOSE_LIST) return -1;
  let index = at + 1;
  for (let left = place; left > 0; left -= 1) {
    index = endOfValue(text, index);
    if (index < 0 || text[index] !== COMMA) return -1;
    index += 1;
  }
  return index;
}
