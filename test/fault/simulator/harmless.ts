// Steps of the protocol that may be left out, each with the reason. mutants.test.ts shows that the simulator finds nothing
// without them; steps that may not be left out are in mutants.ts.

import type { Mutant } from './mutants.ts';

/** Steps that may be left out: the simulator finds nothing, and this is why there is nothing to find. */
export const HARMLESS: readonly (Mutant & { readonly why: string })[] = [
  {
    name: "a claim's name is not made durable",
    why:
      'A name that is not durable yet is visible to every process, so it fences an owner that still lives. After a power cut ' +
      'no owner lives. The next owner may then take the same epoch only if no segment of that epoch kept its name, for ' +
      'epochs are also read from segment headers; and without such a segment nothing was written under the lost claim.',
    edits: [
      {
        file: 'recovery/claim.js',
        find: 'tidy(() => files.syncDirectory(directory));',
        replace: '',
      },
    ],
  },
];
