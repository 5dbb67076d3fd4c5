// What holds after every command. Orrery checks these each time, so they look at totals and counts only; the tests
// check that the totals agree with the systems.

import type { GalaxyView } from './state.ts';
import { RESOURCES } from './stock.ts';

export const invariants = {
  /** What came in is in a system, in a fleet, spent or spilled. */
  booksBalance: ({ books }: GalaxyView): boolean =>
    RESOURCES.every(
      (resource) =>
        books.granted[resource] + books.produced[resource] ===
        books.held[resource] + books.travelling[resource] + books.spent[resource] + books.spilled[resource],
    ),

  nothingNegative: ({ books }: GalaxyView): boolean =>
    RESOURCES.every((resource) => books.held[resource] >= 0 && books.travelling[resource] >= 0),

  heldFitsStores: ({ books }: GalaxyView): boolean =>
    RESOURCES.every((resource) => books.held[resource] <= books.capacity[resource]),

  everyPlayerIsRanked: ({ ranking, players }: GalaxyView): boolean => ranking.length === players.size,

  /** No page of the agenda is empty, and no event is counted that is on no page. */
  agendaIsCounted: ({ agenda, pending }: GalaxyView): boolean =>
    pending >= agenda.size && (pending === 0) === (agenda.size === 0),
};
