// Opening a shard on a disk that is full or fails: whatever is not needed for what is there already does not stop it, nothing is
// acknowledged before it is durable, and openings that fail or are killed, over and over, leave nothing behind.

import { describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { ownerEpoch } from '#storage/sqlite/recovery/lease.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { earlyLook } from '../fault/early-look.ts';
import {
  batchOf,
  commit,
  expectRecovered,
  openOwner,
  perform,
  SCRIPT,
  SHARD,
  type Told,
  toldNothing,
} from '../fault/shard-script.ts';
import { diskFailure, type Interference, type Operation, VolatileDisk } from '../fault/volatile-disk.ts';

const NEEDS_SPACE: readonly Operation[] = [
  'createNew',
  'write',
  'dataSync',
  'sync',
  'rename',
  'publishNew',
  'link',
  'syncDirectory',
];

/** A shard as a process left it that is no more. */
interface Left {
  readonly disk: VolatileDisk;
  readonly told: Told;
}

type Leaving = 'killed' | 'killed in a commit' | 'closed' | 'never published again' | 'with a torn tail';

async function leave(how: Leaving): Promise<Left> {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  for (const step of SCRIPT) if (step.do !== 'close') perform(owner, step, told);
  if (how === 'closed') owner.close();
  if (how === 'with a torn tail' || how === 'killed in a commit') {
    const moment = how === 'with a torn tail' ? 'half' : 'after';
    disk.interference = failing('EIO', ['write'], moment);
    expect(() => commit(owner, { a: 1 }, told)).toThrow(OrreryError);
  }
  if (how === 'never published again') {
    disk.interference = failing('ENOSPC', ['createNew'], 'before', /image-/);
    expect(() => owner.checkpoint()).not.toThrow();
    expect(() => {
      while (owner.checkpoint() === undefined);
    }).toThrow(OrreryError);
    commit(owner, { a: 1, b: 1 }, told);
  }
  disk.kill();
  return { disk, told };
}

function failing(
  errno: string,
  operations: readonly Operation[],
  when: 'before' | 'half' | 'after' = 'before',
  path = /./,
): Interference {
  return (operation, moment, at) => {
    if (moment === when && operations.includes(operation) && path.test(at)) throw diskFailure(errno, at);
  };
}

/** The names and contents of everything but claims. */
function contentOf(disk: VolatileDisk): Map<string, string> {
  disk.interference = undefined;
  const names = disk.list(SHARD).filter((name) => ownerEpoch(name) === undefined);
  return new Map(names.map((name) => [name, Buffer.from(disk.read(`${SHARD}/${name}`)).toString('base64')]));
}

function claimsOn(disk: VolatileDisk): number {
  return disk.list(SHARD).filter((name) => ownerEpoch(name) !== undefined).length;
}

/** Without telling anybody what was found: what is sent and not acknowledged stays so. */
function expectNothingLost(owner: Owner, told: Told, story: string): void {
  const copy: Told = { sent: new Map(told.sent), acknowledged: new Map(told.acknowledged), unsettled: undefined };
  expectRecovered(owner, copy, story);
}

const LEFT: readonly Leaving[] = [
  'killed',
  'killed in a commit',
  'closed',
  'never published again',
  'with a torn tail',
];

describe.each(LEFT)('a shard that was left %s', (how) => {
  it.each([
    ['ENOSPC', 'once'],
    ['ENOSPC', 'lasting'],
    ['EDQUOT', 'lasting'],
    ['EFBIG', 'lasting'],
    ['EIO', 'once'],
  ] as const)(
    '[W20] %s at any call of an opening, %s: it opens with everything, or leaves the folder as it was',
    async (errno, span) => {
      const left = await leave(how);
      const before = contentOf(left.disk);
      let [opened, refused] = [0, 0];
      for (let nth = 1; ; nth += 1) {
        const disk = left.disk.copy();
        let count = 0;
        disk.interference = (operation, moment, path) => {
          if (moment !== 'before' || (errno !== 'EIO' && !NEEDS_SPACE.includes(operation))) return;
          count += 1;
          // What cannot be unlinked is the business of the next rule.
          if ((count === nth || (count > nth && span === 'lasting')) && operation !== 'remove')
            throw diskFailure(errno, path);
        };
        const story = `${how}, ${errno} ${span} at call ${nth}`;
        const owner = await openOwner(disk).catch((error: unknown) => error);
        disk.interference = undefined;
        if (owner instanceof Error) {
          expect(owner, story).toMatchObject({ code: errno === 'ENOSPC' ? 'DISK_FULL' : 'IO_FAILED' });
          expect(contentOf(disk), story).toEqual(before);
          refused += 1;
        } else {
          expectNothingLost(owner as Owner, left.told, story);
          opened += 1;
        }
        expect(claimsOn(disk), story).toBeLessThanOrEqual(3);
        disk.kill();
        const fresh = await openOwner(disk);
        expectRecovered(fresh, { ...left.told, ...copied(left.told) }, `${story}, and opened again`);
        expect(claimsOn(disk), story).toBeLessThanOrEqual(2);
        fresh.abandon();
        if (count < nth) break;
      }
      expect(opened).toBeGreaterThan(5);
      // What has to be read must be readable, and a lease has to be made.
      expect(refused).toBeGreaterThan(0);
    },
  );

  it('[W21] openings that are killed, over and over, on a disk without room for an image or for a segment: the folder does not grow', async () => {
    for (const without of [/image-/, /segment-/, /MANIFEST-|image-/]) {
      const { disk, told } = await leave(how);
      const sizes: number[] = [];
      for (let time = 0; time < 12; time += 1) {
        disk.interference = failing('ENOSPC', ['createNew', 'write'], 'before', without);
        const owner = await openOwner(disk);
        disk.interference = undefined;
        expectNothingLost(owner, told, `${how}, without ${without}, opening ${time + 1}`);
        if (time % 3 === 2) disk.cutPower();
        else disk.kill();
        sizes.push([...contentOf(disk).values()].reduce((sum, { length }) => sum + length + 1, 0));
      }
      // What was unlinked may be there again after a power cut.
      expect(Math.max(...sizes.slice(3)), String(without)).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 3)));
      const last = await openOwner(disk);
      expectRecovered(last, told, 'with room again');
      last.close();
      const closed = await openOwner(disk);
      expect(closed.recovery).toMatchObject({ replayedFrames: 0, tornBytes: 0 });
      expectRecovered(closed, told, 'closed');
    }
  });

  it('[W21] and each of these openings may acknowledge something: it is there afterwards', async () => {
    const { disk, told } = await leave(how);
    for (let time = 0; time < 6; time += 1) {
      disk.interference = failing('ENOSPC', ['write'], 'before', /image-/);
      const owner = await openOwner(disk);
      expectRecovered(owner, told, `opening ${time + 1}`);
      commit(owner, { a: 1, b: 1 }, told);
      if (time % 2 === 0) disk.cutPower();
      else disk.kill();
    }
    const last = await openOwner(disk);
    expectRecovered(last, told, 'with room again');
  });
});

it('[W21] segments make way for one that is durable: wherever the power goes in such an opening, what was recovered once is there', async () => {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  commit(owner, { a: 2 }, told);
  while (owner.checkpoint() === undefined);
  // Written and never durable, and the owner does not live to try again.
  disk.interference = failing('EIO', ['dataSync', 'sync']);
  expect(() => commit(owner, { a: 1 }, told)).toThrow(OrreryError);
  disk.kill();
  disk.interference = failing('ENOSPC', ['write'], 'before', /image-/);
  expectRecovered(await openOwner(disk), told, 'opened without an image');
  expect(told.acknowledged.get('a')).toBe(2);
  disk.kill();
  const cuts: VolatileDisk[] = [];
  disk.interference = (operation, moment, path) => {
    if (moment === 'half') return;
    cuts.push(disk.copy());
    if (operation === 'write' && moment === 'before' && path.includes('image-')) throw diskFailure('ENOSPC', path);
  };
  await openOwner(disk);
  disk.interference = undefined;
  expect(cuts.length).toBeGreaterThan(40);
  for (const [at, cut] of cuts.entries()) {
    cut.cutPower();
    expectRecovered(await openOwner(cut), told, `cut at ${at}`);
  }
});

function copied({ sent, acknowledged }: Told): Pick<Told, 'sent' | 'acknowledged'> {
  return { sent: new Map(sent), acknowledged: new Map(acknowledged) };
}

describe('an owner that could not begin a segment', () => {
  it('[W22] acknowledges nothing, not even a batch that it has read, until it has one; then it is durable', async () => {
    const { disk, told } = await leave('killed in a commit');
    const unsettled = told.unsettled ?? [];
    disk.interference = failing('ENOSPC', ['write'], 'before', /segment-/);
    const owner = await openOwner(disk);
    expect(owner.recovery).toMatchObject({ withoutSegment: true, unpublished: { code: 'DISK_FULL' } });
    // It has been read.
    expect(owner.list().find(({ id }) => id === 'a')?.seq).toBe(unsettled[0]?.lastSeq);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(() => owner.commit(batchOf(unsettled))).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
    }
    // Rightly so: it was never durable.
    const cut = disk.copy();
    cut.cutPower();
    const other = await openOwner(cut);
    expect(other.list().find(({ id }) => id === 'a')?.seq).toBe(told.acknowledged.get('a'));

    disk.interference = undefined;
    owner.commit(batchOf(unsettled));
    for (const { game, lastSeq } of unsettled) told.acknowledged.set(game, lastSeq);
    disk.cutPower();
    const last = await openOwner(disk);
    expectRecovered(last, told, 'acknowledged, and then the power went');
  });

  it('[W22] is told so by a checkpoint and by closing, and publishes when there is room', async () => {
    const { disk, told } = await leave('killed');
    const before = contentOf(disk);
    const none = failing('ENOSPC', ['write'], 'before', /segment-/);
    disk.interference = none;
    const owner = await openOwner(disk);
    expect(() => owner.checkpoint()).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
    expect(owner.stats().load).toMatchObject({ checkpointDue: true });
    expect(owner.stats().load.journalBytes).toBeGreaterThan(100);
    expect(() => owner.close()).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
    expect(contentOf(disk)).toEqual(before);
    disk.interference = none;
    const second = await openOwner(disk);
    disk.interference = undefined;
    while (second.checkpoint() === undefined);
    expect(second.stats().load).toMatchObject({ checkpointDue: false, journalBytes: 0 });
    commit(second, { a: 1 }, told);
    second.close();
    const last = await openOwner(disk);
    expect(last.recovery.replayedFrames).toBe(0);
    expectRecovered(last, told, 'closed');
  });

  it('[W22] reads again when an owner that was replaced has begun a segment meanwhile', async () => {
    const disk = new VolatileDisk();
    const told = toldNothing();
    const look = earlyLook(disk);
    const slow = await openOwner(look.files);
    commit(slow, { a: 2, b: 1 }, told);
    disk.interference = failing('ENOSPC', ['write'], 'before', /segment-/);
    const owner = await openOwner(disk);
    expect(owner.recovery.withoutSegment).toBe(true);
    // Its disk fails at the wrong moment: it goes on in a segment under the next free name, and only then sees the lease.
    look.early = true;
    let syncs = 0;
    disk.interference = (operation, moment, path) => {
      if (operation !== 'dataSync' || moment !== 'before') return;
      syncs += 1;
      if (syncs === 1) throw diskFailure('EIO', path);
    };
    const late = batchOf([{ game: 'a', firstSeq: 2, lastSeq: 2 }]);
    expect(() => slow.commit(late)).toThrow(expect.objectContaining({ code: 'STALE_OWNER' }));
    disk.interference = undefined;
    expect(() => commit(owner, { b: 1 }, told)).toThrow(expect.objectContaining({ code: 'OWNER_DIED' }));
    owner.abandon();
    const fresh = await openOwner(disk);
    told.sent.set('a', 2);
    expectRecovered(fresh, told, 'read again');
    commit(fresh, { a: 1, b: 1 }, told);
    disk.cutPower();
    expectRecovered(await openOwner(disk), told, 'after a power cut');
  });
});

it('[W23] an image above maxImageBytes: the shard opens with all data, degraded, again and again, and publishes under a higher bound', async () => {
  const { disk, told } = await leave('killed');
  for (let time = 0; time < 4; time += 1) {
    const owner = await openOwner(disk, { maxImageBytes: 1000 });
    expect(owner.recovery.unpublished).toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      hint: expect.stringContaining('maxImageBytes'),
    });
    expect(owner.recovery.withoutSegment).toBeUndefined();
    expectRecovered(owner, told, `opening ${time + 1}`);
    commit(owner, { a: 1 }, told);
    if (time % 2 === 0) disk.kill();
    else expect(() => owner.close()).toThrow(expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }));
  }
  const owner = await openOwner(disk);
  expect(owner.recovery.unpublished).toBeUndefined();
  expectRecovered(owner, told, 'with a higher bound');
  for (let time = 0; time < 2; time += 1) {
    commit(owner, { a: 1 }, told);
    while (owner.checkpoint() === undefined);
  }
  expect(disk.list(SHARD).filter((name) => name.startsWith('segment-')).length).toBeLessThanOrEqual(2);
});

it('[W23] a new shard is not made without its first image, and a making that fails leaves nothing in the way', async () => {
  for (const [options, operations] of [
    [{ maxImageBytes: 1000 }, []],
    [{}, ['write']],
    [{}, ['syncDirectory']],
  ] as const) {
    const disk = new VolatileDisk();
    disk.interference = failing('ENOSPC', operations, 'before', /image-|shard-00$/);
    await expect(openOwner(disk, options)).rejects.toBeInstanceOf(OrreryError);
    expect([...contentOf(disk).keys()]).toEqual([]);
    const owner = await openOwner(disk);
    expect(owner.recovery.created).toBe(true);
    owner.close();
  }
});
