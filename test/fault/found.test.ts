// What the crash simulator has found, as small as it could be made. Each of these failed once.

import { expect, it } from 'vitest';
import { commit, expectRecovered, openOwner, SHARD, toldNothing } from './shard-script.ts';
import { diskFailure, VolatileDisk } from './volatile-disk.ts';

/** Bytes in the middle of a file are not what they were. */
function damage(disk: VolatileDisk, name: string): void {
  const handle = disk.openWrite(`${SHARD}/${name}`);
  disk.write(handle, Buffer.from('damaged'), 20);
  disk.close(handle);
}

function newest(disk: VolatileDisk, kind: string): string {
  return disk.list(SHARD).findLast((name) => name.startsWith(kind)) as string;
}

it('[R9] a manifest that stands in for a damaged one finds every segment it names, also one that was only rewritten', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const first = await openOwner(disk);
  commit(first, { a: 2 }, told);
  first.abandon();
  disk.kill();
  // The newest frame is written again, and is in the image that is published at once.
  (await openOwner(disk)).abandon();
  disk.kill();
  // Nothing to replay: no image, and a segment that begins behind all of that.
  const third = await openOwner(disk);
  commit(third, { a: 1 }, told);
  while (third.checkpoint() === undefined);
  commit(third, { a: 1 }, told);
  third.abandon();
  disk.kill();
  damage(disk, newest(disk, 'MANIFEST-'));
  const last = await openOwner(disk);
  expectRecovered(last, told, 'with the manifest before');
  last.close();
});

it('[W3] a shard can be taken over while its owner sweeps old segments', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  for (let round = 0; round < 3; round += 1) {
    commit(owner, { a: 1 }, told);
    while (owner.checkpoint() === undefined);
  }
  commit(owner, { a: 1 }, told);
  const before = disk.list(SHARD);
  let looks = 0;
  disk.interference = (operation) => {
    // The one that takes over has listed the segments, and is about to look into the first.
    if (operation !== 'read') return;
    disk.interference = undefined;
    looks += 1;
    while (owner.checkpoint() === undefined);
  };
  const fresh = await openOwner(disk);
  expect(looks).toBe(1);
  const gone = before.filter((name) => !disk.list(SHARD).includes(name) && name.startsWith('segment-'));
  expect(gone.length).toBeGreaterThan(0);
  expectRecovered(fresh, told, 'taken over');
  owner.abandon();
  fresh.close();
});

it('[W3] a shard can be taken over while its owner, on a failing disk, takes the name of the next segment', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  commit(owner, { a: 2 }, told);
  while (owner.checkpoint() === undefined);
  commit(owner, { a: 1 }, told);
  const segments = (): string[] => disk.list(SHARD).filter((name) => name.startsWith('segment-'));
  const before = segments();
  let refused: unknown;
  let syncs = 0;
  disk.interference = (operation, moment, path) => {
    // Asked for the name of its new segment, which was free when the folder was listed.
    if (operation !== 'publishNew' || moment !== 'before' || !path.includes('segment-')) return;
    disk.interference = (inner, innerMoment) => {
      if (inner !== 'dataSync' || innerMoment !== 'before') return;
      syncs += 1;
      if (syncs === 1) throw diskFailure('EROFS', path);
    };
    try {
      commit(owner, { a: 1 }, told);
    } catch (error) {
      refused = error;
    }
    disk.interference = undefined;
  };
  const fresh = await openOwner(disk);
  expect(refused).toMatchObject({ code: 'STALE_OWNER' });
  expect(syncs).toBeGreaterThan(0);
  // The one of the owner that was replaced held nothing, and has made way for the one of the new owner behind it.
  expect(segments().filter((name) => !before.includes(name)).length).toBe(1);
  expectRecovered(fresh, told, 'taken over');
  commit(fresh, { a: 1 }, told);
  fresh.abandon();
  owner.abandon();
  disk.cutPower();
  const last = await openOwner(disk);
  expectRecovered(last, told, 'after a power cut');
  last.close();
});

it('[R9] an opening keeps a segment that the manifest names, although it has nothing that the new one has not', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  commit(owner, { a: 1 }, told);
  while (owner.checkpoint() === undefined);
  commit(owner, { a: 1 }, told);
  // A checkpoint has begun its segment, and a commit in between begins another, because the disk is full for it.
  expect(owner.checkpoint()).toBeUndefined();
  disk.interference = (operation, moment, path) => {
    if (operation === 'dataSync' && moment === 'before') throw diskFailure('ENOSPC', path);
  };
  expect(() => commit(owner, { a: 1 }, told)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  disk.interference = undefined;
  while (owner.checkpoint() === undefined);
  owner.abandon();
  disk.kill();
  // The next owner has no room for an image of its own, so that this manifest goes on being the newest.
  disk.interference = (operation, moment, path) => {
    if (operation === 'createNew' && moment === 'before' && path.includes('image-')) throw diskFailure('ENOSPC', path);
  };
  const second = await openOwner(disk);
  disk.interference = undefined;
  commit(second, { a: 1 }, told);
  second.abandon();
  disk.kill();
  const last = await openOwner(disk);
  expectRecovered(last, told, 'after an opening without an image');
  last.close();
});
