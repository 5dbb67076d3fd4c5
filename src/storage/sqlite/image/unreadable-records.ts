// Lines of the journal that were no records to whoever took them in, kept as they stand. compaction/held-games.ts puts
// them here and tries them again.

import type { Database, Row } from './database.ts';

/** One line, without its line feed. */
export interface UnreadableRecord {
  /** 1, 2, 3, ... of its game. */
  readonly ordinal: number;
  /** The newest seq of the game with this line, as far as lines say theirs. */
  readonly seq: number;
  /** Of the journal. */
  readonly frame: number;
  readonly line: Buffer;
}

/** A game with such lines. */
export interface UnreadableGame {
  readonly game: string;
  readonly records: number;
  readonly lastOrdinal: number;
  readonly lastSeq: number;
}

export function readUnreadableGames(database: Database): UnreadableGame[] {
  return database
    .all(
      `SELECT game, count(*) AS records, max(ordinal) AS last, max(seq) AS seq FROM unreadable_records
       GROUP BY game ORDER BY game`,
    )
    .map((row) => ({
      game: String(row['game']),
      records: Number(row['records']),
      lastOrdinal: Number(row['last']),
      lastSeq: Number(row['seq']),
    }));
}

/** The first one behind an ordinal. */
export function nextUnreadable(database: Database, game: string, afterOrdinal = 0): UnreadableRecord | undefined {
  const row = database.one(
    'SELECT ordinal, seq, frame, line FROM unreadable_records WHERE game = ? AND ordinal > ? ORDER BY ordinal LIMIT 1',
    [game, afterOrdinal],
  );
  return row && recordOf(row);
}

export function* readUnreadable(database: Database, game: string): Generator<UnreadableRecord> {
  for (let found = nextUnreadable(database, game); found; found = nextUnreadable(database, game, found.ordinal))
    yield found;
}

export function writeUnreadable(
  database: Database,
  game: string,
  { ordinal, seq, frame, line }: Omit<UnreadableRecord, 'line'> & { readonly line: Uint8Array },
): void {
  database.run('INSERT INTO unreadable_records (game, ordinal, seq, frame, line) VALUES (?, ?, ?, ?, ?)', [
    game,
    ordinal,
    seq,
    frame,
    line,
  ]);
}

export function dropUnreadable(database: Database, game: string, ordinal: number): void {
  database.run('DELETE FROM unreadable_records WHERE game = ? AND ordinal = ?', [game, ordinal]);
}

function recordOf(row: Row): UnreadableRecord {
  return {
    ordinal: Number(row['ordinal']),
    seq: Number(row['seq']),
    frame: Number(row['frame']),
    line: Buffer.from(row['line'] as Uint8Array),
  };
}
