// Of the mutants, those that take a batch for known that is not, or do not know one that comes again.

import type { Mutant } from './mutants.ts';

const NEXT_BATCH = 'storage/next-batch.js';

const COMMIT = { do: 'commit', batch: { games: { a: 1 }, filler: 0 } } as const;

export const BATCH_MUTANTS: readonly Mutant[] = [
  {
    name: 'a batch that comes again is not known',
    // The look for a newer owner fails, behind the second batch, and the batch is durable.
    workload: {
      steps: [COMMIT, COMMIT, COMMIT],
      fault: { errno: 'EIO', moment: 'before', nth: 5, lasting: false, calls: ['exists'] },
    },
    edits: [{ file: NEXT_BATCH, find: 'if (isKnown && isSame', replace: 'if (false && isSame' }],
  },
  {
    name: 'any batch with seqs that are stored is acknowledged',
    edits: [
      { file: NEXT_BATCH, find: 'if (isKnown && isSame(newest(), markOf(batch.payload)))', replace: 'if (isKnown)' },
    ],
  },
  {
    name: 'an image does not say which batch was the newest',
    edits: [{ file: 'storage/sqlite/image/newest-batch.js', find: 'return mark ?', replace: 'return false ?' }],
  },
  {
    name: 'a recovery does not note which batch was the newest',
    edits: [
      { file: 'storage/sqlite/worker/backlog.js', find: ': this.#compaction.newestBatch', replace: ': undefined' },
    ],
  },
];
