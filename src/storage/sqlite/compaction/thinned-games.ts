// Which games of a shard retention has anything to do with, and what it needs of the image besides their steps.
// compaction.ts tells of every row that was written; before a checkpoint the games with news are gone through by
// thinning.ts.

import { OrreryError } from '../../../core/errors.ts';
import { cutText } from '../../chunks.ts';
import type { GameInfo } from '../../game-info.ts';
import type { Database } from '../image/database.ts';
import { gamesOfType, typesOfGames } from '../image/kept-rows.ts';
import { readGame, writeGame } from '../image/rows.ts';
import { writeSnapshot } from '../image/snapshots.ts';
import { thins } from './retention.ts';
import { StoredHistory } from './stored-history.ts';
import { Thinning } from './thinning.ts';
import type { TypePolicies } from './type-policies.ts';

/** What thinning changes of a game's row. */
export type ThinnedRow = Pick<GameInfo, 'firstSeq' | 'snapshotSeq' | 'stateBytes'>;

/** After so many turns the rest waits for the next checkpoint: a policy that is new has a whole past to go through. */
const MOST_TURNS = 4_000;

const TELLS_OF_DAMAGE: ReadonlySet<string> = new Set(['DAMAGED', 'PATCH_INVALID']);

export class ThinnedGames {
  readonly #database: Database;
  readonly #policies: TypePolicies;
  /** Games that have had a row since they were last gone through. */
  readonly #news = new Set<string>();
  readonly #concerns = new Map<string, boolean>();
  /** Games of whose past a row cannot be read: it stays as it is, and holds up no checkpoint. */
  readonly #unreadable = new Set<string>();
  /** Games that another program has left as its policy said are gone through once. */
  #isFirst = true;

  constructor(database: Database, policies: TypePolicies) {
    this.#database = database;
    this.#policies = policies;
  }

  /** Whether anything of a game of this type is ever to go. */
  concerns(type: string): boolean {
    let concerned = this.#concerns.get(type);
    if (concerned === undefined) {
      concerned = thins(this.#policies.retentionOf(type));
      this.#concerns.set(type, concerned);
    }
    return concerned;
  }

  get unreadable(): readonly string[] {
    return [...this.#unreadable].sort();
  }

  hasNews({ id, type }: Pick<GameInfo, 'id' | 'type'>): void {
    if (this.concerns(type) && !this.#unreadable.has(id)) this.#news.add(id);
  }

  *thin(changed: (id: string, row: ThinnedRow) => void): Generator<void, void> {
    if (this.#isFirst) {
      this.#isFirst = false;
      for (const type of typesOfGames(this.#database)) {
        if (this.concerns(type)) for (const id of gamesOfType(this.#database, type)) this.#news.add(id);
      }
    }
    if (this.#news.size === 0) return;
    const thinning = new Thinning(this.#database, {
      row: (id) => readGame(this.#database, id),
      snapshotAt: (id, seq) => this.#snapshotAt(id, seq),
      begin: (id, firstSeq) => changed(id, this.#begin(id, firstSeq)),
    });
    let turns = 0;
    for (const id of [...this.#news]) {
      const row = readGame(this.#database, id);
      const turn = row && thinning.game(id, this.#policies.retentionOf(row.type));
      for (; turn && !this.#isDone(id, turn); turns += 1) {
        yield;
        if (turns >= MOST_TURNS) return;
      }
      this.#news.delete(id);
    }
  }

  /** What a turn could not do has been taken back. */
  #isDone(id: string, turn: Generator<void, void>): boolean {
    try {
      return turn.next().done === true;
    } catch (error) {
      if (!(error instanceof OrreryError) || !TELLS_OF_DAMAGE.has(error.code)) throw error;
      this.#unreadable.add(id);
      return true;
    }
  }

  #snapshotAt(id: string, seq: number): void {
    const row = readGame(this.#database, id) as GameInfo;
    const { state, ...moment } = new StoredHistory(this.#database, row, undefined).fold(seq);
    const pieces = [...cutText(state, moment.tables)];
    const stateBytes = writeSnapshot(this.#database, id, { ...moment, pieces }, 'tier');
    if (seq > row.snapshotSeq) writeGame(this.#database, { ...row, snapshotSeq: seq, stateBytes });
  }

  #begin(id: string, firstSeq: number): ThinnedRow {
    const row = { ...(readGame(this.#database, id) as GameInfo), firstSeq };
    writeGame(this.#database, row);
    return { firstSeq, snapshotSeq: row.snapshotSeq, stateBytes: row.stateBytes };
  }
}
