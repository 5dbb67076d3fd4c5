// A game's state from its rows: the newest snapshot at or before a moment, and every step after it.

import { OrreryError } from '../../../core/errors.ts';
import { fold } from '../../../core/patch/apply.ts';
import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { JsonObject, Patch } from '../../../core/patch/patch.ts';
import type { GameInfo } from '../../game-info.ts';
import type { Step } from '../../steps.ts';
import type { Database } from '../image/database.ts';
import { readSnapshot, type Snapshot } from '../image/snapshots.ts';

export interface FoldedGame {
  readonly row: GameInfo;
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
  row: GameInfo,
  upToSeq: number,
  stepsAfter: (seq: number) => Iterable<Step>,
): FoldedGame {
  const snapshot = readSnapshot(database, row.id, upToSeq);
  if (!snapshot) throw noSnapshot(row.id, upToSeq);
  let { seq, tick, time } = snapshot;
  let state: unknown = checked(snapshot);
  for (const step of stepsAfter(snapshot.seq)) {
    if (step.lastSeq > upToSeq) break;
    if (step.firstSeq !== seq + 1) throw stepGap(row.id, seq, step.firstSeq);
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

/** What comes back from disk is not trusted: a patch that replaces everything checks the whole of it. */
export function checked({ json }: Pick<Snapshot, 'json'>): JsonObject {
  return fold(undefined, [{ op: 'replace', path: [], value: parseJson(json) } as Patch], 'owned') as JsonObject;
}

/** `state` becomes the one after the patches of all steps up to the game's newest record. Nobody else holds them. */
export function foldTail(state: JsonObject, patches: readonly Patch[], row: GameInfo): JsonObject {
  try {
    return withTables(fold(state, patches, 'owned') as JsonObject, row.tables);
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ game: row.id, seq: row.seq }) : error;
  }
}

/** What a game's row calls a table has to be one. */
function withTables(state: JsonObject, tables: readonly string[]): JsonObject {
  for (const table of tables) {
    const value = Object.hasOwn(state, table) ? state[table] : undefined;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) continue;
    throw new OrreryError({
      code: 'DAMAGED',
      what: `the state has no table ${JSON.stringify(table)}`,
      hint: 'Run `orrery check --explain` on the directory.',
    });
  }
  return state;
}

export function noSnapshot(game: string, seq: number): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `the image holds no snapshot at or before seq ${seq}`,
    hint: 'Run `orrery check --explain` on the directory.',
    context: { game, seq },
  });
}

export function stepGap(game: string, from: number, to: number): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `the steps of a game lead from seq ${from} to seq ${to}`,
    hint: 'Run `orrery check --explain` on the directory.',
    context: { game, seq: to },
  });
}
