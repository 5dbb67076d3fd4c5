// The writing end of a shard's journal. Before it: the shard's owner, with the bytes of one batch; after it: files.ts.
// A frame is written by append, durable when sync returns, and only then may anybody be told so.

import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { OrreryError } from '../../../core/errors.ts';
import { alreadyExists, discard, type FileHandle, type Files, temporaryPath } from '../files.ts';
import { encodeFrame, type FrameCodec, type Position } from './frame.ts';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, segmentName } from './segment.ts';

/** `broken`: a write or a sync failed, see `successor`. `retired`: another segment has taken over, or was to. */
export type JournalState = 'open' | 'broken' | 'sealed' | 'retired' | 'closed';

/**
 * Where a new segment begins. Frames up to `firstFrame - 1` must be durable, and `previousChain` is the chain there.
 */
export interface JournalStart extends Omit<SegmentHeader, 'salt'> {
  /** Random unless given. */
  readonly salt?: number;
}

/** A batch to be written again, at the beginning of a new segment. A frame from a scan is one. */
export interface PendingBatch {
  readonly payload: Uint8Array | readonly Uint8Array[];
  readonly recordCount: number;
  readonly codec?: FrameCodec;
}

/** A segment that is on the disk but has no name yet. */
interface Draft {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly handle: FileHandle;
  readonly bytes: number;
  readonly last: Position;
}

/** One segment being written. Synchronous: it lives in the shard's own thread. */
export class Journal {
  readonly path: string;
  readonly header: SegmentHeader;
  #files: Files;
  #handle: FileHandle;
  #state: JournalState = 'open';
  #failure: unknown;
  #bytes: number;
  #last: Position;
  #durable: Position;
  #pending: PendingBatch[] = [];

  private constructor(files: Files, draft: Draft) {
    this.path = draft.path;
    this.header = draft.header;
    this.#files = files;
    // The same open file under the name it has now, for the messages of its errors.
    this.#handle = { path: draft.path, descriptor: draft.handle.descriptor };
    this.#bytes = draft.bytes;
    this.#last = draft.last;
    this.#durable = draft.last;
  }

  /**
   * Starts a segment, with the batches of `pending` as its first frames: all of it is durable before the file gets its
   * name, and the name is durable on return. After a scan: `firstFrame: tail.durable.frame + 1`, `previousChain:
   * tail.durable.chain`, `pending: tail.pending`, an epoch and a generation above those of the tail.
   *
   * After a failure nobody can say whether the file has its name, so each attempt needs a generation of its own. Throws
   * STALE_OWNER when the name is taken, DISK_FULL, IO_FAILED.
   */
  static create(files: Files, directory: string, start: JournalStart, pending: readonly PendingBatch[] = []): Journal {
    const draft = writeDraft(files, directory, start, pending);
    publish(files, draft);
    return new Journal(files, draft);
  }

  get state(): JournalState {
    return this.#state;
  }

  /** The length of the segment. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The newest frame that was written. */
  get lastFrame(): number {
    return this.#last.frame;
  }

  /** The newest frame that is durable. */
  get durableFrame(): number {
    return this.#durable.frame;
  }

  /** The payload CRC of the newest frame that was written. */
  get chain(): number {
    return this.#last.chain;
  }

  /** The newest frame that is durable, with its chain: what a manifest remembers. */
  get durable(): Position {
    return this.#durable;
  }

  /** The batches that were given to append and are not durable, in order, with the one whose write failed. */
  get pending(): readonly PendingBatch[] {
    return this.#pending;
  }

  /**
   * Writes one batch as one frame, in one write, and returns its frame number. It is written, not durable, and the
   * bytes must stay as they are until it is. A failure breaks the journal. Throws RECORD_TOO_LARGE, which does not.
   */
  append(payload: readonly Uint8Array[], recordCount: number, codec: FrameCodec = 'plain'): number {
    this.#assertOpen();
    return this.#write('batch', payload, recordCount, codec);
  }

  /** Makes all that was written durable and returns the newest durable frame. A failure breaks the journal. */
  sync(): number {
    this.#assertOpen();
    if (this.#durable.frame !== this.#last.frame) {
      this.#guard(() => this.#files.dataSync(this.#handle));
      this.#durable = this.#last;
      this.#pending = [];
    }
    return this.#durable.frame;
  }

  /** Ends the segment in good order: everything durable, then a seal. Only `close` is left to do. */
  seal(): void {
    this.sync();
    this.#write('seal', [], 0, 'plain');
    this.sync();
    this.#state = 'sealed';
  }

  /**
   * Goes on in a new segment, with numbers and chain carried on. This one is synced first, takes no more frames
   * afterwards, and is left to be closed. When it fails before the new file is given its name, this one stays open;
   * when it fails later, this one is broken, because a scan may already take the new file for the one that counts.
   */
  rotate(generation: number): Journal {
    this.sync();
    const draft = writeDraft(this.#files, dirname(this.path), this.#startAt(generation), []);
    this.#guard(() => publish(this.#files, draft));
    this.#state = 'retired';
    return new Journal(this.#files, draft);
  }

  /**
   * Takes over from a broken journal: a new segment behind the newest durable frame, with the batches of `pending`, or
   * others that stand for them. They are durable on return and have the numbers from `durableFrame + 1` on. The broken
   * journal is left to be closed. Each attempt needs a higher generation.
   */
  successor(generation: number, pending: readonly PendingBatch[] = this.#pending): Journal {
    if (this.#state !== 'broken') throw this.#refusal();
    const directory = dirname(this.path);
    const journal = Journal.create(this.#files, directory, this.#startAt(generation), pending);
    this.#state = 'retired';
    return journal;
  }

  /** Lets go of the file. Makes nothing durable. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#files.close(this.#handle);
  }

  #startAt(generation: number): JournalStart {
    const { epoch, shardUuid } = this.header;
    const { frame, chain } = this.#durable;
    return { epoch, shardUuid, generation, firstFrame: frame + 1, previousChain: chain };
  }

  #write(type: 'batch' | 'seal', payload: readonly Uint8Array[], recordCount: number, codec: FrameCodec): number {
    const number = this.#last.frame + 1;
    const { epoch, salt } = this.header;
    const label = { type, codec, recordCount, number, epoch, salt, synced: this.#durable.frame };
    const { bytes, chain } = encodeFrame(label, payload, this.#last.chain);
    if (type === 'batch') this.#pending.push({ payload, recordCount, codec });
    this.#guard(() => this.#files.write(this.#handle, bytes, this.#bytes));
    this.#bytes += bytes.length;
    this.#last = { frame: number, chain };
    return number;
  }

  /** After a failure the kernel may have dropped what was not written and call the next sync a success: never again. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#state = 'broken';
      this.#failure = error;
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw this.#refusal();
  }

  #refusal(): OrreryError {
    if (this.#state === 'broken') {
      return new OrreryError({
        code: 'IO_FAILED',
        what: 'this journal segment takes no more frames, because a write to it has failed',
        hint: 'A new segment has to take over; what was not acknowledged is written there again.',
        context: { file: this.path },
        cause: this.#failure,
      });
    }
    return new OrreryError({
      code: 'CLOSED',
      what: `this journal segment is ${this.#state}`,
      hint: 'This is a defect in Orrery: please report it with this message.',
      context: { file: this.path },
    });
  }
}

function writeDraft(files: Files, directory: string, start: JournalStart, pending: readonly PendingBatch[]): Draft {
  const header = { ...start, salt: start.salt ?? randomSalt() };
  const path = join(directory, segmentName(header.generation));
  const handle = files.createNew(temporaryPath(path));
  try {
    files.write(handle, encodeSegmentHeader(header), 0);
    let bytes = SEGMENT_HEADER_BYTES;
    let last: Position = { frame: header.firstFrame - 1, chain: header.previousChain };
    const { epoch, salt } = header;
    const synced = last.frame;
    for (const { payload, recordCount, codec = 'plain' } of pending) {
      const number = last.frame + 1;
      const label = { type: 'batch', codec, recordCount, number, epoch, salt, synced } as const;
      const chunks = payload instanceof Uint8Array ? [payload] : payload;
      const frame = encodeFrame(label, chunks, last.chain);
      files.write(handle, frame.bytes, bytes);
      bytes += frame.bytes.length;
      last = { frame: number, chain: frame.chain };
    }
    files.sync(handle);
    return { path, header, handle, bytes, last };
  } catch (error) {
    discard(files, handle.path, handle);
    throw error;
  }
}

function publish(files: Files, draft: Draft): void {
  let named = false;
  try {
    files.publishNew(draft.handle.path, draft.path);
    named = true;
    files.syncDirectory(dirname(draft.path));
  } catch (error) {
    // Nothing in it was acknowledged. Left under its name, every further attempt would leave one more.
    discard(files, named ? draft.path : draft.handle.path, draft.handle);
    if (!alreadyExists(error)) throw error;
    throw new OrreryError({
      code: 'STALE_OWNER',
      what: 'a journal segment with this name is there already: another process has taken over this shard',
      hint: 'Stop this process, or open the directory again; what this one had acknowledged is safe.',
      context: { file: draft.path },
      cause: error,
    });
  }
}

function randomSalt(): number {
  return randomBytes(4).readUInt32LE() || 1;
}
