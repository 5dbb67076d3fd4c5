// What happened to a game after a snapshot, as patches: read from the steps of its rows, whose text is taken over where
// it is certain and parsed where it is not. compaction.ts makes the next snapshot from it, stored-chunks.ts a game on
// its way.

import { isUtf8 } from 'node:buffer';
import { CLOSE_LIST, COMMA, countAt, endOfCount, endOfValue, OPEN_LIST } from '../../../core/patch/json-text.ts';
import { decodeSteps } from '../image/batches.ts';
import { stepGap } from './fold.ts';
import { LatestPatches } from './latest-patches.ts';
import { PatchScan } from './patch-scan.ts';

/** `texts` are the steps after `afterSeq`, oldest first. Throws DAMAGED when one is missing. */
export function readTail(texts: Iterable<Buffer>, game: string, afterSeq: number): LatestPatches {
  const reader = new TailReader(game, afterSeq);
  for (const text of texts) reader.take(text);
  return reader.patches;
}

/** The same, yielding after each text. */
export function* tailOf(texts: Iterable<Buffer>, game: string, afterSeq: number): Generator<void, LatestPatches> {
  const reader = new TailReader(game, afterSeq);
  for (const text of texts) {
    reader.take(text);
    yield;
  }
  return reader.patches;
}

class TailReader {
  readonly patches = new LatestPatches();
  readonly #game: string;
  readonly #found = new PatchScan();
  #seq: number;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(game: string, afterSeq: number) {
    this.#game = game;
    this.#seq = afterSeq;
  }

  take(text: Buffer): void {
    if (isUtf8(text) && this.#takeSteps(text)) return;
    for (const { firstSeq, lastSeq, patches } of decodeSteps(text.toString('utf8'))) {
      // Those before what was not certain have been taken.
      if (lastSeq <= this.#seq) continue;
      this.#goOn(firstSeq, lastSeq);
      this.patches.addParsed(patches);
    }
  }

  #takeSteps(bytes: Buffer): boolean {
    this.#bytes = bytes;
    this.#at = 0;
    if (!this.#byte(OPEN_LIST)) return false;
    if (bytes[1] === CLOSE_LIST) return bytes.length === 2;
    for (;;) {
      if (!this.#step()) return false;
      if (this.#at === bytes.length - 1) return bytes[this.#at] === CLOSE_LIST;
      if (!this.#byte(COMMA)) return false;
    }
  }

  #step(): boolean {
    if (!this.#byte(OPEN_LIST)) return false;
    const firstSeq = this.#count();
    const lastSeq = this.#count();
    const tick = this.#count();
    if (firstSeq < 0 || lastSeq < firstSeq || tick < 0) return false;
    this.#at = endOfValue(this.#bytes, this.#at);
    if (this.#at < 0 || !this.#byte(COMMA) || !this.#found.scan(this.#bytes, this.#at)) return false;
    this.#at = this.#found.to;
    if (!this.#byte(CLOSE_LIST)) return false;
    this.#goOn(firstSeq, lastSeq);
    this.patches.add(this.#bytes, this.#found);
    return true;
  }

  #goOn(firstSeq: number, lastSeq: number): void {
    if (firstSeq !== this.#seq + 1) throw stepGap(this.#game, this.#seq, firstSeq);
    this.#seq = lastSeq;
  }

  #byte(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  /** A count and a comma, or -1. */
  #count(): number {
    const from = this.#at;
    const end = endOfCount(this.#bytes, from);
    if (end < 0 || this.#bytes[end] !== COMMA) return -1;
    this.#at = end + 1;
    return countAt(this.#bytes, from, end);
  }
}
