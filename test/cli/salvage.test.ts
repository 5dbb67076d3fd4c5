// `orrery salvage`: a new directory that opens, the damaged one as it was, and a report of what is lost.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { match, mine } from '../programs/mine.ts';
import {
  binary,
  copyOf,
  emptyFolder,
  fingerprint,
  makeDirectory,
  orrery,
  playAndDie,
  removeFolders,
  startDigger,
} from './command-line.ts';

let closed: string;
let killed: string;

beforeAll(async () => {
  closed = await makeDirectory();
  killed = join(emptyFolder(), 'data');
  await playAndDie(killed);
});
afterAll(removeFolders);

interface Report {
  readonly verdict: 'nothing lost' | 'lost';
  readonly games: readonly {
    readonly id: string;
    readonly seq: number | null;
    readonly whole: 'yes' | 'no' | 'unknown';
    readonly lost: { readonly from: number; readonly to: number } | null;
  }[];
  readonly lost: readonly { readonly file: string; readonly what: string }[];
  readonly damaged: readonly { readonly file: string; readonly what: string }[];
}

/** Salvages, and holds that the damaged directory is as it was and that the new one is sound. */
async function salvage(directory: string, status: 0 | 1): Promise<{ to: string; report: Report }> {
  const before = fingerprint(directory);
  const to = join(emptyFolder(), 'rescued');
  const ended = await orrery('salvage', directory, '--to', to, '--json');
  expect(`${ended.status} ${ended.stderr}`).toBe(`${status} `);
  expect(fingerprint(directory)).toEqual(before);
  expect(readdirSync(dirname(to))).toEqual(['rescued']);
  expect(await orrery('check', to)).toMatchObject({ status: 0 });
  const report = JSON.parse(ended.stdout) as Report;
  expect(report.verdict).toBe(status === 0 ? 'nothing lost' : 'lost');
  return { to, report };
}

/** Everything that the reading commands say of every game. */
async function told(directory: string): Promise<Map<string, string>> {
  const { games } = JSON.parse((await orrery('ls', directory, '--json')).stdout) as { games: { id: string }[] };
  const texts = await Promise.all(
    games.map(async ({ id }) => {
      const [show, log] = [
        await orrery('show', directory, '--json', '--', id),
        await orrery('log', directory, '--json', '--patches', '--', id),
      ];
      expect(`${show.stderr}${log.stderr}`).toBe('');
      return [id, show.stdout + log.stdout] as const;
    }),
  );
  return new Map(texts);
}

function newest(folder: string, kind: string, back = 0): string {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${kind}-`));
  return join(folder, names.sort().at(-1 - back) as string);
}

function damage(file: string, at: number, bytes = 1): void {
  const content = readFileSync(file);
  for (let each = at; each < at + bytes; each += 1) content[each] = (content[each] as number) ^ 0x24;
  rmSync(file);
  writeFileSync(file, content);
}

it('[SV10] of a whole directory, closed or killed, everything: states, histories, steps', async () => {
  for (const directory of [closed, killed]) {
    const { to, report } = await salvage(directory, 0);
    expect(report).toMatchObject({ lost: [], damaged: [] });
    for (const game of report.games) expect(game).toMatchObject({ whole: 'yes', lost: null });
    expect(await told(to)).toEqual(await told(directory));
  }
});

it('[SV10] what it writes opens, and the games go on', async () => {
  const directory = copyOf(closed);
  damage(newest(join(directory, 'shard-00'), 'image'), 5_000, 100);
  damage(newest(join(directory, 'shard-01'), 'image'), 5_000, 100);
  const { to, report } = await salvage(directory, 0);
  expect(report.damaged.map(({ file }) => file)).toEqual([
    expect.stringMatching(/^shard-00\/image-/),
    expect.stringMatching(/^shard-01\/image-/),
  ]);
  await using open = await openOrrery({ directory: to, games: [mine, match] });
  const ore = await open.load(mine, 'ore');
  expect(ore.state.total).toBe(12);
  const seq = ore.dispatch('dig', { seam: 'north', metal: 1 }).seq;
  expect(seq).toBe(8);
  expect((await open.load(match, 'final')).state.score).toEqual({ red: 4, blue: 4 });
});

it('[SV11] a frame that was durable is damaged: nothing opens it, and salvage says which games lose which commands', async () => {
  const directory = copyOf(killed);
  const folders = ['shard-00', 'shard-01'].map((shard) => join(directory, shard));
  const folder = folders.find((each) => readFileSync(newest(each, 'segment')).indexOf('FRM1', 200) > 0) as string;
  // The first frame of the newest segment holds the creation of a game.
  damage(newest(folder, 'segment'), 64 + 48 + 20);
  expect(await orrery('ls', directory)).toMatchObject({ status: 1 });
  const { to, report } = await salvage(directory, 1);
  const short = report.games.filter(({ whole }) => whole !== 'yes');
  expect(short.length).toBeGreaterThan(0);
  for (const { seq, lost } of short) expect(lost).toEqual({ from: (seq ?? -1) + 1, to: 44 });
  expect(report.lost.map(({ what }) => what).join()).toMatch(/frame 1: its payload is not what was written at byte 64/);
  const kept = await told(to);
  const whole = await told(killed);
  for (const { id, whole: is } of report.games) if (is === 'yes') expect(kept.get(id)).toBe(whole.get(id));
  expect(kept.size).toBe(report.games.filter(({ seq }) => seq !== null).length);
});

it('[SV12] folders exchanged, one of them gone, and no description of the directory', async () => {
  const directory = copyOf(closed);
  const [first, second, aside] = ['shard-00', 'shard-01', 'aside'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  renameSync(first, aside);
  renameSync(second, first);
  renameSync(aside, second);
  rmSync(join(directory, 'orrery.json'));
  const { to } = await salvage(directory, 0);
  expect(await told(to)).toEqual(await told(closed));

  const halved = copyOf(closed);
  rmSync(join(halved, 'shard-01'), { recursive: true });
  const { report } = await salvage(halved, 1);
  expect(report.lost).toEqual([
    { file: 'shard-01/', what: 'holds nothing: the games of the shard that was recorded are lost' },
  ]);
  rmSync(join(halved, 'shard-01.record'));
  const { report: unknown } = await salvage(halved, 1);
  expect(unknown.lost).toEqual([{ file: 'shard-01/', what: 'holds nothing: which games it had, nothing tells' }]);
});

it('[SV13] the new directory must not be there, or be an empty folder, and neither may lie in the other', async () => {
  const directory = copyOf(closed);
  const before = fingerprint(directory);
  const full = emptyFolder();
  writeFileSync(join(full, 'mine.txt'), 'mine');
  const link = join(emptyFolder(), 'link');
  symlinkSync(emptyFolder(), link);
  const inside = join(emptyFolder(), 'way in');
  symlinkSync(directory, inside);
  for (const to of [
    full,
    join(full, 'mine.txt'),
    link,
    directory,
    join(directory, 'rescued'),
    join(inside, 'rescued'),
  ]) {
    const ended = await orrery('salvage', directory, '--to', to);
    expect(`${ended.status} ${ended.stderr}`).toMatch(/^2 .*the new directory/s);
  }
  expect(await orrery('salvage', directory, '--to', dirname(directory))).toMatchObject({ status: 2 });
  expect(await orrery('salvage', directory)).toMatchObject({ status: 2 });
  expect(fingerprint(directory)).toEqual(before);
  expect(readdirSync(full)).toEqual(['mine.txt']);
  const empty = emptyFolder();
  expect(await binary('salvage', directory, '--to', empty)).toMatchObject({ status: 0, stderr: '' });
  expect(existsSync(join(empty, 'orrery.json'))).toBe(true);
  mkdirSync(join(empty, 'more'));
  expect(await orrery('salvage', directory, '--to', empty)).toMatchObject({ status: 2 });
});

it('[SV13] what is no directory of ours, or is in use, is refused and nothing is left behind', async () => {
  const to = join(emptyFolder(), 'rescued');
  expect(await orrery('salvage', emptyFolder(), '--to', to)).toMatchObject({ status: 3 });
  expect(await orrery('salvage', join(to, 'nowhere'), '--to', join(dirname(to), 'x'))).toMatchObject({ status: 3 });
  const directory = join(emptyFolder(), 'data');
  const digger = await startDigger(directory, 'hold');
  try {
    expect(await orrery('salvage', directory, '--to', to)).toMatchObject({ status: 4 });
  } finally {
    await digger.end();
  }
  expect(readdirSync(dirname(to))).toEqual([]);
});

it('[SV14] the report for people names games, files and losses, and nothing of a terminal', async () => {
  const directory = copyOf(killed);
  for (const shard of ['shard-00', 'shard-01']) damage(newest(join(directory, shard), 'segment'), 64 + 48 + 20);
  const ended = await orrery('salvage', directory, '--to', join(emptyFolder(), 'rescued'));
  expect(ended.status).toBe(1);
  const lines = ended.stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^GAME +TYPE +SEQ +LOST +FROM$/);
  expect(ended.stdout).toMatch(/^alpha +(mine)? +(\d+|-) +seq \d+ to 44/m);
  expect(ended.stdout).toMatch(/^lost +shard-0\d\/segment-\d+\.journal: frame 1: /m);
  expect(lines.at(-1)).toMatch(/^something is lost: \d of 4 games whole, in \d+ damaged files?; written to /);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  expect(ended.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});
