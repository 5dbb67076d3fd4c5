// Walks the frames of one segment and says how it ends. Before it: scan.ts, which puts the segments of a shard in
// order; after it: scan.ts again, which hands the frames to recovery. verdict.ts holds the decision between torn and
// damaged.

import { crc32 } from 'node:zlib';
import {
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC_BYTES,
  type FrameCodec,
  type FrameHeader,
  type FrameType,
  frameBytes,
  frameCodec,
  frameType,
  type Position,
  saltAt,
} from './frame.ts';
import { SEGMENT_HEADER_BYTES, type SegmentHeader } from './segment.ts';
import { decide, type FrameFault, STOPS, type Verdict } from './verdict.ts';

export interface ScannedFrame {
  readonly type: FrameType;
  readonly number: number;
  readonly epoch: number;
  readonly synced: number;
  readonly recordCount: number;
  readonly codec: FrameCodec;
  /** As it stands on disk (see `openPayload`): a view of the segment's bytes, not a copy. */
  readonly payload: Uint8Array;
  /** Where the frame begins in its segment. */
  readonly offset: number;
  /** Its payload CRC. */
  readonly chain: number;
}

/** What a segment's header says about the frames in it. */
export type SegmentStart = Pick<SegmentHeader, 'firstFrame' | 'previousChain' | 'epoch' | 'salt'>;

export interface ScanBounds {
  /** The newest frame known durable from elsewhere (the manifest, the next segment): it must be there. */
  readonly knownDurable?: number;
  /** Stop before this frame: the next segment begins with it, and what this one has from there on was abandoned. */
  readonly until?: number;
}

/** Valid frame headers of this segment that stand behind a bad frame. */
export interface LaterFrames {
  readonly count: number;
  readonly first?: { readonly number: number; readonly offset: number };
  readonly last?: { readonly number: number; readonly offset: number };
}

export type SegmentEnd =
  | {
      /** `continued`: every frame before `until` was there. */
      readonly verdict: Exclude<Verdict, 'torn' | 'damaged'> | 'continued';
      readonly last: Position;
      readonly offset: number;
    }
  | {
      readonly verdict: 'torn' | 'damaged';
      /** The frame before the bad one. */
      readonly last: Position;
      readonly badFrame: number;
      /** Where the bad frame begins, or should. */
      readonly offset: number;
      readonly fault: FrameFault;
      /** The newest frame that was durable, as far as anything tells: it decides between torn and damaged. */
      readonly knownDurable: number;
      readonly later: LaterFrames;
    };

/** Walks the frames of one segment, given with its header. Each frame that comes out is whole and in its place. */
export function* scanSegment(
  source: Uint8Array,
  start: SegmentStart,
  bounds: ScanBounds = {},
): Generator<ScannedFrame, SegmentEnd, void> {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
  let knownDurable = bounds.knownDurable ?? 0;
  let last: Position = { frame: start.firstFrame - 1, chain: start.previousChain };
  let offset = SEGMENT_HEADER_BYTES;
  let sealed = false;

  for (;;) {
    if (last.frame + 1 === bounds.until) return { verdict: 'continued', last, offset };
    const frame: ScannedFrame | FrameFault = sealed
      ? readBehindSeal(bytes, offset, start)
      : readFrame(bytes, offset, start, last);
    if (typeof frame !== 'string') {
      yield frame;
      if (frame.synced > knownDurable) knownDurable = frame.synced;
      last = { frame: frame.number, chain: frame.chain };
      sealed = frame.type === 'seal';
      offset += frameBytes(frame.payload.length);
      continue;
    }

    const badFrame = last.frame + 1;
    const { later, synced } = searchOn(bytes, offset, start.salt, badFrame);
    if (synced > knownDurable) knownDurable = synced;
    const verdict = decide({ stop: STOPS[frame], sealed, acknowledged: badFrame <= knownDurable });
    if (verdict === 'clean' || verdict === 'sealed') return { verdict, last, offset };
    return { verdict, last, badFrame, offset, fault: frame, knownDurable, later };
  }
}

function readFrame(bytes: Buffer, offset: number, start: SegmentStart, last: Position): ScannedFrame | FrameFault {
  if (offset >= bytes.length) return 'missing';
  const header = decodeFrameHeader(bytes, offset);
  if (typeof header === 'string') return header;
  if (header.salt !== start.salt || header.epoch !== start.epoch) return 'other segment';
  const type = frameType(header);
  if (type === undefined) return 'unknown kind';
  if (header.number !== last.frame + 1) return 'wrong number';
  const from = offset + FRAME_HEADER_BYTES;
  if (offset + frameBytes(header.payloadLength) > bytes.length) return 'incomplete payload';
  const payload = bytes.subarray(from, from + header.payloadLength);
  if (crc32(payload, last.chain) !== header.payloadCrc) return 'payload CRC';
  return {
    type,
    number: header.number,
    epoch: header.epoch,
    synced: header.synced,
    recordCount: header.recordCount,
    codec: frameCodec(header),
    payload,
    offset,
    chain: header.payloadCrc,
  };
}

function readBehindSeal(bytes: Buffer, offset: number, start: SegmentStart): FrameFault {
  if (offset >= bytes.length) return 'missing';
  const nothing = frameHeadersFrom(bytes, offset, start.salt).next().done;
  return nothing === true ? 'bytes behind the seal' : 'frame behind the seal';
}

/** Every valid frame header with this salt at or behind `offset`, in order. Frames begin at multiples of 8. */
export function* frameHeadersFrom(
  bytes: Buffer,
  offset: number,
  salt: number,
): Generator<{ readonly header: FrameHeader; readonly offset: number }, void, void> {
  let at = bytes.indexOf(FRAME_MAGIC_BYTES, offset);
  while (at !== -1 && at + FRAME_HEADER_BYTES <= bytes.length) {
    // The salt first: a payload may be full of the magic, and a CRC for each would be a lot of work.
    if (at % 8 === 0 && saltAt(bytes, at) === salt) {
      const header = decodeFrameHeader(bytes, at);
      if (typeof header !== 'string') yield { header, offset: at };
    }
    at = bytes.indexOf(FRAME_MAGIC_BYTES, at + 1);
  }
}

function searchOn(
  bytes: Buffer,
  offset: number,
  salt: number,
  badFrame: number,
): { readonly later: LaterFrames; readonly synced: number } {
  let count = 0;
  let synced = 0;
  let first: LaterFrames['first'];
  let last: LaterFrames['last'];
  for (const found of frameHeadersFrom(bytes, offset, salt)) {
    const { number } = found.header;
    if (number < badFrame) continue;
    synced = Math.max(synced, found.header.synced);
    if (number === badFrame) continue;
    count += 1;
    last = { number, offset: found.offset };
    first ??= last;
  }
  return { later: first === undefined || last === undefined ? { count } : { count, first, last }, synced };
}
