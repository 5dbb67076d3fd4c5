// A real disk that fills up: a small tmpfs. Games go on in memory, and when there is room again everything becomes durable.

import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { defineGame, openOrrery, type Receipt } from '#index.ts';

const vault = defineGame('vault', {
  version: 1,
  initial: () => ({ entries: 0, content: '' }),
  commands: {
    store(draft, { letter, length }: { letter: string; length: number }) {
      draft.entries += 1;
      draft.content = letter.repeat(length);
    },
  },
});

const mounts: string[] = [];
const mount = mkdtempSync(join(tmpdir(), 'orrery-full-'));
const directory = join(mount, 'data');
const ballast = join(mount, 'ballast');
let obstacle: string | undefined;

beforeEach(() => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', mount], { stdio: 'pipe' });
    mounts.push(mount);
  } catch (error) {
    obstacle = `no tmpfs can be mounted here: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`;
  }
});
afterEach(() => {
  for (const each of mounts.splice(0)) execFileSync('umount', ['-l', each]);
});
afterAll(() => rmSync(mount, { recursive: true, force: true }));

/** Writes up to so many bytes, or until there is no room for one more. */
function fill(most: number): void {
  const descriptor = openSync(ballast, 'w');
  try {
    for (let done = 0; done < most; ) done += writeSync(descriptor, Buffer.alloc(Math.min(4096, most - done)));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(descriptor);
  }
}

async function expectContent(entries: number, content: string): Promise<void> {
  await using orrery = await openOrrery({ directory, games: [vault] });
  const game = await orrery.load(vault, 'alpha');
  expect(game.seq).toBe(entries);
  expect(game.state).toEqual({ entries, content });
}

it('[W8] the disk fills up in the middle of play: degraded with DISK_FULL, in memory it goes on, then all is durable', async ({
  skip,
}) => {
  if (obstacle) skip(obstacle);
  const told: string[] = [];
  const orrery = await openOrrery({ directory, games: [vault], logger: pino({ level: 'silent' }) });
  orrery.on('degraded', (error) => told.push(`degraded ${error.code}`)).on('recovered', () => told.push('recovered'));
  const game = await orrery.open(vault, 'alpha');
  fill(3 * 1024 * 1024);
  const receipts: Receipt[] = [];
  let acknowledged = 0;
  while (told.length === 0) {
    // The same again would be no change, and hardly a byte.
    const receipt = game.dispatch('store', { letter: 'mn'.charAt(receipts.length % 2), length: 100_000 });
    receipts.push(receipt);
    receipt.durable.then(
      () => (acknowledged = Math.max(acknowledged, receipt.seq)),
      () => undefined,
    );
    // One at a time: on a slow machine a queue could outgrow what there will be room for afterwards.
    while (told.length === 0 && acknowledged < receipt.seq) await pause(2);
  }
  expect(told).toEqual(['degraded DISK_FULL']);
  expect(orrery.health).toMatchObject({ state: 'degraded', shards: [{ error: { code: 'DISK_FULL' } }] });
  expect(orrery.health.shards[0]?.error?.context.file).toContain(join(directory, 'shard-00', 'segment-'));
  const before = acknowledged;
  expect(before).toBeGreaterThan(5);
  for (let more = 0; more < 10; more += 1) receipts.push(game.dispatch('store', { letter: 'y', length: 10 + more }));
  expect(game.state.entries).toBe(receipts.length);
  await pause(100);
  expect(acknowledged).toBe(before);

  rmSync(ballast);
  await Promise.all(receipts.map(({ durable }) => durable));
  expect(told).toEqual(['degraded DISK_FULL', 'recovered']);
  expect(orrery.health.state).toBe('ok');
  await orrery.close();
  await expectContent(receipts.length, 'y'.repeat(19));
});

it('[W8] no byte is left: checkpoints and closing fail with DISK_FULL, what was acknowledged is there, attempts leave nothing', async ({
  skip,
}) => {
  if (obstacle) skip(obstacle);
  const orrery = await openOrrery({ directory, games: [vault], logger: pino({ level: 'silent' }) });
  const game = await orrery.open(vault, 'alpha');
  await game.dispatch('store', { letter: 'a', length: 50_000 }).durable;
  await orrery.checkpoint();
  await game.dispatch('store', { letter: 'b', length: 500 }).durable;
  fill(Number.POSITIVE_INFINITY);
  const names = readdirSync(join(directory, 'shard-00'));
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(orrery.checkpoint()).rejects.toMatchObject({ code: 'DISK_FULL' });
  }
  expect(readdirSync(join(directory, 'shard-00'))).toEqual(names);
  await expect(orrery.close()).rejects.toMatchObject({ code: 'DISK_FULL' });
  rmSync(ballast);
  await expectContent(2, 'b'.repeat(500));
});

/** A process that opens the directory, says how it is, and is killed. */
function openAndDie(): {
  readonly state: string;
  readonly errors: string[];
  readonly entries: number;
  readonly length: number;
} {
  const program = `
    import { openOrrery, defineGame } from ${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)};
    const vault = defineGame('vault', { version: 1, initial: () => ({ entries: 0, content: '' }), commands: {
      store(draft, content) { draft.entries += 1; draft.content = content; } } });
    const orrery = await openOrrery({ directory: ${JSON.stringify(directory)}, games: [vault] });
    const game = await orrery.load(vault, 'alpha');
    const { state, shards } = orrery.health;
    const { entries, content } = game.state;
    const told = { state, errors: shards.map(({ error }) => error?.code), entries, length: content.length };
    // On a full disk nothing more is acknowledged.
    let durable = false;
    game.dispatch('store', 'x'.repeat(8000)).durable.then(() => (durable = true), () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 150));
    if (durable) throw new Error('acknowledged on a full disk');
    process.stdout.write(JSON.stringify(told), () => process.kill(process.pid, 'SIGKILL'));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    env: { ...process.env, ORRERY_LOG: 'silent' },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as ReturnType<typeof openAndDie>;
}

it('[W21] [W22] killed on a full disk, and opened and killed there again and again: degraded, all is readable, no byte more, then all is durable', async ({
  skip,
}) => {
  if (obstacle) skip(obstacle);
  const orrery = await openOrrery({ directory, games: [vault], logger: pino({ level: 'silent' }) });
  const game = await orrery.open(vault, 'alpha');
  for (let entry = 1; entry <= 12; entry += 1) {
    await game.dispatch('store', { letter: 'mn'.charAt(entry % 2), length: 40_000 + entry }).durable;
  }
  fill(Number.POSITIVE_INFINITY);
  await expect(orrery.close()).rejects.toMatchObject({ code: 'DISK_FULL' });
  // As if that process had been killed. Locks and claims that go make room for a page, which something else takes at once.
  const shard = join(directory, 'shard-00');
  const found: string[][] = [];
  for (let time = 0; time < 5; time += 1) {
    fill(Number.POSITIVE_INFINITY);
    expect(openAndDie()).toEqual({ state: 'degraded', errors: ['DISK_FULL'], entries: 12, length: 40_012 });
    found.push(readdirSync(shard).filter((name) => !name.startsWith('OWNER-')));
    expect(readdirSync(shard).length - (found.at(-1) as string[]).length).toBeLessThanOrEqual(2);
  }
  expect(found.slice(3)).toEqual([found[2], found[2]]);
  fill(Number.POSITIVE_INFINITY);
  expect(statfsSync(mount).bavail).toBe(0);
  const told: string[] = [];
  const again = await openOrrery({ directory, games: [vault], logger: pino({ level: 'silent' }) });
  again.on('degraded', (error) => told.push(`degraded ${error.code}`)).on('recovered', () => told.push('recovered'));
  expect(again.recovery[0]).toMatchObject({ unpublished: { code: 'DISK_FULL' }, withoutSegment: true });
  const same = await again.load(vault, 'alpha');
  const receipt = same.dispatch('store', { letter: 'z', length: 500 });
  await pause(100);
  rmSync(ballast);
  await receipt.durable;
  while (again.health.state !== 'ok') await pause(5);
  expect(told).toEqual(['degraded DISK_FULL', 'recovered']);
  await again.close();
  await expectContent(13, 'z'.repeat(500));
});

it('[W13] [RO7] on a disk that is read-only opening is refused with a reason, reading works, and writable again all is there', async ({
  skip,
}) => {
  if (obstacle) skip(obstacle);
  const orrery = await openOrrery({ directory, games: [vault], logger: pino({ level: 'silent' }) });
  const game = await orrery.open(vault, 'alpha');
  await game.dispatch('store', { letter: 'a', length: 500 }).durable;
  await orrery.close();
  const names = readdirSync(join(directory, 'shard-00'));
  execFileSync('mount', ['-o', 'remount,ro', mount], { stdio: 'pipe' });
  try {
    const refused = await openOrrery({ directory, games: [vault] }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: expect.stringMatching(/^(IO_FAILED|DIRECTORY_UNUSABLE)$/) });
    expect(String(refused)).toContain('EROFS');
    expect(String(refused)).toContain(directory);
    const program = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;
    const listed = execFileSync(process.execPath, [program, 'ls', directory], { encoding: 'utf8' });
    expect(listed).toContain('alpha');
    execFileSync(process.execPath, [program, 'check', directory], { stdio: 'pipe' });
    await using looker = await openOrrery({ directory, games: [vault], readOnly: true });
    const seen = await looker.load(vault, 'alpha');
    expect(seen.state).toEqual({ entries: 1, content: 'a'.repeat(500) });
    expect(() => seen.dispatch('store', { letter: 'b', length: 1 })).toThrow(
      expect.objectContaining({ code: 'READ_ONLY', context: { game: 'alpha' } }),
    );
    expect(readdirSync(join(directory, 'shard-00'))).toEqual(names);
  } finally {
    execFileSync('mount', ['-o', 'remount,rw', mount], { stdio: 'pipe' });
  }
  await expectContent(1, 'a'.repeat(500));
});
