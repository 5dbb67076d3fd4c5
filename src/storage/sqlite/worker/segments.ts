// The journal of a shard as its owner writes it: the newest segment, which takes frames, and those before it that are
// still needed. Before it: owner.ts with a batch; after it: journal/journal.ts, one segment.

import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import { OrreryError } from '../../../core/errors.ts';
import type { Files } from '../files.ts';
import { imageName } from '../image/image.ts';
import { manifestName } from '../image/manifest.ts';
import type { Journal } from '../journal/journal.ts';
import type { SegmentHeader } from '../journal/segment.ts';
import type { FirstSegment } from '../recovery/first-segment.ts';
import type { Lease } from '../recovery/lease.ts';
import type { OpenedShard } from '../recovery/open-shard.ts';

/** A journal segment that is on disk. */
export interface LiveSegment {
  readonly generation: number;
  readonly firstFrame: number;
}

/** Where a batch has come to lie. */
export interface Written {
  readonly frame: number;
  readonly chain: number;
  /** Of journal, with everything around the batch. */
  readonly bytes: number;
}

/** How opening a shard has left the journal. */
export type OpenedJournal = Pick<OpenedShard, 'lease' | 'first' | 'journal' | 'segments'>;

export class Segments {
  /** How long it took to write a frame and make it durable. */
  readonly syncMicroseconds: RecordableHistogram = createHistogram();
  readonly #files: Files;
  readonly #directory: string;
  readonly #lease: Lease;
  readonly #first: FirstSegment;
  /** Undefined until the first segment of this owner could be written. */
  #journal: Journal | undefined;
  #live: LiveSegment[];
  #newestGeneration: number;

  constructor(files: Files, directory: string, opened: OpenedJournal) {
    this.#files = files;
    this.#directory = directory;
    this.#lease = opened.lease;
    this.#first = opened.first;
    this.#live = [...opened.segments];
    this.#newestGeneration = opened.first.start.generation;
    if (opened.journal) this.#begun(opened.journal);
  }

  get live(): readonly LiveSegment[] {
    return this.#live;
  }

  get durableFrame(): number {
    return this.#journal?.durableFrame ?? this.#first.start.firstFrame - 1;
  }

  /**
   * There is a segment that takes frames: everything that was read when the shard was opened is durable, in it or
   * before it. Throws when none can be written; then nothing may be acknowledged, not even a batch that is there
   * already.
   */
  ready(): Journal {
    this.#journal ??= this.#begin();
    while (this.#journal.state === 'broken') this.#journal = this.#successor(this.#journal);
    return this.#journal;
  }

  /**
   * A batch as one frame that is durable on return. A file that failed is never written to again: another takes over.
   */
  append(payload: Uint8Array, count: number): Written {
    const journal = this.ready();
    try {
      return this.#append(journal, payload, count);
    } catch (error) {
      if (journal.state !== 'broken') throw error;
      // Once more on a fresh file; if that fails too, the commit queue keeps the batch and comes again.
      return this.#append(this.ready(), payload, count);
    }
  }

  /**
   * Begins a segment for a checkpoint and gives its header: every frame before it is to be in the image. `published` is
   * the generation of the newest manifest.
   */
  begin(published: number): SegmentHeader {
    const journal = this.ready();
    return this.#isUnused(journal, published) ? journal.header : this.#rotate(journal).header;
  }

  /** Only these are needed any more. */
  keep(generations: readonly number[]): void {
    this.#live = this.#live.filter(({ generation }) => generations.includes(generation));
  }

  /**
   * Says, durably, that the journal ends here in good order. An owner that could not begin a segment has written
   * nothing.
   */
  seal(): void {
    if (this.#journal) this.ready().seal();
  }

  close(): void {
    this.#journal?.close();
  }

  #append(journal: Journal, payload: Uint8Array, count: number): Written {
    const before = journal.bytes;
    const began = performance.now();
    const frame = journal.append([payload], count);
    journal.sync();
    // A histogram takes whole numbers from 1.
    this.syncMicroseconds.record(Math.max(1, Math.round((performance.now() - began) * 1000)));
    return { frame, chain: journal.chain, bytes: journal.bytes - before };
  }

  /**
   * Whether the newest segment has no frame and nothing is published under its generation: it will do for the next
   * checkpoint. RuntimeDifference one that cannot succeed would leave a file behind at every attempt.
   */
  #isUnused({ lastFrame, header }: Journal, published: number): boolean {
    if (lastFrame >= header.firstFrame || header.generation <= published) return false;
    const names = [imageName(header.generation), manifestName(header.generation)];
    return !names.some((name) => this.#files.exists(`${this.#directory}/${name}`));
  }

  #rotate(finished: Journal): Journal {
    let next: Journal;
    try {
      next = finished.rotate(this.#nextGeneration());
    } catch (error) {
      this.#assertLeftover(error);
      return this.ready();
    }
    this.#begun(next);
    finished.close();
    return next;
  }

  /** Of a segment that is broken. */
  #successor(broken: Journal): Journal {
    let next: Journal;
    // Another folder may stand under the path: what is begun there would be damage to it.
    this.#lease.check();
    try {
      // Nothing is pending: a batch that was not acknowledged is still with whoever sent it.
      next = broken.successor(this.#nextGeneration(), []);
    } catch (error) {
      this.#assertLeftover(error);
      return broken;
    }
    this.#begun(next);
    broken.close();
    return next;
  }

  /** The first segment, after the opening could not write it. */
  #begin(): Journal {
    this.#lease.check();
    try {
      const journal = this.#first.begin();
      this.#begun(journal);
      this.#first.tidyUp();
      return journal;
    } catch (error) {
      this.#assertLeftover(error);
      throw readAgain(error);
    }
  }

  #begun(journal: Journal): void {
    this.#journal = journal;
    this.#live.push(journal.header);
  }

  /** Counts attempts too: what a failed one left behind has its name already. */
  #nextGeneration(): number {
    this.#newestGeneration += 1;
    return this.#newestGeneration;
  }

  /**
   * A name that is taken is another owner's: of the one that took this shard over, or of one that this owner has
   * replaced and that had not noticed when it made the file. Then the next name will do.
   */
  #assertLeftover(error: unknown): void {
    if (!(error instanceof OrreryError) || error.code !== 'STALE_OWNER') throw error;
    this.#lease.check();
  }
}

/**
 * An owner that was replaced has begun a segment since the journal was read: what stands in it comes before what is to
 * come.
 */
function readAgain(cause: unknown): OrreryError {
  return new OrreryError({
    code: 'OWNER_DIED',
    what: 'the journal has grown since it was read, before this owner could write to it',
    hint: 'Orrery opens the shard again and reads it.',
    cause,
  });
}
