// Snapshots that are due, taken one after the other, a little at a time. Before it: compaction.ts, which says that they
// are due; after it: game-rows.ts, which makes each from the rows of its game.

import { OrreryError } from '../../../core/errors.ts';
import type { GameInfo } from '../../game-info.ts';
import type { Database } from '../image/database.ts';
import { readGame } from '../image/rows.ts';
import type { SnapshotReason } from '../image/snapshots.ts';
import type { CompactionOptions } from './compaction-options.ts';
import type { GameRows } from './game-rows.ts';

/** A snapshot to be taken. */
export interface Due {
  readonly id: string;
  readonly why: SnapshotReason;
}

export class SnapshotTaking {
  readonly #database: Database;
  readonly #rows: GameRows;
  /** A game has a newer snapshot. */
  readonly #taken: (row: GameInfo) => void;
  readonly #atWorkOn: (game: string | undefined) => void;
  /** The one under way. */
  #underWay: Generator<void, void> | undefined;
  /** Games whose rows lead to no state: who loads one is told. They hold up neither the others nor a checkpoint. */
  readonly #unfoldable = new Set<string>();

  constructor(
    database: Database,
    rows: GameRows,
    taken: (row: GameInfo) => void,
    atWorkOn: CompactionOptions['atWorkOn'] = () => undefined,
  ) {
    this.#database = database;
    this.#rows = rows;
    this.#taken = taken;
    this.#atWorkOn = atWorkOn;
  }

  *take(due: readonly Due[]): Generator<void, void> {
    for (const { id, why } of due) {
      if (this.#unfoldable.has(id)) continue;
      this.finish();
      const taking = this.#takeOne(id, why);
      this.#underWay = taking;
      // Somebody else may have brought it to its end meanwhile.
      yield* taking;
      if (this.#underWay === taking) this.#underWay = undefined;
    }
  }

  /** Before anything is done that a half-taken snapshot must not see. */
  finish(): void {
    const taking = this.#underWay;
    this.#underWay = undefined;
    while (taking && !taking.next().done);
  }

  /** More of the game may gather meanwhile, when it is thinned or settled. */
  *#takeOne(id: string, why: SnapshotReason): Generator<void, void> {
    this.#atWorkOn(id);
    try {
      yield* this.#rows.snapshot(readGame(this.#database, id) as GameInfo, why);
    } catch (error) {
      if (!(error instanceof OrreryError) || (error.code !== 'DAMAGED' && error.code !== 'PATCH_INVALID')) throw error;
      this.#unfoldable.add(id);
      return;
    } finally {
      this.#atWorkOn(undefined);
    }
    this.#taken(readGame(this.#database, id) as GameInfo);
  }
}
