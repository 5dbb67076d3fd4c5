// A game's state from its rows: the newest snapshot at or before a moment, and every step after it.

import { OrreryError } from '../errors.ts';
import type { Database } from '../image/database.ts';
import { type GameRow, readSnapshot, type Step } from '../image/rows.ts';
import { fold } from '../patch/apply.ts';
import type { JsonObject, Patch } from '../patch/patch.ts';

export interface FoldedGame {
  readonly row: GameRow;
  /** The seq this is the state of: the last visible step at or before the one asked for. */
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  /** Nobody else holds it: the caller may do with it what it likes. Tables are plain objects by id. */
  readonly state: JsonObject;
}

/** `stepsAfter` gives steps that nobody else holds: their values become part of the state. */
export function foldGame(
  database: Database,
  row: GameRow,
  upToSeq: number,
  stepsAfter: (seq: number) => Iterable<Step>,
): FoldedGame {
  const snapshot = readSnapshot(database, row.id, upToSeq);
  if (!snapshot) {
    throw new OrreryError({
      code: 'DAMAGED',
      what: `the image holds no snapshot at or before seq ${upToSeq}`,
      hint: 'Run `orrery doctor` on the directory.',
      context: { game: row.id, seq: upToSeq },
    });
  }
  let { seq, tick, time } = snapshot;
  // What comes back from disk is not trusted: a patch that replaces everything checks the whole of it.
  let state = fold(undefined, [{ op: 'replace', path: [], value: JSON.parse(snapshot.json) } as Patch], 'owned');
  for (const step of stepsAfter(snapshot.seq)) {
    if (step.lastSeq > upToSeq) break;
    if (step.firstSeq !== seq + 1) {
      throw new OrreryError({
        code: 'DAMAGED',
        what: `the steps of a game lead from seq ${seq} to seq ${step.firstSeq}`,
        hint: 'Run `orrery doctor` on the directory.',
        context: { game: row.id, seq: step.firstSeq },
      });
    }
    try {
      state = fold(state, step.patches, 'owned');
    } catch (error) {
      throw error instanceof OrreryError ? error.within({ game: row.id, seq: step.lastSeq }) : error;
    }
    seq = step.lastSeq;
    tick = step.tick;
    time = step.time;
  }
  return { row, seq, tick, time, state: state as JsonObject };
}
