// Rows that say that steps are gone and only the state at their end is left, as a snapshot. Whoever goes through the
// steps of a game meets such a stretch as one step that replaces everything, so that nobody has to know of gaps to come
// out right.

import { OrreryError } from '../../../core/errors.ts';
import { CODEC_JSON, unpackBytes } from './body.ts';
import type { Database, Row } from './database.ts';
import { readSnapshot } from './snapshots.ts';

/** `[]`: every other row has a step. */
export const NO_STEPS = Uint8Array.from([0x5b, 0x5d]);

export function isGap(row: Row): boolean {
  return row['codec'] === CODEC_JSON && row['body'] instanceof Uint8Array && row['body'].length === NO_STEPS.length;
}

/** The JSON of a row's steps, in UTF-8. The row has first_seq, last_seq, last_tick, time, codec and body. */
export function stepsText(database: Database, game: string, row: Row): Buffer {
  if (!isGap(row)) return unpackBytes(row['body'], row['codec']);
  const { first_seq: firstSeq, last_seq: lastSeq, last_tick: tick, time } = row;
  const snapshot = readSnapshot(database, game, Number(lastSeq));
  if (!snapshot || snapshot.seq !== lastSeq) {
    throw new OrreryError({
      code: 'DAMAGED',
      what: `the steps up to seq ${String(lastSeq)} are gone, and there is no snapshot of it`,
      hint: 'Run `orrery check --explain` on the directory.',
      context: { game, seq: Number(lastSeq) },
    });
  }
  const step = `[[${String(firstSeq)},${String(lastSeq)},${String(tick)},${String(time)},[["=",[],${snapshot.json}]]]]`;
  return Buffer.from(step, 'utf8');
}
