// Processes that end without closing, each in its own way: at most what was not acknowledged is gone.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Orders } from '../programs/player.ts';
import { Chronicle } from './chronicle.ts';
import { PlayerProcess } from './player-process.ts';
import { projectRoot } from './project-root.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-endings-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function playOnce(
  chronicle: Chronicle,
  ending: Orders['ending'],
  seed: number,
  interrupt?: (child: PlayerProcess) => Promise<void>,
): Promise<{ readonly child: PlayerProcess; readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  const child = new PlayerProcess(chronicle);
  await child.reached('ready');
  child.order({ directory, seed, commands: 150, ending });
  await interrupt?.(child);
  return { child, ...(await child.ended()) };
}

/** Another child recovers what is there, plays on, and closes: the chronicle compares. */
async function expectRecovered(chronicle: Chronicle): Promise<void> {
  expect(chronicle.acknowledged).toBeGreaterThan(0);
  const { child, code } = await playOnce(chronicle, 'close', 99);
  expect(child.errors).toBe('');
  expect(code).toBe(0);
  expect(chronicle.violations()).toEqual([]);
}

it('[R3] process.exit without close loses nothing that was acknowledged', async () => {
  const chronicle = new Chronicle();
  for (const seed of [1, 2, 3]) {
    const { child, code } = await playOnce(chronicle, 'exit', seed);
    expect(child.errors).toBe('');
    expect(code).toBe(3);
  }
  await expectRecovered(chronicle);
});

it('[R3] an uncaught exception loses nothing that was acknowledged', async () => {
  const chronicle = new Chronicle();
  const { child, code } = await playOnce(chronicle, 'throw', 4);
  expect(child.errors).toContain('nobody catches this');
  expect(code).toBe(1);
  await expectRecovered(chronicle);
});

it('[R3] SIGTERM without a handler loses nothing that was acknowledged', async () => {
  const chronicle = new Chronicle();
  const { signal } = await playOnce(chronicle, 'wait', 5, async (child) => {
    await child.reached('running');
    child.kill('SIGTERM');
  });
  expect(signal).toBe('SIGTERM');
  // It may have been too early for anything to be acknowledged: play once more and end in the same way, later.
  await playOnce(chronicle, 'wait', 6, async (child) => {
    await child.reached('running');
    while (chronicle.acknowledged === 0) await pause(5);
    child.kill('SIGTERM');
  });
  await expectRecovered(chronicle);
});

it('[R4] after a clean close there is nothing to replay and nothing is missing', async () => {
  const chronicle = new Chronicle();
  await playOnce(chronicle, 'close', 7);
  const acknowledged = chronicle.acknowledged;
  expect(acknowledged).toBeGreaterThanOrEqual(150);
  await expectRecovered(chronicle);
  expect(chronicle.recoveries).toEqual([]);
  expect(chronicle.beyond).toBe(0);
});

/** A program that nobody wrote with care: its timers dispatch, open and measure, and nobody stops them or handles what they reject with. */
const HEEDLESS = `
  import { defineGame, openOrrery, runLoop } from './dist/src/index.js';
  const counter = defineGame('counter', { version: 1, initial: () => ({ n: 0 }), commands: { add: (draft) => { draft.n += 1; } }, onTick() {} });
  const orrery = await openOrrery({ directory: process.argv[1], games: [counter] });
  const game = await orrery.open(counter, 'g');
  runLoop(orrery, { hz: 200 });
  const timers = [
    setInterval(() => game.dispatch('add'), 1),
    setInterval(async () => (await orrery.open(counter, 'other')).dispatch('add'), 1),
    setInterval(async () => orrery.metrics(), 1),
  ];
  for (const _ of Array(200)) await game.dispatch('add').durable;
  const { seq } = game;
  await orrery.close();
  console.log('closed after seq', seq);
  if (process.argv[2] === 'stop') for (const timer of timers) clearInterval(timer);
  if (process.argv[2] === 'stop') process.exit(0);
`;

it.each(['stop', 'go on'])(
  '[O51] [O52] timers that go on while close runs are not in its way; afterwards they %s',
  (then) => {
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', HEEDLESS, directory, then], {
      cwd: projectRoot(),
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(run.stdout).toContain('closed after seq');
    expect(run.status).toBe(then === 'stop' ? 0 : 1);
    if (then === 'stop') expect(run.stderr).toBe('');
    else expect(run.stderr).toContain('`await using` at the top of a module');
    const left = [...readdirSync(directory), ...readdirSync(join(directory, 'shard-00'))];
    expect(left.filter((name) => name === 'LOCK' || name.endsWith('.tmp'))).toEqual([]);
  },
);
