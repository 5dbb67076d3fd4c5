// Memory runs out in the thread that owns a shard: the process lives, the other shard goes on, whoever asked is told with the
// game and the remedy, and with more memory everything that was acknowledged is there.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { MemoryDeaths } from '#engine/memory-deaths.ts';
import { openOrrery } from '#index.ts';
import { checkOptions } from '#options.ts';
import { assertRoom } from '#storage/sqlite/compaction/memory-room.ts';
import { HeavyGame } from '#storage/sqlite/heavy-game.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { heapFlagMb, largestRecord, outOfMemory } from '#storage/sqlite/owner-memory.ts';
import { AtWork } from '#storage/sqlite/worker/at-work.ts';
import { heavy, idsOf, SHARDS, type Told } from '../programs/heavy.ts';

const PROGRAM = new URL('../../dist/test/programs/heavy.js', import.meta.url).pathname;
const [FIRST, SECOND] = idsOf();
const silent = pino({ level: 'silent' });

/** With a wide game in the first shard: closed in good order, and as a kill would have left it. */
let place: string;
let closed: string;
let killed: string;
let directory: string;

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'orrery-memory-'));
  [closed, killed] = [join(place, 'closed'), join(place, 'killed')];
  const large = { checkpointBytes: 2 ** 30, autoSaveIntervalMs: 2 ** 30 };
  const orrery = await openOrrery({ directory: closed, games: [heavy], shards: SHARDS, logger: silent, ...large });
  for (const [id, wide] of [
    [FIRST, 900_000],
    [SECOND, 0],
  ] as const) {
    const game = await orrery.open(heavy, id, 0);
    if (wide > 0) game.dispatch('widen', wide);
    for (let at = 0; at < 3; at += 1) await game.dispatch('add', 1).durable;
  }
  cpSync(closed, killed, { recursive: true });
  rmSync(join(killed, 'LOCK'));
  await orrery.close();
});
afterAll(() => rmSync(place, { recursive: true, force: true }));
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-memory-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The process has to come to its end by itself. */
async function run(flags: readonly string[], way: string, memory?: number): Promise<Told> {
  const args = [...flags, PROGRAM, way, directory, ...(memory === undefined ? [] : [String(memory)])];
  const env = { ...process.env, ORRERY_HEAVY: '1', NODE_OPTIONS: '' };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(`${code} ${signal} ${stderr.slice(0, 2000)}`).toBe('0 null ');
  return JSON.parse(stdout) as Told;
}

/** With the memory that this process has. */
async function countsOf(ids: readonly string[]): Promise<{ [id: string]: number }> {
  await using orrery = await openOrrery({ directory, games: [heavy], logger: silent });
  const counts: { [id: string]: number } = {};
  for (const id of ids) counts[id] = (await orrery.load(heavy, id)).state.count;
  return counts;
}

const FLAGS = { 64: ['--max-old-space-size=64'], 128: ['--max-old-space-size=128'] } as const;

for (const [megabytes, flags] of Object.entries(FLAGS)) {
  it(`[OM1] with ${megabytes} MB a table, many games and large records grow, and all of them become durable`, async () => {
    const told = await run(flags, 'grow');
    expect(told.events).toEqual([]);
    // What could be written and never be read back is refused before it is accepted.
    expect(told.thrown).toMatchObject({ code: 'RECORD_TOO_LARGE', game: FIRST });
    expect(Object.keys(told.acknowledged)).toHaveLength(4);
    expect(await countsOf(Object.keys(told.acknowledged))).toEqual(told.acknowledged);
  });
}

it('[OM2] a question that takes more than there is ends the thread, not the process: the game, the flag, and all goes on', async () => {
  cpSync(closed, directory, { recursive: true });
  const told = await run(FLAGS[64], 'question');
  expect(told.thrown).toMatchObject({ code: 'OWNER_DIED', game: FIRST });
  expect(told.thrown?.message).toMatch(/ran out of memory over the state .*--max-old-space-size.*64/);
  expect(told.acknowledged).toEqual({ [SECOND]: 4 });
  expect(told.events.map(({ event }) => event)).not.toContain('failed');
  expect(await countsOf([FIRST, SECOND])).toEqual({ [FIRST]: 3, [SECOND]: 4 });
});

it('[OM3] a journal that cannot be replayed with so little: opening says so, and with more everything is there', async () => {
  cpSync(killed, directory, { recursive: true });
  const told = await run(FLAGS[64], 'open');
  expect(told.thrown).toMatchObject({ code: 'OWNER_DIED', game: FIRST });
  expect(told.thrown?.message).toMatch(/ran out of memory while it opened the shard.*shard 0.*Nothing that was ack/);
  expect(await countsOf([FIRST, SECOND])).toEqual({ [FIRST]: 3, [SECOND]: 3 });
});

it('[OM4] an owner that cannot hold what it has written is given up after a few tries; the other shard goes on', async () => {
  const told = await run([], 'hopeless', 16);
  const deaths = told.events.filter(({ event }) => event === 'degraded');
  const failure = told.events.find(({ event }) => event === 'failed');
  expect(deaths.length).toBeGreaterThan(0);
  expect(failure).toMatchObject({ code: 'OWNER_DIED', game: FIRST });
  expect(failure?.message).toMatch(/`ownerMemoryMb` \(16\)/);
  expect(told.acknowledged[SECOND]).toBe(2);
  const counts = await countsOf([FIRST, SECOND]);
  expect(counts[SECOND]).toBe(2);
  // The newest may be durable without having been acknowledged.
  expect(counts[FIRST] as number).toBeGreaterThanOrEqual(told.acknowledged[FIRST] ?? 0);
});

it('[OM5] options that cannot work together are refused, and the bound of a record follows the memory', () => {
  const games = [heavy];
  expect(checkOptions({ directory: 'x', games }).maxRecordBytes).toBe(16 * 2 ** 20);
  expect(checkOptions({ directory: 'x', games, ownerMemoryMb: 32 }).maxRecordBytes).toBe(2 * 2 ** 20);
  expect(checkOptions({ directory: 'x', games, ownerMemoryMb: 1024 }).maxRecordBytes).toBe(16 * 2 ** 20);
  expect(() => checkOptions({ directory: 'x', games, ownerMemoryMb: 32, maxRecordBytes: 3 * 2 ** 20 })).toThrow(
    /maxRecordBytes.*32 MiB.*Raise `ownerMemoryMb`/,
  );
  expect(() => checkOptions({ directory: 'x', games, ownerMemoryMb: 1 })).toThrow(/ownerMemoryMb/);
  expect(heapFlagMb(['--max-old-space-size=64'], '--max_old_space_size=128')).toBe(64);
  expect(heapFlagMb([], '--inspect --max_old_space_size 128')).toBe(128);
  expect(heapFlagMb(['--max-old-space-size=0'], '')).toBeUndefined();
  expect(largestRecord(64)).toBe(4 * 2 ** 20);
});

it('[OM6] SQLite without memory is no damage', async () => {
  const database = await Database.open();
  database.execute('CREATE TABLE t (x)');
  database.execute('PRAGMA hard_heap_limit = 2000000');
  expect(() => database.run('INSERT INTO t VALUES (?)', [new Uint8Array(8_000_000)])).toThrow(
    expect.objectContaining({ code: 'OUT_OF_MEMORY' }),
  );
  database.execute('PRAGMA hard_heap_limit = 0');
  database.close();
});

it('[OM7] a record that finds no place is not begun: its game is named before the process could end over it', () => {
  const line = (game: string, bytes: number): Buffer =>
    Buffer.from(`{"g":${JSON.stringify(game)},"s":1,"x":"${'x'.repeat(bytes)}"}`);
  const large = line('"quoted" \u00e4', 2_000_000);
  expect(() => assertRoom(large, () => 7_000_000)).toThrow(
    expect.objectContaining({ code: 'OUT_OF_MEMORY', context: { game: '"quoted" \u00e4' } }),
  );
  assertRoom(large, () => 9_000_000);
  assertRoom(large);
  assertRoom(line('small', 1000), () => 0);
  expect(() => assertRoom(Buffer.alloc(2_000_000), () => 0)).toThrow(expect.objectContaining({ context: {} }));
});

it('[OM8] the game that a thread is at work on is known when the thread is gone', () => {
  const there = new AtWork();
  const here = new AtWork(there.memory);
  expect(here.game).toBeUndefined();
  there.on('n\u00e9e \ud83d\ude00');
  expect(here.game).toBe('n\u00e9e \ud83d\ude00');
  there.on('x'.repeat(5000));
  expect(here.game).toMatch(/^x{1024}$/);
  there.on(undefined);
  expect(here.game).toBeUndefined();
});

it('[OM9] the game that wrote more than all others is to blame when nothing else tells', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(300_000)), { maxLength: 60 }), (batches) => {
      const heavy = new HeavyGame();
      const bytes = new Map<string, number>();
      for (const [game, length] of batches) {
        heavy.wrote(game, length);
        bytes.set(game, (bytes.get(game) ?? 0) + length);
      }
      const all = [...bytes.values()].reduce((sum, each) => sum + each, 0);
      const most = [...bytes].find(([, each]) => 2 * each - all >= 256 * 1024);
      if (most) expect(heavy.game).toBe(most[0]);
      if (all < 256 * 1024) expect(heavy.game).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

it('[OM4] only memory is given up on, and only when nothing becomes durable in between', () => {
  const deaths = new MemoryDeaths();
  const death = outOfMemory(0, 'compact', undefined, 16, new Error('full'));
  const lasts = Array.from({ length: 4 }, () => deaths.isLast(death));
  expect(lasts).toEqual([false, false, false, true]);
  deaths.survived();
  expect(deaths.isLast(death)).toBe(false);
  expect(deaths.isLast(outOfMemory(0, undefined, 'a', undefined, undefined))).toBe(false);
});
