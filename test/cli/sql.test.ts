// `orrery sql`: what a statement sees, what it cannot do, when it ends, how its rows are printed.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineGame, type Orrery, openOrrery, table } from '#index.ts';
import { pack, packMember } from '#storage/sqlite/image/body.ts';
import { inflate } from '#storage/sqlite/query/answer.ts';
import { type Ended, emptyFolder, fingerprint, orrery, orreryOn, removeFolders } from './command-line.ts';

interface Ship {
  id: string;
  x: number;
  name: string;
  cargo: string[];
}

const fleet = defineGame('fleet', {
  version: 1,
  history: 'commands',
  initial: () => ({ ships: table<Ship>(), flag: 'none' }),
  commands: {
    launch(draft, { id, x }: { id: string; x: number }) {
      draft.ships.set(id, { id, x, name: `ship ${id}`, cargo: [] });
    },
    load(draft, { id, what }: { id: string; what: string }) {
      draft.ships.get(id)?.cargo.push(what);
    },
    rename(draft, { id, name }: { id: string; name: string }) {
      const ship = draft.ships.get(id);
      if (ship) ship.name = name;
    },
  },
  projections: {
    ships: { from: 'ships', columns: { x: 'INTEGER', name: 'TEXT', cargo: 'JSON' }, unique: [['game', 'x']] },
  },
});

const GAMES = ['alpha', 'beta', 'gamma', 'delta'];

let directory: string;
let live: Orrery;

beforeAll(async () => {
  directory = emptyFolder();
  live = await openOrrery({ directory, games: [fleet], shards: 3 });
  for (const [index, id] of GAMES.entries()) {
    const game = await live.open(fleet, id);
    game.dispatch('launch', { id: 'a', x: index }, { player: 'ada' });
    game.dispatch('launch', { id: 'b', x: 100 }, { player: 'bob' });
  }
  await live.checkpoint();
  // From here on it is in the journal only, and the program goes on having the directory open.
  for (const id of GAMES) {
    const game = await live.load(fleet, id);
    game.dispatch('load', { id: 'a', what: 'ore' }, { player: 'ada' });
    game.dispatch('rename', { id: 'b', name: 'evil \u001b[31m\nname' }, { player: 'eve' });
  }
  await live.flush();
});
afterAll(async () => {
  await live.close();
  removeFolders();
});

const ask = (sql: string, ...options: string[]): Promise<Ended> => orrery('sql', directory, sql, ...options);
async function rows(sql: string, ...options: string[]): Promise<unknown[]> {
  const { stdout, stderr, status } = await ask(sql, '--json', ...options);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout === ''
    ? []
    : stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
}

describe('what it sees', () => {
  it('[PJ7] every game of every shard, as it is after the newest record', async () => {
    expect(await rows('SELECT id, seq FROM games ORDER BY id')).toEqual(
      [...GAMES].sort().map((id) => ({ id, seq: 4 })),
    );
    expect(await rows("SELECT id, x, cargo FROM ships WHERE game = 'gamma' ORDER BY id")).toEqual([
      { id: 'a', x: 2, cargo: '["ore"]' },
      { id: 'b', x: 100, cargo: '[]' },
    ]);
    expect(await rows('PRAGMA foreign_key_check')).toEqual([]);
  });

  it('[PJ7] one shard alone, when asked', async () => {
    const counts = await Promise.all(
      ['0', '1', '2'].map(async (shard) => (await rows('SELECT id FROM games', '--shard', shard)).length),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(GAMES.length);
    expect(await ask('SELECT 1', '--shard', '3')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('0 to 2'),
    });
  });

  it('[PJ7] who changed something, by the commands and their patches', async () => {
    const sql = `SELECT c.game, c.seq, c.player, c.name, p.op, p.value
      FROM patches p JOIN commands c ON c.game = p.game AND c.seq BETWEEN p.first_seq AND p.last_seq
      WHERE p.path = '/ships/b/name' AND p.game = 'beta'`;
    expect(await rows(sql)).toEqual([
      { game: 'beta', seq: 4, player: 'eve', name: 'rename', op: 'replace', value: '"evil \\u001b[31m\\nname"' },
    ]);
    expect(await rows('SELECT player, count(*) AS n FROM commands GROUP BY 1 ORDER BY 1')).toEqual([
      { player: 'ada', n: 8 },
      { player: 'bob', n: 4 },
      { player: 'eve', n: 4 },
    ]);
  });

  it('[PJ7] bodies, through inflate', async () => {
    const sql = `SELECT json_extract(inflate(body), '$.flag') AS flag FROM snapshots WHERE game = 'alpha' AND seq = 0`;
    expect(await rows(sql)).toEqual([{ flag: 'none' }]);
    const json = JSON.stringify({ a: 'é' });
    expect(inflate(pack(json))).toBe(json);
    expect(inflate(Buffer.concat([packMember(Buffer.from('{"a":')), packMember(Buffer.from('"é"}'))]))).toBe(json);
    expect(inflate(Buffer.from(json))).toBe(json);
    expect(inflate(null)).toBeNull();
    expect(() => inflate(7)).toThrow('blob');
    expect(await ask("SELECT inflate(x'789c0000')")).toMatchObject({ status: 2 });
  });
});

describe('what it does not do', () => {
  it.each([
    'DELETE FROM games',
    "INSERT INTO meta VALUES ('a', 'b')",
    'CREATE TABLE more (a)',
    'UPDATE ships SET x = 0 RETURNING x',
    'DROP TABLE ships',
    'PRAGMA query_only = OFF',
    "ATTACH ':memory:' AS other",
    "VACUUM INTO 'elsewhere.sqlite'",
    'BEGIN',
    'SAVEPOINT here',
  ])('[PJ8] refused: %s', async (sql) => {
    const { status, stdout, stderr } = await ask(sql);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('would write');
  });

  it('[PJ8] leaves every file as it was', async () => {
    const copy = fingerprint(directory);
    await ask('PRAGMA query_only = OFF');
    await ask("ATTACH 'elsewhere.sqlite' AS other");
    await ask('SELECT * FROM commands, patches');
    expect(fingerprint(directory)).toEqual(copy);
  });

  it('[PJ8] more than one statement, none, and what SQLite does not understand', async () => {
    const two = await ask('SELECT 1; DELETE FROM games');
    expect(two).toMatchObject({ status: 2, stdout: '' });
    expect(two.stderr).toContain('more than one statement');
    expect(await rows('SELECT 1 AS one; -- that is all\n /* really */ ;')).toEqual([{ one: 1 }]);
    expect((await ask(' -- nothing')).stderr).toContain('no statement');
    const wrong = await ask('SELECT missing FROM ships', '--json');
    expect(wrong.status).toBe(2);
    expect(JSON.parse(wrong.stderr)).toMatchObject({
      error: {
        code: 'INVALID_SQL',
        message: expect.stringContaining('no such column: missing'),
        context: { sql: 'SELECT missing FROM ships' },
      },
    });
  });

  it('[PJ8] a directory that is not there', async () => {
    expect(await orrery('sql', emptyFolder(), 'SELECT 1')).toMatchObject({ status: 3 });
  });
});

const COUNT = 'WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t';

describe('where it ends', () => {
  it('[PJ9] after so many rows, and says that there are more', async () => {
    const ended = await ask(`${COUNT} LIMIT 5000) SELECT n FROM t`);
    expect(ended.status).toBe(0);
    expect(ended.stdout.trimEnd().split('\n').length).toBe(1001);
    expect(ended.stderr).toContain('more than 1000 rows');
    expect(await rows(`${COUNT} LIMIT 300) SELECT n FROM t`, '--limit', '300')).toHaveLength(300);
    expect((await ask(`${COUNT} LIMIT 4) SELECT n FROM t`, '--limit', '3')).stderr).toContain('more than 3 rows');
  });

  it('[PJ9] after so long, with what it has found', async () => {
    const ended = await ask(`${COUNT}) SELECT n FROM t WHERE n <= 200 OR n < 0`, '--timeout', '1');
    expect(ended.status).toBe(5);
    expect(ended.stderr).toContain('stopped after 1 s');
    expect(ended.stdout.trimEnd().split('\n').length).toBe(201);
  });

  it('[PJ9] limits that are none are usage errors', async () => {
    for (const option of [
      ['--limit', '0'],
      ['--timeout', '-1'],
      ['--timeout', '90000'],
      ['--shard', 'x'],
    ]) {
      expect(await ask('SELECT 1', ...option)).toMatchObject({ status: 2, stdout: '' });
    }
  });
});

describe('how it prints', () => {
  const ODD =
    "SELECT 9007199254740993 AS big, -1 AS small, 0.5 AS half, x'00ff' AS blob, NULL AS nil, 'é' AS word, 'é' AS word";

  it('[PJ10] columns with their names, numbers to the right', async () => {
    const { stdout } = await ask(`${ODD} UNION ALL SELECT 1, -10, 1, x'', 1, 'longer', 'last'`);
    expect(stdout).toBe(
      [
        '             big  small  half  blob      nil  word    word',
        "9007199254740993     -1   0.5  x'00ff'  NULL  é       é",
        "               1    -10     1  x''         1  longer  last",
        '',
      ].join('\n'),
    );
  });

  it('[PJ10] as JSON, a key for every column', async () => {
    expect(await rows(ODD)).toEqual([
      { big: '9007199254740993', small: -1, half: 0.5, blob: "x'00ff'", nil: null, word: 'é', 'word:2': 'é' },
    ]);
  });

  it('[PJ10] as JSON, numbers that JSON does not have', async () => {
    expect(await rows('SELECT 1e308 * 10 AS much, -1e308 * 10 AS little')).toEqual([
      { much: 'Infinity', little: '-Infinity' },
    ]);
  });

  it('[PJ10] nothing that a terminal would obey', async () => {
    const { stdout } = await orreryOn(
      { columns: 60 },
      'sql',
      directory,
      'SELECT name, game FROM ships ORDER BY 1 LIMIT 1',
    );
    expect(stdout).toContain('evil \\u001b[31m\\u000aname');
    const named = await ask('SELECT 1 AS "a\u001b[31mb"');
    expect(named.stdout).not.toContain('\u001b');
  });

  it('[PJ10] no rows: the names of the columns alone, or nothing as JSON', async () => {
    expect((await ask('SELECT id, x FROM ships WHERE 0')).stdout).toBe('id  x\n');
    expect(await rows('SELECT id FROM ships WHERE 0')).toEqual([]);
  });
});

describe('values at the edge', () => {
  const MARK = '\ufeff';
  const EDGE = 2 ** 53;

  it('[PJ12] text that begins with U+FEFF is told from text that does not; whole numbers are exact up to 2^53', async () => {
    const marked = defineGame(`${MARK}fleet`, fleet);
    const place = emptyFolder();
    for (const round of [1, 2]) {
      // The second time the type is found by the name that the image has.
      await using open = await openOrrery({ directory: place, games: [marked], commandIndex: true });
      const game = await open.open(marked, 'one');
      if (round === 2) break;
      game.dispatch('launch', { id: 'a', x: EDGE }, { player: 'ada' });
      game.dispatch('launch', { id: `${MARK}a`, x: -EDGE }, { player: `${MARK}ada` });
      game.dispatch('launch', { id: 'b', x: EDGE + 2 });
    }
    const of = (sql: string, ...options: string[]): Promise<Ended> => orrery('sql', place, sql, ...options);
    const documents = async (sql: string): Promise<unknown[]> =>
      (await of(sql, '--json')).stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
    expect(await documents('SELECT id, x FROM ships ORDER BY id')).toEqual([
      { id: 'a', x: EDGE },
      { id: 'b', x: null },
      { id: `${MARK}a`, x: -EDGE },
    ]);
    expect(await documents('SELECT player FROM commands ORDER BY seq')).toEqual([
      { player: 'ada' },
      { player: `${MARK}ada` },
      { player: null },
    ]);
    expect((await of('SELECT id FROM ships ORDER BY id')).stdout).toBe('id\na\nb\n\\ufeffa\n');
    expect(await documents('SELECT 9007199254740992 AS edge, 9007199254740993 AS beyond')).toEqual([
      { edge: EDGE, beyond: '9007199254740993' },
    ]);
    expect(await orrery('check', place)).toMatchObject({ status: 0 });
  });
});
