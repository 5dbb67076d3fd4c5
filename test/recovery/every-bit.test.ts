// A small shard with every bit of it turned, every file cut at every byte, emptied, removed, swapped, taken from an earlier
// moment: what opens is exactly what was acknowledged, or it is refused with the name of a file. Never a wrong state, never
// a fresh database. `npm test` turns a sample of the bits: test/sampling.ts.

import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { imageGeneration, readImage } from '#storage/sqlite/image/image.ts';
import { decodeManifest, type ImageEntry, type Manifest } from '#storage/sqlite/image/manifest.ts';
import { scanJournal } from '#storage/sqlite/journal/scan.ts';
import { segmentGeneration } from '#storage/sqlite/journal/segment.ts';
import { SHARD } from '../fault/shard-script.ts';
import { inSample, share } from '../sampling.ts';
import type { MemoryFolder } from './memory-folder.ts';
import { flips, makeSmallShard, openOrRefuse, type SmallShard, same } from './small-shard.ts';

let small: SmallShard;
let earlier: SmallShard;
let stranger: SmallShard;
beforeAll(async () => {
  [small, earlier, stranger] = [await makeSmallShard(), await makeSmallShard(), await makeSmallShard(1)];
});

function newest(start: string, back = 0): string {
  return small.folder.paths(start).at(-1 - back) as string;
}

function manifest(): Manifest {
  const path = newest('MANIFEST-');
  return decodeManifest(small.folder.bytesOf(path), path);
}

/** Opens with everything, or is refused; `lastMayGo` where nothing on the disk says that the last batch was ever durable. */
async function expectAllOrRefusal(files: MemoryFolder, story: string, lastMayGo = false): Promise<'all' | 'refused'> {
  const found = await openOrRefuse(files, story);
  if (found instanceof OrreryError) return 'refused';
  if (same(found, small.acknowledged)) return 'all';
  if (lastMayGo && same(found, small.butTheLast)) return 'all';
  throw new Error(`${story}: opened with ${JSON.stringify([...found])}`);
}

/** The payloads of a journal from the newest image on. */
function payloads(files: MemoryFolder): string[] | OrreryError {
  const { shard, images, durableFrame } = manifest();
  const image = images[0] as ImageEntry;
  const generations = files.paths('segment-').map((path) => segmentGeneration(basename(path)) as number);
  const source = {
    shardUuid: shard,
    generations: generations.filter((each) => each >= image.generation),
    knownDurable: durableFrame,
  };
  try {
    return [...scanJournal(files, SHARD, source, image)].map(({ payload }) => Buffer.from(payload).toString('utf8'));
  } catch (error) {
    if (error instanceof OrreryError && ['DAMAGED', 'FORMAT_TOO_NEW'].includes(error.code)) return error;
    throw error;
  }
}

/** What a function throws, for tens of thousands of them: `expect` takes longer than what is looked at. */
function faultOf(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return undefined;
}

it('what is damaged below is whole to begin with', async () => {
  expect(await expectAllOrRefusal(small.folder.copy(), 'untouched')).toBe('all');
  expect(small.folder.paths('image-')).toHaveLength(2);
  expect(payloads(small.folder)).toHaveLength(4);
});

describe('the journal', () => {
  it('[DA1] any bit of it turned: its frames are what they were, or it is refused; only the last batch may go', () => {
    const path = newest('segment-');
    const bytes = small.folder.bytesOf(path);
    const whole = payloads(small.folder) as string[];
    const lastFrame = bytes.lastIndexOf('FRM1');
    const outcomes = { refused: 0, whole: 0, torn: 0 };
    for (const [story, flipped, at] of flips(bytes, 'every bit', { oneIn: 4 })) {
      const found = payloads(small.folder.with(path, flipped));
      if (found instanceof OrreryError) {
        if (found.context.file !== path) throw new Error(`${story}: ${found.message}`);
        outcomes.refused += 1;
      } else if (found.join() === whole.join()) outcomes.whole += 1;
      else if (at >= lastFrame && found.join() === whole.slice(0, -1).join()) outcomes.torn += 1;
      else throw new Error(`${story}: the frames are ${found.join()}`);
    }
    // Padding is the only thing that nobody reads.
    expect(outcomes.refused).toBeGreaterThan(share(bytes.length * 4, 4));
    expect(outcomes.torn).toBeGreaterThan(share(100, 4));
    expect(outcomes.whole).toBeLessThan(4 * 7 * 8);
  });

  it('[DA1] and the shard opens with what was acknowledged, or not at all', async () => {
    const path = newest('segment-');
    const lastFrame = small.folder.bytesOf(path).lastIndexOf('FRM1');
    const outcomes = { all: 0, refused: 0 };
    for (const [story, flipped, at] of flips(small.folder.bytesOf(path), 'every byte', { oneIn: 8 })) {
      outcomes[await expectAllOrRefusal(small.folder.with(path, flipped), story, at >= lastFrame)] += 1;
    }
    expect(outcomes.refused).toBeGreaterThan(share(500, 8));
  });

  it('[DA1] the older segment is missed only when the older image has to stand in, and then it is refused by name', async () => {
    const older = newest('segment-', 1);
    const bytes = small.folder.bytesOf(older);
    const without = small.folder.with(newest('image-'), undefined);
    expect(await expectAllOrRefusal(without, 'without the newest image')).toBe('all');
    for (const [story, flipped, at] of flips(bytes, 'every byte', { seed: 7, oneIn: 5 })) {
      const found = await expectAllOrRefusal(without.with(older, flipped), story);
      if (at < 64) expect(found, story).toBe('refused');
      if (at % 16 === 0) expect(await expectAllOrRefusal(small.folder.with(older, flipped), story)).toBe('all');
    }
  });

  it('[DA2] cut at every byte: what is left is a prefix, of whole batches, of all that a manifest knows durable', async () => {
    const path = newest('segment-');
    const bytes = small.folder.bytesOf(path);
    const whole = payloads(small.folder) as string[];
    const known = small.folder.bytesOf(path).indexOf('FRM1', 65);
    for (let length = 0; length < bytes.length; length += 1) {
      if (!inSample(length, 3)) continue;
      const files = small.folder.with(path, bytes.subarray(0, length));
      const found = payloads(files);
      // Of the frames behind the first one only they themselves say that they were ever there.
      if (length < known) {
        if (!(found instanceof OrreryError)) throw new Error(`cut to ${length}: ${found.length} frames`);
        expect(found.context.file).toBe(path);
      } else expect(found, `cut to ${length}`).toEqual(whole.slice(0, (found as string[]).length));
      if (length % 9 !== 0) continue;
      const opened = await openOrRefuse(files, `cut to ${length}`);
      if (opened instanceof OrreryError) expect(length).toBeLessThan(known);
      else for (const [id, seq] of opened) expect(seq).toBeLessThanOrEqual(small.acknowledged.get(id) ?? -1);
    }
  });
});

describe('manifests', () => {
  it('[DA3] any bit of one turned, or cut at any byte: it is not read, and the one before leads to the same', async () => {
    const path = newest('MANIFEST-');
    const bytes = small.folder.bytesOf(path);
    let tried = 0;
    for (const [story, flipped] of flips(bytes, 'every bit', { oneIn: 4 })) {
      const fault = faultOf(() => decodeManifest(flipped, path));
      if (!(fault instanceof OrreryError) || fault.code !== 'DAMAGED') throw new Error(`${story}: ${String(fault)}`);
      tried += 1;
      if (tried % share(97, 4) === 0)
        expect(await expectAllOrRefusal(small.folder.with(path, flipped), story)).toBe('all');
    }
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length);
      expect(() => decodeManifest(cut, path)).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
      if (length % 61 === 0)
        expect(await expectAllOrRefusal(small.folder.with(path, cut), `cut to ${length}`)).toBe('all');
    }
  });

  it('[DA3] both damaged at the same byte: refused', async () => {
    const [path, before] = [newest('MANIFEST-'), newest('MANIFEST-', 1)];
    const others = [...flips(small.folder.bytesOf(before), 'every byte')];
    let at = 0;
    for (const [story, flipped] of flips(small.folder.bytesOf(path), 'every byte')) {
      const other = others[Math.min(at, others.length - 1)]?.[1];
      at += 1;
      if (at % 5 !== 0 || !inSample(at / 5, 4)) continue;
      const files = small.folder.with(path, flipped).with(before, other);
      expect(await expectAllOrRefusal(files, story)).toBe('refused');
    }
  });
});

describe('images', () => {
  it('[DA4] one bit of any byte turned: it is not used, and the one before leads to the same', async () => {
    const path = newest('image-');
    const bytes = small.folder.bytesOf(path);
    const entry = manifest().images[0] as ImageEntry;
    expect(imageGeneration(basename(path))).toBe(entry.generation);
    let tried = 0;
    for (const [story, flipped] of flips(bytes, 'every byte', { oneIn: 16 })) {
      const files = small.folder.with(path, flipped);
      const fault = faultOf(() => readImage(files, SHARD, entry));
      if (!(fault instanceof OrreryError) || fault.code !== 'DAMAGED') throw new Error(`${story}: ${String(fault)}`);
      tried += 1;
      if (tried % share(701, 8) === 0) expect(await expectAllOrRefusal(files, story)).toBe('all');
    }
  });

  it('[DA4] both damaged: refused, with the name of the newest', async () => {
    const [path, before] = [newest('image-'), newest('image-', 1)];
    const bytes = small.folder.bytesOf(before);
    const some = { seed: 3, only: (at: number) => at % 499 === 498, oneIn: 4 };
    for (const [story, flipped, at] of flips(small.folder.bytesOf(path), 'every byte', some)) {
      const files = small.folder.with(path, flipped).with(before, bytes.subarray(0, bytes.length - at - 1));
      const found = await openOrRefuse(files, story);
      expect(found, story).toBeInstanceOf(OrreryError);
      expect((found as OrreryError).context.file).toBe(path);
    }
  });
});

describe('whole files', () => {
  const kinds = ['MANIFEST-', 'image-', 'segment-', 'OWNER-', 'latest.sqlite'];

  it('[DA5] emptied, removed, one, two or all of a kind', async () => {
    const outcomes = { all: 0, refused: 0 };
    for (const kind of kinds) {
      const paths = small.folder.paths(kind);
      for (const chosen of [...paths.map((path) => [path]), paths]) {
        for (const content of [undefined, Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(70_000, 0x46)]) {
          let files = small.folder.copy();
          for (const path of chosen) files = files.with(path, content);
          const story = `${chosen.map((path) => basename(path)).join()} ${content ? `of ${content.length}` : 'gone'}`;
          outcomes[await expectAllOrRefusal(files, story)] += 1;
        }
      }
    }
    expect(outcomes.all).toBeGreaterThan(10);
    expect(outcomes.refused).toBeGreaterThan(10);
  });

  it('[DA5] nothing left but one kind of file is no fresh shard, unless the kind holds nothing', async () => {
    for (const kind of ['MANIFEST-', 'image-', 'segment-']) {
      let files = small.folder.copy();
      for (const path of files.paths()) if (!basename(path).startsWith(kind)) files = files.with(path, undefined);
      expect(await expectAllOrRefusal(files, `only ${kind}`), kind).toBe('refused');
    }
  });

  it('[DA6] in the place of another of its kind, of its own shard or of another one', async () => {
    for (const kind of kinds.slice(0, 3)) {
      const paths = small.folder.paths(kind);
      for (const path of paths) {
        for (const source of [small, earlier, stranger]) {
          for (const from of source.folder.paths(kind)) {
            if (source === small && from === path) continue;
            const story = `${basename(from)} of ${source === small ? 'its own' : 'another'} as ${basename(path)}`;
            await expectAllOrRefusal(small.folder.with(path, source.folder.bytesOf(from)), story);
          }
        }
      }
      const [first, last] = [paths[0] as string, paths.at(-1) as string];
      const swapped = small.folder.with(first, small.folder.bytesOf(last)).with(last, small.folder.bytesOf(first));
      await expectAllOrRefusal(swapped, `${kind} swapped`);
    }
  });

  it('[DA6] a whole shard in the place of another is refused', async () => {
    expect(await openOrRefuse(stranger.folder.copy(), 'shard 1 as shard 0')).toMatchObject({ code: 'SHARD_REPLACED' });
  });
});
