// What surrounded the program when the game in a pack was played: a row of meta, as lines of openings.jsonl. Before it:
// packing.ts, which takes them from the directory; after it: pack-history.ts.

import type { Opening } from '../../openings.ts';
import type { Database } from '../image/database.ts';
import { readMeta, writeMeta } from '../image/rows.ts';
import { parseOpenings } from '../openings.ts';

const KEY = 'pack_openings';

/** Inside a transaction. Those of other times than the game's say nothing about it. */
export function writeOpenings(
  pack: Database,
  openings: readonly Opening[],
  { created, time }: { readonly created: number; readonly time: number },
): void {
  const first = openings.findLastIndex((opening) => opening.time <= created);
  const lines = openings.slice(Math.max(0, first)).filter((opening) => opening.time <= time);
  if (lines.length > 0) writeMeta(pack, { [KEY]: lines.map((opening) => JSON.stringify(opening)).join('\n') });
}

export function openingsIn(pack: Database): readonly Opening[] {
  return parseOpenings(readMeta(pack).get(KEY) ?? '');
}
