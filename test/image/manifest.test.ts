// A manifest with the right checksum that Orrery did not write, and one that could not be published.

import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeManifest, encodeManifest, type Manifest, publishManifest } from '#storage/sqlite/image/manifest.ts';
import { diskFailure, VolatileDisk } from '../fault/volatile-disk.ts';

const MANIFEST: Manifest = {
  version: 1,
  leastReader: 1,
  shard: '8b8f3a52-6a0c-4b0e-9f0e-2a1a4c1a7a10',
  epoch: 3,
  generation: 7,
  images: [{ generation: 7, bytes: 4096, sha256: 'a'.repeat(64), frame: 12, chain: 99 }],
  segments: [6, 7],
  durableFrame: 12,
};
const FILE = '/disk/MANIFEST-0000000007';

function sealed(line: string): Buffer {
  return Buffer.from(`${line}\n${crc32(line).toString(16).padStart(8, '0')}\n`, 'utf8');
}

describe('a manifest with the right checksum', () => {
  it('[R17] is read as it was written', () => {
    expect(decodeManifest(encodeManifest(MANIFEST), FILE)).toEqual(MANIFEST);
  });

  it.each([
    ['is not JSON', '{"version":1,'],
    ['lacks what it must say', 'null'],
    ['lacks what it must say', '[]'],
    ['lacks what it must say', JSON.stringify({ ...MANIFEST, images: [] })],
    ['lacks what it must say', JSON.stringify({ ...MANIFEST, shard: 'the first' })],
    ['lacks what it must say', JSON.stringify({ ...MANIFEST, durableFrame: -1 })],
    ['lacks what it must say', JSON.stringify({ ...MANIFEST, images: [{ ...MANIFEST.images[0], sha256: 'a' }] })],
  ])('[R17] that %s is refused by file, with the reason: %s', (what, line) => {
    const refused = expect.objectContaining({ code: 'DAMAGED', what: `a manifest ${what}`, context: { file: FILE } });
    expect(() => decodeManifest(sealed(line), FILE)).toThrow(refused);
  });

  it('[R17] that only a later version can read says so', () => {
    const later = sealed(JSON.stringify({ leastReader: 2 }));
    expect(() => decodeManifest(later, FILE)).toThrow(expect.objectContaining({ code: 'FORMAT_TOO_NEW' }));
  });
});

it.each(['write', 'sync', 'publishNew'] as const)(
  '[R17] a manifest that cannot be published (%s fails) has no name, and leaves nothing',
  (failing) => {
    const disk = new VolatileDisk();
    disk.interference = (operation, moment, path) => {
      if (operation === failing && moment === 'before') throw diskFailure('EIO', path);
    };
    expect(() => publishManifest(disk, '/disk', MANIFEST)).toThrow(expect.objectContaining({ code: 'IO_FAILED' }));
    expect(disk.list('/disk')).toEqual([]);
  },
);
