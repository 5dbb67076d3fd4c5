// What a lease says when something is wrong with its folder, answer by answer; test/worker/moved-folder.test.ts moves real ones.

import { describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { manifestName } from '#storage/sqlite/image/manifest.ts';
import { segmentName } from '#storage/sqlite/journal/segment.ts';
import { FirstSegment } from '#storage/sqlite/recovery/first-segment.ts';
import { Lease, ownerName } from '#storage/sqlite/recovery/lease.ts';
import { SHARD } from '../fault/shard-script.ts';
import { START } from '../journal/disk.ts';
import { MemoryFolder } from './memory-folder.ts';

function diskError(errno: string): OrreryError {
  return new OrreryError({
    code: 'IO_FAILED',
    what: 'a made failure',
    hint: 'None: this is a test.',
    context: { errno },
  });
}

function claimed(): { folder: MemoryFolder; lease: Lease } {
  const folder = new MemoryFolder([[`${SHARD}/${manifestName(1)}`, Buffer.alloc(0)]]);
  return { folder, lease: Lease.take(folder, SHARD, 0) };
}

describe('a lease', () => {
  it('[W30] that alone is gone makes its owner open the shard again; gone with everything else, it is waited for', () => {
    const { folder, lease } = claimed();
    folder.remove(`${SHARD}/${ownerName(1)}`);
    expect(() => lease.check()).toThrow(expect.objectContaining({ code: 'OWNER_DIED' }));
    expect(lease.lost()).toMatchObject({ code: 'OWNER_DIED' });
    folder.remove(`${SHARD}/${manifestName(1)}`);
    expect(() => lease.check()).toThrow(expect.objectContaining({ code: 'IO_FAILED' }));
    expect(lease.isHeld).toBe(false);
  });

  it('[W29] whose folder goes away while it is listed is waited for; any other failure of the disk is told', () => {
    const { folder, lease } = claimed();
    folder.remove(`${SHARD}/${ownerName(1)}`);
    const list = folder.list.bind(folder);
    for (const [errno, text] of [
      ['ENOENT', 'not where it was opened'],
      ['EACCES', 'a made failure'],
    ] as const) {
      folder.list = () => {
        throw diskError(errno);
      };
      expect(() => lease.check(), errno).toThrow(text);
    }
    folder.list = list;
    const identity = folder.identity.bind(folder);
    folder.identity = (at) => {
      if (at === SHARD) return undefined;
      return identity(at);
    };
    expect(() => lease.check()).toThrow('not where it was opened');
  });

  it('[W29] does not go by what it has listed when another folder has come to stand there meanwhile', () => {
    const { folder, lease } = claimed();
    // Of a copy whose claims say that somebody has taken over.
    folder.remove(`${SHARD}/${ownerName(1)}`);
    let isMoved = false;
    folder.list = () => {
      isMoved = true;
      return [ownerName(1), ownerName(2), manifestName(1)];
    };
    const identity = folder.identity.bind(folder);
    folder.identity = (at) => (at === SHARD && isMoved ? 'another folder' : identity(at));
    expect(() => lease.check()).toThrow(expect.objectContaining({ code: 'IO_FAILED' }));
  });

  it('[W29] is not held while the disk does not say so', () => {
    const { folder, lease } = claimed();
    expect(lease.isHeld).toBe(true);
    folder.identity = () => {
      throw diskError('EIO');
    };
    expect(lease.isHeld).toBe(false);
    expect(lease.lost()).toBeUndefined();
    expect(() => lease.check()).toThrow('a made failure');
  });

  it('[W29] needs no folder that can be opened, and leaves nothing open when it cannot be told apart', () => {
    const folder = new MemoryFolder();
    let open = 0;
    const openFolder = folder.openFolder.bind(folder);
    folder.openFolder = () => {
      throw diskError('EMFILE');
    };
    const first = Lease.take(folder, SHARD, 0);
    first.check();
    first.close();
    folder.openFolder = openFolder;
    const openWrite = folder.openWrite.bind(folder);
    folder.openWrite = (path) => {
      open += 1;
      return openWrite(path);
    };
    folder.close = () => {
      open -= 1;
    };
    folder.identity = (at) => {
      if (typeof at !== 'string') throw diskError('EIO');
      return at;
    };
    expect(() => Lease.take(folder, SHARD, 0)).toThrow('a made failure');
    expect(open).toBe(0);
  });
});

it('[W4] the segment of an opening that failed is taken away while its lease is held, and not afterwards', () => {
  for (const overtaken of [false, true]) {
    const { folder, lease } = claimed();
    const first = new FirstSegment(folder, SHARD, { ...START, generation: 2 }, [], []);
    first.begin().close();
    if (overtaken) Lease.take(folder, SHARD, 0);
    first.withdraw(lease);
    expect(folder.exists(`${SHARD}/${segmentName(2)}`)).toBe(overtaken);
  }
});
