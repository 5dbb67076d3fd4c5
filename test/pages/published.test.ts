// A database that goes on while an image of it is written, and from then on reads its pages from that image.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import initSqlJs from 'sql.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { imageName, openImagePages, publishImage } from '#storage/sqlite/image/image.ts';
import { CHECKER_IN_PLACE } from '#storage/sqlite/image/image-check.ts';
import { FilePages } from '#storage/sqlite/pages/file-pages.ts';
import { PageChecksums } from '#storage/sqlite/pages/page-checksums.ts';
import { PAGE_BYTES } from '#storage/sqlite/pages/page-size.ts';
import { PageStore } from '#storage/sqlite/pages/page-store.ts';
import { Spill } from '#storage/sqlite/pages/spill.ts';

const sqlJs = await initSqlJs();
const quick: Files = { ...nodeFiles, dataSync() {}, sync() {}, syncDirectory() {} };
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-pages-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Deed =
  | {
      readonly kind: 'write';
      readonly page: number;
      readonly fill: number;
      readonly from: number;
      readonly count: number;
    }
  | { readonly kind: 'read'; readonly page: number }
  | { readonly kind: 'freeze' }
  | { readonly kind: 'publish' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'cut'; readonly count: number };

const page = fc.nat(11);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      page,
      fill: fc.integer({ min: 1, max: 255 }),
      from: fc.constantFrom(0, 0, 100, PAGE_BYTES - 1),
      count: fc.constantFrom(1, 16, PAGE_BYTES),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), page }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'freeze' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'publish' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'drop' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), count: fc.nat(12) }) },
);

/** An array of bytes, which is what pages stand for. */
class Whole {
  pages: Uint8Array[] = [];

  write(at: number, bytes: Uint8Array, within: number): void {
    while (this.pages.length <= at) this.pages.push(new Uint8Array(PAGE_BYTES));
    (this.pages[at] as Uint8Array).set(bytes, within);
  }

  copy(): Uint8Array[] {
    return this.pages.map((each) => each.slice());
  }
}

it('[PG5] pages are those of an array of bytes, also frozen, published, dropped and cut, however few have room', () => {
  let files = 0;
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 80 }), fc.constantFrom(1, 3, 100), (deeds, room) => {
      const store = new PageStore(room, new Spill(quick, folder));
      const whole = new Whole();
      let frozen: { readonly pages: ReturnType<PageStore['freeze']>; readonly expected: Uint8Array[] } | undefined;
      const same = (bytes: Uint8Array | undefined, expected: Uint8Array | undefined): boolean =>
        Buffer.compare(bytes ?? new Uint8Array(PAGE_BYTES), expected ?? new Uint8Array(PAGE_BYTES)) === 0;
      for (const each of deeds) {
        if (each.kind === 'write') {
          const bytes = new Uint8Array(Math.min(each.count, PAGE_BYTES - each.from)).fill(each.fill);
          store.write(each.page, bytes, each.from);
          whole.write(each.page, bytes, each.from);
        } else if (each.kind === 'read') {
          expect(same(store.get(each.page), whole.pages[each.page])).toBe(true);
        } else if (each.kind === 'freeze') {
          frozen = { pages: store.freeze(), expected: whole.copy() };
        } else if (each.kind === 'cut') {
          if (frozen) {
            expect(() => store.cut(each.count)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
          } else if (each.count <= store.count) {
            store.cut(each.count);
            whole.pages.length = each.count;
          }
        } else if (frozen) {
          const { pages, expected } = frozen;
          frozen = undefined;
          expect(pages.count).toBe(expected.length);
          const checksums = new PageChecksums();
          files += 1;
          const handle = quick.createNew(join(folder, `published-${files}`));
          for (const [at, bytes] of expected.entries()) {
            expect(same(pages.read(at), bytes)).toBe(true);
            checksums.add(pages.read(at));
            quick.write(handle, pages.read(at), at * PAGE_BYTES);
          }
          if (each.kind === 'publish') store.rebase(new FilePages(quick, handle, checksums));
          else {
            store.thaw();
            quick.close(handle);
          }
        }
      }
      for (const [at, bytes] of whole.pages.entries()) expect(same(store.get(at), bytes)).toBe(true);
      expect(store.count).toBe(whole.pages.length);
      store.close();
    }),
    { numRuns: 400 },
  );
});

const TABLE = 'CREATE TABLE rows_of_test (id INTEGER PRIMARY KEY, body BLOB)';

function contents(database: Database): unknown {
  return database.all(
    'SELECT id, length(body) AS bytes, hex(substr(body, 1, 4)) AS head FROM rows_of_test ORDER BY id',
  );
}

/** What SQLite finds in the file by itself. */
function inFile(path: string): unknown {
  const other = new sqlJs.Database(new Uint8Array(nodeFiles.read(path)));
  expect(other.exec('PRAGMA integrity_check')[0]?.values).toEqual([['ok']]);
  const [found] = other.exec('SELECT id, length(body), hex(substr(body, 1, 4)) FROM rows_of_test ORDER BY id');
  other.close();
  return (found?.values ?? []).map(([id, bytes, head]) => ({ id, bytes, head }));
}

it('[PG5] an image holds the database as it was when it was begun, and the database goes on from it', async () => {
  const change = fc.record({ id: fc.nat(40), bytes: fc.nat(12_000), fill: fc.nat(255) });
  const round = fc.record({ before: fc.array(change, { maxLength: 30 }), between: fc.array(change, { maxLength: 6 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(round, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(2, 20, 2_000),
      async (rounds, room) => {
        const rooms = { files: quick, folder, roomBytes: room * PAGE_BYTES };
        let database = await Database.paged(rooms);
        database.execute(TABLE);
        const apply = ({ id, bytes, fill }: { id: number; bytes: number; fill: number }): void => {
          const body = new Uint8Array(bytes).fill(fill);
          database.run('INSERT OR REPLACE INTO rows_of_test VALUES (?, ?)', [id, body]);
        };
        for (const [at, { before, between }] of rounds.entries()) {
          for (const each of before) apply(each);
          const expected = contents(database);
          const generation = at + 1;
          const publishing = publishImage(quick, folder, generation, database.freeze(), database, CHECKER_IN_PLACE);
          let step = publishing.next();
          for (let slice = 0; !step.done; slice += 1) {
            const meanwhile = between[slice];
            if (meanwhile) apply(meanwhile);
            step = publishing.next();
          }
          const path = `${folder}/${imageName(generation)}`;
          expect(inFile(path)).toEqual(expected);
          const now = contents(database);
          expect(database.one('PRAGMA integrity_check')?.['integrity_check']).toBe('ok');
          if (at % 2 === 1) {
            // As an opening finds it.
            database.close();
            const entry = { generation, bytes: nodeFiles.size(path), sha256: step.value, frame: 0, chain: 0 };
            const pages = openImagePages(quick, folder, entry) as FilePages;
            database = await Database.paged(rooms, pages).catch(async (error: unknown) => {
              // The table of this test is none of Orrery's.
              expect(error).toMatchObject({ code: 'DAMAGED' });
              return Database.open();
            });
            database.close();
            database = await Database.paged(rooms);
            database.execute(TABLE);
          } else {
            expect(contents(database)).toEqual(now);
          }
          rmSync(path);
        }
        database.close();
      },
    ),
    { numRuns: 40 },
  );
});

it('[PG5] a database that was cut goes on, is published, and is as small as it should be', async () => {
  const database = await Database.paged({ files: quick, folder, roomBytes: 8 * PAGE_BYTES });
  database.execute(TABLE);
  const body = new Uint8Array(50_000).fill(1);
  for (let id = 0; id < 40; id += 1) database.run('INSERT INTO rows_of_test VALUES (?, ?)', [id, body]);
  const { bytes: before } = database.freeze();
  database.run('DELETE FROM rows_of_test WHERE id >= ?', [4]);
  const dropped = database.freeze();
  dropped.dropped();
  expect(database.shrink()).toBe(true);
  expect(database.shrink()).toBe(false);
  database.run('INSERT INTO rows_of_test VALUES (?, ?)', [99, body]);
  const content = database.freeze();
  expect(content.bytes).toBeLessThan(before / 4);
  const publishing = publishImage(quick, folder, 1, content, database, CHECKER_IN_PLACE);
  while (!publishing.next().done);
  expect(inFile(`${folder}/${imageName(1)}`)).toEqual(contents(database));
  database.run('UPDATE rows_of_test SET body = ? WHERE id = 1', [new Uint8Array(9)]);
  expect(contents(database)).toHaveLength(5);
  expect(database.one('PRAGMA integrity_check')?.['integrity_check']).toBe('ok');
  database.close();
});

it('[PG6] a page of the image that is not what it was is told with its file, and nothing is answered from then on', async () => {
  let isBad = false;
  const files: Files = {
    ...quick,
    readAt(...of) {
      const bytes = quick.readAt(...of);
      if (isBad) bytes[17] = (bytes[17] as number) ^ 1;
      return bytes;
    },
  };
  const database = await Database.paged({ files, folder, roomBytes: 4 * PAGE_BYTES });
  database.execute(TABLE);
  for (let id = 0; id < 40; id += 1) {
    database.run('INSERT INTO rows_of_test VALUES (?, ?)', [id, new Uint8Array(20_000).fill(id)]);
  }
  const publishing = publishImage(files, folder, 1, database.freeze(), database, CHECKER_IN_PLACE);
  while (!publishing.next().done);
  expect(database.failure).toBeUndefined();
  isBad = true;
  const failure = { code: 'DAMAGED', what: expect.stringMatching(/^page \d+ of an image is not what it was/) };
  const ask = () => database.all('SELECT sum(length(hex(body))) FROM rows_of_test');
  expect(ask).toThrow(expect.objectContaining(failure));
  isBad = false;
  expect(ask).toThrow(expect.objectContaining(failure));
  expect(database.failure).toMatchObject({ context: { file: `${folder}/${imageName(1)}` } });
  database.close();
});

it('[PG6] an image that fails to be written leaves the database as it is', async () => {
  const full: Files = {
    ...quick,
    write(handle, bytes, position) {
      if (handle.path.includes('image-')) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      quick.write(handle, bytes, position);
    },
  };
  const database = await Database.paged({ files: full, folder, roomBytes: 4 * PAGE_BYTES });
  database.execute(TABLE);
  database.run('INSERT INTO rows_of_test VALUES (?, ?)', [1, new Uint8Array(40_000)]);
  const publishing = publishImage(full, folder, 1, database.freeze(), database, CHECKER_IN_PLACE);
  expect(() => {
    while (!publishing.next().done);
  }).toThrow('full');
  database.run('INSERT INTO rows_of_test VALUES (?, ?)', [2, new Uint8Array(40_000)]);
  expect(contents(database)).toHaveLength(2);
  const again = publishImage(quick, folder, 2, database.freeze(), database, CHECKER_IN_PLACE);
  while (!again.next().done);
  expect(inFile(`${folder}/${imageName(2)}`)).toEqual(contents(database));
  database.close();
});
