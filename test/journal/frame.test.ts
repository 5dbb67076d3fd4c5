import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import {
  decodeFrameHeader,
  encodeFrame,
  type FrameLabel,
  frameBytes,
  frameType,
  MAX_PAYLOAD_BYTES,
  openPayload,
} from '#storage/sqlite/journal/frame.ts';
import { SALT } from './disk.ts';

const label: FrameLabel = {
  type: 'batch',
  codec: 'plain',
  recordCount: 3,
  number: 2 ** 33 + 5,
  epoch: 7,
  salt: SALT,
  synced: 2 ** 33 + 1,
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

describe('a frame', () => {
  test('[J9] reads back as it was written, with numbers beyond 32 bits', () => {
    const { bytes, chain } = encodeFrame({ ...label, codec: 'deflate' }, [Buffer.from('abc')], 99);
    const header = decodeFrameHeader(bytes, 0);
    expect(header).toEqual({
      type: 1,
      codec: 1,
      flags: 0,
      payloadLength: 3,
      recordCount: 3,
      number: 2 ** 33 + 5,
      epoch: 7,
      salt: SALT,
      synced: 2 ** 33 + 1,
      payloadCrc: chain,
    });
  });

  test('[J9] is the same bytes however its payload is cut into chunks, aligned to 8 and padded with zeros', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), fc.nat(), (chunks, seed) => {
        const whole = Buffer.concat(chunks);
        const { bytes, chain } = encodeFrame(label, chunks, seed);
        expect(encodeFrame(label, [whole], seed)).toEqual({ bytes, chain });
        expect(bytes.length).toBe(frameBytes(whole.length));
        expect(bytes.length % 8).toBe(0);
        expect(bytes.subarray(48, 48 + whole.length).equals(whole)).toBe(true);
        expect(bytes.subarray(48 + whole.length).every((byte) => byte === 0)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('[J9] the chain depends on every frame before', () => {
    const payload = [Buffer.from('the same')];
    const first = encodeFrame(label, payload, 0).chain;
    expect(encodeFrame(label, payload, 1).chain).not.toBe(first);
    expect(encodeFrame(label, [], first).chain).toBe(first);
  });

  test('[J9] every single flipped bit of the header is seen before anything in it is believed', () => {
    const { bytes } = encodeFrame(label, [Buffer.from('abc')], 0);
    for (let bit = 0; bit < 48 * 8; bit += 1) {
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(decodeFrameHeader(bytes, 0)).toBe(bit < 32 ? 'no magic' : 'header CRC');
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    }
    expect(decodeFrameHeader(bytes.subarray(0, 47), 0)).toBe('incomplete header');
  });

  test('[J10] what no writer writes is not written, and is of no type when it is read', () => {
    const wrong: Partial<FrameLabel>[] = [
      { synced: label.number },
      { synced: -1 },
      { number: 0, synced: 0 },
      { number: 2 ** 53, synced: 0 },
      { type: 'seal' },
    ];
    for (const change of wrong) {
      expect(codeOf(() => encodeFrame({ ...label, ...change }, [], 0))).toBe('INTERNAL');
    }
    expect(codeOf(() => encodeFrame({ ...label, type: 'seal', recordCount: 0 }, [Buffer.from('x')], 0))).toBe(
      'INTERNAL',
    );

    const header = decodeFrameHeader(encodeFrame(label, [], 0).bytes, 0);
    if (typeof header === 'string') throw new Error(header);
    expect(frameType(header)).toBe('batch');
    expect(frameType({ ...header, type: 2, recordCount: 0 })).toBe('seal');
    const unknown = [
      { type: 0 },
      { type: 3 },
      { codec: 2 },
      { flags: 1 },
      { synced: header.number },
      { number: 2 ** 53 },
      { type: 2 },
      { type: 2, recordCount: 0, codec: 1 },
      { type: 2, recordCount: 0, payloadLength: 1 },
    ];
    for (const change of unknown) expect(frameType({ ...header, ...change })).toBeUndefined();
  });

  test('[J10] a payload above the limit is RECORD_TOO_LARGE', () => {
    const mebibyte = Buffer.alloc(2 ** 20);
    const chunks = new Array<Uint8Array>(MAX_PAYLOAD_BYTES / mebibyte.length).fill(mebibyte);
    expect(codeOf(() => encodeFrame(label, [...chunks, Buffer.alloc(1)], 0))).toBe('RECORD_TOO_LARGE');
  });

  test('[J11] a plain payload is itself, a deflated one unpacks, and one that does not is DAMAGED', () => {
    const payload = Buffer.from('{"g":"andromeda"}\n');
    expect(openPayload({ codec: 'plain', payload })).toBe(payload);
    expect(Buffer.from(openPayload({ codec: 'deflate', payload: deflateSync(payload) })).equals(payload)).toBe(true);
    expect(codeOf(() => openPayload({ codec: 'deflate', payload }))).toBe('DAMAGED');
  });
});
