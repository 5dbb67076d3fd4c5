// What is found of the frames of one segment behind damage, with frames written by hand: compressed ones, seals where none
// should be, and frames that are whole and not due.

import { crc32, deflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { encodeFrame, type FrameLabel, openPayload } from '#storage/sqlite/journal/frame.ts';
import { SEGMENT_HEADER_BYTES, segmentName } from '#storage/sqlite/journal/segment.ts';
import { type FoundFrame, findFrames, type RemainingSegment } from '#storage/sqlite/recovery/frame-search.ts';

const TEXT = `${JSON.stringify({ g: 'a', text: 'x'.repeat(200) })}\n`;

interface Written extends Partial<FrameLabel> {
  readonly payload?: Uint8Array;
  /** It stands there and nothing carries on from it. */
  readonly stray?: (bytes: Buffer) => void;
}

/** The bytes of a segment, and where each frame begins. */
function written(frames: readonly Written[]): { readonly bytes: Buffer; readonly offsets: readonly number[] } {
  const parts: Buffer[] = [Buffer.alloc(SEGMENT_HEADER_BYTES)];
  const offsets: number[] = [];
  let end = SEGMENT_HEADER_BYTES;
  let last = { number: 0, chain: 0 };
  for (const { payload = Buffer.from(TEXT), stray, ...label } of frames) {
    const number = last.number + 1;
    const whole: FrameLabel = {
      type: 'batch',
      codec: 'plain',
      recordCount: 1,
      number,
      epoch: 3,
      salt: 7,
      synced: 0,
      ...label,
    };
    const { bytes, chain } = encodeFrame(whole, [payload], last.chain);
    if (stray) {
      stray(bytes);
      bytes.writeUInt32LE(crc32(bytes.subarray(0, 44)), 44);
    } else last = { number, chain };
    offsets.push(end);
    parts.push(bytes);
    end += bytes.length;
  }
  return { bytes: Buffer.concat(parts), offsets };
}

function search(
  bytes: Buffer,
  from: { readonly previousChain: number | undefined } = { previousChain: 0 },
): readonly FoundFrame[] {
  const segment: RemainingSegment = {
    generation: 1,
    epoch: 3,
    salt: 7,
    firstFrame: 1,
    name: segmentName(1),
    bytes,
    ...from,
  };
  return findFrames(segment, new Map()).found;
}

/** With a bit of a frame's header turned. */
function harmed(bytes: Buffer, offset: number | undefined): Buffer {
  const copy = Buffer.from(bytes);
  const at = (offset as number) + 20;
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}

it('[SV2] of a compressed frame with a damaged header the frame behind it tells everything', () => {
  const { bytes, offsets } = written([{}, { codec: 'deflate', payload: deflateSync(TEXT) }, {}]);
  const found = search(harmed(bytes, offsets[1]));
  expect(found.map(({ number, codec, repaired, fault }) => [number, codec, repaired, fault])).toEqual([
    [1, 'plain', false, undefined],
    [2, 'deflate', true, undefined],
    [3, 'plain', false, undefined],
  ]);
  for (const frame of found) expect(Buffer.from(openPayload(frame)).toString('utf8')).toBe(TEXT);
});

it('[SV2] a frame with a damaged header and no payload at all is a seal, which costs no game anything', () => {
  const none = new Uint8Array();
  const { bytes, offsets } = written([{}, { type: 'seal', recordCount: 0, payload: none }, {}]);
  const found = search(harmed(bytes, offsets[1]));
  expect(found.map(({ number, type, repaired }) => [number, type, repaired])).toEqual([
    [1, 'batch', false],
    [2, 'seal', true],
    [3, 'batch', false],
  ]);
  expect(found.every(({ fault }) => fault === undefined)).toBe(true);
});

it('[SV2] a frame with a damaged header is lost when the frame behind it is cut, and when nothing is known of the one before', () => {
  const { bytes, offsets } = written([{}, {}, {}]);
  const [first, second, third] = offsets as [number, number, number];
  const cut = search(harmed(bytes, second).subarray(0, bytes.length - 8));
  expect(cut.map(({ number }) => number)).toEqual([1, 3]);
  expect(cut[1]?.fault).toBe(`its payload is cut at byte ${third}, with 1 records`);
  const unchained = search(harmed(bytes, first), { previousChain: undefined });
  expect(unchained.map(({ number }) => number)).toEqual([2, 3]);
  expect(unchained.map(({ fault }) => fault)).toEqual([
    `the frame before it is gone, and nothing else proves its payload at byte ${second}, with 1 records`,
    undefined,
  ]);
});

it('[SV2] a frame that was taken out leaves no room to look for it', () => {
  const { bytes, offsets } = written([{}, {}, {}]);
  const [, second, third] = offsets as [number, number, number];
  const found = search(Buffer.concat([bytes.subarray(0, second), bytes.subarray(third)]));
  expect(found.map(({ number }) => number)).toEqual([1, 3]);
  expect(found[1]?.fault).toMatch(/^the frame before it is gone/);
});

it('[J19] whole frames of another epoch, with a number that was there already, or of an unknown kind, are passed over', () => {
  const { bytes } = written([
    {},
    { epoch: 4, stray: () => undefined },
    { number: 1, stray: () => undefined },
    { stray: (frame) => frame.writeUInt8(9, 4) },
    { payload: Buffer.from('{"due":2}\n') },
  ]);
  const found = search(bytes);
  expect(found.map(({ number, fault }) => [number, fault])).toEqual([
    [1, undefined],
    [2, undefined],
  ]);
  expect(Buffer.from(found[1]?.payload ?? []).toString('utf8')).toBe('{"due":2}\n');
});
