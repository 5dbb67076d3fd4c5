// Mutants of what an opening owes to the one before it. mutants.ts has them with all others.

import type { Mutant } from './mutants.ts';

export const OPENING_MUTANTS: readonly Mutant[] = [
  {
    name: 'an opening begins a segment behind a manifest whose name is not durable',
    // The folder cannot be synced once the first manifest has its name, and not for the segment of the next opening.
    workload: {
      steps: [],
      fault: { errno: 'EIO', moment: 'before', nth: 3, lasting: true, calls: ['syncDirectory'] },
    },
    edits: [
      {
        file: 'storage/sqlite/recovery/first-segment.js',
        find: 'this.#files.syncDirectory(this.#directory);',
        replace: '',
      },
    ],
  },
];
