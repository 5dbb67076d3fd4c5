// Records that put a whole state in the place of the one before: what stands before them, at them and behind them can be read,
// whatever had gathered, and the image says what they said.

import { afterEach, expect, it } from 'vitest';
import { encodeRecord, type Record } from '#core/patch/record.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import type { Granularity } from '#storage/sqlite/compaction/pending-row.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { readGame, readQuarantine } from '#storage/sqlite/image/rows.ts';

const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

const TIME = 1_700_000_000_000;

function record(seq: number, parts: Partial<Record>): string {
  return encodeRecord({
    game: 'g',
    seq,
    tick: Math.floor(seq / 3),
    time: TIME + seq,
    command: 'set',
    patches: [],
    ...parts,
  });
}

function whole(seq: number, command: string, state: object, parts: Partial<Record> = {}): string {
  const patches = [{ op: 'replace', path: [], value: state as never }] as const;
  return record(seq, { command, version: 1, tables: [], patches, ...parts });
}

function set(seq: number, value: number): string {
  return record(seq, { patches: [{ op: 'replace', path: ['n'], value }] });
}

async function compacted(granularity: Granularity, lines: readonly string[], flushAfter: number): Promise<Compaction> {
  const database = await Database.open();
  databases.push(database);
  const compaction = new Compaction(
    database,
    { granularityOf: () => granularity, commandIndex: false },
    { frame: 0, chain: 0 },
  );
  for (const [index, line] of lines.entries()) {
    const taking = compaction.take(Buffer.from(`${line}\n`, 'utf8'), { frame: index + 1, chain: index });
    while (!taking.next().done);
    if (index === flushAfter) compaction.flush({});
  }
  return compaction;
}

const STORY = [
  whole(0, '@create', { n: 0 }, { type: 'counter' }),
  set(1, 1),
  set(2, 2),
  whole(3, '@migrate', { n: 2, units: {} }, { version: 2, tables: ['units'], args: { from: 1, to: 2 } }),
  set(4, 4),
  set(5, 5),
  whole(
    6,
    '@recover',
    { n: 4, units: {} },
    {
      version: 2,
      tables: ['units'],
      args: { mode: 'point', reason: 'cheating', givenUp: [5, 5] },
    },
  ),
  set(7, 7),
];

for (const granularity of ['commands', 'ticks', 'batches'] as const) {
  it(`[WS1] every moment around whole states folds exactly, with granularity ${granularity}, wherever rows end`, async () => {
    for (let flushAfter = -1; flushAfter < STORY.length; flushAfter += 1) {
      const compaction = await compacted(granularity, STORY, flushAfter);
      const states = [2, 3, 5, 6, 7].map((seq) => JSON.stringify(compaction.fold('g', seq)?.state));
      expect(states, `flushed after ${flushAfter}`).toEqual([
        '{"n":2}',
        '{"n":2,"units":{}}',
        '{"n":5,"units":{}}',
        '{"n":4,"units":{}}',
        '{"n":7,"units":{}}',
      ]);
      const steps = [...compaction.steps('g', 0, 7)];
      expect(steps.map(({ lastSeq }) => lastSeq)).toEqual(expect.arrayContaining([2, 3, 5, 6, 7]));
      expect(steps.map(({ firstSeq }) => firstSeq)[0]).toBe(1);
      for (const [index, step] of steps.entries()) {
        if (index > 0) expect(step.firstSeq).toBe((steps[index - 1]?.lastSeq ?? 0) + 1);
      }
      const loaded = compaction.load('g');
      expect(loaded?.row).toMatchObject({ version: 2, tables: ['units'], seq: 7, tick: 2, records: 7 });
    }
  });
}

it('[WS2] a migration sets the version, a recovery leaves word of what it gave up, both keep their arguments', async () => {
  const compaction = await compacted('ticks', STORY, 3);
  compaction.flush({});
  const database = databases.at(-1) as Database;
  expect(readGame(database, 'g')).toMatchObject({ version: 2, seq: 7, snapshotSeq: 6, parent: undefined });
  expect(readQuarantine(database, 'g')).toEqual([
    { game: 'g', firstSeq: 5, lastSeq: 5, time: TIME + 6, mode: 'point', reason: 'cheating' },
  ]);
  const commands = [...compaction.commands('g', 0, 7)];
  expect(commands.map(({ name }) => name)).toEqual(['set', 'set', '@migrate', 'set', 'set', '@recover', 'set']);
  expect(commands[2]?.args).toEqual({ from: 1, to: 2 });
  expect(database.all('SELECT seq, reason, version FROM snapshots ORDER BY seq')).toEqual([
    { seq: 0, reason: 'create', version: 1 },
    { seq: 3, reason: 'migrate', version: 2 },
    { seq: 6, reason: 'recover', version: 2 },
  ]);
});

it('[WS3] a fork says where it comes from', async () => {
  const fork = whole(0, '@create', { n: 2 }, { type: 'counter', args: { fork: { game: 'other', seq: 12 } } });
  const compaction = await compacted('ticks', [fork], 0);
  expect(compaction.game('g')).toMatchObject({ parent: 'other', parentSeq: 12, seq: 0 });
});

it('[WS4] a whole-state record without a whole state, or out of turn, is kept as it stands', async () => {
  const bad: readonly (readonly [string, string])[] = [
    ['no patch', record(3, { command: '@migrate', version: 2, tables: [] })],
    [
      'a part',
      record(3, { command: '@recover', version: 1, tables: [], patches: [{ op: 'replace', path: ['n'], value: 1 }] }),
    ],
    ['no version', record(3, { command: '@migrate', tables: [], patches: [{ op: 'replace', path: [], value: {} }] })],
    ['a list', whole(3, '@recover', [])],
    ['a gap', whole(4, '@recover', { n: 1 })],
    ['a repetition', whole(2, '@recover', { n: 1 })],
  ];
  for (const [story, line] of bad) {
    const compaction = await compacted('ticks', [...STORY.slice(0, 3), line], -1);
    expect(compaction.unreadable, story).toMatchObject([{ records: 1, frame: 4 }]);
    expect(compaction.games()[0], story).toMatchObject({ seq: 2 });
  }
});

it('[WS8] of many games that gather at a time the oldest are written early, and all of them are whole', async () => {
  const games = Array.from({ length: 2_500 }, (_, index) => `g${index}`);
  const lines = games.map((game) => whole(0, '@create', { n: 0 }, { game, type: 'counter' }));
  for (const seq of [1, 2]) {
    for (const game of games) lines.push(record(seq, { game, patches: [{ op: 'replace', path: ['n'], value: seq }] }));
  }
  const database = await Database.open();
  databases.push(database);
  const compaction = new Compaction(
    database,
    { granularityOf: () => 'commands', commandIndex: false },
    { frame: 0, chain: 0 },
  );
  const taking = compaction.take(Buffer.from(`${lines.join('\n')}\n`, 'utf8'), { frame: 1, chain: 1 });
  while (!taking.next().done);
  const early = Number(database.one('SELECT count(*) AS rows FROM patch_batches')?.['rows']);
  expect(early).toBeGreaterThan(0);
  expect(early).toBeLessThan(2 * games.length);
  for (const game of games)
    expect([1, 2].map((seq) => compaction.fold(game, seq)?.state)).toEqual([{ n: 1 }, { n: 2 }]);
  compaction.flush({});
  for (const game of games) expect(compaction.fold(game)?.state).toEqual({ n: 2 });
});
