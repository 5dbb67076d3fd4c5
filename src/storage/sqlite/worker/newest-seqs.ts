// The newest seq that a shard has of each game, and so where its next batch stands. owner.ts asks before it writes a
// batch and tells when it has; next-batch.ts decides.

import { placeOf } from '../../next-batch.ts';
import type { Batch } from '../../store.ts';
import type { Compaction } from '../compaction/compaction.ts';
import type { Backlog } from './backlog.ts';

export class NewestSeqs {
  readonly #compaction: Compaction;
  readonly #backlog: Backlog;
  /** Of games that have had a record since the shard was opened. */
  readonly #seqs = new Map<string, number>();

  constructor(compaction: Compaction, backlog: Backlog) {
    this.#compaction = compaction;
    this.#backlog = backlog;
  }

  /** As placeOf. Throws SEQ_CONFLICT. */
  placeOf(batch: Batch): 'next' | 'known' {
    return placeOf(
      batch,
      (game) => this.#of(game),
      () => this.#backlog.newest,
    );
  }

  /** A batch has been written. */
  taken(batch: Batch): void {
    for (const { game, lastSeq } of batch.spans) this.#seqs.set(game, lastSeq);
  }

  #of(game: string): number {
    const known = this.#seqs.get(game);
    if (known !== undefined) return known;
    const seq = this.#compaction.lastSeq(game);
    if (seq >= 0) this.#seqs.set(game, seq);
    return seq;
  }
}
