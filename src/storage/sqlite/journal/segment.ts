// A segment: one file of a shard's journal, named segment-<generation>.journal. Before it: journal.ts, which starts
// segments; after it: scan.ts, which reads them. This file knows the 64 bytes at the beginning and the name.
//
//    0            8         10         12         16                     32
//   +------------+---------+----------+----------+----------------------+
//   | "ORRYJRNL" | version | least    | epoch    | shard uuid           |
//   |            |     u16 | reader   |      u32 |             16 bytes |
//   +------------+---------+----------+----------+----------------------+
//    32           40             48              52         56    57 58         60        64
//   +------------+--------------+---------------+----------+-----+--+----------+----------+
//   | generation | first frame  | previous      | salt     |codec|0 | key id   | header   |
//   |        u64 | number   u64 | chain     u32 |      u32 |  u8 |  |      u16 | CRC  u32 |
//   +------------+--------------+---------------+----------+-----+--+----------+----------+

import { crc32 } from 'node:zlib';
import { OrreryError } from '../../../core/errors.ts';
import { readU64, writeU64 } from './frame.ts';

export const SEGMENT_HEADER_BYTES = 64;
const FORMAT_VERSION = 1;
/** The oldest format version whose readers can read what this one writes. */
const LEAST_READER_VERSION = 1;

const MAGIC = Buffer.from('ORRYJRNL', 'latin1');
const CRC_AT = 60;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export interface SegmentHeader {
  /** Which lease of the shard wrote this segment: 1, 2, 3, ... */
  readonly epoch: number;
  /** In its usual form, lower case with hyphens. */
  readonly shardUuid: string;
  readonly generation: number;
  readonly firstFrame: number;
  /** The payload CRC of the frame before the first one; 0 when there is none. */
  readonly previousChain: number;
  /** Random and not zero: a frame left over from another file does not carry it. */
  readonly salt: number;
}

export function segmentName(generation: number): string {
  return `segment-${String(generation).padStart(10, '0')}.journal`;
}

/** The generation a file name stands for, or undefined when it is not the name of a segment. */
export function segmentGeneration(name: string): number | undefined {
  const digits = /^segment-(\d{10,16})\.journal$/.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const generation = Number(digits);
  return Number.isSafeInteger(generation) && segmentName(generation) === name ? generation : undefined;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  assertWritable(header);
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(FORMAT_VERSION, 8);
  bytes.writeUInt16LE(LEAST_READER_VERSION, 10);
  bytes.writeUInt32LE(header.epoch, 12);
  bytes.write(header.shardUuid.replaceAll('-', ''), 16, 'hex');
  writeU64(bytes, header.generation, 32);
  writeU64(bytes, header.firstFrame, 40);
  bytes.writeUInt32LE(header.previousChain, 48);
  bytes.writeUInt32LE(header.salt, 52);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
  return bytes;
}

/**
 * Reads the header of a segment from the file's first bytes. A header is durable before the file gets its name, so one
 * that does not read is never a torn write. Throws DAMAGED, or FORMAT_TOO_NEW when a later Orrery wrote it.
 */
export function decodeSegmentHeader(source: Uint8Array, file: string): SegmentHeader {
  if (source.length < SEGMENT_HEADER_BYTES) throw damaged('is shorter than its header', file);
  const bytes = Buffer.from(source.buffer, source.byteOffset, SEGMENT_HEADER_BYTES);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged('does not begin as one', file);
  if (bytes.readUInt32LE(CRC_AT) !== crc32(bytes.subarray(0, CRC_AT))) {
    throw damaged('has a header whose CRC is wrong', file);
  }
  const version = bytes.readUInt16LE(8);
  const leastReader = bytes.readUInt16LE(10);
  if (leastReader > FORMAT_VERSION) {
    throw tooNew(`was written in format ${version}, which needs a reader of format ${leastReader}`, file);
  }
  if (bytes[56] !== 0 || bytes.readUInt16LE(58) !== 0) {
    throw tooNew(`of format ${version} uses codec ${bytes[56]} and key ${bytes.readUInt16LE(58)}`, file);
  }
  const header = {
    epoch: bytes.readUInt32LE(12),
    shardUuid: bytes.toString('hex', 16, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    generation: readU64(bytes, 32),
    firstFrame: readU64(bytes, 40),
    previousChain: bytes.readUInt32LE(48),
    salt: bytes.readUInt32LE(52),
  };
  if (!isPossible(header)) throw damaged('has a header with impossible numbers', file);
  return header;
}

function isPossible(header: SegmentHeader): boolean {
  const { generation, firstFrame, salt } = header;
  return Number.isSafeInteger(generation) && Number.isSafeInteger(firstFrame) && firstFrame >= 1 && salt !== 0;
}

function assertWritable(header: SegmentHeader): void {
  if (isPossible(header) && header.generation >= 0 && UUID.test(header.shardUuid)) return;
  throw new OrreryError({
    code: 'INTERNAL',
    what: `a journal segment with an impossible header was about to be written (${JSON.stringify(header)})`,
    hint: 'This is a defect in Orrery: please report it with this message.',
  });
}

function damaged(what: string, file: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `a journal segment ${what}`,
    hint: 'Put the file back from a backup, or recover what is left with `orrery salvage`; `orrery check --explain` says what there is.',
    context: { file },
  });
}

function tooNew(what: string, file: string): OrreryError {
  return new OrreryError({
    code: 'FORMAT_TOO_NEW',
    what: `a journal segment ${what}; this Orrery reads format ${FORMAT_VERSION}`,
    hint: 'Open the directory with the version of Orrery that wrote it, or a later one. Nothing has been changed.',
    context: { file },
  });
}
