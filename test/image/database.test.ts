// What the image relies on in sql.js, pinned, and what it does about the rest.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { Database } from '#storage/sqlite/image/database.ts';
import { schemaVersion } from '#storage/sqlite/image/schema.ts';

let database: Database;
beforeEach(async () => {
  database = await Database.open();
});
afterEach(() => database.close());

function pragmas(of: Database): unknown[] {
  return ['trusted_schema', 'journal_mode', 'foreign_keys', 'user_version'].map(
    (name) => Object.values(of.one(`PRAGMA ${name}`) ?? {})[0],
  );
}

it('[I8] an export leaves prepared statements and pragmas as they were', () => {
  const insert = 'INSERT INTO meta (key, value) VALUES (?, ?)';
  database.run(insert, ['a', '1']);
  expect(database.one('SELECT value FROM meta WHERE key = ?', ['a'])).toEqual({ value: '1' });
  const before = pragmas(database);
  expect(before).toEqual([0, 'memory', 0, schemaVersion()]);
  for (let round = 0; round < 3; round += 1) {
    expect(database.export().length).toBeGreaterThan(0);
    expect(pragmas(database)).toEqual(before);
    database.run(insert, [`b${round}`, '2']);
    expect(database.one('SELECT value FROM meta WHERE key = ?', [`b${round}`])).toEqual({ value: '2' });
  }
  expect(database.all('SELECT key FROM meta ORDER BY key').length).toBe(4);
});

it('[I8] an export holds everything and is a database that SQLite finds nothing wrong with', async () => {
  database.run('INSERT INTO meta (key, value) VALUES (?, ?)', ['key', 'välue']);
  const bytes = database.export();
  expect(database.inspect(bytes)).toBe('ok');
  const copy = await Database.open(bytes);
  expect(copy.all('SELECT * FROM meta')).toEqual([{ key: 'key', value: 'välue' }]);
  expect(pragmas(copy)).toEqual(pragmas(database));
  copy.close();
});

it('[I9] a transaction that fails leaves nothing, and the next one works', () => {
  const insert = (key: string): void => database.run('INSERT INTO meta (key, value) VALUES (?, ?)', [key, 'x']);
  expect(() =>
    database.transaction(() => {
      insert('a');
      insert('a');
    }),
  ).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
  expect(database.all('SELECT * FROM meta')).toEqual([]);
  database.transaction(() => insert('a'));
  expect(database.all('SELECT key FROM meta')).toEqual([{ key: 'a' }]);
});

it('[I9] what SQLite or sql.js throws, strings included, comes out typed', () => {
  for (const attempt of [
    () => database.execute('SELECT nonsense FROM nowhere'),
    () => database.run('INSERT INTO meta (key, value) VALUES (?, ?)', ['a', undefined as never]),
    () => database.run('INSERT INTO meta (key, value) VALUES (?, ?)', ['a', {} as never]),
    () => database.run('INSERT INTO games (id) VALUES (?)', ['half a row']),
  ]) {
    expect(attempt).toThrow(expect.objectContaining({ name: 'OrreryError', code: 'DAMAGED' }));
  }
});

it('[I9] numbers up to 2^53 come back exactly', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const columns = `id, type, version, tables, created, seq, tick, time, snapshot_seq, state_bytes, patch_bytes, records,
    patches_in, patches_out`;
  database.run(`INSERT INTO games (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    'g',
    't',
    1,
    '[]',
    most,
    most,
    0,
    most,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
  expect(database.one('SELECT seq, time FROM games')).toEqual({ seq: most, time: most });
});

it('[V10] bytes that are no database of ours are refused: empty, cut, noise, of a later schema', async () => {
  const whole = Buffer.from(database.export());
  const later = Buffer.from(whole);
  later.writeUInt32BE(schemaVersion() + 1, 60);
  await expect(Database.open(new Uint8Array(0))).rejects.toMatchObject({ code: 'DAMAGED' });
  await expect(Database.open(whole.subarray(0, 1000))).rejects.toMatchObject({ code: 'DAMAGED' });
  await expect(Database.open(Buffer.alloc(8192, 5))).rejects.toMatchObject({ code: 'DAMAGED' });
  await expect(Database.open(later)).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' });
  expect(database.inspect(new Uint8Array(0))).not.toBe('ok');
  expect(database.inspect(Buffer.alloc(8192, 5))).not.toBe('ok');
});

it('[I15] text comes back as it went in, whatever it begins with and holds', () => {
  const texts = [
    '',
    'a',
    '\ufeff',
    '\ufeffa',
    '\ufeff\ufeffb',
    `\ufeff${'long '.repeat(100)}`,
    'a\0b',
    '\u0000',
    '星雲',
  ];
  for (const text of texts) {
    database.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', [`key ${text}`, text]);
    expect(database.one('SELECT * FROM meta WHERE key = ?', [`key ${text}`])).toEqual({
      key: `key ${text}`,
      value: text,
    });
  }
  expect(database.one('SELECT count(*) AS count FROM meta')).toEqual({ count: texts.length });
});
