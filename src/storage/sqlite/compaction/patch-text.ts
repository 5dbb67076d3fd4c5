// The patches of an unfinished step, gathered as text and merged as text. Before it: patch-scan.ts, which has found
// each patch in its record. After it: a row of the image.
//
// Most steps only replace values, and then of each place the last value counts, wherever the others stand: that is done
// here on the bytes. All other steps are for coalesce.ts, which knows what insertions and deletions do to each other.

import { coalesce } from '../../../core/patch/coalesce.ts';
import { CLOSE_LIST, COMMA, OPEN_LIST } from '../../../core/patch/json-text.ts';
import type { Patch } from '../../../core/patch/patch.ts';
import { decodePatches, encodePatches } from '../../../core/patch/record.ts';
import { ByteText } from './byte-text.ts';
import { MARKS, PATH_OFFSET, PatchScan } from './patch-scan.ts';

/**
 * Which patch was the first to name a path, and which the last so far. Filled anew for every merging, so one is enough.
 */
let table = new Int32Array(0);
let latest = new Int32Array(0);

export class PatchText {
  count = 0;
  readonly #text = new ByteText();
  #marks = new Int32Array(MARKS * 16);
  #onlyReplaces = true;
  #hasStructure = false;
  #shallowest = 0;
  #deepest = 0;
  /** How many were left when it was merged last. */
  #settled = 0;

  clear(): void {
    this.count = 0;
    this.#text.clear();
    this.#settled = 0;
  }

  /** How many patches are new since the last merging. */
  get unsettled(): number {
    return this.count - this.#settled;
  }

  add(bytes: Uint8Array, found: PatchScan): void {
    if (found.count === 0) return;
    if (this.count === 0) {
      this.#onlyReplaces = true;
      this.#hasStructure = false;
      this.#shallowest = found.shallowest;
      this.#deepest = found.deepest;
    } else {
      this.#text.byte(COMMA);
      if (found.shallowest < this.#shallowest) this.#shallowest = found.shallowest;
      if (found.deepest > this.#deepest) this.#deepest = found.deepest;
    }
    this.#onlyReplaces &&= found.onlyReplaces;
    this.#hasStructure ||= found.hasStructure;
    this.#addMarks(found, this.#text.length - found.from - 1);
    this.#text.copy(bytes, found.from + 1, found.to - 1);
    this.count += found.count;
  }

  /** Patches of a record that was parsed because its line had another form. */
  addParsed(patches: readonly Patch[]): void {
    if (patches.length === 0) return;
    if (this.count > 0) this.#text.byte(COMMA);
    this.#onlyReplaces = false;
    this.#text.text(encodePatches(patches).slice(1, -1));
    this.count += patches.length;
  }

  parse(): Patch[] {
    return decodePatches(JSON.parse(`[${this.#text.view().toString('utf8')}]`));
  }

  /** Appends the patches as they stand, without the brackets. */
  write(out: ByteText): number {
    out.copy(this.#text.bytes, 0, this.#text.length);
    return this.count;
  }

  /** Appends patches that do to every state what these do, without the brackets, and says how many they are. */
  writeMerged(out: ByteText): number {
    if (this.count < 2) return this.write(out);
    if (this.#lastCounts()) return this.#writeLatest(out);
    const merged = coalesce(this.parse());
    out.text(encodePatches(merged).slice(1, -1));
    return merged.length;
  }

  /** Merges what there is, so that a long step stays short. */
  settle(): void {
    const merged = new ByteText();
    merged.byte(OPEN_LIST);
    this.writeMerged(merged);
    merged.byte(CLOSE_LIST);
    const found = new PatchScan();
    const isCertain = found.scan(merged.bytes, 0);
    const parsed = isCertain ? [] : decodePatches(JSON.parse(merged.view().toString('utf8')));
    this.clear();
    if (isCertain) this.add(merged.bytes, found);
    else this.addParsed(parsed);
    this.#settled = this.count;
  }

  /**
   * Whether of each place the last value counts, and nothing else. Where a value may have an inside, no other path may
   * lead into it: paths of one length lead past each other. A plain value has none, so what leads inside stands before
   * it.
   */
  #lastCounts(): boolean {
    return this.#onlyReplaces && (!this.#hasStructure || this.#shallowest === this.#deepest);
  }

  #writeLatest(out: ByteText): number {
    const size = tableSize(this.count);
    if (table.length < size) {
      table = new Int32Array(size);
      latest = new Int32Array(size);
    } else {
      table.fill(0, 0, size);
    }
    if (this.#findLatest(size) === this.count) return this.write(out);
    let written = 0;
    for (let index = 0; index < this.count; index += 1) {
      const last = latest[index] as number;
      if (last < 0) continue;
      if (written > 0) out.byte(COMMA);
      out.copy(this.#text.bytes, this.#marks[last * MARKS] as number, this.#endOf(last));
      written += 1;
    }
    return written;
  }

  #endOf(index: number): number {
    return index + 1 === this.count ? this.#text.length : (this.#marks[(index + 1) * MARKS] as number) - 1;
  }

  /**
   * For each patch that is the first on its path, finds the last one; the others get -1. Returns how many paths there
   * are.
   */
  #findLatest(size: number): number {
    const marks = this.#marks;
    const bytes = this.#text.bytes;
    const known = table;
    const last = latest;
    const mask = size - 1;
    let paths = 0;
    for (let index = 0; index < this.count; index += 1) {
      const mark = index * MARKS;
      let slot = (marks[mark + 2] as number) & mask;
      for (;;) {
        const first = (known[slot] as number) - 1;
        if (first < 0) {
          known[slot] = index + 1;
          last[index] = index;
          paths += 1;
          break;
        }
        if (hasSamePath(bytes, marks, mark, first * MARKS)) {
          last[first] = index;
          last[index] = -1;
          break;
        }
        slot = (slot + 1) & mask;
      }
    }
    return paths;
  }

  /** `by` leads from a place in the record to the place in this text. */
  #addMarks(found: PatchScan, by: number): void {
    const needed = (this.count + found.count) * MARKS;
    if (needed > this.#marks.length) {
      const wider = new Int32Array(Math.max(needed, this.#marks.length * 2));
      wider.set(this.#marks);
      this.#marks = wider;
    }
    const marks = this.#marks;
    let to = this.count * MARKS;
    for (let from = 0; from < found.count * MARKS; from += MARKS) {
      marks[to] = (found.marks[from] as number) + by;
      marks[to + 1] = (found.marks[from + 1] as number) + by;
      marks[to + 2] = found.marks[from + 2] as number;
      to += MARKS;
    }
  }
}

/** Of a table in which so many paths have their places. */
function tableSize(count: number): number {
  let size = 32;
  while (size < count * 2) size *= 2;
  return size;
}

function hasSamePath(bytes: Uint8Array, marks: Int32Array, some: number, other: number): boolean {
  if (marks[some + 2] !== marks[other + 2]) return false;
  let left = (marks[some] as number) + PATH_OFFSET;
  let right = (marks[other] as number) + PATH_OFFSET;
  const end = marks[some + 1] as number;
  if (end - left !== (marks[other + 1] as number) - right) return false;
  for (; left < end; left += 1, right += 1) if (bytes[left] !== bytes[right]) return false;
  return true;
}
