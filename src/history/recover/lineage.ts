// The seqs that led to a game's newest state. What a recovery gave up stays readable, but nothing after it was built on
// it: who looks for the last good moment must not look there. Before it: the quarantine; after it: probe.ts.

/** Seqs from first to last, both of them included. */
export interface SeqRange {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export class Lineage {
  /** Ascending, apart from each other, none of them empty. */
  readonly #ranges: readonly SeqRange[];
  readonly length: number;

  /** The seqs from `firstSeq` to `lastSeq` that are in none of the ranges given up, which may overlap. */
  constructor(firstSeq: number, lastSeq: number, givenUp: readonly SeqRange[]) {
    const ranges: SeqRange[] = [];
    let next = firstSeq;
    for (const gap of [...givenUp].sort((a, b) => a.firstSeq - b.firstSeq)) {
      if (gap.firstSeq > lastSeq) break;
      if (gap.firstSeq > next) ranges.push({ firstSeq: next, lastSeq: gap.firstSeq - 1 });
      next = Math.max(next, gap.lastSeq + 1);
    }
    if (next <= lastSeq) ranges.push({ firstSeq: next, lastSeq });
    this.#ranges = ranges;
    this.length = ranges.reduce((sum, range) => sum + lengthOf(range), 0);
  }

  /** By place, from 0. */
  seqAt(place: number): number {
    let left = place;
    for (const range of this.#ranges) {
      if (left < lengthOf(range)) return range.firstSeq + left;
      left -= lengthOf(range);
    }
    throw new RangeError(`a lineage of ${this.length} seqs has no place ${place}`);
  }

  /** Undefined when the seq was given up. */
  placeOf(seq: number): number | undefined {
    let before = 0;
    for (const range of this.#ranges) {
      if (seq < range.firstSeq) return undefined;
      if (seq <= range.lastSeq) return before + seq - range.firstSeq;
      before += lengthOf(range);
    }
    return undefined;
  }

  /** The parts of afterSeq < seq <= upToSeq that were not given up, oldest first. */
  within(afterSeq: number, upToSeq: number): SeqRange[] {
    return this.#ranges
      .map(({ firstSeq, lastSeq }) => ({
        firstSeq: Math.max(firstSeq, afterSeq + 1),
        lastSeq: Math.min(lastSeq, upToSeq),
      }))
      .filter((range) => range.firstSeq <= range.lastSeq);
  }
}

function lengthOf({ firstSeq, lastSeq }: SeqRange): number {
  return lastSeq - firstSeq + 1;
}
