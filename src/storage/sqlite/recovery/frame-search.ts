// The frames of one segment, found one by one, with damage between them. scanSegment stops at the first bad frame,
// because nobody may go on from there; here the point is what can be told of the frames behind it. After it:
// readable-journal.ts.

import { crc32 } from 'node:zlib';
import {
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameCodec,
  type FrameHeader,
  type FrameType,
  frameBytes,
  frameCodec,
  frameType,
} from '../journal/frame.ts';
import { SEGMENT_HEADER_BYTES, type SegmentHeader } from '../journal/segment.ts';
import { frameHeadersFrom } from '../journal/segment-scan.ts';

/** A segment whose header cannot be read is told by its frames. */
export type RemainingSegment = Pick<SegmentHeader, 'generation' | 'epoch' | 'salt' | 'firstFrame'> & {
  readonly name: string;
  readonly bytes: Buffer;
  readonly previousChain: number | undefined;
};

export interface FoundFrame {
  readonly type: FrameType;
  readonly codec: FrameCodec;
  readonly number: number;
  /** As its header says; undefined when that cannot be read. */
  readonly recordCount: number | undefined;
  readonly synced: number;
  readonly offset: number;
  /** As it stands on disk. */
  readonly payload: Uint8Array;
  readonly chain: number;
  /** Why the payload is not to be trusted, where it stands and how many records it held. */
  readonly fault: string | undefined;
  /** Its header is damaged, and the frame behind it proves both. */
  readonly repaired: boolean;
}

interface HeaderAt {
  readonly offset: number;
  readonly header: FrameHeader;
}

/** In order of number, and where the last of them ends. `chains` are the values known from elsewhere, by frame. */
export function findFrames(
  segment: RemainingSegment,
  chains: ReadonlyMap<number, number>,
): { readonly found: readonly FoundFrame[]; readonly end: number } {
  const { bytes, firstFrame } = segment;
  const found: FoundFrame[] = [];
  let expected = firstFrame;
  /** Of the frame before the expected one. */
  let chain = segment.previousChain ?? chains.get(firstFrame - 1);
  let offset = SEGMENT_HEADER_BYTES;
  for (;;) {
    const place = placeFrom(segment, offset, expected);
    if (!place) return { found, end: offset };
    const { number } = place.header;
    if (number > expected) {
      const bridge = number === expected + 1 ? bridgeTo(bytes, offset, place, expected, chain) : undefined;
      if (bridge) found.push(bridge);
      chain = bridge?.chain ?? chains.get(number - 1);
    }
    const frame = frameAt(bytes, place, chain);
    found.push(frame);
    chain = frame.chain;
    expected = number + 1;
    // A length that goes past the end of the file says nothing about where the next frame begins.
    offset = Math.min(place.offset + frameBytes(place.header.payloadLength), bytes.length);
  }
}

/** The header of a frame that is due, at `offset` or behind it. */
function placeFrom(segment: RemainingSegment, offset: number, expected: number): HeaderAt | undefined {
  for (const place of frameHeadersFrom(segment.bytes, offset, segment.salt)) {
    const { header } = place;
    if (header.epoch === segment.epoch && header.number >= expected && frameType(header) !== undefined) return place;
  }
  return undefined;
}

function frameAt(bytes: Buffer, { offset, header }: HeaderAt, chain: number | undefined): FoundFrame {
  const from = offset + FRAME_HEADER_BYTES;
  const payload = bytes.subarray(from, from + header.payloadLength);
  const whole = offset + frameBytes(header.payloadLength) <= bytes.length;
  let what: string | undefined;
  if (!whole) what = 'its payload is cut';
  else if (chain === undefined) what = 'the frame before it is gone, and nothing else proves its payload';
  else if (crc32(payload, chain) !== header.payloadCrc) what = 'its payload is not what was written';
  return {
    type: frameType(header) as FrameType,
    codec: frameCodec(header),
    number: header.number,
    recordCount: header.recordCount,
    synced: header.synced,
    offset,
    payload,
    chain: header.payloadCrc,
    fault: what === undefined ? undefined : `${what} at byte ${offset}, with ${header.recordCount} records`,
    repaired: false,
  };
}

/**
 * A frame with a damaged header, from where it begins to the frame behind it. The payload CRC of that one is seeded
 * with the CRC of this one's payload: if both payloads are whole, and this one is as long as it can be but for its
 * padding, it fits.
 */
function bridgeTo(
  bytes: Buffer,
  offset: number,
  next: HeaderAt,
  number: number,
  chain: number | undefined,
): FoundFrame | undefined {
  const from = offset + FRAME_HEADER_BYTES;
  const room = next.offset - from;
  const behind = next.offset + FRAME_HEADER_BYTES;
  const following = bytes.subarray(behind, behind + next.header.payloadLength);
  if (chain === undefined || room < 0 || following.length < next.header.payloadLength) return undefined;
  // Of an empty payload the CRC is that of what stands before it: a seal behind proves this payload by itself.
  for (let padding = 0; padding < 8 && padding <= room; padding += 1) {
    const payload = bytes.subarray(from, from + room - padding);
    const own = crc32(payload, chain);
    if (crc32(following, own) !== next.header.payloadCrc) continue;
    const codec = payload[0] === OPEN_BRACE ? 'plain' : 'deflate';
    const type = payload.length === 0 ? 'seal' : 'batch';
    return {
      type,
      codec,
      number,
      recordCount: undefined,
      synced: 0,
      offset,
      payload,
      chain: own,
      fault: undefined,
      repaired: true,
    };
  }
  return undefined;
}

const OPEN_BRACE = 0x7b;

/** A segment without a readable header: its first frame says what the header would, but for the chain. */
export function guessSegment(bytes: Buffer, generation: number, name: string): RemainingSegment | undefined {
  for (let offset = SEGMENT_HEADER_BYTES; offset + FRAME_HEADER_BYTES <= bytes.length; offset += 8) {
    const header = decodeFrameHeader(bytes, offset);
    if (typeof header === 'string' || frameType(header) === undefined) continue;
    const { epoch, salt, number: firstFrame } = header;
    return { generation, epoch, salt, firstFrame, name, bytes, previousChain: undefined };
  }
  return undefined;
}
