// A wide game is taken in as text, one piece at a time: commits go on in between. Before it: compaction.ts, which
// parses the line when this is not certain of it; after it: game-rows.ts.

import { SnapshotBody } from '../image/snapshots.ts';
import { createLine, cutStateText } from './create-line.ts';
import type { GameRows } from './game-rows.ts';

/** Of a line: a smaller one is parsed in a moment. */
const WIDE_BYTES = 128 * 1024;

/** Whether the line was taken in; nothing has changed otherwise. */
export function* takeCreation(
  line: Buffer,
  rows: GameRows,
  isNew: (game: string) => boolean,
): Generator<void, boolean> {
  const found = line.length < WIDE_BYTES ? undefined : createLine(line);
  if (!found) return false;
  const { record, state } = found;
  // The rows of projected tables come from values.
  if (record.type === undefined || rows.isProjected(record.type) || !isNew(record.game)) return false;
  const body = new SnapshotBody();
  for (const piece of cutStateText(state, record.tables ?? [])) {
    if (!piece) return false;
    body.add(piece);
    yield;
  }
  rows.createFrom(record, body);
  return true;
}
