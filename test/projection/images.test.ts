// Images with projected tables: what is made, made anew, refused and left out.

import initSqlJs from 'sql.js';
import { describe, expect, it } from 'vitest';
import type { Json, Patch } from '#core/patch/patch.ts';
import { encodeRecord, type Record } from '#core/patch/record.ts';
import type { Projections } from '#core/projection/definition.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { copyGame } from '#storage/sqlite/image/game-tables.ts';
import { Owner } from '#storage/sqlite/worker/owner.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';

const UNIQUE: Projections = {
  ships: { from: 'ships', columns: { x: 'INTEGER' }, unique: [['game', 'x']] },
  crews: { from: 'ships/*/crew/#', key: ['ship', 'place'], columns: { name: { path: '', type: 'TEXT' } } },
};

function open(folder: MemoryFolder, projections?: { [type: string]: Projections | null }): Promise<Owner> {
  return Owner.open(folder, {
    directory: '/memory/shard-00',
    shard: 0,
    granularities: new Map([['fleet', 'commands']]),
    sliceMs: 1000,
    checkpointBytes: 1 << 20,
    maxImageBytes: 1 << 26,
    commandIndex: false,
    ...(projections ? { projections: new Map(Object.entries(projections)) } : {}),
  });
}

function commit(owner: Owner, game: string, seq: number, ...patches: Patch[]): void {
  const made = seq === 0 ? { command: '@create', type: 'fleet', version: 1, tables: ['ships'] } : { command: 'go' };
  const record: Record = { game, seq, tick: seq, time: 1_700_000_000_000 + seq, ...made, patches };
  const payload = new TextEncoder().encode(`${encodeRecord(record)}\n`);
  owner.commit({ payload, count: 1, spans: [{ game, firstSeq: seq, lastSeq: seq }] });
}

const whole = (value: Json): Patch => ({ op: 'replace', path: [], value });
const x = (ship: string, value: number): Patch => ({ op: 'replace', path: ['ships', ship, 'x'], value });

function imageOf(folder: MemoryFolder): Buffer {
  return folder.bytesOf(folder.paths('image-').at(-1) as string);
}

async function read(folder: MemoryFolder, sql: string): Promise<readonly object[]> {
  const database = await Database.open(imageOf(folder));
  try {
    return database.all(sql);
  } finally {
    database.close();
  }
}

const FLEET = { ships: { a: { x: 1, crew: ['ann', 'bob'] }, b: { x: 2, crew: [] } } };

async function published(projections: { [type: string]: Projections | null }): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  const owner = await open(folder, projections);
  commit(owner, 'g', 0, whole(FLEET));
  commit(owner, 'h', 0, whole(FLEET));
  owner.close();
  return folder;
}

describe('tables that come and go', () => {
  const BOTH = [
    { game: 'g', id: 'a', x: 1 },
    { game: 'g', id: 'b', x: 2 },
    { game: 'h', id: 'a', x: 1 },
    { game: 'h', id: 'b', x: 2 },
  ];

  it('[PJ2] are filled from the states of games that were there before', async () => {
    const folder = await published({ fleet: null });
    expect(await read(folder, "SELECT name FROM sqlite_schema WHERE name IN ('ships', 'crews')")).toEqual([]);
    const owner = await open(folder, { fleet: UNIQUE });
    expect(owner.recovery.reprojected).toEqual({ types: ['fleet'], games: 2 });
    owner.abandon();
    expect(await read(folder, 'SELECT * FROM ships')).toEqual(BOTH);
    const again = await open(folder, { fleet: UNIQUE });
    expect(again.recovery.reprojected).toBeUndefined();
    again.close();
  });

  it('[PJ2] stay, and are kept, when somebody opens the directory who does not know the game type', async () => {
    const folder = await published({ fleet: UNIQUE });
    const owner = await open(folder);
    expect(owner.recovery.reprojected).toBeUndefined();
    commit(owner, 'g', 1, x('a', 7));
    owner.close();
    expect(await read(folder, "SELECT x FROM ships WHERE game = 'g' ORDER BY x")).toEqual([{ x: 2 }, { x: 7 }]);
  });

  it('[PJ2] go when the game type no longer declares them', async () => {
    const folder = await published({ fleet: UNIQUE });
    (await open(folder, { fleet: null })).close();
    expect(await read(folder, "SELECT name FROM sqlite_schema WHERE name IN ('ships', 'crews')")).toEqual([]);
    expect(await read(folder, 'SELECT projections FROM types')).toEqual([{ projections: null }]);
  });

  it('[PJ3] another game type cannot claim a table that the image has', async () => {
    const folder = await published({ fleet: UNIQUE });
    const before = imageOf(folder);
    await expect(open(folder, { army: { Ships: { from: 'a', columns: {} } } })).rejects.toMatchObject({
      code: 'INVALID_GAME_TYPE',
      context: { table: 'Ships' },
    });
    expect(imageOf(folder)).toEqual(before);
  });
});

describe('uniqueness', () => {
  it('[PJ5] rows may trade places, within a command and between commands', async () => {
    const folder = await published({ fleet: UNIQUE });
    const owner = await open(folder, { fleet: UNIQUE });
    commit(owner, 'g', 1, x('a', 2), x('b', 1));
    commit(owner, 'g', 2, x('b', 3));
    commit(owner, 'g', 3, x('a', 1));
    owner.close();
    expect(await read(folder, "SELECT id, x FROM ships WHERE game = 'g'")).toEqual([
      { id: 'a', x: 1 },
      { id: 'b', x: 3 },
    ]);
  });

  it('[PJ5] a game that breaks it is left out and named, until it no longer does', async () => {
    const folder = await published({ fleet: UNIQUE });
    const owner = await open(folder, { fleet: UNIQUE });
    commit(owner, 'g', 1, x('a', 2));
    commit(owner, 'h', 1, x('a', 5));
    while (owner.checkpoint() === undefined);
    expect(await read(folder, 'SELECT game, id, x FROM ships')).toEqual([
      { game: 'h', id: 'a', x: 5 },
      { game: 'h', id: 'b', x: 2 },
    ]);
    expect(await read(folder, "SELECT count(*) AS n FROM crews WHERE game = 'g'")).toEqual([{ n: 0 }]);
    const [fault] = await read(folder, "SELECT key, value FROM meta WHERE key LIKE 'projection_fault/%'");
    expect(fault).toMatchObject({ key: 'projection_fault/g' });
    expect(JSON.parse((fault as { value: string }).value)).toEqual({
      seq: 1,
      reason: 'UNIQUE constraint failed: ships.game, ships.x',
    });
    // The records are as durable as ever, and the next may mend it: in another opening, too.
    owner.close();
    const again = await open(folder, { fleet: UNIQUE });
    commit(again, 'g', 2, x('b', 9));
    again.close();
    expect(await read(folder, "SELECT id, x FROM ships WHERE game = 'g'")).toEqual([
      { id: 'a', x: 2 },
      { id: 'b', x: 9 },
    ]);
    expect(await read(folder, "SELECT key FROM meta WHERE key LIKE 'projection_fault/%'")).toEqual([]);
  });
});

describe('images from a disk', () => {
  async function crafted(folder: MemoryFolder, ...sql: readonly string[]): Promise<Uint8Array> {
    const sqlJs = await initSqlJs();
    const database = new sqlJs.Database(new Uint8Array(imageOf(folder)));
    for (const each of sql) database.exec(each);
    const bytes = database.export();
    database.close();
    return bytes;
  }

  const evil = (projections: unknown): string =>
    `UPDATE types SET projections = '${JSON.stringify(projections).replaceAll("'", "''")}'`;

  it.each([
    ['a projected table with one more column', ['ALTER TABLE ships ADD COLUMN y INTEGER']],
    ['an index on a projected table', ['CREATE INDEX fast ON ships (x)']],
    ['a trigger on a projected table', ['CREATE TRIGGER t AFTER INSERT ON ships BEGIN DELETE FROM games; END']],
    ['a view in the place of a projected table', ['DROP TABLE ships', 'CREATE VIEW ships AS SELECT 1 AS game']],
    ['a table of nobody', ['CREATE TABLE more (a)']],
    ['tables that no type declares', ['UPDATE types SET projections = NULL']],
    ['a definition that is not JSON', ["UPDATE types SET projections = '{'"]],
    ['a definition nested without end', [`UPDATE types SET projections = '${'['.repeat(50_000)}'`]],
    ['a definition with SQL in it', [evil({ 'a" (x); DROP TABLE games; --': { from: 'a', columns: {} } })]],
    ['a definition that claims a table of Orrery', [evil({ snapshots: { from: 'a', columns: {} } })]],
    [
      'two types that declare one table',
      ["INSERT INTO types SELECT 'other', history, retention, projections FROM types"],
    ],
  ])('[PJ4] refused: %s', async (_what, sql) => {
    const bytes = await crafted(await published({ fleet: UNIQUE }), ...sql);
    await expect(Database.open(bytes)).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  it('[PJ4] an image whose tables are as its types declare them is taken', async () => {
    const database = await Database.open(await crafted(await published({ fleet: UNIQUE })));
    expect(database.all('SELECT count(*) AS n FROM crews')).toEqual([{ n: 4 }]);
    database.close();
  });

  it('[PJ4] tables that are declared and not there are made, whoever opens the directory', async () => {
    const folder = await published({ fleet: null });
    const projections = JSON.stringify(UNIQUE).replaceAll("'", "''");
    // As when a game is taken in from a pack, with what its type declares.
    const bytes = await crafted(
      folder,
      `INSERT INTO types (name, history, projections) VALUES ('fleet', 'ticks', '${projections}')
       ON CONFLICT (name) DO UPDATE SET projections = excluded.projections`,
    );
    const database = await Database.open(bytes);
    expect(database.all("SELECT name FROM sqlite_schema WHERE name = 'ships'")).toEqual([]);
    const options = { granularityOf: () => undefined, commandIndex: false, projections: new Map() };
    const compaction = new Compaction(database, options, { frame: 0, chain: 0 });
    expect(compaction.reprojection).toEqual({ types: ['fleet'], games: 2 });
    expect(database.all('SELECT count(*) AS n FROM ships')).toEqual([{ n: 4 }]);
    database.close();
  });

  describe('a game whose rows were put in by somebody else', () => {
    const WRITING = { granularityOf: () => undefined, commandIndex: false, projections: new Map() };

    it('[PJ4] is shown in the tables of its type, and no longer when it is taken out', async () => {
      const bytes = await crafted(await published({ fleet: UNIQUE }));
      const [from, to] = [await Database.open(bytes), await Database.open(bytes)];
      const compaction = new Compaction(to, WRITING, { frame: 0, chain: 0 });
      copyGame(from, to, 'g', 'newcomer');
      compaction.adopt('newcomer');
      const rows = (): unknown => to.all("SELECT id, x FROM ships WHERE game = 'newcomer'");
      expect(rows()).toEqual([
        { id: 'a', x: 1 },
        { id: 'b', x: 2 },
      ]);
      compaction.disown('newcomer');
      expect(rows()).toEqual([]);
      expect(to.all('SELECT count(*) AS n FROM ships')).toEqual([{ n: 4 }]);
      from.close();
      to.close();
    });

    it.each([
      ['that is not JSON', '{'],
      ['that claims a table of another type', JSON.stringify({ ships: { from: '', columns: {} } })],
      ['that claims a table of Orrery', JSON.stringify({ games: { from: '', columns: {} } })],
    ])('[PJ4] brings no definition %s', async (_what, text) => {
      const bytes = await crafted(await published({ fleet: UNIQUE }));
      const [from, to] = [await Database.open(bytes), await Database.open(bytes)];
      const compaction = new Compaction(to, WRITING, { frame: 0, chain: 0 });
      copyGame(from, to, 'g', 'newcomer');
      to.run("UPDATE games SET type = 'strange' WHERE id = ?", ['newcomer']);
      to.run("INSERT INTO types (name, history, projections) VALUES ('strange', 'ticks', ?)", [text]);
      compaction.adopt('newcomer');
      expect(to.all("SELECT projections FROM types WHERE name = 'strange'")).toEqual([{ projections: null }]);
      const again = await Database.open(to.export());
      expect(again.all('SELECT count(*) AS n FROM ships')).toEqual([{ n: 4 }]);
      for (const database of [from, to, again]) database.close();
    });
  });
});
