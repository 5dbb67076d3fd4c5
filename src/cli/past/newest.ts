// The newest entries of a history, oldest of them first. Before it: `orrery log --limit`; after it: the reading that
// prints them.

import { type HistoryEntry, type HistoryQuery, historyOf } from '../../history/entries.ts';
import { boundsIn, isWithin } from '../../history/range.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';

/**
 * The newest `limit` entries that the query lets through, in the order that it asks for. Reads backwards to find where
 * they begin, then forwards from there: older entries are not read, and none are held.
 */
export async function* newestOf(
  past: HistoryReader,
  query: HistoryQuery,
  limit: number,
): AsyncGenerator<HistoryEntry, void, undefined> {
  let [first, last, count] = [0, 0, 0];
  for await (const entry of historyOf(past, { ...query, backwards: true })) {
    count += 1;
    first = entry.seq;
    if (count === 1) last = entry.seq;
    if (query.backwards) yield entry;
    if (count === limit) break;
  }
  if (query.backwards || count === 0) return;
  // Ticks and clocks go back: what lies between the two need not lie in the range.
  const bounds = boundsIn(past.row.id, query);
  for await (const entry of historyOf(past, { ...query, from: first, to: last })) {
    if (isWithin(bounds, entry)) yield entry;
  }
}
