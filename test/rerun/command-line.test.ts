// `orrery verify` and `orrery try` on a directory and on a pack.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineGame, openOrrery, type Table, table } from '#index.ts';
import { orrery } from '../cli/command-line.ts';
import { Workshop } from './played.ts';

const workshop = new Workshop();
afterAll(() => workshop.clean());

interface State {
  mines: Table<{ ore: number }>;
  gold: number;
}

const pit = defineGame('pit', {
  version: 1,
  initial: (): State => ({ mines: table({ a: { ore: 0 } }), gold: 100 }),
  commands: {
    open(draft, { id, price }: { id: string; price: number }) {
      draft.gold -= price;
      draft.mines.set(id, { ore: price });
    },
  },
  onTick(draft) {
    for (const id of draft.mines.ids()) draft.mines.get(id)!.ore += 2;
  },
});

const code = (tick: string, open = ''): string =>
  fileURLToPath(
    workshop.module(`
  export const pit = defineGame('pit', {
    version: 1,
    initial: () => ({ mines: table(), gold: 100 }),
    commands: { open(draft, { id, price }) { ${open} draft.gold -= price; draft.mines.set(id, { ore: price }); } },
    onTick(draft) { for (const id of draft.mines.ids()) draft.mines.get(id).ore += ${tick}; },
  });`),
  );

const directory = join(workshop.folder, 'data');
const pack = join(workshop.folder, 'deep.orrery');
let same: string;

beforeAll(async () => {
  same = code('2');
  await using made = await openOrrery({ directory, games: [pit] });
  for (const id of ['deep', 'shallow']) {
    const game = await made.open(pit, id);
    for (let tick = 0; tick < 10; tick += 1) {
      game.advance();
      if (tick === 4) game.dispatch('open', { id: 'b', price: 30 }, { player: 'ada' });
    }
  }
  await made.pack('deep', pack);
});

/** Every byte below a folder. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const name of (readdirSync(folder, { recursive: true }) as string[]).sort()) {
    const file = join(folder, name);
    hash.update(name);
    if (statSync(file).isFile()) hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}

describe('orrery verify', () => {
  it('[RR40] all games or one, of a directory or a pack: 0 when nothing differs, and nothing is changed', async () => {
    const before = fingerprint(directory);
    const all = await orrery('verify', directory, '--games', same);
    expect(all).toMatchObject({ status: 0, stderr: '' });
    expect(all.stdout).toBe(
      'deep: same: 11 commands in 10 steps made again\nshallow: same: 11 commands in 10 steps made again\n',
    );
    const one = await orrery('verify', pack, '--games', same, '--json', '--threads', '1');
    expect(one.status).toBe(0);
    expect(JSON.parse(one.stdout)).toEqual({
      game: 'deep',
      type: 'pit',
      same: true,
      fromSeq: 1,
      toSeq: 11,
      steps: 10,
      commands: 11,
      tolerated: 0,
      different: 0,
      skipped: { version: 0, anonymous: 0, whole: 0, 'not kept': 0 },
      difference: null,
    });
    expect(fingerprint(directory)).toBe(before);
  });

  it('[RR40] a difference ends with 1 and is told with its place and values', async () => {
    const changed = code('(draft.gold < 100 ? 3 : 2)');
    const { status, stdout } = await orrery('verify', directory, 'deep', '--games', changed);
    expect(status).toBe(1);
    expect(stdout).toContain('deep: different: 6 commands in 5 steps made again');
    expect(stdout).toContain('seq 7, tick 6, @tick: /mines/a/ore was 12 when it was recorded and is 13 now.');
    const json = await orrery('verify', pack, 'deep', '--games', changed, '--json');
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout).difference).toMatchObject({ seq: 7, path: '/mines/a/ore', recorded: 12, rerun: 13 });
    const range = await orrery('verify', directory, 'deep', '--games', changed, '--to', '6');
    expect(range.status).toBe(0);
    // Tick 5 is seq 5 and 6, and tick 6 begins with seq 7.
    const before = await orrery('verify', directory, 'deep', '--games', changed, '--to', 'tick:5', '--json');
    expect(JSON.parse(before.stdout)).toMatchObject({ same: true, fromSeq: 1, toSeq: 6 });
    const from = await orrery(
      'verify',
      directory,
      'deep',
      '--games',
      same,
      '--from',
      'tick:6',
      '--to',
      'last',
      '--json',
    );
    expect(JSON.parse(from.stdout)).toMatchObject({ same: true, fromSeq: 7, toSeq: 11 });
    const none = await orrery('verify', directory, 'deep', '--games', changed, '--from', 'tick:99');
    expect(none).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing to run') as string });
  });

  it('[RR16] passes numbers within a tolerance, and tells all differences, when asked to', async () => {
    const rounded = code('2 * (1 + 1e-15)');
    expect((await orrery('verify', pack, '--games', rounded)).status).toBe(1);
    const passed = await orrery('verify', pack, '--games', rounded, '--tolerance', '1e-12');
    expect(passed).toMatchObject({ status: 0 });
    expect(passed.stdout).toBe('deep: same: 11 commands in 10 steps made again, 10 steps within the tolerance\n');
    const changed = code('(draft.gold < 100 ? 3 : 2)');
    const all = await orrery('verify', directory, 'deep', '--games', changed, '--all', '--threads', '1');
    expect(all.status).toBe(1);
    const [head, ...told] = all.stdout.trimEnd().split('\n');
    expect(head).toBe('deep: different: 6 commands in 5 steps made again, 5 steps different');
    expect(told.map((line) => /^ {2}seq (\d+),/.exec(line)?.[1])).toEqual(['7', '8', '9', '10', '11']);
    const json = await orrery('verify', pack, '--games', changed, '--all', '--json');
    const document = JSON.parse(json.stdout) as { difference: { seq: number }; others: { seq: number }[] };
    expect([document.difference, ...document.others].map(({ seq }) => seq)).toEqual([7, 8, 9, 10, 11]);
    for (const tolerance of ['1', '-1', 'x', ''])
      expect((await orrery('verify', pack, '--games', same, '--tolerance', tolerance)).status).toBe(2);
  });

  it('[RR40] what cannot be done is told, with the status for it', async () => {
    const nowhere = await orrery('verify', directory, '--games', join(workshop.folder, 'nowhere.mjs'));
    expect(nowhere).toMatchObject({ status: 2, stdout: '' });
    expect(nowhere.stderr).toContain('the module is not there');
    const others = fileURLToPath(
      workshop.module("export const x = defineGame('x', { version: 1, initial: () => ({}), commands: {} });"),
    );
    expect((await orrery('verify', directory, '--games', others)).status).toBe(2);
    expect((await orrery('verify', directory, 'nobody', '--games', same)).status).toBe(3);
    expect((await orrery('verify', directory)).status).toBe(2);
    expect((await orrery('verify', directory, '--games', same, '--from', '5', '--to', '4')).status).toBe(2);
  });
});

describe('orrery try', () => {
  it('[RR40] recorded commands with other code: the difference by entity, what is refused, and 1', async () => {
    const before = fingerprint(directory);
    const nothing = await orrery('try', directory, 'deep', '--games', same, '--rerun');
    expect(nothing).toMatchObject({ status: 0 });
    expect(nothing.stdout).toContain('nothing differs; 11 commands accepted, 0 refused');
    const strict = code('2', "if (price > 20) throw new Error('too dear');");
    const { status, stdout } = await orrery('try', directory, 'deep', '--games', strict, '--rerun', '--at', 'tick:3');
    expect(status).toBe(1);
    expect(stdout).toContain('/mines/b');
    expect(stdout).toContain('70 -> 100');
    expect(stdout).toMatch(/refused at seq 6, tick 5: open by ada: .*too dear/);
    expect(fingerprint(directory)).toBe(before);
  });

  it('[RR40] other commands, from a pack as well, kept in a directory of their own that reads as any other', async () => {
    const file = join(workshop.folder, 'what-if.jsonl');
    writeFileSync(file, '{"command":"open","args":{"id":"c","price":5},"player":"bo"}\n\n{"advance":2}\n');
    const keep = join(workshop.folder, 'kept');
    const args = ['--games', same, '--commands', file, '--at', 'tick:6'];
    const { status, stdout } = await orrery('try', pack, ...args, '--keep', keep, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      game: 'deep',
      from: { tick: 6 },
      tick: 8,
      accepted: 3,
      comparedWith: 'beginning',
      operations: expect.arrayContaining([{ op: 'add', path: '/mines/c', value: { ore: 9 } }]),
    });
    const kept = await orrery('show', keep, 'deep', '--path', '/mines/c', '--json');
    expect(JSON.parse(kept.stdout)).toMatchObject({ seq: 3, tick: 8, value: { ore: 9 } });
    const log = await orrery('log', keep, 'deep', '--json');
    const [first] = log.stdout.trim().split('\n');
    expect(JSON.parse(first as string)).toMatchObject({ seq: 1, tick: 6, player: 'bo', command: 'open' });
    expect((await orrery('check', keep)).status).toBe(0);
    expect((await orrery('try', pack, ...args, '--keep', keep)).stderr).toContain('there already');
  });

  it('[RR40] what is no command, and what contradicts itself, ends with 2', async () => {
    const file = join(workshop.folder, 'wrong.jsonl');
    writeFileSync(file, '{"advance":1}\n{"dig":1}\n');
    const wrong = await orrery('try', directory, 'deep', '--games', same, '--commands', file);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('line 2 is no command');
    const missing = await orrery('try', directory, 'deep', '--games', same, '--commands', `${file}.gone`);
    expect(missing.status).toBe(2);
    expect((await orrery('try', directory, 'deep', '--games', same)).status).toBe(2);
    expect((await orrery('try', directory, 'deep', '--games', same, '--rerun', '--commands', file)).status).toBe(2);
    expect((await orrery('try', directory, 'deep', '--games', same, '--rerun', '--at', 'seq:99')).status).toBe(3);
  });
});

describe('with --games, commands of the past', () => {
  // Tick 5 is seq 5 and 6: the tick and what ada opened in it.
  it('[PC14] show, diff, blame and fork look inside a merged step', async () => {
    const inside = ['--at', '5', '--path', '/gold'];
    const refused = await orrery('show', directory, 'deep', ...inside);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain(
      'The moments around it are seq 4 and seq 6; --nearest takes the one before, --games runs the step again to look inside.',
    );
    expect(await orrery('show', directory, 'deep', ...inside, '--games', same)).toMatchObject({
      status: 0,
      stdout: '100\n',
    });
    expect(await orrery('show', pack, ...inside, '--games', same)).toMatchObject({ status: 0, stdout: '100\n' });
    const differs = await orrery('diff', directory, 'deep', '--from', '5', '--to', '6', '--games', same, '--json');
    expect(JSON.parse(differs.stdout)).toMatchObject({
      from: { seq: 5 },
      to: { seq: 6 },
      operations: [
        { op: 'replace', path: '/gold', value: 70 },
        { op: 'add', path: '/mines/b' },
      ],
    });
    const merged = await orrery('blame', directory, 'deep', '/gold', '--json');
    expect(JSON.parse(merged.stdout.split('\n')[0] as string)).toMatchObject({ merged: true, command: null });
    const blamed = await orrery('blame', directory, 'deep', '/gold', '--json', '--games', same);
    expect(JSON.parse(blamed.stdout.split('\n')[0] as string)).toMatchObject({
      ...{ seq: 6, merged: false, command: 'open', player: 'ada', before: 100, after: 70 },
    });
    // Other code leaves the step merged, and the error says why.
    const other = await orrery('show', directory, 'deep', ...inside, '--games', code('3'));
    expect(other.status).toBe(3);
    expect(other.stderr).toContain('do something else today than they did');
    expect(other.stderr).not.toContain('--games runs');
    const fork = ['fork', directory, 'deep', '--at', '5', '--as', 'inside'];
    expect((await orrery(...fork)).stderr).toContain('seq 4 and seq 6; --games runs the step again to look inside.');
    expect((await orrery(...fork, '--games', same)).stdout).toContain('a fork of deep at seq 5, tick 5');
    expect(await orrery('show', directory, 'inside', '--at', '0', '--path', '/gold')).toMatchObject({
      stdout: '100\n',
    });
  });

  it('[PC14] a remedy names only what the command has', async () => {
    const tried = await orrery('try', directory, 'deep', '--games', code('3'), '--at', '5', '--rerun');
    expect(tried.status).toBe(3);
    expect(tried.stderr).not.toContain('--nearest');
    const nobody = await orrery('fork', directory, 'nobody', '--at', 'last', '--as', 'new');
    expect(nobody.stderr).toContain('`orrery ls` lists the games of a directory.');
  });

  it('[RR23] try begins and ends inside a merged step', async () => {
    const rerun = async (games: string, at: string, to: string): Promise<unknown> => {
      const options = ['--games', games, '--at', at, '--rerun', '--to', to, '--json'];
      return JSON.parse((await orrery('try', directory, 'deep', ...options)).stdout) as unknown;
    };
    expect(await rerun(same, '5', '6')).toMatchObject({ from: { seq: 5 }, seq: 6, accepted: 1, operations: [] });
    expect(await rerun(same, 'tick:3', 'tick:5')).toMatchObject({ from: { tick: 3 }, seq: 6, operations: [] });
    const behind = await orrery('try', directory, 'deep', '--games', same, '--rerun', '--at', 'tick:8', '--to', '5');
    expect(behind).toMatchObject({ status: 2, stdout: '' });
    expect(behind.stderr).toContain('the last command to run again is seq 5, and the moment to begin with is seq');
    expect(await rerun(same, '3', '5')).toMatchObject({ from: { seq: 3 }, seq: 5, accepted: 2, operations: [] });
    expect(await rerun(code('2', 'price = 1;'), '4', '6')).toMatchObject({
      accepted: 2,
      from: { time: expect.stringMatching(/^\d{4}-.*Z$/) as unknown },
    });
  });

  it('[PC15] a range of replay that cannot be is refused', async () => {
    const behind = await orrery('replay', directory, 'deep', '--from', '8', '--to', '5');
    expect(behind).toMatchObject({ status: 2, stdout: '' });
    expect(behind.stderr).toContain('--from seq:8 is behind --to seq:5: exchange them');
    for (const range of [
      ['--from', '99'],
      ['--from', 'tick:99'],
      ['--to', 'time:5'],
    ]) {
      const ended = await orrery('replay', directory, 'deep', ...range, '--json');
      expect(ended, range.join(' ')).toMatchObject({ status: 3, stdout: '' });
      expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: 'MOMENT_NOT_KEPT' } });
    }
    expect((await orrery('replay', directory, 'deep', '--to', '99', '--json')).stdout.split('\n')).toHaveLength(11);
  });
});
