// What checkpoints leave on the disk over a long run, and what they cost.

import { expect, it } from 'vitest';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { batchOf, commit, expectRecovered, openOwner, perform, SHARD, toldNothing } from '../fault/shard-script.ts';
import { diskFailure, type Interference, VolatileDisk } from '../fault/volatile-disk.ts';

function names(disk: VolatileDisk, start: string): string[] {
  return disk.list(SHARD).filter((name) => name.startsWith(start));
}

function checkpoint(owner: Owner): void {
  while (owner.checkpoint() === undefined);
}

it('[I10] two generations are kept with the journal that the older one needs, and everything before them goes', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  for (let round = 0; round < 12; round += 1) {
    commit(owner, { a: 2, b: 1 }, told);
    perform(owner, { do: 'checkpoint', games: { a: 1 } }, told);
    commit(owner, { b: 1 }, told);
    expect(names(disk, 'image-').length).toBe(2);
    expect(names(disk, 'MANIFEST-').length).toBe(2);
    expect(names(disk, 'segment-').length).toBeLessThanOrEqual(3);
    expect(names(disk, 'OWNER-').length).toBe(1);
    expect(disk.list(SHARD).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(disk.read(`${SHARD}/latest.sqlite`)).toEqual(disk.read(`${SHARD}/${names(disk, 'image-').at(-1)}`));
  }
  owner.abandon();
  disk.cutPower();
  disk.remove(`${SHARD}/${names(disk, 'image-').at(-1)}`);
  const again = await openOwner(disk);
  expect(again.recovery.usedPreviousImage).toBe(true);
  expectRecovered(again, told, 'from the older image');
  // What was published on the way out of that counts, and the image that is gone is not spoken of again.
  again.abandon();
  disk.cutPower();
  const last = await openOwner(disk);
  expect(last.recovery.usedPreviousImage).toBe(false);
  expectRecovered(last, told, 'opened once more');
  last.close();
});

it('[I11] opening and closing without a change, or crashing right after opening, gathers no files', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const first = await openOwner(disk);
  commit(first, { a: 3 }, told);
  first.close();
  const counts: number[] = [];
  for (let round = 0; round < 60; round += 1) {
    const owner = await openOwner(disk);
    if (round % 2 === 0) owner.close();
    else owner.abandon();
    disk.kill();
    counts.push(disk.list(SHARD).length);
  }
  expect(Math.max(...counts)).toBeLessThan(20);
  expect(Math.max(...counts.slice(30))).toBeLessThanOrEqual(Math.max(...counts.slice(0, 30)));
  const owner = await openOwner(disk);
  expectRecovered(owner, told, 'after sixty openings');
  owner.close();
});

it('[I12] an image over the bound is not published: typed, nothing is lost, and attempts leave nothing behind', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk, { maxImageBytes: 70_000 });
  let refused = false;
  for (let round = 0; round < 60 && !refused; round += 1) {
    for (let game = 0; game < 10; game += 1) commit(owner, { [`g${round}-${game}`]: 3 }, told);
    try {
      checkpoint(owner);
    } catch (error) {
      expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE', context: { directory: SHARD } });
      refused = true;
    }
  }
  expect(refused).toBe(true);
  const before = disk.list(SHARD);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect(() => checkpoint(owner)).toThrow(expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }));
  }
  expect(disk.list(SHARD)).toEqual(before);
  commit(owner, { more: 4 }, told);
  expect(() => owner.close()).toThrow(expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }));
  disk.cutPower();
  const narrow = await openOwner(disk, { maxImageBytes: 70_000 });
  expect(narrow.recovery.unpublished).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  expectRecovered(narrow, told, 'with the same bound');
  narrow.abandon();
  const roomy = await openOwner(disk);
  expectRecovered(roomy, told, 'with a higher bound');
  roomy.close();
});

it('[I12] a checkpoint that fails at its manifest leaves nothing either, and the next one goes through', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  commit(owner, { a: 3 }, told);
  const failing: Interference = (operation, moment, path) => {
    if (operation === 'publishNew' && moment === 'before' && path.includes('MANIFEST-'))
      throw diskFailure('ENOSPC', path);
  };
  disk.interference = failing;
  expect(() => checkpoint(owner)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  const before = disk.list(SHARD);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect(() => checkpoint(owner)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  }
  expect(disk.list(SHARD)).toEqual(before);
  expect(names(disk, 'image-').length).toBe(1);
  disk.interference = undefined;
  commit(owner, { a: 1 }, told);
  checkpoint(owner);
  expect(names(disk, 'image-').length).toBe(2);
  owner.abandon();
  disk.cutPower();
  const again = await openOwner(disk);
  expectRecovered(again, told, 'after the failures');
  again.close();
});

it('[I13] over a long run, images cost a bounded multiple of the journal', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk, { checkpointBytes: 32 * 1024 });
  let due = 0;
  for (let batch = 0; batch < 2_000; batch += 1) {
    commit(owner, { [`g${batch % 50}`]: 10 }, told);
    owner.compact();
    if (!owner.compact().checkpointDue) continue;
    checkpoint(owner);
    due += 1;
  }
  const { journalBytesWritten, imageBytesWritten, imageBytes, checkpoints } = owner.stats();
  console.log(
    `${checkpoints} checkpoints: ${journalBytesWritten} bytes of journal, ${imageBytesWritten} of images, the last ${imageBytes}`,
  );
  expect(due).toBeGreaterThan(10);
  // One is due when the journal has grown by half the image, so an image costs at most twice the journal since the last.
  expect(imageBytesWritten).toBeLessThan(2.2 * journalBytesWritten);
  expectRecovered(owner, told, 'at the end');
  owner.close();
});

it('[W9] a batch with a gap, or that was sent before, never makes a second frame', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  commit(owner, { a: 3 }, told);
  const { frames, journalBytesWritten } = owner.stats();
  const again = { ...told, acknowledged: new Map([['a', -1]]), sent: new Map([['a', -1]]) };
  commit(owner, { a: 3 }, again);
  expect(owner.stats()).toMatchObject({ frames, journalBytesWritten });
  const ahead = { ...told, acknowledged: new Map([['a', 5]]), sent: new Map([['a', 5]]) };
  expect(() => commit(owner, { a: 1 }, ahead)).toThrow(
    expect.objectContaining({
      code: 'SEQ_CONFLICT',
      message: expect.stringContaining('seq 6 were sent where seq 3 was due'),
    }),
  );
  expect(owner.stats()).toMatchObject({ frames, journalBytesWritten });
  expectRecovered(owner, told, 'after both');
  owner.close();
});

it('[W10] lines that name no game stop reading and publishing for good, and never get half into an image', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  commit(owner, { a: 3 }, told);
  const good = batchOf([{ game: 'a', firstSeq: 3, lastSeq: 3 }]);
  // Two lines in one frame, of which the second names no game: a defect in whoever sent it.
  const payload = new Uint8Array([...good.payload, ...Buffer.from('{"s":4,"k":1,"t":1,"c":"count","d":[]}\n')]);
  owner.commit({ payload, count: 2, spans: [{ game: 'a', firstSeq: 3, lastSeq: 4 }] });
  const before = names(disk, 'MANIFEST-');
  const damaged = expect.objectContaining({
    code: 'DAMAGED',
    message: expect.stringContaining('names no game [frame 2]'),
  });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    expect(() => {
      while (owner.compact().compactionLagBytes > 0);
    }).toThrow(damaged);
    expect(() => owner.load('a')).toThrow(damaged);
    expect(() => owner.list()).toThrow(damaged);
    expect(() => checkpoint(owner)).toThrow(damaged);
  }
  expect(() => owner.close()).toThrow(damaged);
  expect(names(disk, 'MANIFEST-')).toEqual(before);
  await expect(openOwner(disk)).rejects.toEqual(damaged);
});
