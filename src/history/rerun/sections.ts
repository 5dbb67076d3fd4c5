// A past cut into pieces that can be verified at the same time: each begins at a snapshot, because there the state is
// known without what came before. Before it: threads.ts; after it: section-task.ts, one for each.

import type { SnapshotEntry } from '../../storage/history-reader.ts';

export interface Piece {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/**
 * About `count` pieces of the seqs from `fromSeq` to `toSeq`, in order and without gaps, as even as the snapshots
 * allow. At least one, which may be empty.
 */
export function sectionsOf(snapshots: readonly SnapshotEntry[], { fromSeq, toSeq }: Piece, count: number): Piece[] {
  const cuts = snapshots.map(({ seq }) => seq).filter((seq) => seq >= fromSeq && seq < toSeq);
  const pieces: Piece[] = [];
  let from = fromSeq;
  const wanted = Math.max(1, (toSeq - fromSeq + 1) / count);
  for (const cut of cuts) {
    if (cut - from + 1 < wanted) continue;
    pieces.push({ fromSeq: from, toSeq: cut });
    from = cut + 1;
  }
  pieces.push({ fromSeq: from, toSeq });
  return pieces;
}

/** Notes that a piece is where it ends. Two threads may come to it at once. */
export function lower(earliest: Int32Array<SharedArrayBuffer>, piece: number): void {
  for (;;) {
    const seen = Atomics.load(earliest, 0);
    if (seen <= piece || Atomics.compareExchange(earliest, 0, seen, piece) === seen) return;
  }
}
