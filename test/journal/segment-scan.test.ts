import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FRAME_MAGIC_BYTES, type FrameLabel } from '#storage/sqlite/journal/frame.ts';
import { decodeSegmentHeader } from '#storage/sqlite/journal/segment.ts';
import { scanSegment } from '#storage/sqlite/journal/segment-scan.ts';
import { batch, SALT, START, scanned, segmentOf, texts } from './disk.ts';

const PAYLOADS = ['the first', 'the second batch', 'third', 'the fourth one!!', 'fifth'];
const [first, second, third, fourth, fifth] = PAYLOADS.map(batch) as ReturnType<typeof batch>[];

// Frames 2 and 3 become durable together; frame 5 is never known to be.
const open = segmentOf([first!, 'sync', second!, third!, 'sync', fourth!, 'sync', fifth!]);
const sealedSegment = segmentOf([first!, 'sync', second!, third!, 'sync', fourth!, 'sync', fifth!, 'seal']);

interface Place {
  readonly number: number;
  readonly offset: number;
  readonly end: number;
  /** End of the payload: what follows is padding. */
  readonly contentEnd: number;
  /** The newest frame that a header behind this one says was durable. */
  readonly witnessed: number;
}

function placesOf(bytes: Uint8Array): Place[] {
  const { frames } = scanned(bytes);
  return frames.map((frame, index) => ({
    number: frame.number,
    offset: frame.offset,
    contentEnd: frame.offset + 48 + frame.payload.length,
    end: frames[index + 1]?.offset ?? bytes.length,
    witnessed: Math.max(0, ...frames.slice(index + 1).map(({ synced }) => synced)),
  }));
}

function flipped(bytes: Uint8Array, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

/** A frame with any fields and right CRCs, to stand behind frame 5 of `open`. */
function forgedFrame(label: Partial<FrameLabel>, change: (bytes: Buffer) => void = () => {}): Buffer {
  const { last } = scanned(open).end;
  const whole: FrameLabel = {
    type: 'batch',
    codec: 'plain',
    recordCount: 1,
    number: 6,
    epoch: 1,
    salt: SALT,
    synced: 4,
    ...label,
  };
  const { bytes } = encodeFrame(whole, whole.type === 'seal' ? [] : [Buffer.from('forged')], last.chain);
  change(bytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 44)), 44);
  return bytes;
}

describe('a whole segment', () => {
  test('[J13] every frame comes out in order with what was written, and the end is clean', () => {
    const { frames, end } = scanned(open);
    expect(texts(frames)).toEqual(PAYLOADS);
    expect(frames.map(({ number, synced }) => [number, synced])).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 3],
      [5, 4],
    ]);
    expect(end).toEqual({ verdict: 'clean', last: { frame: 5, chain: frames[4]?.chain }, offset: open.length });
  });

  test('[J13] a segment closed in good order ends in a seal', () => {
    const { frames, end } = scanned(sealedSegment);
    expect(texts(frames)).toEqual(PAYLOADS);
    expect(frames.at(-1)).toMatchObject({ type: 'seal', number: 6, synced: 5 });
    expect(end).toMatchObject({ verdict: 'sealed', last: { frame: 6 }, offset: sealedSegment.length });
  });

  test('[J13] a segment without frames is clean, and damaged when its first frame was durable', () => {
    const empty = segmentOf([]);
    expect(scanned(empty)).toMatchObject({ frames: [], end: { verdict: 'clean', last: { frame: 0, chain: 0 } } });
    expect(scanned(empty, 1).end).toMatchObject({ verdict: 'damaged', badFrame: 1, fault: 'missing', offset: 64 });
  });

  test('[J13] the scan stops before the frame that the next segment begins with', () => {
    const scan = scanSegment(open, decodeSegmentHeader(open, 'f'), { until: 3, knownDurable: 2 });
    expect([scan.next().value, scan.next().value]).toMatchObject([{ number: 1 }, { number: 2 }]);
    expect(scan.next()).toMatchObject({ done: true, value: { verdict: 'continued', last: { frame: 2 } } });
  });
});

test('[J13] without bounds a segment is told by its own frames alone', () => {
  const scan = scanSegment(open, decodeSegmentHeader(open, 'f'));
  let step = scan.next();
  const numbers: number[] = [];
  for (; step.done !== true; step = scan.next()) numbers.push(step.value.number);
  expect(numbers).toEqual([1, 2, 3, 4, 5]);
  expect(step.value).toMatchObject({ verdict: 'clean', last: { frame: 5 } });
});

describe.each([
  ['open', open],
  ['sealed', sealedSegment],
])('damage to any part of a segment (%s)', (_name, bytes) => {
  const places = placesOf(bytes);

  test('[J14] after any flipped bit a prefix comes out, and the verdict is damaged exactly when a later frame knows', () => {
    for (let bit = 64 * 8; bit < bytes.length * 8; bit += 1) {
      const place = places.find(({ end }) => bit >> 3 < end) as Place;
      const { frames, end } = scanned(flipped(bytes, bit));
      if (bit >> 3 >= place.contentEnd) {
        expect(texts(frames)).toEqual(PAYLOADS);
        continue;
      }
      expect(texts(frames)).toEqual(PAYLOADS.slice(0, place.number - 1));
      expect(end).toMatchObject({
        verdict: place.number <= place.witnessed ? 'damaged' : 'torn',
        badFrame: place.number,
        offset: place.offset,
      });
    }
  });

  test('[J14] the same holds for a zeroed, a repeated and a shifted stretch of bytes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 64, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom('zero', 'repeat', 'shift'),
        (from, length, kind) => {
          const copy = Buffer.from(bytes);
          const to = Math.min(copy.length, from + length);
          if (kind === 'zero') copy.fill(0, from, to);
          else if (kind === 'repeat') copy.copyWithin(from, 64, 64 + to - from);
          else copy.copyWithin(from, to);
          const { frames, end } = scanned(copy);
          const got = texts(frames);
          expect(got).toEqual(PAYLOADS.slice(0, got.length));
          if (got.length < PAYLOADS.length) expect(['torn', 'damaged']).toContain(end.verdict);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('[J15] cut at any byte the whole frames come out, and what is left of the next is a torn tail', () => {
    for (let length = 64; length < bytes.length; length += 1) {
      const { frames, end } = scanned(bytes.subarray(0, length));
      const whole = places.filter((place) => place.end <= length);
      expect(texts(frames)).toEqual(PAYLOADS.slice(0, whole.length));
      const boundary = length === (whole.at(-1)?.end ?? 64);
      expect(end).toMatchObject({ verdict: boundary ? 'clean' : 'torn', last: { frame: whole.length } });
    }
  });

  test('[J15] cut at any byte it is damaged when a frame that is known durable from elsewhere is gone', () => {
    for (let length = 64; length < bytes.length; length += 1) {
      const whole = places.filter((place) => place.end <= length).length;
      for (let known = 1; known <= places.length; known += 1) {
        const { end } = scanned(bytes.subarray(0, length), known);
        expect(end.verdict === 'damaged').toBe(known > whole);
      }
    }
  });

  test('[J16] a tail of zeros of any length is torn, and nothing before it is touched', () => {
    for (const length of [1, 7, 8, 47, 48, 4096]) {
      const { frames, end } = scanned(Buffer.concat([bytes, Buffer.alloc(length)]));
      expect(texts(frames)).toEqual(PAYLOADS);
      expect(end).toMatchObject({
        verdict: 'torn',
        offset: bytes.length,
        badFrame: places.length + 1,
        knownDurable: places.length - 1,
      });
    }
  });
});

describe('what may stand behind the last frame', () => {
  const lost = segmentOf([first!, 'sync', second!, third!, fourth!]);
  const places = placesOf(lost);

  test('[J17] a frame that was lost is cut with the whole frames behind it, when none of them was durable', () => {
    const copy = Buffer.from(lost);
    copy.fill(0, places[1]!.offset, places[1]!.end);
    const { frames, end } = scanned(copy);
    expect(texts(frames)).toEqual(PAYLOADS.slice(0, 1));
    expect(end).toMatchObject({
      verdict: 'torn',
      badFrame: 2,
      knownDurable: 1,
      later: { count: 2, first: { number: 3, offset: places[2]!.offset }, last: { number: 4 } },
    });
  });

  test('[J17] the same hole is damage when one of the frames behind it was written after a sync', () => {
    const witness = segmentOf([first!, 'sync', second!, third!, 'sync', fourth!]);
    const copy = Buffer.from(witness);
    copy.fill(0, places[1]!.offset, places[1]!.end);
    expect(scanned(copy).end).toMatchObject({ verdict: 'damaged', badFrame: 2, knownDurable: 3, later: { count: 2 } });
  });

  test('[J18] a frame behind a seal is damage, and bytes that are no frame are a torn tail', () => {
    const frame = forgedFrame({ number: 7, synced: 5 });
    expect(scanned(Buffer.concat([sealedSegment, frame])).end).toMatchObject({
      verdict: 'damaged',
      fault: 'frame behind the seal',
    });
    expect(scanned(Buffer.concat([sealedSegment, Buffer.alloc(80, 1), frame])).end.verdict).toBe('damaged');
    expect(scanned(Buffer.concat([sealedSegment, Buffer.alloc(80, 1)])).end).toMatchObject({
      verdict: 'torn',
      fault: 'bytes behind the seal',
      last: { frame: 6 },
    });
    frame.writeUInt32LE(SALT + 1, 28);
    frame.writeUInt32LE(crc32(frame.subarray(0, 44)), 44);
    expect(scanned(Buffer.concat([sealedSegment, frame])).end.verdict).toBe('torn');
  });

  test('[J19] a frame left over from another segment or epoch is not taken, and its word does not count', () => {
    for (const other of [{ salt: SALT + 1 }, { epoch: 2 }]) {
      const stale = forgedFrame({ ...other, number: 6, synced: 5 });
      expect(scanned(Buffer.concat([open, stale])).end).toMatchObject({ verdict: 'torn', fault: 'other segment' });
    }
    const later = forgedFrame({ salt: SALT + 1, number: 9, synced: 8 });
    expect(scanned(Buffer.concat([open, Buffer.alloc(48), later])).end).toMatchObject({
      verdict: 'torn',
      later: { count: 0 },
    });
  });

  test('[J19] a frame with another number than the next is not taken', () => {
    for (const [number, verdict] of [
      [5, 'torn'],
      [7, 'torn'],
    ] as const) {
      const { frames, end } = scanned(Buffer.concat([open, forgedFrame({ number, synced: 4 })]));
      expect(frames).toHaveLength(5);
      expect(end).toMatchObject({ verdict, fault: 'wrong number', badFrame: 6 });
    }
    const gap = Buffer.concat([open, forgedFrame({ number: 7, synced: 6 })]);
    expect(scanned(gap).end).toMatchObject({ verdict: 'damaged', fault: 'wrong number', badFrame: 6, knownDurable: 6 });
  });

  test('[J20] a frame of an unknown kind under right CRCs is never cut', () => {
    const changes: ((bytes: Buffer) => void)[] = [
      (bytes) => bytes.writeUInt8(3, 4),
      (bytes) => bytes.writeUInt8(2, 5),
      (bytes) => bytes.writeUInt16LE(1, 6),
      (bytes) => bytes.writeBigUInt64LE(6n, 32),
      (bytes) => bytes.writeBigUInt64LE(2n ** 60n, 16),
      (bytes) => bytes.writeUInt8(2, 4),
    ];
    for (const change of changes) {
      const { frames, end } = scanned(Buffer.concat([open, forgedFrame({}, change)]));
      expect(frames).toHaveLength(5);
      expect(end).toMatchObject({ verdict: 'damaged', fault: 'unknown kind', badFrame: 6 });
    }
  });

  test('[J21] among a million things that look like headers the one that is a later header is found', () => {
    const trap = Buffer.alloc(8 * 2 ** 20, Buffer.concat([FRAME_MAGIC_BYTES, Buffer.alloc(4)]));
    const bytes = segmentOf([{ batch: trap }, first!]);
    bytes[64 + 48 + 100] = 0xff;
    expect(scanned(bytes).end).toMatchObject({ verdict: 'torn', badFrame: 1, later: { count: 1 } });
  });

  test('[J21] a later header inside a payload counts only with the salt of its segment', () => {
    const foreign = encodeFrame(
      { type: 'batch', codec: 'plain', recordCount: 1, number: 9, epoch: 1, salt: SALT + 1, synced: 8 },
      [],
      0,
    ).bytes;
    const bytes = segmentOf([{ batch: foreign }]);
    bytes[bytes.length - 1] = 0xff;
    bytes[64 + 48 + 47] = 0xff;
    expect(scanned(bytes).end).toMatchObject({ verdict: 'torn', badFrame: 1, later: { count: 0 } });
  });
});

describe('any batches', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ batch: bytes })) },
    { weight: 2, arbitrary: fc.constant('sync' as const) },
  );

  test('[J22] cut anywhere, a prefix comes out, and nothing that a frame in it calls durable is missing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, where) => {
        const bytes = segmentOf(steps, { ...START, firstFrame: 2 ** 32, previousChain: 0xffffffff });
        const payloads = steps.flatMap((item) => (item === 'sync' ? [] : [Buffer.from(item.batch).toString('hex')]));
        const whole = scanned(bytes);
        expect(whole.frames.map(({ payload }) => Buffer.from(payload).toString('hex'))).toEqual(payloads);
        expect(whole.end.verdict).toBe('clean');

        const cut = bytes.subarray(0, 64 + Math.floor(where * (bytes.length - 64)));
        const { frames, end } = scanned(cut);
        expect(frames.map(({ payload }) => Buffer.from(payload).toString('hex'))).toEqual(
          payloads.slice(0, frames.length),
        );
        expect(['clean', 'torn']).toContain(end.verdict);
        expect(end.last.frame).toBe(2 ** 32 - 1 + frames.length);
      }),
      { numRuns: 150 },
    );
  });
});
