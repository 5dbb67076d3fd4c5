// `orrery fork` and `orrery recover`, on directories as a program leaves them.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { match, mine } from '../programs/mine.ts';
import { copyOf, emptyFolder, fingerprint, makeDirectory, orrery, removeFolders, startDigger } from './command-line.ts';

let whole: string;
/** A module with the types of the games, and an invariant that some of their past breaks. */
let games: string;

beforeAll(async () => {
  whole = await makeDirectory();
  games = join(emptyFolder(), 'games.mjs');
  const index = new URL('../../dist/src/index.js', import.meta.url).href;
  const types = new URL('../../dist/test/programs/mine.js', import.meta.url).href;
  writeFileSync(
    games,
    `import { defineGame } from '${index}';
     import { mine } from '${types}';
     export const strict = defineGame('mine', { ...mine, invariants: { few: (state) => state.total < 10 } });`,
  );
});
afterAll(removeFolders);

async function jsonOf(...args: readonly string[]): Promise<{ [key: string]: unknown }> {
  const ended = await orrery(...args, '--json');
  expect(ended).toMatchObject({ status: 0 });
  return JSON.parse(ended.stdout) as { [key: string]: unknown };
}

const show = async (directory: string, game: string): Promise<unknown> =>
  (await jsonOf('show', directory, game))['value'];

describe('fork', () => {
  it('[FR30] makes a game of a moment without any code, and a program with the code plays on', async () => {
    const directory = copyOf(whole);
    const made = await jsonOf('fork', directory, 'ore', '--at', '1', '--as', 'what if');
    const parent = { game: 'ore', seq: 1 };
    expect(made).toEqual({ directory, id: 'what if', type: 'mine', version: 3, parent, seq: 0, tick: 0 });
    const ended = await orrery('fork', directory, 'final', '--at', 'last', '--as', 'copy');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).toBe(`${directory}: game copy, a fork of final at seq 12, tick 4, version 1\n`);
    expect(await show(directory, 'copy')).toEqual(await show(whole, 'final'));
    expect(await show(directory, 'what if')).toMatchObject({ total: 5 });
    const { games: listed } = (await jsonOf('ls', directory)) as { games: { id: string; parent?: unknown }[] };
    expect(listed.find(({ id }) => id === 'what if')?.parent).toEqual(parent);
    expect((await orrery('check', directory)).status).toBe(0);
    await using open = await openOrrery({ directory, games: [mine, match] });
    const fork = await open.load(mine, 'what if');
    fork.dispatch('dig', { seam: 'south', metal: 1 });
    expect(fork.state.total).toBe(6);
  });

  it('[FR31] what cannot be forked: a status, a reason, and nothing has changed', async () => {
    const directory = copyOf(whole);
    const before = await jsonOf('ls', directory);
    for (const [status, text, ...args] of [
      [2, 'GAME_EXISTS', 'ore', '--at', '1', '--as', 'final'],
      [2, 'GAME_EXISTS', 'ore', '--at', '1', '--as', 'ore'],
      [3, 'GAME_NOT_FOUND', 'nobody', '--at', '1', '--as', 'new'],
      [3, 'MOMENT_NOT_KEPT', 'ore', '--at', '99', '--as', 'new'],
      [3, 'MOMENT_NOT_KEPT', 'ore', '--at', 'time:5', '--as', 'new'],
      [2, '--at <moment>', 'ore', '--as', 'new'],
      [2, '--as', 'ore', '--at', '1'],
      [2, 'INVALID_GAME_ID', 'ore', '--at', '1', '--as', 'a/b'],
    ] as const) {
      const ended = await orrery('fork', directory, ...args, '--json');
      expect(ended, args.join(' ')).toMatchObject({ status, stdout: '' });
      expect(ended.stderr).toContain(text);
    }
    expect(await jsonOf('ls', directory)).toEqual(before);
    const nowhere = join(emptyFolder(), 'none');
    expect((await orrery('fork', nowhere, 'ore', '--at', '1', '--as', 'new')).status).toBe(3);
  });

  it('[FR31] a directory that a process has open is left to it', async () => {
    const directory = join(emptyFolder(), 'data');
    const digger = await startDigger(directory, 'hold');
    try {
      expect((await orrery('fork', directory, 'alpha', '--at', 'first', '--as', 'new')).status).toBe(4);
      expect((await orrery('recover', directory, 'alpha', '--mode', 'latest')).status).toBe(4);
      // Looking is allowed.
      expect((await orrery('recover', directory, 'alpha', '--mode', 'latest', '--dry-run')).status).toBe(0);
      expect((await orrery('recover', directory, 'alpha', '--list')).status).toBe(0);
    } finally {
      await digger.end();
    }
  });
});

describe('recover', () => {
  it('[FR32] a sound game is left as it is', async () => {
    const directory = copyOf(whole);
    const found = await jsonOf('recover', directory, 'ore', '--mode', 'latest');
    expect(found).toMatchObject({ used: 'latest', tried: [], needed: false, written: false, seq: 7, givenUp: null });
    const ended = await orrery('recover', directory, 'ore', '--mode', 'before-error');
    expect(ended.status).toBe(0);
    expect(ended.stdout).toMatch(/written {4}nothing: the game is sound as it is\n$/);
    expect(ended.stderr).toContain('without --games');
    expect((await jsonOf('show', directory, 'ore'))['seq']).toBe(7);
  });

  it('[FR32] --dry-run says what would be done and touches nothing', async () => {
    const directory = copyOf(whole);
    const before = fingerprint(directory);
    const args = ['recover', directory, 'ore', '--mode', 'latest', '--fallback', 'before-error', '--games', games];
    const found = await jsonOf(...args, '--dry-run');
    expect(found).toMatchObject({
      used: 'before-error',
      tried: [{ mode: 'latest', code: 'INVARIANT_FAILED' }],
      dryRun: true,
      needed: true,
      written: false,
      from: { seq: 1 },
      firstUnsound: { seq: 2, command: 'dig', player: 'bob' },
      givenUp: { firstSeq: 2, lastSeq: 7, count: 6 },
      reason: 'the invariant "few" does not hold, from seq 2 on',
    });
    expect(fingerprint(directory)).toEqual(before);
    // And that is what is done.
    expect(await jsonOf(...args, '--reason', 'too much metal')).toEqual({
      ...found,
      dryRun: false,
      written: true,
      seq: 8,
      reason: 'too much metal (the invariant "few" does not hold, from seq 2 on)',
    });
    expect(await show(directory, 'ore')).toMatchObject({ total: 5 });
  });

  it('[FR33] a report for people: what was tried, used, given up; and the quarantine afterwards', async () => {
    const directory = copyOf(whole);
    const ended = await orrery(
      ...['recover', directory, 'ore', '--mode', 'latest', '--fallback', 'snapshot,point', '--at', '1'],
      ...['--games', games],
    );
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout.replace(/\d{4}-[\dT:.-]+Z/, 'TIME')).toBe(
      [
        'MODE      RESULT',
        'latest    INVARIANT_FAILED: the invariant "few" does not hold',
        'snapshot  used',
        '',
        'state of   seq 0, tick 0, TIME, version 3',
        'reason     the invariant "few" does not hold',
        'given up   seq 1 to 7 (7 records); they stay readable in the history',
        'written    as seq 8',
        '',
      ].join('\n'),
    );
    const [line, more] = (await orrery('recover', directory, 'ore', '--list', '--json')).stdout.trim().split('\n');
    expect(more).toBeUndefined();
    expect(JSON.parse(line as string)).toMatchObject({ game: 'ore', firstSeq: 1, lastSeq: 7, mode: 'snapshot' });
    const table = (await orrery('recover', directory, 'ore', '--list')).stdout.split('\n');
    expect(table[0]).toMatch(/^FIRST SEQ {2}LAST SEQ {2}WHEN +MODE +REASON$/);
    expect(table[1]).toMatch(/^ +1 +7 {2}\d{4}-.* {2}snapshot {2}the invariant "few" does not hold$/);
    const none = await orrery('recover', directory, 'final', '--list');
    expect(none).toMatchObject({ status: 0, stdout: '' });
    expect(none.stderr).toContain('nothing of final was ever given up');
    expect((await orrery('log', directory, 'ore')).stdout).toContain('@recover');
    expect((await orrery('check', directory)).status).toBe(0);
  });

  it('[FR34] what cannot be recovered: a status, a reason, and nothing has changed', async () => {
    const directory = copyOf(whole);
    const before = await jsonOf('ls', directory);
    for (const [status, text, ...args] of [
      [1, 'RECOVERY_FAILED', 'ore', '--mode', 'latest', '--games', games],
      [3, 'GAME_NOT_FOUND', 'nobody', '--mode', 'latest'],
      [3, 'GAME_NOT_FOUND', 'nobody', '--list'],
      [3, 'MOMENT_NOT_KEPT', 'ore', '--mode', 'point', '--at', 'tick:9'],
      [2, '--mode is missing', 'ore'],
      [2, 'It must be one of', 'ore', '--mode', 'newest'],
      [2, 'It must be one of', 'ore', '--mode', 'latest', '--fallback', 'snapshot,last'],
      [2, 'the mode point needs', 'ore', '--mode', 'point'],
      [2, '--at is for the mode point', 'ore', '--mode', 'latest', '--at', '4'],
      [2, 'GAMES_MODULE', 'ore', '--mode', 'latest', '--games', './not-there.mjs'],
    ] as const) {
      for (const how of ([...args] as string[]).includes('--list') ? [[]] : [[], ['--dry-run']]) {
        const ended = await orrery('recover', directory, ...args, ...how, '--json');
        expect(ended, args.join(' ')).toMatchObject({ status, stdout: '' });
        expect(ended.stderr).toContain(text);
      }
    }
    expect(await jsonOf('ls', directory)).toEqual(before);
  });
});
