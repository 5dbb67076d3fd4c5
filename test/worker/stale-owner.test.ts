// Two owners of one shard, past the directory's lock: the newer claim wins, and the older acknowledges nothing more and
// overwrites nothing.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { Lease } from '#storage/sqlite/recovery/lease.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { earlyLook } from '../fault/early-look.ts';
import { batchOf, commit, expectRecovered, openOwner, perform, SHARD, toldNothing } from '../fault/shard-script.ts';
import { diskFailure, VolatileDisk } from '../fault/volatile-disk.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-stale-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(): Promise<Owner> {
  return openOwner(nodeFiles, { directory });
}

/** Everything but the segment that the older owner has open, and the leases. */
function newerFiles(before: ReadonlySet<string>): Map<string, string> {
  const names = readdirSync(directory).filter((name) => !before.has(name) && name !== 'latest.sqlite');
  return new Map(names.map((name) => [name, readFileSync(join(directory, name)).toString('base64')]));
}

it('[W3] an owner that was replaced acknowledges no batch, and its batch is not recovered after those of the new one', async () => {
  const told = toldNothing();
  const first = await open();
  commit(first, { a: 4 }, told);
  const second = await open();
  expectRecovered(second, told, 'taken over');
  const late = batchOf([{ game: 'a', firstSeq: 4, lastSeq: 6 }]);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(() => first.commit(late)).toThrow(expect.objectContaining({ code: 'STALE_OWNER' }));
  }
  expectRecovered(second, told, 'after the late batch');
  commit(second, { a: 1, b: 2 }, told);
  second.abandon();
  first.abandon();
  const third = await open();
  expectRecovered(third, told, 'opened a third time');
  third.close();
});

it('[W3] nor does it acknowledge a batch again that it had written before', async () => {
  const first = await open();
  const batch = batchOf([{ game: 'a', firstSeq: 0, lastSeq: 2 }]);
  first.commit(batch);
  (await open()).abandon();
  expect(() => first.commit(batch)).toThrow(expect.objectContaining({ code: 'STALE_OWNER' }));
  first.abandon();
});

it('[W3] a lease in the middle of a commit: what is acknowledged all the same, the new owner has read', async () => {
  let refused = 0;
  let acknowledged = 0;
  for (let nth = 1; ; nth += 1) {
    const disk = new VolatileDisk();
    const told = toldNothing();
    const first = await openOwner(disk);
    commit(first, { a: 3 }, told);
    // A new owner claims before it reads: it has read what is on the disk at that moment, and nothing that comes later.
    let read: VolatileDisk | undefined;
    let count = 0;
    disk.interference = (_operation, moment) => {
      if (moment !== 'before') return;
      count += 1;
      if (count !== nth) return;
      disk.interference = undefined;
      Lease.take(disk, SHARD, 0);
      read = disk.copy();
    };
    try {
      commit(first, { a: 2, b: 1 }, told);
      acknowledged += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: 'STALE_OWNER' });
      refused += 1;
    }
    if (!read) break;
    const second = await openOwner(read);
    expectRecovered(second, told, `claimed at operation ${nth} of a commit`);
    second.abandon();
    first.abandon();
  }
  // It may come before the write, between the write and its sync, and after it; only behind the last look is it too late.
  expect(refused).toBeGreaterThanOrEqual(3);
  expect(acknowledged).toBeGreaterThanOrEqual(1);
});

it('[W4] a late batch of an owner that was replaced does not get into an image that counts', async () => {
  const told = toldNothing();
  const first = await open();
  commit(first, { a: 4 }, told);
  perform(first, { do: 'checkpoint', games: { b: 1 } }, told);
  perform(first, { do: 'checkpoint', games: {} }, told);
  expect(first.checkpoint()).toBeUndefined();
  // Nothing to replay, so the new owner publishes nothing at once.
  const second = await open();
  expect(second.recovery.replayedFrames).toBe(0);
  expect(() => first.commit(batchOf([{ game: 'a', firstSeq: 4, lastSeq: 6 }]))).toThrow(
    expect.objectContaining({ code: 'STALE_OWNER' }),
  );
  expect(() => {
    while (first.checkpoint() === undefined);
  }).toThrow(expect.objectContaining({ code: 'STALE_OWNER' }));
  first.abandon();
  commit(second, { a: 1, c: 1 }, told);
  second.abandon();
  const third = await open();
  expectRecovered(third, told, 'opened a third time');
  third.close();
});

it('[W4] a segment that a replaced owner began is passed over, and does not stop the new one from going on', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const look = earlyLook(disk);
  const first = await openOwner(look.files);
  commit(first, { a: 4 }, told);
  const second = await openOwner(disk);
  commit(second, { a: 1 }, told);
  const late = batchOf([{ game: 'a', firstSeq: 4, lastSeq: 9 }]);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    look.early = attempt === 0;
    disk.interference = (operation, moment, path) => {
      if (operation !== 'dataSync' || moment !== 'before') return;
      disk.interference = undefined;
      throw diskFailure('EIO', path);
    };
    expect(() => first.commit(late)).toThrow(expect.objectContaining({ code: 'STALE_OWNER' }));
    disk.interference = undefined;
  }
  const segments = disk.list(SHARD).filter((name) => name.startsWith('segment-'));
  expect(segments.length).toBe(2);
  commit(second, { a: 2, b: 1 }, told);
  const seen = disk.copy();
  const third = await openOwner(seen);
  expectRecovered(third, told, 'with segments of the replaced owner in between');
  third.close();
  perform(second, { do: 'checkpoint', games: { a: 1 } }, told);
  second.abandon();
  const last = await openOwner(disk);
  expectRecovered(last, told, 'after a checkpoint of the new owner');
  last.close();
});

it('[W4] a segment that a replaced owner begins under the very name that the new one is about to take is read first', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const look = earlyLook(disk);
  const first = await openOwner(look.files);
  commit(first, { a: 4 }, told);
  disk.interference = (operation, moment, path) => {
    if (operation !== 'publishNew' || moment !== 'before' || !path.includes('/segment-')) return;
    disk.interference = undefined;
    look.early = true;
    expect(first.checkpoint()).toBeUndefined();
  };
  const second = await openOwner(disk);
  expect(disk.interference).toBeUndefined();
  expectRecovered(second, told, 'read again');
  commit(second, { a: 1 }, told);
  expect(() => first.commit(batchOf([{ game: 'a', firstSeq: 4, lastSeq: 4 }]))).toThrow(
    expect.objectContaining({ code: 'STALE_OWNER' }),
  );
  second.abandon();
  const third = await openOwner(disk);
  expectRecovered(third, told, 'opened a third time');
  third.close();
});

it('[W4] whatever an owner that was replaced still tries, at any slice of a checkpoint, the files of the new one stay', async () => {
  for (let slices = 0; ; slices += 1) {
    rmSync(directory, { recursive: true });
    const told = toldNothing();
    const first = await open();
    commit(first, { a: 4, b: 1 }, told);
    perform(first, { do: 'checkpoint', games: { a: 1 } }, told);
    commit(first, { a: 2 }, told);
    let done = false;
    for (let slice = 0; slice < slices && !done; slice += 1) done = first.checkpoint() !== undefined;
    if (done) {
      first.abandon();
      expect(slices).toBeGreaterThan(5);
      return;
    }

    const before = new Set(readdirSync(directory));
    const second = await open();
    commit(second, { a: 1, c: 3 }, told);
    const files = newerFiles(before);
    expect(() => {
      while (first.checkpoint() === undefined);
    }).toThrow(expect.objectContaining({ code: 'STALE_OWNER' }));
    expect(() => first.close()).toThrow(expect.objectContaining({ code: 'STALE_OWNER' }));
    for (const [name, bytes] of files) expect(readFileSync(join(directory, name)).toString('base64'), name).toBe(bytes);

    expectRecovered(second, told, `after ${slices} slices`);
    perform(second, { do: 'checkpoint', games: { a: 1, b: 1 } }, told);
    commit(second, { a: 1 }, told);
    second.abandon();
    const third = await open();
    expectRecovered(third, told, `opened a third time after ${slices} slices`);
    third.close();
  }
});
