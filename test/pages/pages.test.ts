// A database over pages: it answers as one in memory does, keeps to its room, leaves nothing behind, and tells what failed.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import initSqlJs, { type SqlJsStatic } from 'sql.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { emptyDatabase } from '#storage/sqlite/pages/empty-database.ts';
import { ioFailure } from '#storage/sqlite/pages/io-failure.ts';
import { PAGE_BYTES } from '#storage/sqlite/pages/page-size.ts';
import { PageStore } from '#storage/sqlite/pages/page-store.ts';
import { PagedFile } from '#storage/sqlite/pages/paged-file.ts';
import { pagesWork } from '#storage/sqlite/pages/self-test.ts';
import { Spill } from '#storage/sqlite/pages/spill.ts';

const sqlJs = await initSqlJs();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-pages-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const scratch = (pages: number, files: Files = nodeFiles): Promise<Database> =>
  Database.scratch({ files, folder, roomBytes: pages * PAGE_BYTES });

const TABLE =
  'CREATE TABLE rows_of_test (id INTEGER PRIMARY KEY, body BLOB); CREATE INDEX by_body ON rows_of_test (body)';

type Deed =
  | { readonly kind: 'insert'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'remove'; readonly id: number }
  | { readonly kind: 'read' };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('insert' as const), id: fc.nat(60), bytes: fc.nat(20_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
);

function rows(database: Database): unknown {
  return database.all(
    'SELECT id, length(body) AS bytes, hex(substr(body, 1, 8)) AS head FROM rows_of_test ORDER BY body, id',
  );
}

function check(database: Database): unknown {
  return database.one('PRAGMA integrity_check')?.['integrity_check'];
}

describe('[PG1] a database over pages answers as one in memory, however few of them have room', () => {
  it('[PG1] with any statements, over a second connection too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 60 }), fc.constantFrom(1, 2, 5, 1_000), async (deeds, room) => {
        const paged = await scratch(room);
        const whole = await Database.open();
        for (const database of [paged, whole]) database.execute(TABLE);
        for (const each of deeds) {
          for (const database of [paged, whole]) {
            if (each.kind === 'read') rows(database);
            else if (each.kind === 'remove') database.run('DELETE FROM rows_of_test WHERE id = ?', [each.id]);
            else {
              const body = new Uint8Array(each.bytes).fill(each.id);
              database.run('INSERT OR REPLACE INTO rows_of_test VALUES (?, ?)', [each.id, body]);
            }
          }
        }
        expect(rows(paged)).toEqual(rows(whole));
        expect(check(paged)).toBe('ok');
        const pages = paged.handOver() as PagedFile;
        const again = new sqlJs.Database(pages as unknown as Uint8Array);
        const count = 'SELECT count(*) FROM rows_of_test';
        expect(again.exec(count)[0]?.values[0]?.[0]).toBe(whole.one(count)?.['count(*)']);
        expect(again.exec('PRAGMA integrity_check')[0]?.values).toEqual([['ok']]);
        again.close();
        pages.close();
        whole.close();
      }),
      { numRuns: 60 },
    );
  });

  it('[PG1] a part of a page, and bytes over several, are written like any others', () => {
    const store = new PageStore(2, new Spill(nodeFiles, folder));
    const file = new PagedFile(store);
    const bytes = Uint8Array.from({ length: 3 * PAGE_BYTES }, (_, at) => at % 251);
    file.set(bytes, 100);
    file.set(new Uint8Array([1, 2, 3]), PAGE_BYTES - 1);
    expect(file.length).toBe(4 * PAGE_BYTES);
    expect([...file.subarray(0, 102)].slice(98)).toEqual([0, 0, 0, 1]);
    expect([...file.subarray(PAGE_BYTES, PAGE_BYTES + 3)]).toEqual([2, 3, (PAGE_BYTES + 2 - 100) % 251]);
    expect([...file.subarray(9 * PAGE_BYTES, 9 * PAGE_BYTES + 2)]).toEqual([0, 0]);
    file.close();
  });
});

it('[PG1] the page of a database with nothing in it is one to SQLite, with pages of 4,096 bytes', () => {
  const database = new sqlJs.Database(emptyDatabase());
  const ask = (sql: string): unknown => database.exec(sql)[0]?.values[0]?.[0];
  expect(ask('PRAGMA page_size')).toBe(PAGE_BYTES);
  expect(ask('PRAGMA page_count')).toBe(1);
  expect(ask('PRAGMA integrity_check')).toBe('ok');
  expect(ask('SELECT count(*) FROM sqlite_schema')).toBe(0);
  database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
  expect(ask('PRAGMA encoding')).toBe('UTF-8');
  expect(ask('PRAGMA integrity_check')).toBe('ok');
  database.close();
});

describe('[PG2] what has no room in memory is in a file without a name, which goes with the database', () => {
  it.skipIf(process.platform === 'win32')('[PG2] nothing is left, whether it is closed or not', async () => {
    const database = await scratch(4);
    database.execute(TABLE);
    const body = new Uint8Array(100_000).fill(7);
    for (let id = 0; id < 20; id += 1) database.run('INSERT INTO rows_of_test VALUES (?, ?)', [id, body]);
    expect(readdirSync(folder)).toEqual([]);
    expect(rows(database)).toHaveLength(20);
    database.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('[PG2] where a file keeps its name as long as it is open, it goes when it is closed', async () => {
    let isOpen = true;
    const files: Files = {
      ...nodeFiles,
      remove(path) {
        if (isOpen) throw new OrreryError({ code: 'IO_FAILED', what: 'in use', hint: '', context: { file: path } });
        nodeFiles.remove(path);
      },
      close(handle) {
        nodeFiles.close(handle);
        isOpen = false;
      },
    };
    const spill = new Spill(files, folder);
    spill.write(3, new Uint8Array(PAGE_BYTES).fill(3));
    expect(readdirSync(folder)).toHaveLength(1);
    spill.close();
    expect(readdirSync(folder)).toEqual([]);
    spill.close();
  });

  it('[PG2] rows that are written in parts are all there, and a part is committed', async () => {
    const database = await scratch(8);
    database.execute(TABLE);
    const body = new Uint8Array(300_000).fill(1);
    database.inParts(
      (function* () {
        for (let id = 0; id < 40; id += 1) {
          database.run('INSERT INTO rows_of_test VALUES (?, ?)', [id, body]);
          yield body.length;
        }
      })(),
    );
    expect([...database.each('SELECT id FROM rows_of_test ORDER BY id')]).toHaveLength(40);
    expect(check(database)).toBe('ok');
    database.close();
  });
});

describe('[PG3] what stops a page from being read or written is told, and the database is of no use any more', () => {
  const full = (): OrreryError => new OrreryError({ code: 'DISK_FULL', what: 'the disk is full', hint: 'Free some.' });
  const body = new Uint8Array(200_000).fill(9);

  function fill(database: Database): void {
    for (let id = 0; id < 10; id += 1) database.run('INSERT INTO rows_of_test VALUES (?, ?)', [id, body]);
  }

  it('[PG3] a full disk', async () => {
    let isFull = false;
    const files: Files = {
      ...nodeFiles,
      write(...rest) {
        if (isFull) throw full();
        nodeFiles.write(...rest);
      },
    };
    const database = await scratch(4, files);
    database.execute(TABLE);
    fill(database);
    isFull = true;
    expect(() => database.run('UPDATE rows_of_test SET body = zeroblob(300000)', [])).toThrow(
      expect.objectContaining({ code: 'DISK_FULL' }),
    );
    isFull = false;
    expect(() => rows(database)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
    database.close();
  });

  for (const [name, damage] of [
    ['bytes that are not those that were written', (bytes: Uint8Array) => bytes.fill(0xff)],
    ['a file that has become shorter', (bytes: Uint8Array) => bytes.subarray(0, 100)],
  ] as const) {
    it(`[PG3] ${name}`, async () => {
      let isBad = false;
      const files: Files = {
        ...nodeFiles,
        readAt: (...rest) => (isBad ? damage(nodeFiles.readAt(...rest)) : nodeFiles.readAt(...rest)),
      };
      const database = await scratch(2, files);
      database.execute(TABLE);
      fill(database);
      isBad = true;
      expect(() => database.all('SELECT hex(body) FROM rows_of_test')).toThrow(
        expect.objectContaining({ code: 'DAMAGED', what: expect.stringMatching(/^page \d+ of a temporary file/) }),
      );
      database.close();
    });
  }

  it('[PG3] a statement that cuts the file: sql.js would go on with an array of its own', async () => {
    const database = await scratch(1_000);
    database.execute(TABLE);
    fill(database);
    database.execute('DELETE FROM rows_of_test WHERE id > 2');
    expect(() => database.execute('VACUUM')).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    expect(() => rows(database)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    database.close();
  });

  it('[PG3] what is no error of ours', () => {
    const odd = () => {
      throw new TypeError('odd');
    };
    const spill = { read: () => undefined, drop: () => undefined, has: () => false, write: odd } as unknown as Spill;
    const file = new PagedFile(new PageStore(1, spill));
    file.set(new Uint8Array(PAGE_BYTES), 0);
    expect(() => file.set(new Uint8Array(PAGE_BYTES), PAGE_BYTES)).toThrow('a page could not be read or written');
    expect(file.failure).toEqual(new TypeError('odd'));
  });

  it('[PG3] every build reads the number of the failure from a field of its own', () => {
    const failure = ioFailure(full()) as unknown as { readonly [field: string]: unknown };
    expect(failure['name']).toBe('ErrnoError');
    expect(failure['message']).toMatch(/page/);
    expect(failure['Sa']).toBe(8);
    expect(failure['errno']).toBe(8);
    expect(String((failure as unknown as Error).cause)).toContain('the disk is full');
    expect((failure as unknown as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]).toBeUndefined();
  });
});

describe('[PG4] whether a build of sql.js takes pages is tried, and in doubt it does not', () => {
  const require = createRequire(import.meta.url);

  for (const build of ['sql-wasm', 'sql-wasm-debug', 'sql-asm']) {
    it(`[PG4] ${build} does`, async () => {
      const made = (await require(`sql.js/dist/${build}.js`)()) as SqlJsStatic;
      expect(pagesWork(made)).toBe(true);
    });
  }

  type Made = (data?: Uint8Array) => object;
  const build = (make: Made): SqlJsStatic =>
    ({
      Database: class {
        constructor(data?: Uint8Array) {
          // biome-ignore lint/correctness/noConstructorReturn: it stands in for a class of sql.js
          return make(data);
        }
      },
    }) as unknown as SqlJsStatic;

  it('[PG4] one that copies what it is given, or that throws, does not', () => {
    const copies = build((data) => {
      return new sqlJs.Database(data && emptyDatabase());
    });
    expect(pagesWork(copies)).toBe(false);
    const throws = build((data) => {
      if (data) throw new Error('no arrays, please');
      return new sqlJs.Database();
    });
    expect(pagesWork(throws)).toBe(false);
  });

  const filled = (rows: number): object => {
    const database = new sqlJs.Database();
    database.exec('CREATE TABLE t (x TEXT)');
    for (let row = 0; row < rows; row += 1) database.run('INSERT INTO t VALUES (?)', [String(row)]);
    return database;
  };

  it.each<[string, (pages: PagedFile) => object]>([
    ['has other rows', () => filled(3)],
    ['does not read the pages', () => filled(24)],
    [
      'has them in memory and never reads them again',
      (pages) => {
        const bytes = new Uint8Array(pages.bytes);
        for (let at = 0; at < bytes.length; at += PAGE_BYTES) bytes.set(pages.subarray(at, at + PAGE_BYTES), at);
        return new sqlJs.Database(bytes);
      },
    ],
  ])('[PG4] one whose second connection %s does not', (_, second) => {
    let connections = 0;
    const made = build((data) => {
      connections += 1;
      return connections === 1 ? new sqlJs.Database(data) : second(data as unknown as PagedFile);
    });
    expect(pagesWork(made)).toBe(false);
    expect(connections).toBe(2);
  });

  it('[PG4] one that takes a page that cannot be read for a page of zeros does not', () => {
    const deaf = build((data) => {
      const pages = data as unknown as PagedFile | undefined;
      if (!pages) return new sqlJs.Database();
      const quiet = {
        get length() {
          return pages.length;
        },
        slice() {
          pages.slice();
          return this;
        },
        set: (bytes: Uint8Array, at: number) => pages.set(bytes, at),
        subarray(from: number, to: number) {
          try {
            return pages.subarray(from, to);
          } catch {
            return new Uint8Array(to - from);
          }
        },
      };
      return new sqlJs.Database(quiet as unknown as Uint8Array);
    });
    expect(pagesWork(deaf)).toBe(false);
  });
});
