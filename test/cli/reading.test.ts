// What ls, show and log print of a directory that nobody has open.

import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newestOf } from '#cli/past/newest.ts';
import { stateSize } from '#cli/state-size.ts';
import { readProfile } from '#cli/tuning/profile.ts';
import { OrreryError, openOrrery, shardOf } from '#index.ts';
import type { GameInfo } from '#storage/game-info.ts';
import type { HistoryReader } from '#storage/history-reader.ts';
import { openDirectoryPast } from '#storage/sqlite/directory-history.ts';
import { mine } from '../programs/mine.ts';
import {
  binary,
  copyOf,
  type Ended,
  emptyFolder,
  fingerprint,
  HOSTILE_IDS,
  makeDirectory,
  orrery,
  orreryOn,
  playAndDie,
  removeFolders,
  shell,
} from './command-line.ts';

let directory: string;
let untouched: string[];

beforeAll(async () => {
  directory = await makeDirectory();
  untouched = fingerprint(directory);
});
afterAll(removeFolders);

const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const lines = ({ stdout }: Ended): string[] => stdout.replaceAll(ISO, '<time>').trimEnd().split('\n');
const documents = ({ stdout }: Ended): unknown[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

const ORE_STATE = {
  seams: { north: { id: 'north', metal: 5, 'a/b~c': 'd' }, south: { id: 'south', metal: 7, 'a/b~c': 'd' } },
  total: 12,
  news: [],
};

describe('ls', () => {
  it('[K1] lists every game of every shard by id, in aligned columns', async () => {
    const ended = await binary('ls', directory);
    expect(ended.stderr).toBe('');
    expect(ended.status).toBe(0);
    const [header, ...rows] = lines(ended);
    expect(header?.split(/ {2,}/)).toEqual(['GAME', 'TYPE', 'VERSION', 'SEQ', 'TICK', 'STATE', 'LAST CHANGE', 'SHARD']);
    const ids = [...HOSTILE_IDS, 'final', 'loud', 'ore'].sort();
    expect(rows.map((row) => row.split(/ {2,}/)[0])).toEqual(ids);
    const final = rows.find((row) => row.startsWith('final '))?.split(/ {2,}/);
    expect(final).toEqual([
      'final',
      'match',
      '1',
      '12',
      '4',
      `${JSON.stringify({ score: { red: 4, blue: 4 }, minutes: 4 }).length} B`,
      '<time>',
      String(shardOf('final', 2)),
    ]);
  });

  it('[K1] prints the same as one JSON document', async () => {
    const ended = await orrery('ls', directory, '--json');
    expect(ended.status).toBe(0);
    const [document, ...more] = documents(ended) as [{ shards: number; games: { id: string }[] }];
    expect(more).toEqual([]);
    expect(document.shards).toBe(2);
    expect(document.games.map(({ id }) => id)).toEqual([...HOSTILE_IDS, 'final', 'loud', 'ore'].sort());
    expect(document.games.find(({ id }) => id === 'ore')).toEqual({
      id: 'ore',
      type: 'mine',
      version: 3,
      seq: 7,
      tick: 1,
      commands: 7,
      stateBytes: JSON.stringify(ORE_STATE).length,
      stateSeq: 7,
      snapshotSeq: 0,
      created: expect.stringMatching(ISO),
      time: expect.stringMatching(ISO),
      shard: shardOf('ore', 2),
    });
  });
});

it('[K19] tells the size of the newest state, however much it has grown since the newest snapshot', async () => {
  const grown = join(emptyFolder(), 'grown');
  await using open = await openOrrery({ directory: grown, games: [mine] });
  const game = await open.open(mine, 'deep', ['north']);
  for (let count = 0; count < 3; count += 1) await game.dispatch('tell', 'gold '.repeat(2000)).durable;
  const bytes = JSON.stringify(game.state).length;
  expect(bytes).toBeGreaterThan(20_000);
  const [{ games }] = documents(await orrery('ls', grown, '--json')) as [{ games: object[] }];
  expect(games).toMatchObject([{ stateBytes: bytes, stateSeq: 3, snapshotSeq: 0 }]);
  const file = join(emptyFolder(), 'deep.orrerypack');
  await open.pack('deep', file);
  const [pack] = documents(await orrery('ls', file, '--json')) as [{ games: object[] }];
  expect(pack.games).toMatchObject([{ stateBytes: bytes, stateSeq: 3 }]);
  expect((await readProfile(grown))?.largestStateBytes).toBe(bytes);
});

it('[K19] tells that of the newest snapshot, and says so, when the newest state cannot be read', async () => {
  const row = { seq: 9, snapshotSeq: 4, stateBytes: 77 } as GameInfo;
  const damaged = (): never => {
    throw new OrreryError({ code: 'DAMAGED', what: 'a step is gone', hint: 'none' });
  };
  expect(await stateSize(row, damaged)).toEqual({ bytes: 77, seq: 4 });
  const defect = (): never => {
    throw new TypeError('a defect');
  };
  await expect(stateSize(row, defect)).rejects.toThrow(TypeError);
});

describe('show', () => {
  it('[K2] prints the newest state as JSON for people', async () => {
    const ended = await binary('show', directory, 'ore');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout.split('\n').slice(0, 3)).toEqual(['{', '  "seams": {', '    "north": {']);
    expect(JSON.parse(ended.stdout)).toEqual(ORE_STATE);
  });

  it('[K2] prints the state after any visible step, and says which one it took', async () => {
    const at4 = await orrery('show', directory, 'ore', '--at', '4', '--path', '/news', '--json');
    expect(documents(at4)).toEqual([
      {
        game: 'ore',
        type: 'mine',
        version: 3,
        seq: 4,
        tick: 1,
        time: expect.stringMatching(ISO),
        path: '/news',
        value: ['one'],
      },
    ]);
    const between = await orrery('show', directory, 'final', '--at', '4', '--nearest', '--path', '/score');
    expect(JSON.parse(between.stdout)).toEqual({ red: 1, blue: 1 });
    expect(between.stderr).toMatch(/^seq 2, tick 0, /);
    const newest = await orrery('show', directory, 'final', '--at', 'last', '--path', '/minutes');
    expect(newest).toMatchObject({ status: 0, stdout: '4\n' });
    expect(newest.stderr).toMatch(/^seq 12, /);
  });

  it('[K3] follows an RFC 6901 pointer, escapes and indices included', async () => {
    const [escaped, element] = await Promise.all([
      orrery('show', directory, 'ore', '--path', '/seams/north/a~1b~0c'),
      orrery('show', directory, 'ore', '--at', '6', '--path', '/news/1'),
    ]);
    expect(escaped).toMatchObject({ status: 0, stdout: '"d"\n' });
    expect(element).toMatchObject({ status: 0, stdout: '"three"\n' });
  });

  it('[K3] says what is there when nothing stands at a pointer', async () => {
    const [key, index] = await Promise.all([
      binary('show', directory, 'ore', '--path', '/seams/west/metal'),
      orrery('show', directory, 'ore', '--path', '/news/-1', '--at', '6', '--json'),
    ]);
    for (const ended of [key, index]) expect(ended).toMatchObject({ status: 3, stdout: '' });
    expect(key.stderr).toContain('/seams is an object with north, south.');
    expect(JSON.parse(index.stderr)).toMatchObject({
      error: {
        code: 'POINTER_NOT_FOUND',
        hint: '/news is a list of 2.',
        context: { game: 'ore', path: '/news/-1', seq: 6 },
      },
    });
  });

  it('[K3] refuses a pointer that is none', async () => {
    const bare = await orrery('show', directory, 'ore', '--path', 'seams');
    expect(bare).toMatchObject({ status: 2, stdout: '' });
    expect(bare.stderr).toContain('Write "/seams"');
    // Also where there is no such game: the mistake is in the command line.
    expect(await orrery('show', directory, 'nowhere', '--path', '/a~2b')).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('log', () => {
  it('[K4] prints one line for each command, oldest first', async () => {
    const ended = await binary('log', directory, 'ore');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(lines(ended).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['SEQ', 'TICK', 'TIME', 'PLAYER', 'COMMAND', 'ARGS'],
      ['1', '0', '<time>', 'ada', 'dig', '{"seam":"north","metal":5}'],
      ['2', '0', '<time>', 'bob', 'dig', '{"seam":"south","metal":7}'],
      ['3', '1', '<time>', '@tick'],
      ['4', '1', '<time>', 'tell', '"one"'],
      ['5', '1', '<time>', 'tell', '"two"'],
      ['6', '1', '<time>', 'tell', '"three"'],
      ['7', '1', '<time>', '@update'],
    ]);
  });

  it('[K4] keeps to a range, and prints what each visible step changed', async () => {
    const ended = await orrery('log', directory, 'ore', '--from', '2', '--to', '6', '--patches');
    const [, ...rest] = lines(ended).map((line) => line.trim());
    expect(rest.filter((line) => /^[+~-]|^nothing/.test(line))).toEqual([
      '~ /seams/south/metal  7',
      '~ /total  12',
      'nothing changed',
      '+ /news/0  "one"',
      '+ /news/1  "two"',
      '~ /news  ["two","three"]',
    ]);
  });

  it('[K4] --limit takes the newest commands, the newest last, as text and as JSON', async () => {
    const seqs = async (...args: readonly string[]): Promise<number[]> =>
      (documents(await orrery('log', directory, 'ore', '--json', ...args)) as { seq: number }[]).map(({ seq }) => seq);
    expect(await seqs('--limit', '3')).toEqual([5, 6, 7]);
    expect(await seqs('--limit', '2', '--to', '5')).toEqual([4, 5]);
    expect(await seqs('--limit', '2', '--command', 'dig')).toEqual([1, 2]);
    expect(await seqs('--limit', '99')).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await seqs('--limit', '3', '--backwards')).toEqual([7, 6, 5]);
    const printed = lines(await orrery('log', directory, 'ore', '--limit', '3')).slice(1);
    expect(printed.map((line) => line.trim().split(/ +/)[0])).toEqual(['5', '6', '7']);
    // Inside a step of several commands.
    const merged = documents(await orrery('log', directory, 'final', '--json', '--limit', '2')) as { seq: number }[];
    expect(merged.map(({ seq }) => seq)).toEqual([11, 12]);
    expect(lines(await orrery('log', directory, 'ore', '--limit', '3', '--player', 'nobody'))).toHaveLength(1);
  });

  it('[K4] --limit reads no step that is older than what it prints', async () => {
    const past = await openDirectoryPast(directory, 'ore');
    const read: number[] = [];
    const watched: HistoryReader = {
      row: past.row,
      stateAt: past.stateAt.bind(past),
      snapshots: past.snapshots.bind(past),
      close: past.close.bind(past),
      async *steps(range) {
        for await (const step of past.steps(range)) {
          read.push(step.lastSeq);
          yield step;
        }
      },
    };
    const newest: number[] = [];
    for await (const { seq } of newestOf(watched, {}, 2)) newest.push(seq);
    await past.close();
    expect(newest).toEqual([6, 7]);
    expect(new Set(read)).toEqual(new Set([6, 7]));
  });

  it('[K4] shows the patches of a step made of several commands with the last of them', async () => {
    const ended = await orrery('log', directory, 'final', '--from', '3', '--to', '6', '--json', '--patches');
    const entries = documents(ended) as { seq: number; command: string; step?: object }[];
    expect(entries.map(({ seq, command }) => `${seq} ${command}`)).toEqual(['3 @tick', '4 goal', '5 goal', '6 @tick']);
    expect(entries.map(({ step }) => step)).toEqual([
      undefined,
      undefined,
      {
        firstSeq: 3,
        lastSeq: 5,
        tick: 1,
        time: expect.stringMatching(ISO),
        patches: expect.arrayContaining([
          { op: 'replace', path: '/minutes', value: 1 },
          { op: 'replace', path: '/score/red', value: 2 },
          { op: 'replace', path: '/score/blue', value: 2 },
        ]),
      },
      undefined,
    ]);
  });

  it('[K4] prints the newest of a range that begins anywhere, and none when the range has none', async () => {
    const two = await orrery('log', directory, 'ore', '--from', '3', '--limit', '2', '--json');
    expect(documents(two).map((each) => (each as { seq: number }).seq)).toEqual([6, 7]);
    expect(await orrery('log', directory, 'ore', '--from', '8', '--json')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(lines(await orrery('log', directory, 'ore', '--from', '8'))).toHaveLength(1);
  });

  it('[K15] colours what a terminal shows, and cuts lines to its width', async () => {
    const ended = await orreryOn({ columns: 64 }, 'log', directory, 'ore', '--to', '5', '--patches');
    expect(ended.stdout).toContain('\u001b[33m~ /seams/north/metal  5\u001b[39m');
    expect(ended.stdout).toContain('\u001b[32m+ /news/0  "one"\u001b[39m');
    const seen = stripVTControlCharacters(ended.stdout).split('\n');
    expect(Math.max(...seen.map((line) => line.length))).toBe(64);
    const without = await orreryOn(
      { columns: 64, env: { NO_COLOR: '1' } },
      'log',
      directory,
      'ore',
      '--to',
      '5',
      '--patches',
    );
    expect(without.stdout).toBe(stripVTControlCharacters(ended.stdout));
  });

  it('[K4] shortens what does not fit the width', async () => {
    const narrow = await orreryOn({ env: { COLUMNS: '60' } }, 'log', directory, 'ore', '--patches', '--limit', '2');
    expect(Math.max(...narrow.stdout.split('\n').map((line) => line.length))).toBe(60);
    expect(narrow.stdout).toContain('…');
  });
});

describe('any data', () => {
  it('[K5] finds a game by its id, whatever the id looks like', async () => {
    const ids = HOSTILE_IDS;
    const found = await Promise.all(ids.map((id) => orrery('show', directory, '--path', `/seams/${id}/id`, '--', id)));
    expect(found.map(({ stdout }) => JSON.parse(stdout) as unknown)).toEqual(ids);
  });

  it('[K5] takes no game id for a path', async () => {
    const ids = ['../data', `${directory}/orrery.json`, 'shard-00/../ore', '', "' OR 1=1 --", 'Ore', 'x'.repeat(5_000)];
    const ended = await Promise.all(ids.map((id) => orrery('show', directory, '--', id)));
    for (const { status, stdout, stderr } of ended) {
      expect(`${status} ${stdout}`).toBe('3 ');
      expect(stderr).toContain('there is no such game');
    }
  });

  it('[K5] lets no control character through to a terminal', async () => {
    const ended = await Promise.all([
      orrery('show', directory, 'loud'),
      orrery('log', directory, 'loud', '--patches'),
      orrery('log', directory, 'loud', '--patches', '--json'),
      orrery('show', directory, '\u001b[2J\u009b'),
    ]);
    for (const { stdout, stderr } of ended) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
    const { news } = JSON.parse(ended[0].stdout) as { news: string[] };
    expect(news).toEqual(['bell \u0007, red \u001b[31m, C1 \u009b31m, turned \u202e round']);
  });

  it('[K6] reading a directory that a killed process left changes nothing', async () => {
    const killed = copyOf(directory);
    await playAndDie(killed);
    const before = fingerprint(killed);
    const ended = await Promise.all([
      orrery('ls', killed),
      orrery('show', killed, 'alpha'),
      orrery('log', killed, 'alpha', '--patches'),
      orrery('check', killed, '--explain'),
    ]);
    expect(ended.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    expect(fingerprint(killed)).toEqual(before);
  });

  it('[K12] ends quietly when nobody reads any more', async () => {
    const ended = await shell(
      `orrery log '${directory}' final --patches | head -1; echo "\${PIPESTATUS[0]}"
       orrery log '${directory}' final | true; echo "\${PIPESTATUS[0]}"`,
    );
    expect(ended.stderr).toBe('');
    expect(ended.stdout.match(/^\d+$/gm)).toEqual(['0', '0']);
  });

  it.runIf(process.platform === 'linux')('[K12] says so when the output cannot be written', async () => {
    const ended = await shell(`orrery ls '${directory}' > /dev/full`);
    expect(ended.status).toBe(5);
    expect(ended.stderr).toMatch(/^orrery: the output could not be written: ENOSPC/);
  });
});

it('[K6] none of this has changed the directory', () => {
  expect(fingerprint(directory)).toEqual(untouched);
});
