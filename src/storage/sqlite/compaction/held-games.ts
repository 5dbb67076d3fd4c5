// Games with a record that cannot be read. From that record on their lines are kept as they stand, in the image, and
// tried again at every opening; the other games of the shard go on. Before it: compaction.ts, line by line; after it:
// image/unreadable-records.ts.

import { OrreryError } from '../../../core/errors.ts';
import { decodeLine, type Record } from '../../../core/patch/record.ts';
import { gameUnreadable, type Unreadable, type UnreadableGame } from '../../../core/patch/unreadable.ts';
import { type GameInfo, unknownRow } from '../../game-info.ts';
import { nameOfLine } from '../../line-name.ts';
import type { Database } from '../image/database.ts';
import {
  dropUnreadable,
  nextUnreadable,
  readUnreadableGames,
  type UnreadableRecord,
  writeUnreadable,
} from '../image/unreadable-records.ts';
import { assertRoom } from './memory-room.ts';

/** Throws DAMAGED for a record that has no place in its game as it is. */
type Fit = (record: Record) => void;

interface Held extends Unreadable {
  readonly lastOrdinal: number;
}

export class HeldGames {
  readonly #database: Database;
  /** The newest seq that can be read; -1 for a game that is not there. */
  readonly #readableSeq: (game: string) => number;
  readonly #games = new Map<string, Held>();

  constructor(database: Database, readableSeq: (game: string) => number) {
    this.#database = database;
    this.#readableSeq = readableSeq;
    for (const { game, records, lastOrdinal, lastSeq } of readUnreadableGames(database)) {
      const first = nextUnreadable(database, game) as UnreadableRecord;
      const seq = nameOfLine(first.line)?.seq ?? readableSeq(game) + 1;
      this.#games.set(game, { seq, lastSeq, records, frame: first.frame, what: NOT_TRIED, lastOrdinal });
    }
  }

  has(game: string): boolean {
    return this.#games.has(game);
  }

  of(game: string): Unreadable | undefined {
    return unreadableOf(this.#games.get(game));
  }

  /** By id. */
  get list(): readonly UnreadableGame[] {
    if (this.#games.size === 0) return NONE;
    return [...this.#games.keys()].sort().map((game) => ({ game, ...(this.of(game) as Unreadable) }));
  }

  /** Throws GAME_UNREADABLE. */
  assertReadable(game: string): void {
    const unreadable = this.of(game);
    if (unreadable) throw gameUnreadable(game, unreadable);
  }

  /** A copy. */
  marked(row: GameInfo): GameInfo {
    const unreadable = this.of(row.id);
    return unreadable ? { ...row, unreadable } : { ...row };
  }

  /** Rows and those of games whose first record cannot be read, by id. */
  withUnknown(rows: readonly GameInfo[]): GameInfo[] {
    const known = new Set(rows.map(({ id }) => id));
    const unknown = this.list.filter(({ game }) => !known.has(game));
    return [...rows, ...unknown.map(({ game, ...unreadable }) => unknownRow(game, unreadable))].sort((left, right) =>
      left.id < right.id ? -1 : 1,
    );
  }

  /**
   * The record of a line, or undefined when the line was kept as it stands. Throws DAMAGED for one that names no game.
   */
  take(line: Uint8Array, frame: number, assertFits: Fit): Record | undefined {
    let record: Record | undefined;
    let fault: OrreryError | undefined;
    try {
      record = decoded(line);
      if (!this.has(record.game)) {
        assertFits(record);
        return record;
      }
    } catch (error) {
      fault = faultOf(error);
    }
    const name = record ?? nameOfLine(line);
    if (!name) throw nameless(frame, fault);
    this.hold(name.game, line, frame, name.seq, fault?.what);
    return undefined;
  }

  hold(game: string, line: Uint8Array, frame: number, seq: number | undefined, what = 'it is behind one'): void {
    const before = this.#games.get(game);
    const last = before?.lastSeq ?? this.#readableSeq(game);
    const lastSeq = Math.max(last, seq ?? last + 1);
    const lastOrdinal = (before?.lastOrdinal ?? 0) + 1;
    writeUnreadable(this.#database, game, { ordinal: lastOrdinal, seq: lastSeq, frame, line });
    const first = before ?? { seq: seq ?? last + 1, frame, what };
    this.#games.set(game, { ...first, lastSeq, lastOrdinal, records: (before?.records ?? 0) + 1 });
  }

  /**
   * Records of held games that can be read by now, in their order: the caller takes each in before the next is asked
   * for.
   */
  *retry(assertFits: Fit): Generator<{ readonly record: Record; readonly bytes: number }> {
    for (const [game, held] of [...this.#games]) {
      let { records } = held;
      for (let found = nextUnreadable(this.#database, game); ; found = nextUnreadable(this.#database, game)) {
        if (!found) {
          this.#games.delete(game);
          break;
        }
        const { ordinal, frame, line } = found;
        let record: Record;
        try {
          record = decoded(line);
          assertFits(record);
        } catch (error) {
          const seq = nameOfLine(line)?.seq ?? this.#readableSeq(game) + 1;
          this.#games.set(game, { ...held, seq, frame, records, what: faultOf(error).what });
          break;
        }
        dropUnreadable(this.#database, game, ordinal);
        records -= 1;
        yield { record, bytes: line.length };
      }
    }
  }
}

const NONE: readonly UnreadableGame[] = [];

const NOT_TRIED = 'it could not be read when it was taken out of the journal';

function unreadableOf(held: Held | undefined): Unreadable | undefined {
  if (!held) return undefined;
  const { lastOrdinal: _lastOrdinal, ...unreadable } = held;
  return unreadable;
}

/** What is no fault of the line is thrown on. */
function decoded(line: Uint8Array): Record {
  assertRoom(line);
  return decodeLine(line);
}

function faultOf(error: unknown): OrreryError {
  if (error instanceof OrreryError && (error.code === 'PATCH_INVALID' || error.code === 'DAMAGED')) return error;
  throw error;
}

function nameless(frame: number, cause: OrreryError | undefined): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: 'the journal holds a line that is no record and names no game',
    hint: 'Nothing was changed. Recover what is left with `orrery salvage`, which lists what is lost.',
    context: { frame },
    ...(cause === undefined ? {} : { cause: cause.what }),
  });
}
