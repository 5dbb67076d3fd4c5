// Reads the journal back: first hop of recovery. Before it: the newest valid image, which says from which frame on the
// journal is wanted; after it: patch/apply, which folds the records of the frames that come out here.

import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { OrreryError } from '../errors.ts';
import type { Files } from './files.ts';
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
  saltAt,
} from './frame.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, segmentName } from './segment.ts';
import { decide, type FrameFault, type Verdict } from './verdict.ts';

/** A place in a shard's journal: a frame and the chain value (payload CRC) at it. Frame 0, chain 0 is the beginning. */
export interface Position {
  readonly frame: number;
  readonly chain: number;
}

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
    const found = offset >= bytes.length ? 'missing' : readFrame(bytes, offset, start, last);
    if (typeof found !== 'string' && !sealed) {
      yield found;
      if (found.synced > knownDurable) knownDurable = found.synced;
      last = { frame: found.number, chain: found.chain };
      sealed = found.type === 'seal';
      offset += frameBytes(found.payload.length);
      continue;
    }

    const badFrame = last.frame + 1;
    const later = searchOn(bytes, offset, start.salt, badFrame);
    if (later.synced > knownDurable) knownDurable = later.synced;
    const misplaced = sealed && (typeof found !== 'string' || later.frames.count > 0);
    const fault = typeof found !== 'string' || misplaced ? 'after the seal' : found;
    const stop =
      fault === 'missing' ? 'end of file' : misplaced || fault === 'unknown kind' ? 'impossible frame' : 'bad frame';
    const verdict = decide({ stop, sealed, acknowledged: badFrame <= knownDurable });
    if (verdict === 'clean' || verdict === 'sealed') return { verdict, last, offset };
    return { verdict, last, badFrame, offset, fault, knownDurable, later: later.frames };
  }
}

function readFrame(bytes: Buffer, offset: number, start: SegmentStart, last: Position): ScannedFrame | FrameFault {
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
): { readonly frames: LaterFrames; readonly synced: number } {
  let count = 0;
  let synced = 0;
  let first: LaterFrames['first'];
  let last: LaterFrames['last'];
  for (const found of frameHeadersFrom(bytes, offset, salt)) {
    const { number } = found.header;
    if (number <= badFrame) continue;
    count += 1;
    synced = Math.max(synced, found.header.synced);
    last = { number, offset: found.offset };
    first ??= last;
  }
  return { frames: first === undefined || last === undefined ? { count } : { count, first, last }, synced };
}

/** Where the journal ends, and how to go on from there: see `Journal.create`. */
export interface JournalTail {
  readonly verdict: 'clean' | 'sealed' | 'torn';
  /** Of the newest segment. */
  readonly generation: number;
  readonly epoch: number;
  /** The newest batch that was read, or the place before the first. */
  readonly last: Position;
  /** The newest frame that is known to be durable. A new segment has to begin right behind it. */
  readonly durable: Position;
  /**
   * Whole batches behind `durable`, in order. They were written, but whether they are durable nobody can say: even a
   * page cache that reads well may never have reached the disk. A new segment has to begin with them.
   */
  readonly pending: readonly ScannedFrame[];
  /** Bytes of all segments that were read. */
  readonly bytes: number;
  /** Only when torn: what the cut leaves behind. */
  readonly cut?: {
    readonly badFrame: number;
    readonly offset: number;
    readonly fault: FrameFault;
    readonly bytes: number;
    readonly later: LaterFrames;
  };
}

interface ListedSegment {
  readonly path: string;
  readonly header: SegmentHeader;
}

/**
 * Yields the batches after `from`, in order, over all the segments of a shard, and returns where they end. The batches
 * up to `from` are read too where the chain needs them, and the chain at `from` must be the one given. Throws DAMAGED
 * when anything that was known durable is not there as it was written, and FORMAT_TOO_NEW; what came out before is good.
 */
export function* scanJournal(
  files: Files,
  directory: string,
  source: { readonly shardUuid: string; readonly generations: readonly number[]; readonly knownDurable: number },
  from: Position,
): Generator<ScannedFrame, JournalTail, void> {
  const segments = listSegments(files, directory, source.shardUuid, source.generations);
  const first = segments.findLastIndex(({ header }) => header.firstFrame <= from.frame + 1);
  if (first === -1) throw damaged('the journal begins after the place it is wanted from', { directory, frame: from.frame });

  const before = (segments[first] as ListedSegment).header;
  let position: Position = { frame: before.firstFrame - 1, chain: before.previousChain };
  const unsettled = new Unsettled(position);
  let bytesRead = 0;
  assertSameChain(position, from, segments[first] as ListedSegment);

  for (let index = first; ; index += 1) {
    const segment = segments[index] as ListedSegment;
    const { header, path } = segment;
    const until = segments[index + 1]?.header.firstFrame;
    if (header.firstFrame !== position.frame + 1 || header.previousChain !== position.chain) {
      throw damaged('a segment does not carry on where the one before it ends', { file: path, frame: header.firstFrame });
    }
    // The next segment was begun when every frame before it was durable.
    const knownDurable = Math.max(source.knownDurable, from.frame, until === undefined ? 0 : until - 1);
    unsettled.settle(knownDurable);
    const bytes = files.read(path);
    bytesRead += bytes.length;

    const scan = scanSegment(bytes, header, until === undefined ? { knownDurable } : { knownDurable, until });
    let step = scan.next();
    for (; step.done !== true; step = scan.next()) {
      const frame = step.value;
      position = { frame: frame.number, chain: frame.chain };
      assertSameChain(position, from, segment);
      unsettled.add(frame);
      if (frame.type === 'batch' && frame.number > from.frame) yield frame;
    }

    const end = step.value;
    if (end.verdict === 'continued') continue;
    if (end.verdict === 'damaged') throw damagedFrame(end, segment);
    if ('knownDurable' in end) unsettled.settle(end.knownDurable);
    const tail = {
      verdict: end.verdict,
      generation: header.generation,
      epoch: header.epoch,
      last: unsettled.last(),
      durable: unsettled.durable,
      pending: unsettled.batches(),
      bytes: bytesRead,
    };
    if (!('fault' in end)) return tail;
    const { badFrame, offset, fault, later } = end;
    return { ...tail, cut: { badFrame, offset, fault, bytes: bytes.length - offset, later } };
  }
}

/** The frames behind the newest one known durable, while a scan goes on and learns of newer ones. */
class Unsettled {
  durable: Position;
  #frames: ScannedFrame[] = [];
  #known = 0;

  constructor(durable: Position) {
    this.durable = durable;
  }

  add(frame: ScannedFrame): void {
    this.#frames.push(frame);
    this.settle(frame.synced);
  }

  settle(knownDurable: number): void {
    if (knownDurable > this.#known) this.#known = knownDurable;
    let count = 0;
    for (const { number, chain } of this.#frames) {
      if (number > this.#known) break;
      this.durable = { frame: number, chain };
      count += 1;
    }
    if (count > 0) this.#frames.splice(0, count);
  }

  batches(): ScannedFrame[] {
    return this.#frames.filter(({ type }) => type === 'batch');
  }

  last(): Position {
    const newest = this.batches().at(-1);
    return newest === undefined ? this.durable : { frame: newest.number, chain: newest.chain };
  }
}

function listSegments(
  files: Files,
  directory: string,
  shardUuid: string,
  generations: readonly number[],
): ListedSegment[] {
  const segments: ListedSegment[] = [];
  let newest: SegmentHeader | undefined;
  for (const generation of generations.toSorted((left, right) => left - right)) {
    const path = join(directory, segmentName(generation));
    if (!files.exists(path)) throw damaged('a journal segment that is needed is not there', { file: path });
    const header = decodeSegmentHeader(files.read(path, SEGMENT_HEADER_BYTES), path);
    if (header.shardUuid !== shardUuid) throw damaged('a journal segment belongs to another shard', { file: path });
    if (header.generation !== generation) {
      throw damaged('a journal segment has the name of another', { file: path, generation: header.generation });
    }
    // A lower epoch behind a higher one is from an owner that had not noticed yet that it was replaced. By the time its
    // first write came back it had, so nothing in there was acknowledged.
    if (newest !== undefined && header.epoch < newest.epoch) continue;
    if (newest !== undefined && header.firstFrame < newest.firstFrame) {
      throw damaged('a journal segment begins before the one it follows', { file: path, frame: header.firstFrame });
    }
    segments.push({ path, header });
    newest = header;
  }
  return segments;
}

function assertSameChain(position: Position, from: Position, segment: ListedSegment): void {
  if (position.frame !== from.frame || position.chain === from.chain) return;
  throw damaged('the journal is not the one the image was made from', { file: segment.path, frame: from.frame });
}

function damagedFrame(end: SegmentEnd & { verdict: 'damaged' | 'torn' }, { path, header }: ListedSegment): OrreryError {
  const { badFrame, offset, fault, knownDurable, later } = end;
  const context = { file: path, frame: badFrame, offset, fault, knownDurable, later };
  return damaged(`journal frame ${badFrame}, which was durable, cannot be read at byte ${offset} (${fault})`, {
    ...context,
    generation: header.generation,
  });
}

function damaged(what: string, context: { readonly [detail: string]: unknown }): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint:
      'Nothing has been changed. Put the files back from a backup, or run `orrery salvage` to bring out what can be read.',
    context,
  });
}
