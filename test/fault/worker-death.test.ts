// The thread that owns a shard dies, at requests and in the middle of its work on the disk. Games go on meanwhile, another
// thread takes over, and everything becomes durable once and once only.

import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defineGame, type Orrery, openOrrery, type Receipt, table } from '#index.ts';
import type { Death } from '../programs/dying-owner.ts';
import { play, type World, world } from '../programs/world.ts';
import { Chronicle } from './chronicle.ts';
import { Oracle } from './oracle.ts';
import { PlayerProcess } from './player-process.ts';

const WORKER = new URL('../../dist/test/programs/dying-owner.js', import.meta.url);
const GAMES = ['alpha', 'beta'];
const silent = pino({ level: 'silent' });

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-death-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function tell(deaths: readonly Death[]): void {
  // Whole at any time: the thread reads it while it is written.
  writeFileSync(join(directory, 'telling.json'), JSON.stringify(deaths));
  renameSync(join(directory, 'telling.json'), join(directory, 'dying.json'));
}

function expectAllDied(deaths: readonly Death[]): void {
  const counts = JSON.parse(readFileSync(join(directory, 'shard-00.count'), 'utf8')) as { [point: string]: number };
  for (const { at, name, nth } of deaths) expect(counts[`${at} ${name}`], `${at} ${name}`).toBeGreaterThanOrEqual(nth);
}

/** Opens with a worker that can die; what the orrery tells about its shard goes to the list. */
async function openMortal(): Promise<{ readonly orrery: Orrery; readonly told: string[] }> {
  const told: string[] = [];
  const orrery = await openOrrery({ directory, games: [world], workerUrl: WORKER, logger: silent });
  orrery.on('degraded', (error) => told.push(`degraded ${error.code}`));
  orrery.on('recovered', () => told.push('recovered'));
  orrery.on('failed', (error) => told.push(`failed ${error.code}`));
  return { orrery, told };
}

/** Plays, with a checkpoint now and then and a game that is opened late, until every receipt is kept. */
async function playThrough(orrery: Orrery): Promise<Map<string, number>> {
  const games: World[] = [];
  for (const id of GAMES) games.push(await orrery.open(world, id));
  const receipts: Receipt[] = [];
  for (let turn = 0; turn < 30; turn += 1) {
    for (const game of games) for (let deed = 0; deed < 5; deed += 1) receipts.push(play(game));
    if (turn % 4 === 3) {
      // A checkpoint that the thread takes with it is refused; the next one is made all the same.
      await orrery.checkpoint().catch((error: unknown) => expect(error).toMatchObject({ code: 'OWNER_DIED' }));
    }
    if (turn === 15) games.push(await orrery.open(world, 'late'));
    await receipts.at(-1)?.durable;
  }
  await Promise.all(receipts.map(({ durable }) => durable));
  expect(orrery.health.state).toBe('ok');
  return new Map(games.map(({ id, seq }) => [id, seq]));
}

async function expectAllThere(seqs: ReadonlyMap<string, number>): Promise<void> {
  await using orrery = await openOrrery({ directory, games: [world], logger: silent });
  const rows = await orrery.list();
  expect(new Map(rows.map(({ id, seq }) => [id, seq]))).toEqual(seqs);
  for (const { id, records, seq } of rows) {
    expect(records).toBe(seq);
    const oracle = new Oracle(id);
    oracle.advanceTo(seq);
    expect(JSON.stringify((await orrery.load(world, id)).state)).toBe(oracle.json());
  }
}

const once = { times: 1, how: 'exit' } as const;
const AT_REQUESTS: readonly Death[] = [
  { ...once, at: 'before', name: 'commit', nth: 4 },
  { ...once, at: 'before', name: 'commit', nth: 9, times: 2 },
  { ...once, at: 'after', name: 'commit', nth: 7 },
  { ...once, at: 'after', name: 'commit', nth: 14, how: 'throw' },
  // A checkpoint is one request at least, and more where the machine is slow.
  { ...once, at: 'before', name: 'checkpoint', nth: 3 },
  { ...once, at: 'after', name: 'checkpoint', nth: 5 },
  { ...once, at: 'before', name: 'load', nth: 3 },
  { ...once, at: 'after', name: 'load', nth: 3 },
];
// Each of them belongs to a commit, a checkpoint or both; by the nth time the shard is long open.
const AT_OPERATIONS: readonly Death[] = [
  { ...once, at: 'operation', name: 'write', nth: 13 },
  { ...once, at: 'operation', name: 'dataSync', nth: 12 },
  { ...once, at: 'operation', name: 'sync', nth: 20 },
  { ...once, at: 'operation', name: 'publishNew', nth: 14 },
  { ...once, at: 'operation', name: 'syncDirectory', nth: 25 },
  { ...once, at: 'operation', name: 'link', nth: 6 },
  { ...once, at: 'operation', name: 'remove', nth: 16 },
];

for (const [where, deaths] of [
  ['requests', AT_REQUESTS],
  ['operations on the disk', AT_OPERATIONS],
] as const) {
  it(`[W5] the thread dies again and again, at ${where}: nothing is lost, nothing is there twice`, async () => {
    tell(deaths);
    const { orrery, told } = await openMortal();
    const seqs = await playThrough(orrery);
    await orrery.close();
    expectAllDied(deaths);
    expect(told.length).toBeGreaterThan(2);
    expect(told).toEqual(told.map((_, at) => (at % 2 === 0 ? 'degraded OWNER_DIED' : 'recovered')));
    expect(told.length % 2).toBe(0);
    await expectAllThere(seqs);
  });
}

it('[W5] the thread dies over compacting: what it had taken in is taken in again, once', async () => {
  const deaths: readonly Death[] = [
    { ...once, at: 'before', name: 'compact', nth: 1 },
    { ...once, at: 'after', name: 'compact', nth: 3 },
    { ...once, at: 'before', name: 'compact', nth: 5, how: 'throw' },
  ];
  tell(deaths);
  const { orrery } = await openMortal();
  const game = await orrery.open(world, 'alpha');
  const texts: string[] = [];
  // Enough journal for one compaction after the other, in the gaps between the commits.
  for (let turn = 0; turn < 12; turn += 1) {
    let last: Receipt | undefined;
    for (let each = 0; each < 10; each += 1) {
      const text = `${turn} ${each} ${'x'.repeat(40_000)}`;
      texts.push(text);
      last = game.dispatch('log', { text });
    }
    await last?.durable;
    await pause(20);
  }
  await orrery.close();
  expectAllDied(deaths);
  await using again = await openOrrery({ directory, games: [world], logger: silent });
  expect((await again.list()).map(({ id, seq, records }) => [id, seq, records])).toEqual([['alpha', 120, 120]]);
  expect((await again.load(world, 'alpha')).state.log).toEqual(texts.slice(-40));
});

it('[W5] the thread dies when a wide game has gone ahead piece by piece: it is loaded anew, and whole', async () => {
  const rows = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`r${at}`, { at, text: 'x'.repeat(40) }]));
  const wide = defineGame('wide', { version: 1, initial: () => ({ rows: table(rows) }), commands: {} });
  const first = await openOrrery({ directory, games: [wide], logger: silent });
  await first.open(wide, 'g');
  await first.close();
  const deaths: readonly Death[] = [{ at: 'after', name: 'load', nth: 1, times: 2, how: 'exit' }];
  tell(deaths);
  await using orrery = await openOrrery({ directory, games: [wide], workerUrl: WORKER, logger: silent });
  const game = await orrery.load(wide, 'g');
  expectAllDied(deaths);
  expect(game.toJSON()).toEqual({ rows });
});

it('[W6] games go on while no thread can be had, and everything becomes durable afterwards', async () => {
  tell([]);
  const { orrery, told } = await openMortal();
  const game = await orrery.open(world, 'alpha');
  await play(game).durable;
  tell([{ at: 'before', name: 'commit', nth: 1, times: 1e9, how: 'exit' }]);
  const receipts = Array.from({ length: 20 }, () => play(game));
  while (told.length === 0) await pause(5);
  const seq = game.seq;
  for (let turn = 0; turn < 30; turn += 1) {
    receipts.push(play(game));
    await pause(5);
  }
  expect(game.seq).toBe(seq + 30);
  expect(orrery.health.state).toBe('degraded');
  expect(orrery.health.shards[0]?.queuedRecords).toBe(50);
  expect(told).toEqual(['degraded OWNER_DIED']);
  tell([]);
  await Promise.all(receipts.map(({ durable }) => durable));
  expect(told).toEqual(['degraded OWNER_DIED', 'recovered']);
  await orrery.close();
  await expectAllThere(new Map([['alpha', seq + 30]]));
});

it('[W7] the thread dies over closing: another one closes in good order', async () => {
  for (const at of ['before', 'after'] as const) {
    tell([]);
    const { orrery } = await openMortal();
    const game = await orrery.open(world, 'alpha');
    for (let deed = 0; deed < 10; deed += 1) play(game);
    rmSync(join(directory, 'shard-00.count'));
    tell([{ ...once, at, name: 'close', nth: 1 }]);
    await orrery.close();
    await expectAllThere(new Map([['alpha', game.seq]]));
  }
});

it('[W5] the thread runs out of heap: the process lives, and nothing is lost', async () => {
  tell([{ at: 'before', name: 'commit', nth: 10, times: 1, how: 'heap' }]);
  const chronicle = new Chronicle();
  for (const workerUrl of [WORKER.href, undefined]) {
    const player = new PlayerProcess(chronicle, ['--max-old-space-size=48']);
    await player.reached('ready');
    const orders = { directory, seed: 8, commands: 300, ending: 'close' } as const;
    player.order(workerUrl === undefined ? orders : { ...orders, workerUrl });
    const { code } = await player.ended();
    expect(code, player.errors).toBe(0);
    if (workerUrl !== undefined) expect(player.errors).toContain('out of memory');
  }
  expect(chronicle.violations()).toEqual([]);
  expect(chronicle.acknowledged).toBeGreaterThanOrEqual(600);
});
