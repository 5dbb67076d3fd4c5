// Paths that are no directory of ours, or no longer a whole one. Each is refused with its reason; what was there is there
// afterwards, and opens when what was wrong is put right.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { defineGame, OrreryError, type OrreryErrorCode, openOrrery, shardOf } from '#index.ts';

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ count: 0 }),
  commands: {
    add(draft, by: number) {
      draft.count += by;
    },
  },
});

/** Two shards, and games in both. */
const GAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const SHARDS = 2;
let made: string;
let directory: string;

function open(path: string, shards?: number): ReturnType<typeof openOrrery> {
  return openOrrery({ directory: path, games: [counter], ...(shards === undefined ? {} : { shards }) });
}

beforeAll(async () => {
  expect(new Set(GAMES.map((game) => shardOf(game, SHARDS))).size).toBe(SHARDS);
  made = mkdtempSync(join(tmpdir(), 'orrery-directory-'));
  await using orrery = await open(made, SHARDS);
  for (const [at, id] of GAMES.entries()) (await orrery.open(counter, id)).dispatch('add', at + 1);
});
afterAll(() => rmSync(made, { recursive: true, force: true }));
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-directory-'));
  cpSync(made, directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function expectWhole(): Promise<void> {
  await using orrery = await open(directory);
  expect((await orrery.list()).map(({ id }) => id)).toEqual(GAMES);
  for (const [at, id] of GAMES.entries()) expect((await orrery.load(counter, id)).state.count).toBe(at + 1);
}

/** Every file below, claims apart: an attempt leaves those behind. */
function contents(path = directory): Map<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith('OWNER-'),
  );
  return new Map(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file, readFileSync(file).toString('base64')]),
  );
}

async function expectRefused(code: OrreryErrorCode, path = directory, shards?: number): Promise<OrreryError> {
  const before = existsSync(path) ? contents() : undefined;
  const refusal = await open(path, shards).then(
    async (orrery) => {
      await orrery.close();
      return 'it was opened';
    },
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(OrreryError);
  expect((refusal as OrreryError).code, String(refusal)).toBe(code);
  expect((refusal as OrreryError).hint).not.toBe('');
  if (before) expect(contents()).toEqual(before);
  return refusal as OrreryError;
}

it('[V2] a path that is a file, or below one, or cannot be a path', async () => {
  const file = join(directory, 'orrery.json');
  const refusal = await expectRefused('DIRECTORY_UNUSABLE', file);
  expect(refusal.context.directory).toBe(file);
  await expectRefused('DIRECTORY_UNUSABLE', join(file, 'below'));
  await expectRefused('INVALID_OPTION', `${directory}\0`);
  await expectRefused('INVALID_OPTION', '');
  await expectWhole();
});

it('[V2] a file system that is mounted read-only', async ({ skip }) => {
  const mount = join(directory, 'mount');
  mkdirSync(mount);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount], { stdio: 'pipe' });
  } catch (error) {
    skip(`no tmpfs can be mounted here: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`);
  }
  try {
    mkdirSync(join(mount, 'there'));
    execFileSync('mount', ['-o', 'remount,ro', mount]);
    const refusal = await expectRefused('DIRECTORY_UNUSABLE', join(mount, 'there'));
    expect(refusal.context['errno']).toBe('EROFS');
    await expectRefused('DIRECTORY_UNUSABLE', join(mount, 'new'));
  } finally {
    execFileSync('umount', [mount]);
  }
});

it('[V3] the description is damaged, too new, or gone', async () => {
  const file = join(directory, 'orrery.json');
  const whole = readFileSync(file, 'utf8');
  const damages: [string | undefined, OrreryErrorCode][] = [
    ['', 'DAMAGED'],
    [whole.slice(0, 40), 'DAMAGED'],
    ['null', 'DAMAGED'],
    [whole.replace('"shards": 2', '"shards": 0'), 'DAMAGED'],
    [whole.replace('"leastReader": 1', '"leastReader": 99'), 'FORMAT_TOO_NEW'],
    [undefined, 'DIRECTORY_UNUSABLE'],
  ];
  for (const [text, code] of damages) {
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    const refusal = await expectRefused(code);
    if (code === 'DAMAGED') expect(refusal.context.file).toBe(file);
    writeFileSync(file, whole);
  }
  await expectWhole();
});

it('[V4] another number of shards than the directory has', async () => {
  const refusal = await expectRefused('SHARD_COUNT_MISMATCH', directory, SHARDS + 1);
  expect(refusal.message).toMatch(/2 shards, and 3/);
  await expectWhole();
});

it('[V5] the folder of a shard is gone, or in the place of another', async () => {
  const [first, second, aside] = ['shard-00', 'shard-01', 'aside'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  renameSync(second, aside);
  const gone = await expectRefused('SHARD_MISSING');
  expect(gone.context).toMatchObject({ shard: 1, file: second });
  renameSync(first, second);
  renameSync(aside, first);
  const swapped = await expectRefused('SHARD_REPLACED');
  expect(swapped.message).toContain('is that of shard');
  renameSync(first, aside);
  renameSync(second, first);
  renameSync(aside, second);
  await expectWhole();
});

it('[V6] one shard of two is damaged: the error says which, and the directory is not left locked', async () => {
  const manifests = readdirSync(join(directory, 'shard-01')).filter((name) => name.startsWith('MANIFEST-'));
  const whole = manifests.map((name) => readFileSync(join(directory, 'shard-01', name)));
  for (const name of manifests) writeFileSync(join(directory, 'shard-01', name), 'nonsense');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(open(directory)).rejects.toMatchObject({
      code: 'DAMAGED',
      context: { shard: 1, file: expect.stringContaining('shard-01/MANIFEST-') },
    });
  }
  for (const [at, name] of manifests.entries()) writeFileSync(join(directory, 'shard-01', name), whole[at] as Buffer);
  await expectWhole();
});

it('[V7] a making that was interrupted is made anew; what else lies in the directory is left alone', async () => {
  rmSync(join(directory, 'orrery.json'));
  for (const shard of ['shard-00', 'shard-01']) {
    rmSync(join(directory, shard), { recursive: true });
    mkdirSync(join(directory, shard));
  }
  // A record is only ever written in a directory that has its description.
  await expectRefused('DIRECTORY_UNUSABLE', directory, 3);
  for (const shard of ['shard-00', 'shard-01']) rmSync(join(directory, `${shard}.record`));
  for (const file of ['orrery.json', 'openings.jsonl'])
    writeFileSync(join(directory, `${file}.0123456789ab.tmp`), 'half');
  writeFileSync(join(directory, 'mine.tmp'), 'mine');
  const orrery = await open(directory, 3);
  expect(await orrery.list()).toEqual([]);
  await orrery.close();
  const shards = ['shard-00', 'shard-00.record', 'shard-01', 'shard-01.record', 'shard-02', 'shard-02.record'];
  expect(readdirSync(directory).sort()).toEqual(['mine.tmp', 'openings.jsonl', 'orrery.json', ...shards]);
});
