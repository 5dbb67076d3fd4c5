// A real disk that fills up: a small tmpfs. Games go on in memory, and when there is room again everything becomes durable.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { defineGame, openOrrery, type Receipt } from '../../src/index.ts';

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
  // Nobody can open it either, until there is room.
  await expect(openOrrery({ directory, games: [vault] })).rejects.toMatchObject({ code: 'DISK_FULL' });
  rmSync(ballast);
  await expectContent(2, 'b'.repeat(500));
});

it('[W13] on a disk that is read-only opening is refused with a reason, reading works, and writable again all is there', async ({
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
    expect(readdirSync(join(directory, 'shard-00'))).toEqual(names);
  } finally {
    execFileSync('mount', ['-o', 'remount,rw', mount], { stdio: 'pipe' });
  }
  await expectContent(1, 'a'.repeat(500));
});
