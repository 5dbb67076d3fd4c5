// The galaxy with its rules as they should be, and one invariant more: the one that would have caught the mistake of
// planted-bug.ts at the first try. For `orrery recover --mode before-error --games`, see docs/TIME-MACHINE.md.

import { defineGame } from 'orrery';
import { galaxy } from './galaxy.ts';
import { invariants } from './invariants.ts';
import { STARTING_STOCK } from './rules.ts';
import type { GalaxyView } from './state.ts';

export const auditedGalaxy = defineGame('galaxy', {
  ...galaxy,
  invariants: {
    ...invariants,
    /** Comets bring water; metal is granted to players who begin, and to nobody else. */
    metalComesFromBeginnings: ({ books, players }: GalaxyView): boolean =>
      books.granted.metal === players.size * STARTING_STOCK.metal,
  },
});
