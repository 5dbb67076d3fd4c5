// Where a batch stands to what a store has already: it carries on from there, or is the newest batch come again, or
// neither. Before it: owner.ts and memory/memory-store.ts with a batch; they write it, acknowledge it again, or pass
// the error on.

import { OrreryError } from '../core/errors.ts';
import { type BatchMark, isSame, markOf } from './batch-mark.ts';
import type { Batch, Span } from './store.ts';

/**
 * `lastSeq` gives the newest seq of a game that the store has, -1 for none. `newest` is of the batch that the store has
 * taken in last: only that one can come again, because the next is not sent before it is acknowledged. Throws
 * SEQ_CONFLICT with the game.
 */
export function placeOf(
  batch: Batch,
  lastSeq: (game: string) => number,
  newest: () => BatchMark | undefined,
): 'next' | 'known' {
  const misfit = batch.spans.find(({ game, firstSeq }) => firstSeq !== lastSeq(game) + 1);
  // A batch without games has nothing to be stored.
  if (!misfit) return batch.spans.length > 0 ? 'next' : 'known';
  const isKnown = batch.spans.every((span) => span.lastSeq <= lastSeq(span.game));
  if (isKnown && isSame(newest(), markOf(batch.payload))) return 'known';
  throw conflict(misfit, lastSeq(misfit.game));
}

function conflict({ game, firstSeq, lastSeq }: Span, stored: number): OrreryError {
  const range = firstSeq === lastSeq ? `seq ${firstSeq}` : `seqs ${firstSeq} to ${lastSeq}`;
  const what =
    firstSeq > stored
      ? `records with ${range} were sent where seq ${stored + 1} was due`
      : `other records with ${range} were sent than those that are stored, which go up to seq ${stored}`;
  return new OrreryError({
    code: 'SEQ_CONFLICT',
    what,
    hint: 'What is stored stays. Open the orrery again to go on from there, and please report this: it is a defect in Orrery.',
    context: { game, seq: firstSeq, stored },
  });
}
