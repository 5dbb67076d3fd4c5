// Files of a shard flipped, cut, emptied, removed, swapped and too new: either everything that was acknowledged is there, or
// the shard is refused, by name of the file, and unchanged. Never a wrong state, never a fresh database.

import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { decodeManifest, encodeManifest, type Manifest } from '#storage/sqlite/image/manifest.ts';
import { type ShardFolder, ShardTemplate } from './shard-folder.ts';

let template: ShardTemplate;
let other: ShardTemplate;
let folder: ShardFolder;
beforeAll(async () => {
  template = await ShardTemplate.make();
  other = await ShardTemplate.make();
});
afterAll(() => {
  template.remove();
  other.remove();
});
beforeEach(() => {
  folder = template.copy();
});
afterEach(() => folder.remove());

/** Where frames begin in a segment, by the layout of docs/FORMAT.md. */
function framesOf(segment: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = 64; at < segment.length; at += 48 + Math.ceil(segment.readUInt32LE(at + 8) / 8) * 8) offsets.push(at);
  return offsets;
}

function manifestOf(of: ShardFolder): Manifest {
  const name = of.newest('MANIFEST-');
  return decodeManifest(of.read(name), name);
}

/** Both images and the manifest that names them, as if the images had been written like this. */
function rewriteImages(change: (bytes: Buffer) => Buffer): void {
  const manifest = manifestOf(folder);
  const images = manifest.images.map((image, at) => {
    const name = folder.names('image-').at(-1 - at) as string;
    const bytes = change(folder.read(name));
    folder.write(name, bytes);
    return { ...image, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  folder.write(folder.newest('MANIFEST-'), encodeManifest({ ...manifest, images }));
}

function damageAll(start: string, damage: (name: string) => void): void {
  for (const name of folder.names(start)) damage(name);
}

it('[R8] a killed shard opens whole, and replays what no image has', async () => {
  const recovery = await folder.expectWhole();
  expect(recovery).toMatchObject({ created: false, replayedFrames: 5, tornBytes: 0, usedPreviousImage: false });
});

it('[R9] any damage to the newest manifest: the one before stands in and nothing is lost', async () => {
  const length = folder.read(folder.newest('MANIFEST-')).length;
  const damages: ((name: string) => void)[] = [
    (name) => folder.delete(name),
    (name) => folder.write(name, Buffer.alloc(0)),
    (name) => folder.write(name, folder.read(name).subarray(0, length / 2)),
    (name) => folder.write(name, folder.read(folder.names('MANIFEST-')[0] as string)),
    ...[1, length >> 1].map((byte) => (name: string) => folder.flip(name, byte)),
    // Still JSON, and still a manifest: of a shard that is none.
    (name) => {
      const text = folder.read(name).toString('utf8');
      const other = text.replace(/"shard":"(.)/, (_, first) => `"shard":"${first === '0' ? '1' : '0'}`);
      folder.write(name, Buffer.from(other));
    },
  ];
  for (const damage of damages) {
    folder.remove();
    folder = template.copy();
    damage(folder.newest('MANIFEST-'));
    const recovery = await folder.expectWhole();
    expect(recovery.replayedFrames).toBeGreaterThan(5);
  }
});

it('[R10] no manifest is whole: refused, never a fresh database', async () => {
  await folder.expectRefused('DAMAGED', 'MANIFEST-', () => damageAll('MANIFEST-', (name) => folder.flip(name, 20)));
  await folder.expectRefused('DAMAGED', folder.path, () => damageAll('MANIFEST-', (name) => folder.delete(name)));
  await folder.expectRefused('DAMAGED', 'MANIFEST-', () =>
    damageAll('MANIFEST-', (name) => folder.write(name, Buffer.alloc(0))),
  );
});

it('[R10] images without manifests and without a journal are no fresh shard either', async () => {
  await folder.expectRefused('DAMAGED', folder.path, () => {
    damageAll('MANIFEST-', (name) => folder.delete(name));
    damageAll('segment-', (name) => folder.delete(name));
  });
  await folder.expectRefused('DAMAGED', folder.path, () => {
    damageAll('MANIFEST-', (name) => folder.delete(name));
    damageAll('image-', (name) => folder.delete(name));
  });
});

it('[R11] any damage to the newest image: the one before and more of the journal give the same states', async () => {
  const length = folder.read(folder.newest('image-')).length;
  const damages: ((name: string) => void)[] = [
    (name) => folder.delete(name),
    (name) => folder.write(name, Buffer.alloc(0)),
    (name) => folder.write(name, folder.read(name).subarray(0, length - 512)),
    (name) => folder.write(name, folder.read(folder.names('image-')[0] as string)),
    ...[0, 100, length >> 1, length - 1].map((byte) => (name: string) => folder.flip(name, byte, 3)),
  ];
  for (const damage of damages) {
    folder.remove();
    folder = template.copy();
    damage(folder.newest('image-'));
    const recovery = await folder.expectWhole();
    expect(recovery.usedPreviousImage).toBe(true);
    expect(recovery.replayedFrames).toBeGreaterThan(5);
  }
});

it('[R11] an image that was found damaged is not counted on again', async () => {
  folder.flip(folder.newest('image-'), 5_000);
  (await folder.open()).abandon();
  // The fresh image and the one that stood in: now the fresh one is damaged.
  folder.flip(folder.newest('image-'), 5_000);
  const recovery = await folder.expectWhole();
  expect(recovery.usedPreviousImage).toBe(true);
});

it('[R11] nor is it kept when there was nothing to replay behind the one that stood in', async () => {
  const owner = await folder.open();
  while (owner.checkpoint() === undefined);
  while (owner.checkpoint() === undefined);
  owner.close();
  folder.flip(folder.newest('image-'), 5_000);
  const second = await folder.open();
  expect(second.recovery).toMatchObject({ usedPreviousImage: true, replayedFrames: 0 });
  second.abandon();
  const third = await folder.open();
  expect(third.recovery.usedPreviousImage).toBe(false);
  third.abandon();
  await folder.expectWhole();
});

it('[R12] both images are damaged: refused, with the name of the newest', async () => {
  const newest = folder.newest('image-');
  await folder.expectRefused('DAMAGED', newest, () => damageAll('image-', (name) => folder.flip(name, 5_000)));
  await folder.expectRefused('DAMAGED', newest, () => damageAll('image-', (name) => folder.delete(name)));
  await folder.expectRefused('DAMAGED', newest, () =>
    damageAll('image-', (name) => folder.write(name, Buffer.alloc(0))),
  );
});

it('[R12] images that are no databases of ours are refused, whatever their manifest says', async () => {
  await folder.expectRefused('DAMAGED', folder.path, () => rewriteImages(() => Buffer.alloc(0)));
  await folder.expectRefused('DAMAGED', folder.path, () => rewriteImages((bytes) => bytes.fill(7)));
});

it('[R13] a journal frame known to have been durable is damaged: refused, with file and frame', async () => {
  const segment = folder.newest('segment-');
  const frames = framesOf(folder.read(segment));
  expect(frames.length).toBe(5);
  for (const [at, offset] of frames.slice(0, -1).entries()) {
    // Length, number, payload: the first byte, and one further on.
    for (const byte of [offset + 8, offset + 16, offset + 48, offset + 100]) {
      const refusal = await folder.expectRefused('DAMAGED', segment, () => folder.flip(segment, byte));
      expect(refusal.context['offset']).toBe(offset);
      expect(refusal.context['frame']).toBe(folder.read(segment).readUInt32LE((frames[0] as number) + 16) + at);
    }
  }
});

it('[R13] a segment is gone, cut, emptied, or not what its name says: refused, with its name', async () => {
  const segment = folder.newest('segment-');
  await folder.expectRefused('DAMAGED', segment, () => folder.delete(segment));
  await folder.expectRefused('DAMAGED', segment, () => folder.write(segment, Buffer.alloc(0)));
  await folder.expectRefused('DAMAGED', segment, () => folder.write(segment, folder.read(segment).subarray(0, 40)));
  await folder.expectRefused('DAMAGED', segment, () => folder.flip(segment, 33));
  const older = folder.names('segment-')[0] as string;
  await folder.expectRefused('DAMAGED', segment, () => folder.write(segment, folder.read(older)));
  // Nothing in the segment tells that there were frames; the manifest was written after one of them and remembers.
  expect(manifestOf(folder).durableFrame).toBe(folder.read(segment).readUInt32LE(64 + 16));
  const refusal = await folder.expectRefused('DAMAGED', segment, () => {
    folder.write(segment, folder.read(segment).subarray(0, 64));
  });
  expect(refusal.context['fault']).toBe('missing');
});

it('[R14] a torn tail is cut and everything before it is there', async () => {
  const segment = folder.newest('segment-');
  const whole = folder.read(segment);
  const last = framesOf(whole).at(-1) as number;
  const tails = [
    Buffer.alloc(4096),
    Buffer.from('not a frame, but more than a header would need: '.repeat(3)),
    whole.subarray(last, last + 30),
    whole.subarray(last, last + 60),
    Buffer.concat([whole.subarray(64, last), Buffer.alloc(100, 1)]),
  ];
  for (const tail of tails) {
    folder.remove();
    folder = template.copy();
    folder.write(segment, Buffer.concat([whole, tail]));
    expect((await folder.expectWhole()).tornBytes).toBe(tail.length);
  }
});

it('[V1] an image of a later schema is refused', async () => {
  const refusal = await folder.expectRefused('FORMAT_TOO_NEW', folder.newest('image-'), () =>
    rewriteImages((bytes) => {
      bytes.writeUInt32BE(99, 60);
      return bytes;
    }),
  );
  expect(refusal.message).toContain('99');
});

it('[V1] a manifest and a segment for later readers are refused, and no older ones taken in their place', async () => {
  const newest = folder.newest('MANIFEST-');
  await folder.expectRefused('FORMAT_TOO_NEW', newest, () => {
    folder.write(newest, encodeManifest({ ...manifestOf(folder), version: 99, leastReader: 99 }));
  });
});

it('[R15] files of another shard are not taken for its own', async () => {
  const stranger = other.copy();
  try {
    const segment = folder.newest('segment-');
    await folder.expectRefused('DAMAGED', segment, () => folder.write(segment, stranger.read(segment)));
    const manifest = folder.newest('MANIFEST-');
    await folder.expectRefused('DAMAGED', folder.path, () => folder.write(manifest, stranger.read(manifest)));
    await folder.expectRefused('DAMAGED', folder.path, () => {
      damageAll('MANIFEST-', (name) => folder.write(name, stranger.read(name)));
      damageAll('image-', (name) => folder.write(name, stranger.read(name)));
    });
    folder.write(folder.newest('image-'), stranger.read(folder.newest('image-')));
    expect((await folder.expectWhole()).usedPreviousImage).toBe(true);
  } finally {
    stranger.remove();
  }
});

it('[R15] the folder of another shard is refused', async () => {
  const before = folder.contents();
  await expect(folder.open(1)).rejects.toMatchObject({ code: 'SHARD_REPLACED' });
  expect(folder.contents()).toEqual(before);
  await folder.expectWhole();
});

it('[R16] claims may be lost, and leftovers of a crash are swept', async () => {
  damageAll('OWNER-', (name) => folder.delete(name));
  folder.write('image-0000000099.sqlite.0123456789ab.tmp', Buffer.from('half of an image'));
  folder.write('notes.txt', Buffer.from('not ours'));
  await folder.expectWhole();
  expect(folder.names('image-').filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(folder.names('notes')).toEqual(['notes.txt']);
});
