// What only tidies up stops nothing: names that cannot be unlinked or linked, claims without their line.

import { describe, expect, it } from 'vitest';
import { Lease, ownerName } from '#storage/sqlite/recovery/lease.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import type { CheckpointReport } from '#storage/store.ts';
import { commit, expectRecovered, openOwner, SHARD, type Told, toldNothing } from '../fault/shard-script.ts';
import { diskFailure, type Interference, type Operation, VolatileDisk } from '../fault/volatile-disk.ts';

/** A shard with three commits, the last behind its newest image. */
async function leaveKilled(): Promise<{ readonly disk: VolatileDisk; readonly told: Told }> {
  const disk = new VolatileDisk();
  const told = toldNothing();
  const owner = await openOwner(disk);
  commit(owner, { a: 2 }, told);
  commit(owner, { a: 1, b: 1 }, told);
  checkpoint(owner);
  commit(owner, { b: 1 }, told);
  disk.kill();
  return { disk, told };
}

function failing(errno: string, operations: readonly Operation[], path = /./): Interference {
  return (operation, moment, at) => {
    if (moment === 'before' && operations.includes(operation) && path.test(at)) throw diskFailure(errno, at);
  };
}

function checkpoint(owner: Owner): CheckpointReport {
  for (;;) {
    const report = owner.checkpoint();
    if (report) return report;
  }
}

describe('housekeeping', () => {
  it('[W24] what cannot be unlinked or linked stops neither opening nor checkpoint nor commit, and is told', async () => {
    const { disk, told } = await leaveKilled();
    disk.createNew(`${SHARD}/segment-0000009999.journal.abcdef.tmp`);
    disk.interference = failing('EPERM', ['remove', 'link']);
    for (let time = 0; time < 4; time += 1) {
      const owner = await openOwner(disk);
      disk.interference = failing('EPERM', ['remove', 'link']);
      expectRecovered(owner, told, `opening ${time + 1}`);
      commit(owner, { a: 1 }, told);
      expect(checkpoint(owner).untidy).toMatchObject({ code: 'IO_FAILED' });
      disk.kill();
      disk.interference = failing('EPERM', ['remove', 'link']);
    }
    disk.interference = undefined;
    const owner = await openOwner(disk);
    commit(owner, { b: 1 }, told);
    expect(checkpoint(owner).untidy).toBeUndefined();
    checkpoint(owner);
    const names = disk.list(SHARD);
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(names.filter((name) => name.startsWith('image-')).length).toBe(2);
    expect(names.filter((name) => name.startsWith('OWNER-')).length).toBe(2);
    expect(names).toContain('latest.sqlite');
  });

  it('[W24] an old name that stays is none of an older image', async () => {
    const { disk } = await leaveKilled();
    disk.interference = failing('EPERM', ['link']);
    await openOwner(disk);
    expect(disk.list(SHARD)).not.toContain('latest.sqlite');
  });

  it('[W24] a temporary name that stays keeps no other, and goes when it can', async () => {
    const { disk } = await leaveKilled();
    const [held, other] = ['image-0000000007.sqlite.0123456789ab.tmp', 'segment-0000000007.journal.0123456789ab.tmp'];
    for (const name of [held, other]) disk.close(disk.createNew(`${SHARD}/${name}`));
    disk.interference = failing('EPERM', ['remove'], new RegExp(String(held)));
    (await openOwner(disk)).abandon();
    disk.interference = undefined;
    expect(disk.list(SHARD)).toContain(held);
    expect(disk.list(SHARD)).not.toContain(other);
    (await openOwner(disk)).abandon();
    expect(disk.list(SHARD)).not.toContain(held);
  });

  it('[W24] segments go oldest first: none is removed behind one that stays', async () => {
    const { disk, told } = await leaveKilled();
    const [first] = disk.list(SHARD).filter((name) => name.startsWith('segment-'));
    const owner = await openOwner(disk);
    for (let time = 0; time < 3; time += 1) {
      disk.interference = failing('EPERM', ['remove'], new RegExp(String(first)));
      commit(owner, { a: 1 }, told);
      while (owner.checkpoint() === undefined);
    }
    disk.interference = undefined;
    const left = disk.list(SHARD).filter((name) => name.startsWith('segment-'));
    expect(left.length === 2 || left[0] === first).toBe(true);
  });

  it('[W12] claims are removed oldest first, none behind one that stays, and a lease is not given back', () => {
    const disk = new VolatileDisk();
    const leases = [1, 2, 3].map(() => Lease.take(disk, SHARD, 0));
    disk.interference = failing('EPERM', ['remove'], /OWNER-0000000002/);
    leases.push(Lease.take(disk, SHARD, 0), Lease.take(disk, SHARD, 0));
    disk.interference = undefined;
    expect(disk.list(SHARD)).toEqual([2, 3, 4, 5].map(ownerName));
    expect(leases.map((lease) => lease.lost() === undefined)).toEqual([false, false, false, false, true]);
    for (const operation of ['write', 'sync', 'syncDirectory', 'close'] as const) {
      disk.interference = failing('ENOSPC', [operation]);
      const lease = Lease.take(disk, SHARD, 0);
      disk.interference = undefined;
      lease.check();
    }
    expect(disk.list(SHARD)).toEqual([8, 9].map(ownerName));
  });
});
