// The games of an image and what it says of itself, as typed rows. snapshots.ts and batches.ts have their states and
// their past.

import { OrreryError } from '../../../core/errors.ts';
import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { GameInfo, Quarantine } from '../../game-info.ts';
import type { Database, Row } from './database.ts';

export function readGame(database: Database, id: string): GameInfo | undefined {
  const row = database.one('SELECT * FROM games WHERE id = ?', [id]);
  return row && gameOf(row);
}

export function readGames(database: Database): GameInfo[] {
  return database.all('SELECT * FROM games ORDER BY id').map(gameOf);
}

export function writeGame(database: Database, game: GameInfo): void {
  database.run(
    `INSERT INTO games (id, type, version, tables, created, seq, tick, time, snapshot_seq, state_bytes, patch_bytes,
       records, patches_in, patches_out, parent, parent_seq, first_seq)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET version = excluded.version, tables = excluded.tables, seq = excluded.seq,
       tick = excluded.tick, time = excluded.time, snapshot_seq = excluded.snapshot_seq,
       state_bytes = excluded.state_bytes, patch_bytes = excluded.patch_bytes, records = excluded.records,
       patches_in = excluded.patches_in, patches_out = excluded.patches_out, parent = excluded.parent,
       parent_seq = excluded.parent_seq, first_seq = excluded.first_seq`,
    [
      game.id,
      game.type,
      game.version,
      JSON.stringify(game.tables),
      game.created,
      game.seq,
      game.tick,
      game.time,
      game.snapshotSeq,
      game.stateBytes,
      game.patchBytes,
      game.records,
      game.patchesIn,
      game.patchesOut,
      game.parent ?? null,
      game.parentSeq ?? null,
      game.firstSeq,
    ],
  );
}

export function writeQuarantine(database: Database, quarantine: Quarantine): void {
  const { game, firstSeq, lastSeq, time, mode, reason } = quarantine;
  database.run(
    'INSERT OR REPLACE INTO quarantine (game, first_seq, last_seq, time, mode, reason) VALUES (?, ?, ?, ?, ?, ?)',
    [game, firstSeq, lastSeq, time, mode, reason],
  );
}

/** Oldest first. */
export function readQuarantine(database: Database, game: string): Quarantine[] {
  return database.all('SELECT * FROM quarantine WHERE game = ? ORDER BY time, first_seq', [game]).map((row) => ({
    game,
    firstSeq: Number(row['first_seq']),
    lastSeq: Number(row['last_seq']),
    time: Number(row['time']),
    mode: String(row['mode']),
    reason: String(row['reason']),
  }));
}

export function readMeta(database: Database): Map<string, string> {
  return new Map(database.all('SELECT key, value FROM meta').map((row) => [String(row['key']), String(row['value'])]));
}

export function writeMeta(database: Database, values: { readonly [key: string]: string | number }): void {
  for (const [key, value] of Object.entries(values)) {
    database.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', [key, String(value)]);
  }
}

export function tablesOf(text: unknown): string[] {
  const raw = parseJson(String(text));
  if (Array.isArray(raw) && raw.every((table) => typeof table === 'string')) return raw as string[];
  throw misshapen('the list of tables');
}

export function misshapen(what: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `${what} in a row is not of the form it was written in`,
    hint: 'Run `orrery check --explain` on the directory.',
  });
}

function gameOf(row: Row): GameInfo {
  return {
    id: String(row['id']),
    type: String(row['type']),
    version: Number(row['version']),
    tables: tablesOf(row['tables']),
    created: Number(row['created']),
    seq: Number(row['seq']),
    tick: Number(row['tick']),
    time: Number(row['time']),
    snapshotSeq: Number(row['snapshot_seq']),
    stateBytes: Number(row['state_bytes']),
    patchBytes: Number(row['patch_bytes']),
    records: Number(row['records']),
    patchesIn: Number(row['patches_in']),
    patchesOut: Number(row['patches_out']),
    parent: row['parent'] === null ? undefined : String(row['parent']),
    parentSeq: row['parent_seq'] === null ? undefined : Number(row['parent_seq']),
    firstSeq: Number(row['first_seq']),
  };
}
