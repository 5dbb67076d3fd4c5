// The record of a shard on a disk that has no room for it: never ahead, never in the way, and written when there is room again.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { readRecord } from '#storage/sqlite/recovery/shard-record.ts';
import { Owner } from '#storage/sqlite/worker/owner.ts';
import { batchOf } from '../fault/shard-script.ts';

/** Files on which nothing can be written beside the folder of a shard. */
function withoutRecords(): Files {
  return {
    ...nodeFiles,
    createNew: (path) => {
      if (!path.includes('.record.')) return nodeFiles.createNew(path);
      throw new OrreryError({
        code: 'DISK_FULL',
        what: 'full',
        hint: 'None.',
        context: { file: path, errno: 'ENOSPC' },
      });
    },
  };
}

/** How an owner opens the first shard of a new directory with the id 'id'. */
function newShard(): {
  readonly path: string;
  readonly parent: string;
  readonly how: Parameters<typeof Owner.open>[1];
} {
  const parent = mkdtempSync(join(tmpdir(), 'orrery-record-'));
  const path = join(parent, 'shard-00');
  const how = {
    granularities: new Map([['counter', 'ticks']] as const),
    sliceMs: 0,
    checkpointBytes: 1 << 20,
    maxImageBytes: 1 << 26,
    directory: path,
    shard: 0,
    commandIndex: false,
    recording: { directory: 'id' },
  } as const;
  return { path, parent, how };
}

it('[V13] a shard and its record that were both put in place from another directory are refused', async () => {
  const { path, parent, how } = newShard();
  const owner = await Owner.open(nodeFiles, how);
  owner.commit(batchOf([{ game: 'a', firstSeq: 0, lastSeq: 0 }]));
  owner.close();
  const before = readdirSync(path);
  await expect(Owner.open(nodeFiles, { ...how, recording: { directory: 'another id' } })).rejects.toMatchObject({
    code: 'SHARD_REPLACED',
    message: expect.stringContaining('another directory') as string,
  });
  // But for the lease of the opening that failed.
  expect(readdirSync(path).filter((name) => !name.startsWith('OWNER-'))).toEqual(
    before.filter((name) => !name.startsWith('OWNER-')),
  );
  const again = await Owner.open(nodeFiles, how);
  expect(again.list().map(({ id, seq }) => [id, seq])).toEqual([['a', 0]]);
  again.close();
  rmSync(parent, { recursive: true });
});

it('[V16] a record that cannot be written stays behind: the checkpoint counts and says so, and the next one writes it', async () => {
  const { path, parent, how } = newShard();
  // Of a new shard nothing may be accepted before it has one.
  await expect(Owner.open(withoutRecords(), how)).rejects.toMatchObject({ code: 'DISK_FULL' });
  let full = false;
  const sometimes: Files = {
    ...nodeFiles,
    createNew: (each) => (full ? withoutRecords() : nodeFiles).createNew(each),
  };
  const owner = await Owner.open(sometimes, how);
  const generations: (number | undefined)[] = [];
  for (const seq of [0, 1, 2]) {
    full = seq === 1;
    owner.commit(batchOf([{ game: 'a', firstSeq: seq, lastSeq: seq }]));
    let report = owner.checkpoint();
    while (!report) report = owner.checkpoint();
    expect(report.untidy === undefined).toBe(!full);
    generations.push(readRecord(nodeFiles, path)?.generation);
  }
  expect(generations[1]).toBe(generations[0]);
  expect(generations[2]).toBeGreaterThan(generations[1] as number);
  full = true;
  owner.commit(batchOf([{ game: 'a', firstSeq: 3, lastSeq: 3 }]));
  owner.abandon();
  const again = await Owner.open(sometimes, how);
  expect(again.recovery.untidy).toMatchObject({ what: 'full' });
  again.abandon();
  rmSync(parent, { recursive: true });
});
