// Folders in which other things are wrong than a turned bit: files of another shard, of an owner that was replaced, whole ones
// that say what cannot be, and a disk that does not give everything. What can be read is read, what cannot be is named.

import { crc32 } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Files } from '#storage/sqlite/files.ts';
import { sha256 } from '#storage/sqlite/image/body.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { imageGeneration, imageName } from '#storage/sqlite/image/image.ts';
import { decodeManifest, encodeManifest, type Manifest, manifestName } from '#storage/sqlite/image/manifest.ts';
import { writeMeta } from '#storage/sqlite/image/rows.ts';
import { encodeFrame } from '#storage/sqlite/journal/frame.ts';
import { Journal } from '#storage/sqlite/journal/journal.ts';
import { decodeSegmentHeader, encodeSegmentHeader, segmentName } from '#storage/sqlite/journal/segment.ts';
import { holdFiles } from '#storage/sqlite/recovery/held-files.ts';
import { Lease, ownerName } from '#storage/sqlite/recovery/lease.ts';
import { type ReadableShard, readableShardOf } from '#storage/sqlite/recovery/readable-shard.ts';
import { ShardReader } from '#storage/sqlite/recovery/shard-reader.ts';
import { openOwner, SHARD } from '../fault/shard-script.ts';
import { MemoryFolder } from './memory-folder.ts';
import { makeSmallShard, openOrRefuse, type SmallShard, same } from './small-shard.ts';

let small: SmallShard;
beforeAll(async () => {
  small = await makeSmallShard();
});

function newest(start: string, back = 0): string {
  return small.folder.paths(start).at(-1 - back) as string;
}

/** What is said of the remains: complaints as "file: what". */
async function remainsOf(
  files: Files,
): Promise<Omit<ReadableShard, 'faults' | 'notes'> & { faults: string[]; notes: string[] }> {
  const remains = await readableShardOf(files, SHARD);
  for (const { database } of remains.images) database.close();
  const told = (complaints: ReadableShard['faults']): string[] =>
    complaints.map(({ file, what }) => `${file}: ${what}`);
  return { ...remains, faults: told(remains.faults), notes: told(remains.notes) };
}

/** The folder, with one operation that throws on paths that fit. */
function failing(files: MemoryFolder, operation: 'list' | 'read' | 'openRead', pattern: RegExp, error: unknown): Files {
  const copy = files.copy();
  const work = copy[operation].bind(copy) as (path: string, limit?: number) => never;
  return Object.assign(copy, {
    [operation]: (path: string, limit?: number): never => {
      if (pattern.test(path)) throw error;
      return work(path, limit);
    },
  });
}

function diskError(files: MemoryFolder): unknown {
  try {
    files.read('/nowhere');
  } catch (error) {
    const { message } = error as Error;
    return Object.assign(error as object, { message, context: { file: '/nowhere', errno: 'EIO' } });
  }
  throw new Error('a file that is not there was read');
}

/** The newest image changed by SQL, with a manifest that vouches for it, or for the one before. */
async function withImage(
  change: (database: Database) => void,
  how: 'vouched' | 'unvouched' = 'vouched',
): Promise<MemoryFolder> {
  const path = newest('image-');
  const database = await Database.open(small.folder.bytesOf(path));
  change(database);
  const bytes = Buffer.from(database.export());
  database.close();
  const files = small.folder.with(path, bytes);
  if (how === 'unvouched') return files;
  const manifest = newest('MANIFEST-');
  const before = decodeManifest(small.folder.bytesOf(manifest), manifest);
  const [first, ...rest] = before.images as [Manifest['images'][number], ...Manifest['images']];
  const sha = Buffer.from(sha256(bytes)).toString('hex');
  return files.with(
    manifest,
    encodeManifest({ ...before, images: [{ ...first, sha256: sha, bytes: bytes.length }, ...rest] }),
  );
}

/** A segment with another header, whole. */
function reheaded(path: string, fields: object): Buffer {
  const bytes = Buffer.from(small.folder.bytesOf(path));
  encodeSegmentHeader({ ...decodeSegmentHeader(bytes, path), ...fields }).copy(bytes);
  return bytes;
}

describe('files that are whole and do not belong', () => {
  it('[SV17] a manifest and a segment of another shard, and a segment of an owner that was replaced, are named and left out', async () => {
    const whole = await remainsOf(small.folder);
    const uuid = '11111111-1111-4111-8111-111111111111';
    const path = newest('MANIFEST-');
    const manifest = decodeManifest(small.folder.bytesOf(path), path);
    const strange = { ...manifest, shard: uuid, generation: 9 };
    const files = small.folder
      .with(`${SHARD}/${manifestName(9)}`, encodeManifest(strange))
      .with(`${SHARD}/${segmentName(9)}`, reheaded(newest('segment-'), { shardUuid: uuid, generation: 9 }))
      .with(`${SHARD}/${segmentName(10)}`, reheaded(newest('segment-'), { epoch: 0, generation: 10 }))
      .with(`${SHARD}/${segmentName(11)}`, reheaded(newest('segment-'), { firstFrame: 1, generation: 11 }));
    const found = await remainsOf(files);
    expect(found.faults).toEqual([
      `${manifestName(9)}: belongs to another shard`,
      `${segmentName(9)}: belongs to another shard`,
      expect.stringMatching(new RegExp(`^${segmentName(11)}: begins with frame 1, before segment-`)),
    ]);
    expect(found.notes).toEqual([
      `${segmentName(10)}: is from an owner that had been replaced: nothing in it was acknowledged`,
    ]);
    // The newest frame of all may have been given up in one of those segments, for all that can be known.
    const { newestFrame } = whole.journal;
    for (const [id, records] of whole.records) {
      expect(found.records.get(id)).toEqual(records.filter(({ frame }) => frame < newestFrame));
    }
    expect(found.journal.lost).toEqual([]);
  });

  it('[SV17] a segment that does not carry on where the one before ends is left out', async () => {
    const path = newest('segment-');
    const { previousChain } = decodeSegmentHeader(small.folder.bytesOf(path), path);
    const found = await remainsOf(
      small.folder.with(path, reheaded(path, { previousChain: (previousChain ^ 1) >>> 0 })),
    );
    expect(found.faults[0]).toMatch(/: does not carry on where the segment before it ends$/);
    expect([...found.records.values()].flat().some(({ frame }) => frame > 4)).toBe(false);
  });

  it('[SV17] an image that says nothing of its frames or of its shard, or holds rows that cannot be, is named', async () => {
    const changes: [RegExp, (database: Database) => void][] = [
      [
        /does not say which frames it holds/,
        (database) => database.run('DELETE FROM meta WHERE key = ?', ['applied_frame']),
      ],
      [/belongs to another shard/, (database) => database.run('DELETE FROM meta WHERE key = ?', ['shard'])],
      [/is not JSON of ours/, (database) => database.run('UPDATE games SET tables = ?', ['['])],
    ];
    for (const [what, change] of changes) {
      for (const how of ['vouched', 'unvouched'] as const) {
        const found = await remainsOf(await withImage(change, how));
        expect(found.faults.join('\n'), how).toMatch(what);
        expect(found.images.map(({ generation }) => imageName(generation))).not.toContain(
          newest('image-').split('/').at(-1),
        );
      }
    }
  });

  it('[SV17] a vouched image that is not the one its manifest speaks of is not opened: the one before stands in', async () => {
    const files = await withImage((database) => writeMeta(database, { applied_frame: 1 }));
    const opened = await openOrRefuse(files, 'another applied frame');
    if (opened instanceof Error) throw opened;
    expect(same(opened, small.acknowledged)).toBe(true);
  });

  it('[SV17] a frame with the right checksums that holds no records, or does not open, is named', async () => {
    const folder = new MemoryFolder();
    (await openOwner(folder)).close();
    const [image] = folder.paths('image-');
    const path = folder.paths('MANIFEST-').at(-1) as string;
    const { shard, generation, durableFrame } = decodeManifest(folder.bytesOf(path), path);
    expect(imageGeneration(image?.split('/').at(-1) as string)).toBeGreaterThan(0);
    const [last] = folder.paths('segment-').slice(-1);
    const { epoch } = decodeSegmentHeader(folder.bytesOf(last as string), last as string);
    const start = {
      epoch,
      shardUuid: shard,
      generation: generation + 1,
      firstFrame: durableFrame + 1,
      previousChain: 0,
    };
    const journal = Journal.create(folder, SHARD, start);
    journal.append([Buffer.from('{"g":7}\nno record\n')], 3);
    journal.sync();
    journal.close();
    const segment = folder.bytesOf(journal.path);
    const { salt } = decodeSegmentHeader(segment, journal.path);
    const first = durableFrame + 1;
    const { bytes } = encodeFrame(
      { type: 'batch', codec: 'deflate', recordCount: 1, number: first + 1, epoch, salt, synced: first },
      [Buffer.from('nothing that was deflated')],
      segment.readUInt32LE(64 + 40),
    );
    const found = await remainsOf(folder.with(journal.path, Buffer.concat([segment, bytes])));
    expect(found.lostLines.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^frame \d+ says that it has 3 records, and has 2$/),
      expect.stringMatching(/has a line that is no record and names no game: a record has no game id/),
      expect.stringMatching(/has a line that is no record and names no game: what should be JSON/),
    ]);
    // Its bytes are proven, so that it may have been acknowledged: it counts as lost.
    expect(found.journal.lost.map(({ first: frame, what }) => `frame ${frame}: ${what}`).join()).toMatch(
      new RegExp(`frame ${first + 1}: a journal frame with a valid CRC does not unpack: `),
    );
    expect(found.records.size).toBe(0);
  });
});

describe('a disk that does not give everything', () => {
  it('[SV17] a folder, or a segment, that cannot be read is named', async () => {
    const error = diskError(small.folder);
    expect((await remainsOf(failing(small.folder, 'list', /shard-00$/, error))).faults).toEqual([': could not do it']);
    const found = await remainsOf(failing(small.folder, 'read', /segment-/, error));
    expect(found.faults.filter((each) => each.endsWith('cannot be read: could not do it'))).toHaveLength(
      small.folder.paths('segment-').length,
    );
  });

  it.each([
    ['list', /shard-00$/],
    ['read', /MANIFEST-/],
    ['read', /image-/],
    ['read', /segment-/],
  ] as const)('[SV17] an error that is none of ours is not taken for damage: %s of %s', async (operation, pattern) => {
    const defect = new TypeError('a defect');
    await expect(remainsOf(failing(small.folder, operation, pattern, defect))).rejects.toBe(defect);
    await expect(ShardReader.open(failing(small.folder, operation, pattern, defect), SHARD, 0)).rejects.toBe(defect);
    // An owner reads its image through once, and then a page at a time.
    const reading = pattern.source === 'image-' ? 'openRead' : operation;
    await expect(openOwner(failing(small.folder, reading, pattern, defect))).rejects.toBe(defect);
  });

  it('[SV17] nor is one that comes when the header of a segment was read and the rest is not', async () => {
    const defect = new TypeError('a defect');
    const files = small.folder.copy();
    const read = files.read.bind(files);
    files.read = (path, limit) => {
      if (path.includes('segment-') && limit === undefined) throw defect;
      return read(path, limit);
    };
    await expect(remainsOf(files)).rejects.toBe(defect);
  });

  it('[SV17] a disk that fails while a reader lists the folder is no folder that is gone', async () => {
    const error = diskError(small.folder);
    await expect(ShardReader.open(failing(small.folder, 'list', /shard-00$/, error), SHARD, 0)).rejects.toBe(error);
  });

  it('[SV17] files that are held stay as they were, pass other readings on, and write nothing', () => {
    const [path, other] = [newest('segment-'), newest('image-')];
    const folder = small.folder.copy();
    const held = holdFiles(folder, SHARD, [path.split('/').at(-1) as string, 'segment-0000009999.journal']);
    const before = small.folder.bytesOf(path);
    folder.files.delete(path);
    expect(Buffer.from(held.read(path)).equals(before)).toBe(true);
    expect([held.exists(path), held.size(path), held.size(other)]).toEqual([true, before.length, folder.size(other)]);
    expect(held.list(SHARD)).toEqual(folder.list(SHARD));
    expect(() => held.remove(other)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    const defect = new TypeError('a defect');
    expect(() => holdFiles(failing(small.folder, 'read', /./, defect), SHARD, ['any'])).toThrow(defect);
  });
});

it('[V1] of a folder with a segment for later readers nothing is told', async () => {
  const path = newest('segment-');
  const bytes = Buffer.from(small.folder.bytesOf(path));
  bytes.writeUInt16LE(99, 10);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  await expect(remainsOf(small.folder.with(path, bytes))).rejects.toMatchObject({ code: 'FORMAT_TOO_NEW' });
});

it('[R13] without the newest manifest a segment that the one before needs may not be gone', async () => {
  const [older, manifest] = [newest('segment-', 1), newest('MANIFEST-')];
  const files = small.folder.with(manifest, undefined);
  const whole = await openOrRefuse(files, 'the newest manifest is gone');
  if (whole instanceof Error) throw whole;
  expect(same(whole, small.acknowledged)).toBe(true);
  const refused = await openOrRefuse(files.with(older, undefined), 'and the older segment too');
  expect(refused).toMatchObject({ code: 'DAMAGED', context: { file: older } });
});

describe('claims', () => {
  it('[W12] an epoch that somebody takes in the same moment is theirs: the next one up is claimed', () => {
    const folder = new MemoryFolder();
    const work = folder.createNew.bind(folder);
    let rivals = 2;
    folder.createNew = (path) => {
      if (rivals > 0) {
        rivals -= 1;
        work(path);
      }
      return work(path);
    };
    const lease = Lease.take(folder, SHARD, 4);
    expect(lease.epoch).toBe(7);
    expect(folder.paths('OWNER-').map((path) => path.split('/').at(-1))).toEqual([6, 7].map(ownerName));
    lease.check();
    expect(lease.lost()).toBeUndefined();
    Lease.take(folder, SHARD, 0);
    expect(() => lease.check()).toThrow(
      expect.objectContaining({ code: 'STALE_OWNER', context: { epoch: 7, directory: SHARD } }),
    );
    expect(lease.lost()).toMatchObject({ code: 'STALE_OWNER' });
    folder.exists = () => {
      throw new Error('the disk says nothing');
    };
    expect(lease.lost()).toBeUndefined();
  });

  it.each(['write', 'sync', 'syncDirectory'] as const)(
    '[W12] one without its line, or whose folder cannot be synced (%s), counts all the same',
    (operation) => {
      const folder = new MemoryFolder();
      const error = diskError(folder);
      folder[operation] = () => {
        throw error;
      };
      const lease = Lease.take(folder, SHARD, 0);
      expect(folder.paths()).toEqual([`${SHARD}/${ownerName(1)}`]);
      lease.check();
      Lease.take(folder, SHARD, 0);
      expect(lease.lost()).toMatchObject({ code: 'STALE_OWNER' });
    },
  );

  it('[W12] a folder that takes no new name gives no lease', () => {
    const folder = new MemoryFolder();
    const error = diskError(folder);
    folder.createNew = () => {
      throw error;
    };
    expect(() => Lease.take(folder, SHARD, 0)).toThrow(error as Error);
    expect(folder.paths()).toEqual([]);
  });

  it('[W12] a defect is not taken for a failing disk', () => {
    const folder = new MemoryFolder();
    const defect = new TypeError('a defect');
    folder.sync = () => {
      throw defect;
    };
    expect(() => Lease.take(folder, SHARD, 0)).toThrow(defect);
  });
});

it('[R16] a shard whose making failed, or was interrupted, is made anew', async () => {
  const folder = new MemoryFolder();
  const failed = folder.copy();
  const error = diskError(folder);
  failed.createNew = (path) => {
    if (path.includes('segment-')) throw error;
    return MemoryFolder.prototype.createNew.call(failed, path);
  };
  await expect(openOwner(failed)).rejects.toBe(error);
  const interrupted = folder
    .with(`${SHARD}/${segmentName(1)}`, Buffer.alloc(10))
    .with(`${SHARD}/${imageName(1)}`, Buffer.from('half an image'))
    .with(`${SHARD}/latest.sqlite`, Buffer.from('half an image'));
  const owner = await openOwner(interrupted);
  expect(owner.list()).toEqual([]);
  owner.close();
  // Once something may have been accepted, it is never a fresh one again.
  const used = folder.with(`${SHARD}/${segmentName(1)}`, Buffer.alloc(100));
  await expect(openOwner(used)).rejects.toMatchObject({ code: 'DAMAGED' });
});
