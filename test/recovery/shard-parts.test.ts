// The parts of a shard as an opening, a check and a salvage read them: one by one, each held against its name.

import { beforeAll, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { manifestName } from '#storage/sqlite/image/manifest.ts';
import { decodeSegmentHeader } from '#storage/sqlite/journal/segment.ts';
import { listShard } from '#storage/sqlite/recovery/read-shard.ts';
import { complaintOfSqlite, manifestsIn, misplacement, recordOf } from '#storage/sqlite/recovery/shard-parts.ts';
import { encodeRecord, recordPath } from '#storage/sqlite/recovery/shard-record.ts';
import { SHARD } from '../fault/shard-script.ts';
import type { MemoryFolder } from './memory-folder.ts';
import { makeSmallShard } from './small-shard.ts';

let folder: MemoryFolder;
beforeAll(async () => {
  ({ folder } = await makeSmallShard());
});

const what = (found: unknown): string => (found instanceof OrreryError ? `${found.code}: ${found.what}` : 'whole');

it('[SV17] manifests come newest first, each read when it is asked for; one that is not whole is found, not thrown', () => {
  const newest = folder.paths('MANIFEST-').at(-1) as string;
  const files = folder
    .with(`${SHARD}/${manifestName(8)}`, folder.bytesOf(newest))
    .with(`${SHARD}/${manifestName(9)}`, Buffer.from('nonsense'));
  const read: string[] = [];
  const watched = Object.assign(files.copy(), {
    read(path: string): Uint8Array {
      read.push(path);
      return files.read(path);
    },
  });
  const found = manifestsIn(watched, SHARD, listShard(files, SHARD));
  expect(what(found.next().value?.found)).toMatch(/^DAMAGED: /);
  expect(read).toEqual([`${SHARD}/${manifestName(9)}`]);
  expect(what(found.next().value?.found)).toMatch(
    /^DAMAGED: a manifest has the name of another: it is of generation \d$/,
  );
  expect(found.next().value).toMatchObject({
    name: newest.split('/').at(-1),
    found: { durableFrame: expect.any(Number) },
  });
});

it('[SV17] a defect of ours and a format that is too new are thrown; a record that is none is found', () => {
  const broken = Object.assign(folder.copy(), {
    read(): never {
      throw new TypeError('a defect');
    },
  });
  expect(() => [...manifestsIn(broken, SHARD, listShard(folder, SHARD))]).toThrow(TypeError);
  expect(recordOf(folder.with(recordPath(SHARD), undefined), SHARD)).toBeUndefined();
  expect(what(recordOf(folder.with(recordPath(SHARD), Buffer.from('{}')), SHARD))).toMatch(/^DAMAGED: /);
  const newer = encodeRecord({ leastReader: 9 } as never);
  expect(() => recordOf(folder.with(recordPath(SHARD), newer), SHARD)).toThrow(/can be read from format 9 on/);
});

it('[SV17] a segment is of its shard and has its own name', () => {
  const path = folder.paths('segment-')[0] as string;
  const header = decodeSegmentHeader(folder.bytesOf(path), path);
  const { generation, shardUuid } = header;
  expect(misplacement(header, generation, shardUuid)).toBeUndefined();
  expect(misplacement(header, generation, undefined)).toBeUndefined();
  expect(misplacement(header, generation, 'another')).toBe('belongs to another shard');
  expect(misplacement(header, generation + 1, undefined)).toBe(`is segment ${generation} by its header`);
});

it('[SV17] SQLite has nothing against an image that it wrote, and says what it has against another', async () => {
  const database = await Database.open();
  expect(complaintOfSqlite(database)).toBeUndefined();
  // NULL where the schema, as it stands now, allows none.
  database.execute('CREATE TABLE t (a); INSERT INTO t VALUES (NULL); PRAGMA writable_schema = ON');
  database.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a NOT NULL)' WHERE name = 't'");
  database.execute('PRAGMA writable_schema = RESET');
  expect(complaintOfSqlite(database)).toBe("SQLite's quick_check says: NULL value in t.a");
  database.close();
});
