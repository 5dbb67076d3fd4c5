// SQLite files that somebody made by hand: refused by their schema before anything in them is used, whatever their manifest says.

import initSqlJs, { type Database as Raw } from 'sql.js';
import { beforeAll, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { sha256 } from '#storage/sqlite/image/body.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { decodeManifest, encodeManifest, type Manifest } from '#storage/sqlite/image/manifest.ts';
import { commit, openOwner, toldNothing } from '../fault/shard-script.ts';
import { processorMs } from '../processor-time.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';

let folder: MemoryFolder;
let whole: Uint8Array;
let open: (bytes: Uint8Array) => Raw;

beforeAll(async () => {
  const sqlJs = await initSqlJs();
  open = (bytes) => new sqlJs.Database(new Uint8Array(bytes));
  folder = new MemoryFolder();
  const owner = await openOwner(folder);
  commit(owner, { a: 6 }, toldNothing());
  while (owner.checkpoint() === undefined);
  owner.abandon();
  whole = folder.bytesOf(folder.paths('image-').at(-1) as string);
});

function crafted(...sql: readonly string[]): Uint8Array {
  const database = open(whole);
  for (const each of sql) database.exec(each);
  const bytes = database.export();
  database.close();
  return bytes;
}

const WRITABLE = 'PRAGMA writable_schema = ON';

const SCHEMAS: { readonly [name: string]: readonly string[] } = {
  'a trigger': ['CREATE TRIGGER evil AFTER INSERT ON games BEGIN DELETE FROM snapshots; END'],
  'a trigger on what every opening writes': [
    'CREATE TRIGGER meta AFTER UPDATE ON games BEGIN UPDATE games SET seq = 0; END',
  ],
  'a view': ['CREATE VIEW others AS SELECT * FROM games'],
  'a view in the place of a table': [
    'DROP TABLE commands',
    'CREATE VIEW commands AS SELECT id AS game, 1 AS seq FROM games',
  ],
  'one more table': ['CREATE TABLE more (a)'],
  'one more index': ['CREATE INDEX faster ON patch_batches (time)'],
  'a table that is gone': ['DROP TABLE snapshots'],
  'a table with one more column': ['ALTER TABLE games ADD COLUMN note TEXT'],
  'a table with a computed column': ['ALTER TABLE games ADD COLUMN twice INTEGER AS (seq * 2)'],
  'a column with another name': ['ALTER TABLE games RENAME COLUMN tick TO tock'],
  'a table that is not strict': [
    WRITABLE,
    "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'games'",
  ],
  'a table with another check': [
    WRITABLE,
    "UPDATE sqlite_schema SET sql = replace(sql, 'length(sha) = 32', 'length(sha) > 0') WHERE name = 'snapshots'",
  ],
  'a default that calls a function': [
    WRITABLE,
    "UPDATE sqlite_schema SET sql = replace(sql, 'name   TEXT NOT NULL', 'name   TEXT DEFAULT (hex(randomblob(9)))') WHERE name = 'commands'",
  ],
  'a virtual table': [
    WRITABLE,
    "INSERT INTO sqlite_schema VALUES ('table', 'files', 'files', 0, 'CREATE VIRTUAL TABLE files USING fsdir(1)')",
  ],
  'two tables over the same pages': [
    WRITABLE,
    "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'snapshots') WHERE name = 'patch_batches'",
  ],
  'a schema that does not parse': [
    WRITABLE,
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE games (' WHERE name = 'games'",
  ],
  statistics: ['ANALYZE'],
  'no version': ['PRAGMA user_version = 0'],
  'a version below nothing': ['PRAGMA user_version = -1'],
};

async function refusal(bytes: Uint8Array): Promise<OrreryError> {
  const found = await Database.open(bytes).then(
    (database) => {
      database.close();
      return 'it was opened';
    },
    (error: unknown) => error,
  );
  expect(found).toBeInstanceOf(OrreryError);
  return found as OrreryError;
}

it('what is changed below is taken as it is', async () => {
  const database = await Database.open(crafted());
  expect(database.one('SELECT seq FROM games')).toEqual({ seq: 5 });
  database.close();
});

it.each(Object.keys(SCHEMAS))(
  '[HO10] %s: the image is refused, and so is the shard, by the name of the file',
  async (name) => {
    const bytes = crafted(...(SCHEMAS[name] as readonly string[]));
    expect((await refusal(bytes)).code).toBe('DAMAGED');
    const path = folder.paths('MANIFEST-').at(-1) as string;
    const file = folder.paths('image-').at(-1) as string;
    const manifest = decodeManifest(folder.bytesOf(path), path);
    const [newest] = manifest.images;
    const images = [{ ...newest, bytes: bytes.length, sha256: Buffer.from(sha256(bytes)).toString('hex') }];
    const damaged = folder.with(file, bytes).with(path, encodeManifest({ ...manifest, images } as Manifest));
    await expect(openOwner(damaged)).rejects.toMatchObject({ code: 'DAMAGED', context: { file } });
  },
);

it('[HO10] a trigger has not run by then', async () => {
  const bytes = crafted('CREATE TRIGGER evil AFTER INSERT ON meta BEGIN DELETE FROM snapshots; END');
  await refusal(bytes);
  expect(open(bytes).exec('SELECT count(*) FROM snapshots')[0]?.values).toEqual([[1]]);
});

it('[HO11] cells that claim more than there is, pages out of their range, cut files: typed, in bounded time, or whole', async () => {
  let random = 77;
  const next = (below: number): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((random / 2 ** 32) * below);
  };
  const began = processorMs();
  let refused = 0;
  for (let round = 0; round < 400; round += 1) {
    const bytes = Buffer.from(whole);
    const page = next(bytes.length / 4096) * 4096;
    // Headers of pages, pointers to cells, lengths of payloads: the first bytes of a page and of its last cells.
    const at = round % 2 === 0 ? page + next(40) : page + 4096 - 1 - next(400);
    for (let each = 0; each < 1 + next(9); each += 1)
      bytes[Math.min(bytes.length - 1, at + each)] = round % 3 === 0 ? 0xff : next(256);
    try {
      const database = await Database.open(bytes);
      try {
        for (const table of [
          'SELECT * FROM meta',
          'SELECT * FROM games',
          'SELECT * FROM snapshots',
          'SELECT * FROM patch_batches',
        ])
          database.all(table);
        database.all('PRAGMA integrity_check(3)');
      } finally {
        database.close();
      }
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error;
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(20);
  expect(processorMs() - began).toBeLessThan(20_000);
});

it('[HO12] a database is never made in the memory that its bytes were given in', async () => {
  const bytes = Buffer.from(whole);
  const database = await Database.open(bytes);
  database.run('UPDATE games SET seq = ?', [77]);
  database.execute('VACUUM');
  database.close();
  expect(bytes.equals(Buffer.from(whole))).toBe(true);
});
