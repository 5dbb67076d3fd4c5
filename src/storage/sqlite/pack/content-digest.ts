// The SHA-256 over everything a pack says, in an order and a form of its own: what SQLite made of the file does not
// matter, only what stands in it. docs/FORMAT.md has it in words; packing.ts writes it, reading.ts holds the file
// against it.

import { createHash, type Hash } from 'node:crypto';
import { OrreryError } from '../../../core/errors.ts';
import type { Database, Row, SqlValue } from '../image/database.ts';
import { GAME_TABLES, rowsOfGame } from '../image/game-tables.ts';
import { readSeed } from '../image/seeds.ts';

/** The key of meta that holds the digest, and is not in it. */
export const DIGEST_KEY = 'pack_digest';

/** As hex. Throws DAMAGED for a value that no row of ours can hold. */
export function contentDigest(database: Database, game: string): string {
  const hash = createHash('sha256');
  section(hash, 'meta', ['key', 'value'], metaRows(database));
  section(
    hash,
    'types',
    ['name', 'history', 'retention', 'projections'],
    database.all('SELECT * FROM types ORDER BY name'),
  );
  for (const table of GAME_TABLES) {
    const rows = rowsOfGame(database, table, game);
    // Packs from before there were seeds are without this section.
    if (table.name === 'seeds' && readSeed(database, game) === undefined) continue;
    section(hash, table.name, table.columns, rows);
  }
  return hash.digest('hex');
}

function metaRows(database: Database): Row[] {
  return database.all('SELECT key, value FROM meta WHERE key <> ? ORDER BY key', [DIGEST_KEY]);
}

function section(hash: Hash, name: string, columns: readonly string[], rows: Iterable<Row>): void {
  hash.update(`${name}\n`);
  for (const row of rows) {
    for (const column of columns) value(hash, row[column] ?? null);
    hash.update('\n');
  }
}

/** Each value says how long it is, so that no two contents have the same bytes. */
function value(hash: Hash, of: SqlValue): void {
  if (of === null) hash.update('n;');
  else if (typeof of === 'string') bytes(hash, 't', Buffer.from(of, 'utf8'));
  else if (of instanceof Uint8Array) bytes(hash, 'b', of);
  else if (Number.isSafeInteger(of)) hash.update(`i${of};`);
  else {
    throw new OrreryError({
      code: 'DAMAGED',
      what: `a row holds ${String(of)} where there can only be a whole number`,
      hint: 'Orrery did not write this.',
    });
  }
}

function bytes(hash: Hash, kind: 't' | 'b', of: Uint8Array): void {
  hash.update(`${kind}${of.length}:`);
  hash.update(of);
}
