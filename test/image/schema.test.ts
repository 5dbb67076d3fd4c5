// An image that an earlier version of Orrery wrote is brought to the newest schema with everything in it.

import { readFileSync } from 'node:fs';
import initSqlJs from 'sql.js';
import { expect, it } from 'vitest';
import { sha256 } from '#storage/sqlite/image/body.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { readGame } from '#storage/sqlite/image/rows.ts';
import { schemaVersion } from '#storage/sqlite/image/schema.ts';
import { readSnapshot } from '#storage/sqlite/image/snapshots.ts';

it('[WS7] an image of schema 1 opens with its games and snapshots, and the checks of schema 2', async () => {
  const sqlJs = await initSqlJs();
  const old = new sqlJs.Database();
  old.exec(readFileSync(new URL('../../schemas/sqlite/0001_journal_image.sql', import.meta.url), 'utf8'));
  old.exec('PRAGMA user_version = 1');
  old.run("INSERT INTO games VALUES ('g', 'counter', 1, '[]', 5, 3, 1, 9, 0, 7, 0, 3, 3, 3)");
  const json = Buffer.from('{"n":0}', 'utf8');
  old.run("INSERT INTO snapshots VALUES ('g', 0, 0, 5, 1, '[]', 'create', 0, ?, NULL, ?)", [sha256(json), json]);
  const database = await Database.open(old.export());
  try {
    expect(Object.values(database.one('PRAGMA user_version') ?? {})[0]).toBe(schemaVersion());
    expect(readGame(database, 'g')).toMatchObject({ seq: 3, parent: undefined, parentSeq: undefined, firstSeq: 0 });
    expect(readSnapshot(database, 'g', 3)).toMatchObject({ seq: 0, json: '{"n":0}' });
    expect(() => database.run("UPDATE snapshots SET reason = 'nonsense'", [])).toThrow(
      expect.objectContaining({ code: 'DAMAGED' }),
    );
    database.run("UPDATE snapshots SET reason = 'migrate'", []);
  } finally {
    database.close();
    old.close();
  }
});
