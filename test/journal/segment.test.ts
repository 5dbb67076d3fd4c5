import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  type SegmentHeader,
  segmentGeneration,
  segmentName,
} from '#storage/sqlite/journal/segment.ts';
import { SALT, UUID } from './disk.ts';

const header: SegmentHeader = {
  epoch: 0xfedcba98,
  shardUuid: UUID,
  generation: 2 ** 40 + 7,
  firstFrame: 2 ** 52 + 3,
  previousChain: 0x89abcdef,
  salt: SALT,
};

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof OrreryError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

/** A header with some bytes changed and its CRC made right again. */
function forged(change: (bytes: Buffer) => void): Buffer {
  const bytes = encodeSegmentHeader(header);
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 60)), 60);
  return bytes;
}

describe('the name of a segment', () => {
  test('[J6] names sort like their generations and read back to them', () => {
    const generations = [0, 1, 9, 10, 999_999_999, 9_999_999_999];
    const names = generations.map(segmentName);
    expect(names[1]).toBe('segment-0000000001.journal');
    expect(names.toSorted()).toEqual(names);
    expect(names.map(segmentGeneration)).toEqual(generations);
  });

  test.each([
    'segment-1.journal',
    'segment-00000000001.journal',
    'segment-0000000001.journal.5e0c.tmp',
    'segment-9007199254740993.journal',
    'segment-00000000x1.journal',
    'xsegment-0000000001.journal',
  ])('[J6] %s is not the name of a segment', (name) => {
    expect(segmentGeneration(name)).toBeUndefined();
  });
});

describe('the header of a segment', () => {
  test('[J7] reads back as it was written, with numbers beyond 32 bits', () => {
    const bytes = encodeSegmentHeader(header);
    expect(bytes).toHaveLength(64);
    expect(decodeSegmentHeader(bytes, 'f')).toEqual(header);
    const inside = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(9)]).subarray(3);
    expect(decodeSegmentHeader(inside, 'f')).toEqual(header);
  });

  test('[J7] every single flipped bit is DAMAGED, never FORMAT_TOO_NEW', () => {
    for (let bit = 0; bit < 64 * 8; bit += 1) {
      const bytes = encodeSegmentHeader(header);
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(codeOf(() => decodeSegmentHeader(bytes, 'f'))).toBe('DAMAGED');
    }
  });

  test('[J7] every shorter file is DAMAGED', () => {
    const bytes = encodeSegmentHeader(header);
    for (let length = 0; length < 64; length += 1) {
      expect(codeOf(() => decodeSegmentHeader(bytes.subarray(0, length), 'f'))).toBe('DAMAGED');
    }
  });

  test('[J7] numbers no writer writes are DAMAGED even under a right CRC', () => {
    const changes = [
      (bytes: Buffer) => bytes.writeUInt32LE(0, 52),
      (bytes: Buffer) => bytes.writeBigUInt64LE(0n, 40),
      (bytes: Buffer) => bytes.writeBigUInt64LE(2n ** 53n, 40),
      (bytes: Buffer) => bytes.writeBigUInt64LE(2n ** 64n - 1n, 32),
    ];
    for (const change of changes) expect(codeOf(() => decodeSegmentHeader(forged(change), 'f'))).toBe('DAMAGED');
  });

  test('[J8] a newer format is read when it says that this reader can, else FORMAT_TOO_NEW names both versions', () => {
    expect(
      decodeSegmentHeader(
        forged((bytes) => bytes.writeUInt16LE(9, 8)),
        'f',
      ),
    ).toEqual(header);
    const newer = forged((bytes) => {
      bytes.writeUInt16LE(9, 8);
      bytes.writeUInt16LE(3, 10);
    });
    expect(codeOf(() => decodeSegmentHeader(newer, 'f'))).toBe('FORMAT_TOO_NEW');
    expect(() => decodeSegmentHeader(newer, 'f')).toThrow(
      /format 9.*reader of format 3.*reads format 1.*version of Orrery/,
    );
  });

  test('[J8] a codec or a key that this reader does not know is FORMAT_TOO_NEW', () => {
    expect(
      codeOf(() =>
        decodeSegmentHeader(
          forged((bytes) => bytes.writeUInt8(1, 56)),
          'f',
        ),
      ),
    ).toBe('FORMAT_TOO_NEW');
    expect(
      codeOf(() =>
        decodeSegmentHeader(
          forged((bytes) => bytes.writeUInt16LE(1, 58)),
          'f',
        ),
      ),
    ).toBe('FORMAT_TOO_NEW');
  });

  test('[J7] an impossible header is not written', () => {
    for (const wrong of [
      { salt: 0 },
      { firstFrame: 0 },
      { generation: -1 },
      { shardUuid: 'x' },
      { firstFrame: 2 ** 53 },
    ]) {
      expect(codeOf(() => encodeSegmentHeader({ ...header, ...wrong }))).toBe('INTERNAL');
    }
  });
});
