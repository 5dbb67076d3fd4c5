// The writer of a shard's journal: numbers and chains frames, and appends them to one segment. Before it: shard/owner.ts with
// a batch; after it: files.ts. Whoever opens the shard again reads with scan.ts what this wrote.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { OrreryError } from '../errors.ts';
import { discard, type FileHandle, type Files, temporaryPath } from './files.ts';
import { encodeFrame, type FrameType } from './frame.ts';
import type { Position, ScannedFrame } from './scan.ts';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, segmentName } from './segment.ts';

export interface NewSegment {
  readonly shardUuid: string;
  readonly generation: number;
  readonly epoch: number;
  readonly firstFrame: number;
  readonly previousChain: number;
  /** Frames that an older segment may or may not hold durably: they are the first of this one. */
  readonly pending?: readonly Pick<ScannedFrame, 'payload' | 'codec' | 'recordCount' | 'number' | 'chain'>[];
  /** Random when it is not given. For tests of the format. */
  readonly salt?: number;
}

export class Journal {
  readonly generation: number;
  readonly firstFrame: number;
  readonly previousChain: number;
  readonly #files: Files;
  readonly #directory: string;
  readonly #header: SegmentHeader;
  readonly #handle: FileHandle;
  #bytes = SEGMENT_HEADER_BYTES;
  #last: Position;
  #durable: Position;
  #broken = false;
  #closed = false;

  private constructor(files: Files, directory: string, header: SegmentHeader, handle: FileHandle) {
    this.#files = files;
    this.#directory = directory;
    this.#header = header;
    this.#handle = handle;
    this.generation = header.generation;
    this.firstFrame = header.firstFrame;
    this.previousChain = header.previousChain;
    this.#last = { frame: header.firstFrame - 1, chain: header.previousChain };
    this.#durable = this.#last;
  }

  /**
   * Makes a segment, durable with its name and its pending frames when this returns. Throws DISK_FULL, IO_FAILED, and
   * STALE_OWNER when the generation is taken: only another owner can have taken it.
   */
  static create(files: Files, directory: string, segment: NewSegment): Journal {
    const { pending = [], salt = randomSalt(), ...rest } = segment;
    const header = { ...rest, salt };
    const path = join(directory, segmentName(header.generation));
    const temporary = temporaryPath(path);
    const handle = files.createNew(temporary);
    const journal = new Journal(files, directory, header, handle);
    try {
      files.write(handle, encodeSegmentHeader(header), 0);
      for (const frame of pending) journal.#appendAgain(frame);
      files.sync(handle);
      files.publishNew(temporary, path);
      files.syncDirectory(directory);
    } catch (error) {
      discard(files, temporary, handle);
      throw error;
    }
    journal.#durable = journal.#last;
    return journal;
  }

  /** Bytes of the segment, header included. */
  get bytes(): number {
    return this.#bytes;
  }

  get lastFrame(): number {
    return this.#last.frame;
  }

  get durableFrame(): number {
    return this.#durable.frame;
  }

  /** The chain value at the last frame. */
  get chain(): number {
    return this.#last.chain;
  }

  /** A write or a sync has failed: what the file holds behind the durable frame, nobody knows. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Writes one frame, in one write, and gives its number. It is durable after `sync`. */
  append(payload: readonly Uint8Array[], recordCount: number): number {
    this.#write('batch', payload, recordCount, 'plain');
    return this.#last.frame;
  }

  /** Makes everything appended durable. After a failure this descriptor is never synced again: the kernel forgets. */
  sync(): void {
    this.#assertUsable();
    if (this.#durable.frame === this.#last.frame) return;
    try {
      this.#files.dataSync(this.#handle);
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    this.#durable = this.#last;
  }

  /** Says, durably, that everything before is there: the last frame of an owner that closes in good order. */
  seal(): void {
    this.sync();
    this.#write('seal', [], 0, 'plain');
    this.sync();
  }

  /** The next segment, which carries on behind everything appended here. All of it must be durable. */
  rotate(generation: number): Journal {
    this.sync();
    return this.#next(generation, this.#last);
  }

  /** The segment that takes over from a broken one: it carries on behind the last frame that is durable. */
  successor(generation: number): Journal {
    return this.#next(generation, this.#durable);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#files.close(this.#handle);
  }

  #next(generation: number, behind: Position): Journal {
    const { shardUuid, epoch } = this.#header;
    return Journal.create(this.#files, this.#directory, {
      shardUuid,
      epoch,
      generation,
      firstFrame: behind.frame + 1,
      previousChain: behind.chain,
    });
  }

  #appendAgain(frame: Pick<ScannedFrame, 'payload' | 'codec' | 'recordCount' | 'number' | 'chain'>): void {
    this.#write('batch', [frame.payload], frame.recordCount, frame.codec);
    if (this.#last.frame === frame.number && this.#last.chain === frame.chain) return;
    throw new OrreryError({
      code: 'INTERNAL',
      what: `frame ${frame.number} did not come out the same when it was written again as frame ${this.#last.frame}`,
      hint: 'This is a defect in Orrery: please report it with this message.',
      context: { directory: this.#directory },
    });
  }

  #write(type: FrameType, payload: readonly Uint8Array[], recordCount: number, codec: ScannedFrame['codec']): void {
    this.#assertUsable();
    const { epoch, salt } = this.#header;
    const number = this.#last.frame + 1;
    const { bytes, chain } = encodeFrame(
      { type, codec, recordCount, number, epoch, salt, synced: this.#durable.frame },
      payload,
      this.#last.chain,
    );
    try {
      this.#files.write(this.#handle, bytes, this.#bytes);
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    this.#bytes += bytes.length;
    this.#last = { frame: number, chain };
  }

  #assertUsable(): void {
    if (!this.#broken && !this.#closed) return;
    throw new OrreryError({
      code: 'INTERNAL',
      what: `a ${this.#broken ? 'broken' : 'closed'} journal segment was about to be written to`,
      hint: 'This is a defect in Orrery: please report it with this message.',
      context: { directory: this.#directory, generation: this.generation },
    });
  }
}

function randomSalt(): number {
  for (;;) {
    const salt = randomBytes(4).readUInt32LE(0);
    if (salt !== 0) return salt;
  }
}
