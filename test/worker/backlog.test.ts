// What is durable and not yet compacted: taken in a little at a time, also when nobody asks, and never half when it has to be whole.

import { afterEach, expect, it } from 'vitest';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { Backlog } from '#storage/sqlite/worker/backlog.ts';

const databases: Database[] = [];
afterEach(() => {
  for (const database of databases.splice(0)) database.close();
});

async function backlogOf(): Promise<{ compaction: Compaction; backlog: Backlog }> {
  const database = await Database.open();
  databases.push(database);
  const compaction = new Compaction(
    database,
    { granularityOf: () => 'commands', commandIndex: false },
    { frame: 0, chain: 0 },
  );
  return { compaction, backlog: new Backlog(compaction) };
}

/** Frames of the same number of records. */
function push(backlog: Backlog, frame: number, records: number, note: string): void {
  const first = (frame - 1) * records;
  const lines = Array.from({ length: records }, (_, at) => {
    const head = `{"g":"g","s":${first + at},"k":1,"t":1`;
    return first + at === 0
      ? `${head},"c":"@create","y":"counter","v":1,"b":[],"d":[["=",[],{"n":0,"note":""}]]}`
      : `${head},"c":"count","d":[["=",["n"],${first + at}],["=",["note"],"${note}"]]}`;
  });
  const payload = new TextEncoder().encode(`${lines.join('\n')}\n`);
  backlog.push({ payload, frame, chain: frame, written: frame * 1_000 });
}

it('[BL1] while nobody asks it is compacted a little at a time, as long as there is much of it', async () => {
  const { compaction, backlog } = await backlogOf();
  expect(backlog.doIdleWork()).toBe(false);
  push(backlog, 1, 100, 'few');
  expect(backlog.doIdleWork()).toBe(false);
  for (let frame = 2; frame <= 10; frame += 1) push(backlog, frame, 100, 'x'.repeat(200));
  let turns = 0;
  while (backlog.doIdleWork()) turns += 1;
  expect(turns).toBeGreaterThan(8);
  expect(backlog.bytes).toBeGreaterThan(0);
  expect(backlog.bytes).toBeLessThan(64 * 1024);
  expect(compaction.game('g')?.seq).toBeGreaterThan(500);
  backlog.compactAll();
  expect(backlog.bytes).toBe(0);
  expect(backlog.isEmpty).toBe(true);
  expect(compaction.game('g')?.seq).toBe(999);
  expect(backlog.compacted).toBe(10_000);
});

it('[BL2] a frame that was begun is finished, and no other is begun for it', async () => {
  const { compaction, backlog } = await backlogOf();
  for (let frame = 1; frame <= 3; frame += 1) push(backlog, frame, 200, 'note');
  backlog.compactSome();
  expect(backlog.isBefore(1)).toBe(true);
  expect(compaction.position.frame).toBe(0);
  backlog.finishFrame();
  expect(compaction.position).toEqual({ frame: 1, chain: 1 });
  expect(compaction.game('g')?.seq).toBe(199);
  expect([backlog.isBefore(1), backlog.isBefore(2), backlog.isBefore(3)]).toEqual([false, false, true]);
  backlog.finishFrame();
  expect(compaction.game('g')?.seq).toBe(199);
});

it('[BL3] what cannot be compacted stops it for good, and whoever needs compaction is told each time', async () => {
  const { backlog } = await backlogOf();
  push(backlog, 1, 10, 'note');
  // It names no game.
  const payload = new TextEncoder().encode(`${'x'.repeat(100_000)}\n`);
  backlog.push({ payload, frame: 3, chain: 3, written: 3_000 });
  expect(backlog.doIdleWork()).toBe(true);
  expect(backlog.doIdleWork()).toBe(false);
  expect(backlog.doIdleWork()).toBe(false);
  const damaged = expect.objectContaining({ code: 'DAMAGED', context: { frame: 3 } });
  expect(() => backlog.compactSome()).toThrow(damaged);
  expect(() => backlog.compactAll()).toThrow(damaged);
  expect(backlog.compacted).toBe(1_000);
});
