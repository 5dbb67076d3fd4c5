// A frame: one batch of records, or a seal, as bytes in a segment. Before it: journal.ts, which numbers and chains
// frames; after it: files.ts on the way out, scan.ts on the way back. docs/FORMAT.md says what every byte means.
//
//    0        4     5      6      8            12          16
//   +--------+-----+------+------+------------+-----------+----------------------+
//   | "FRM1" |type |codec |flags |payload     |record     | frame number         |
//   |        | u8  |  u8  | u16  |length  u32 |count  u32 |                  u64 |
//   +--------+-----+------+------+------------+-----------+----------------------+
//    24             28            32                       40          44        48
//   +--------------+-------------+------------------------+-----------+-----------+
//   | epoch    u32 | salt    u32 | synced frame       u64 | payload   | header    |
//   |              |             | number                 | CRC   u32 | CRC   u32 |
//   +--------------+-------------+------------------------+-----------+-----------+
//    payload, then zeros up to a multiple of 8
//
// The header CRC covers bytes 0 to 43, so a length can be trusted before the payload is read. The payload CRC is seeded
// with that of the frame before: it is the chain, and a frame out of its place does not fit.

import { crc32, inflateSync } from 'node:zlib';
import { OrreryError, reason } from '../../../core/errors.ts';

export const FRAME_HEADER_BYTES = 48;
/** A payload above this is refused when written. */
export const MAX_PAYLOAD_BYTES = 2 ** 30;
const FRAME_MAGIC = 0x314d5246;
export const FRAME_MAGIC_BYTES: Buffer = Buffer.from('FRM1', 'latin1');

const BATCH = 1;
const SEAL = 2;
const PLAIN = 0;
const DEFLATE = 1;
const HEADER_CRC_AT = 44;

export type FrameType = 'batch' | 'seal';
/** `deflate` is zlib's format (RFC 1950) over the whole payload. */
export type FrameCodec = 'plain' | 'deflate';

/** What a frame says about itself, apart from its payload. */
export interface FrameLabel {
  readonly type: FrameType;
  readonly codec: FrameCodec;
  readonly recordCount: number;
  /** 1, 2, 3, ... over all segments of a shard. */
  readonly number: number;
  readonly epoch: number;
  /** The salt of the segment. */
  readonly salt: number;
  /** The newest frame that was known to be durable when this one was written. */
  readonly synced: number;
}

/** A header as it was read: its CRC is right, its fields are not judged yet. */
export interface FrameHeader {
  readonly type: number;
  readonly codec: number;
  readonly flags: number;
  readonly payloadLength: number;
  readonly recordCount: number;
  readonly number: number;
  readonly epoch: number;
  readonly salt: number;
  readonly synced: number;
  readonly payloadCrc: number;
}

/** A place in a shard's journal: a frame and the chain value (payload CRC) at it. Frame 0, chain 0 is the beginning. */
export interface Position {
  readonly frame: number;
  readonly chain: number;
}

export type HeaderFault = 'incomplete header' | 'no magic' | 'header CRC';

/** Bytes from one frame to the next. */
export function frameBytes(payloadLength: number): number {
  return FRAME_HEADER_BYTES + Math.ceil(payloadLength / 8) * 8;
}

/**
 * One buffer, because it has to go to the disk in one write. `chain` is the payload CRC, the seed of the next frame.
 */
export function encodeFrame(
  label: FrameLabel,
  payload: readonly Uint8Array[],
  previousChain: number,
): { bytes: Buffer; chain: number } {
  let length = 0;
  for (const chunk of payload) length += chunk.length;
  assertWritable(label, length);
  const bytes = Buffer.allocUnsafe(frameBytes(length));
  let end = FRAME_HEADER_BYTES;
  for (const chunk of payload) {
    bytes.set(chunk, end);
    end += chunk.length;
  }
  bytes.fill(0, end);
  const chain = crc32(bytes.subarray(FRAME_HEADER_BYTES, end), previousChain);
  bytes.writeUInt32LE(FRAME_MAGIC, 0);
  bytes[4] = label.type === 'batch' ? BATCH : SEAL;
  bytes[5] = label.codec === 'plain' ? PLAIN : DEFLATE;
  bytes.writeUInt16LE(0, 6);
  bytes.writeUInt32LE(length, 8);
  bytes.writeUInt32LE(label.recordCount, 12);
  writeU64(bytes, label.number, 16);
  bytes.writeUInt32LE(label.epoch, 24);
  bytes.writeUInt32LE(label.salt, 28);
  writeU64(bytes, label.synced, 32);
  bytes.writeUInt32LE(chain, 40);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, HEADER_CRC_AT)), HEADER_CRC_AT);
  return { bytes, chain };
}

/** Reads the header at `offset`, or says what is wrong with it: its magic and its CRC, nothing beyond. */
export function decodeFrameHeader(bytes: Buffer, offset: number): FrameHeader | HeaderFault {
  if (bytes.length - offset < FRAME_HEADER_BYTES) return 'incomplete header';
  if (bytes.readUInt32LE(offset) !== FRAME_MAGIC) return 'no magic';
  const crc = crc32(bytes.subarray(offset, offset + HEADER_CRC_AT));
  if (bytes.readUInt32LE(offset + HEADER_CRC_AT) !== crc) return 'header CRC';
  return {
    type: bytes[offset + 4] as number,
    codec: bytes[offset + 5] as number,
    flags: bytes.readUInt16LE(offset + 6),
    payloadLength: bytes.readUInt32LE(offset + 8),
    recordCount: bytes.readUInt32LE(offset + 12),
    number: readU64(bytes, offset + 16),
    epoch: bytes.readUInt32LE(offset + 24),
    salt: bytes.readUInt32LE(offset + 28),
    synced: readU64(bytes, offset + 32),
    payloadCrc: bytes.readUInt32LE(offset + 40),
  };
}

/** The salt of the frame header at `offset`: read before the CRC is worth computing. */
export function saltAt(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 28);
}

/** The type, or undefined when no writer of this format makes such a header: something newer did, or a defect. */
export function frameType(header: FrameHeader): FrameType | undefined {
  if (header.flags !== 0 || !Number.isSafeInteger(header.number) || header.synced >= header.number) return undefined;
  if (header.type === BATCH) return header.codec === PLAIN || header.codec === DEFLATE ? 'batch' : undefined;
  if (header.type !== SEAL) return undefined;
  return header.codec === PLAIN && header.payloadLength === 0 && header.recordCount === 0 ? 'seal' : undefined;
}

export function frameCodec(header: FrameHeader): FrameCodec {
  return header.codec === DEFLATE ? 'deflate' : 'plain';
}

/** The records of a batch as bytes. Throws DAMAGED when a deflated payload does not unpack. */
export function openPayload(frame: { readonly codec: FrameCodec; readonly payload: Uint8Array }): Uint8Array {
  if (frame.codec === 'plain') return frame.payload;
  try {
    return inflateSync(frame.payload, { maxOutputLength: MAX_PAYLOAD_BYTES });
  } catch (cause) {
    throw new OrreryError({
      code: 'DAMAGED',
      what: `a journal frame with a valid CRC does not unpack: ${reason(cause)}`,
      hint: 'Put the files back from a backup, or recover what is left with `orrery salvage`.',
      cause,
    });
  }
}

function assertWritable(label: FrameLabel, length: number): void {
  if (length > MAX_PAYLOAD_BYTES) {
    throw new OrreryError({
      code: 'RECORD_TOO_LARGE',
      what: `a batch of ${length} bytes is larger than a journal frame may be (${MAX_PAYLOAD_BYTES})`,
      hint: 'Send fewer or smaller records at once.',
    });
  }
  const sealFits = label.type === 'batch' || (length === 0 && label.recordCount === 0 && label.codec === 'plain');
  const numbersFit = Number.isSafeInteger(label.number) && label.synced >= 0 && label.synced < label.number;
  if (sealFits && numbersFit) return;
  throw new OrreryError({
    code: 'INTERNAL',
    what: `a journal frame with impossible fields was about to be written (${JSON.stringify(label)}, ${length} bytes)`,
    hint: 'This is a defect in Orrery: please report it with this message.',
  });
}

/** Numbers stay below 2^53: a shard that writes a million frames a second gets there in 285 years. */
export function writeU64(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, offset);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}

/** Exact below 2^53; above that the result is not a safe integer, and readers refuse it. */
export function readU64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 4) * 2 ** 32 + bytes.readUInt32LE(offset);
}
