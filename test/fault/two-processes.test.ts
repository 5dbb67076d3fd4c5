// One directory, two who want it: the second is refused at once, by process id. What a dead process left does not refuse.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openOrrery } from '#index.ts';
import { SHARDS } from '../programs/script.ts';
import { world } from '../programs/world.ts';
import { Chronicle } from './chronicle.ts';
import { PlayerProcess } from './player-process.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-two-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(): ReturnType<typeof openOrrery> {
  return openOrrery({ directory, games: [world], shards: SHARDS });
}

async function playerWithDirectory(): Promise<PlayerProcess> {
  const player = new PlayerProcess(new Chronicle());
  await player.reached('ready');
  player.order({ directory, seed: 1, commands: 0, ending: 'wait' });
  await player.reached('running');
  return player;
}

function lock(): { pid: number; started: string; boot: string; host: string; token: string } {
  return JSON.parse(readFileSync(join(directory, 'LOCK'), 'utf8'));
}

it('[V8] a second process is refused, and told the id of the first; the first goes on', async () => {
  const player = await playerWithDirectory();
  try {
    await expect(open()).rejects.toMatchObject({ code: 'ALREADY_OPEN', context: { pid: player.pid, directory } });
    expect(lock().pid).toBe(player.pid);
    // It did not get as far as claiming a shard.
    const leases = readdirSync(join(directory, 'shard-00')).filter((name) => name.startsWith('OWNER-'));
    expect(leases).toEqual(['OWNER-0000000001']);
  } finally {
    player.kill();
    await player.ended();
  }
  const orrery = await open();
  expect((await orrery.list()).length).toBeGreaterThan(0);
  await orrery.close();
});

it('[V8] the same process twice is refused as well', async () => {
  const orrery = await open();
  await expect(open()).rejects.toMatchObject({ code: 'ALREADY_OPEN', context: { pid: process.pid } });
  const game = await orrery.open(world, 'alpha');
  await game.dispatch('log', { text: 'still mine' }).durable;
  await orrery.close();
  const again = await open();
  expect((await again.load(world, 'alpha')).state.log).toEqual(['still mine']);
  await again.close();
});

it('[V8] of two that open at once, one gets it', async () => {
  const results = await Promise.allSettled([open(), open(), open()]);
  const opened = results.filter((result) => result.status === 'fulfilled');
  expect(opened.length).toBe(1);
  for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('ALREADY_OPEN');
  await opened[0]?.value.close();
});

it('[V9] what a dead process left does not refuse', async () => {
  const player = await playerWithDirectory();
  player.kill();
  await player.ended();
  expect(lock().pid).toBe(player.pid);
  await (await open()).close();
  expect(readdirSync(directory)).not.toContain('LOCK');
});

it('[V11] an owner that slept while another took over acknowledges nothing more when it wakes, and says why', async () => {
  const chronicle = new Chronicle();
  const player = new PlayerProcess(chronicle);
  await player.reached('ready');
  player.order({ directory, seed: 3, commands: 1_000_000, ending: 'close' });
  await player.reached('running');
  while (chronicle.acknowledged < 50) await pause(5);
  player.kill('SIGSTOP');
  // What it had said by then is heard, also where it takes a while to stop and to be heard.
  for (let before = -1; before !== chronicle.acknowledged; ) {
    before = chronicle.acknowledged;
    await pause(100);
  }
  await expect(open()).rejects.toMatchObject({ code: 'ALREADY_OPEN', context: { pid: player.pid } });
  // Somebody who knows better takes the lock away. What protects the data are the leases.
  rmSync(join(directory, 'LOCK'));
  const orrery = await open();
  const seqs = Object.fromEntries((await orrery.list()).map(({ id, seq }) => [id, seq]));
  chronicle.line(`listed ${JSON.stringify(seqs)}`);
  const { acknowledged } = chronicle;
  const game = await orrery.open(world, 'alpha');
  await game.dispatch('log', { text: 'taken over' }).durable;

  player.kill('SIGCONT');
  const { code } = await player.ended();
  expect(code).not.toBe(0);
  expect(player.errors).toContain('STALE_OWNER');
  expect(chronicle.violations()).toEqual([]);
  expect(chronicle.acknowledged).toBe(acknowledged);

  await game.dispatch('log', { text: 'and still mine' }).durable;
  const { seq, state } = game;
  expect(seq).toBe((seqs['alpha'] as number) + 2);
  await orrery.close();
  const again = await open();
  expect(JSON.stringify((await again.load(world, 'alpha')).state)).toBe(JSON.stringify(state));
  await again.close();
});

/** When a process started, as the kernel counts it; only Linux says. */
function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] as string;
}

it('[V9] nor does another process with the same id, one from before a restart, on another machine, or half a lock', async ({
  skip,
}) => {
  if (process.platform !== 'linux') skip(`${process.platform} does not say when a process started`);
  const orrery = await open();
  const mine = lock();
  await orrery.close();
  const path = join(directory, 'LOCK');
  const parent = { ...mine, pid: process.ppid, started: startOf(process.ppid) };
  writeFileSync(path, JSON.stringify(parent));
  await expect(open()).rejects.toMatchObject({ code: 'ALREADY_OPEN', context: { pid: process.ppid } });
  const stale = [
    { ...parent, started: '1' },
    { ...parent, boot: 'an earlier run of the machine' },
    { ...parent, host: `not-${hostname()}` },
    { ...mine, token: '00000000-0000-0000-0000-000000000000' },
  ].map((each) => JSON.stringify(each));
  for (const text of [...stale, '', JSON.stringify(parent).slice(0, 20)]) {
    writeFileSync(path, text);
    await (await open()).close();
    expect(readdirSync(directory)).not.toContain('LOCK');
  }
});
