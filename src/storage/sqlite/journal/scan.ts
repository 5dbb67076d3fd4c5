// Reads the journal of a shard back, over all its segments: first hop of recovery. Before it: the newest valid image,
// which says from which frame on the journal is wanted; after it: patch/apply, which folds the records that come out.

import { join } from 'node:path';
import { OrreryError } from '../../../core/errors.ts';
import type { Files } from '../files.ts';
import type { Position } from './frame.ts';
import {
  decodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentGeneration,
  segmentName,
} from './segment.ts';
import { type LaterFrames, type ScannedFrame, type SegmentEnd, scanSegment } from './segment-scan.ts';
import type { FrameFault } from './verdict.ts';

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

/** The generations of all segments in a folder, ascending. A new segment has to have a higher one than any. */
export function listGenerations(files: Files, directory: string): number[] {
  const generations = files.list(directory).map(segmentGeneration);
  return generations.filter((generation) => generation !== undefined).sort((left, right) => left - right);
}

/**
 * Yields the batches after `from`, in order, over all the segments of a shard, and returns where they end. The batches
 * up to `from` are read too where the chain needs them, and the chain at `from` must be the one given. Throws DAMAGED
 * when anything that was known durable is not there as it was written, and FORMAT_TOO_NEW; what came out before is
 * good.
 */
export function* scanJournal(
  files: Files,
  directory: string,
  source: { readonly shardUuid: string; readonly generations: readonly number[]; readonly knownDurable: number },
  from: Position,
): Generator<ScannedFrame, JournalTail, void> {
  const segments = listSegments(files, directory, source.shardUuid, source.generations);
  const first = segments.findLastIndex(({ header }) => header.firstFrame <= from.frame + 1);
  if (first === -1) {
    throw damaged('the journal begins after the place it is wanted from', { directory, frame: from.frame });
  }

  const before = (segments[first] as ListedSegment).header;
  let position: Position = { frame: before.firstFrame - 1, chain: before.previousChain };
  const unsettled = new Unsettled(position);
  let bytesRead = 0;
  assertSameChain(position, from, segments[first] as ListedSegment);

  for (let index = first; ; index += 1) {
    const segment = segments[index] as ListedSegment;
    const { header, path } = segment;
    const until = segments[index + 1]?.header.firstFrame;
    if (header.previousChain !== position.chain) {
      throw damaged('a segment does not carry on where the one before it ends', {
        file: path,
        frame: header.firstFrame,
      });
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
  return damaged(`journal frame ${badFrame} is needed and cannot be read at byte ${offset} (${fault})`, {
    ...context,
    generation: header.generation,
  });
}

function damaged(what: string, context: { readonly [detail: string]: unknown }): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Nothing has been changed. Put the files back from a backup, or recover what is left with `orrery salvage`.',
    context,
  });
}
