// The journal of a shard as its owner writes it: the newest segment, which takes frames, and those before it that are still
// needed. Before it: owner.ts with a batch; after it: journal/journal.ts, one segment.

import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import { OrreryError } from '../errors.ts';
import { imageName } from '../image/image.ts';
import { manifestName } from '../image/manifest.ts';
import type { Files } from '../journal/files.ts';
import type { Journal } from '../journal/journal.ts';
import type { SegmentHeader } from '../journal/segment.ts';
import type { Claim } from '../recovery/claim.ts';

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

export class Segments {
  /** How long it took to write a frame and make it durable. */
  readonly syncMicroseconds: RecordableHistogram = createHistogram();
  readonly #files: Files;
  readonly #directory: string;
  readonly #claim: Claim;
  #journal: Journal;
  #live: LiveSegment[];
  #newestGeneration: number;

  /** `live` are all that are needed, oldest first; `journal` is the last of them. */
  constructor(files: Files, directory: string, claim: Claim, journal: Journal, live: readonly LiveSegment[]) {
    this.#files = files;
    this.#directory = directory;
    this.#claim = claim;
    this.#journal = journal;
    this.#live = [...live];
    this.#newestGeneration = journal.header.generation;
  }

  get live(): readonly LiveSegment[] {
    return this.#live;
  }

  get durableFrame(): number {
    return this.#journal.durableFrame;
  }

  /** A batch as one frame that is durable on return. A file that failed is never written to again: another takes over. */
  append(payload: Uint8Array, count: number): Written {
    this.#mend();
    try {
      return this.#append(payload, count);
    } catch (error) {
      if (this.#journal.state !== 'broken') throw error;
      // Once more on a fresh file; if that fails too, the outbox keeps the batch and comes again.
      this.#mend();
      return this.#append(payload, count);
    }
  }

  /**
   * Begins a segment for a checkpoint and gives its header: every frame before it is to be in the image. `published` is the
   * generation of the newest manifest.
   */
  begin(published: number): SegmentHeader {
    this.#mend();
    if (!this.#isUnused(published)) this.#rotate();
    return this.#journal.header;
  }

  /** Only these are needed any more. */
  keep(generations: readonly number[]): void {
    this.#live = this.#live.filter(({ generation }) => generations.includes(generation));
  }

  /** Says, durably, that the journal ends here in good order. */
  seal(): void {
    this.#mend();
    this.#journal.seal();
  }

  close(): void {
    this.#journal.close();
  }

  #append(payload: Uint8Array, count: number): Written {
    const before = this.#journal.bytes;
    const began = performance.now();
    const frame = this.#journal.append([payload], count);
    this.#journal.sync();
    // A histogram takes whole numbers from 1.
    this.syncMicroseconds.record(Math.max(1, Math.round((performance.now() - began) * 1000)));
    return { frame, chain: this.#journal.chain, bytes: this.#journal.bytes - before };
  }

  /**
   * Whether the newest segment has no frame and nothing is published under its generation: it will do for the next
   * checkpoint. Otherwise one that cannot succeed would leave a file behind at every attempt.
   */
  #isUnused(published: number): boolean {
    const { lastFrame, header } = this.#journal;
    if (lastFrame >= header.firstFrame || header.generation <= published) return false;
    const names = [imageName(header.generation), manifestName(header.generation)];
    return !names.some((name) => this.#files.exists(`${this.#directory}/${name}`));
  }

  #rotate(): void {
    const finished = this.#journal;
    try {
      this.#journal = finished.rotate(this.#nextGeneration());
    } catch (error) {
      this.#assertLeftover(error);
      this.#mend();
      return;
    }
    this.#live.push(this.#journal.header);
    finished.close();
  }

  /** Lets a new segment take over from one that is broken. */
  #mend(): void {
    while (this.#journal.state === 'broken') {
      const broken = this.#journal;
      try {
        // Nothing is pending: a batch that was not acknowledged is still with whoever sent it.
        this.#journal = broken.successor(this.#nextGeneration(), []);
      } catch (error) {
        this.#assertLeftover(error);
        continue;
      }
      this.#live.push(this.#journal.header);
      broken.close();
    }
  }

  /** Counts attempts too: what a failed one left behind has its name already. */
  #nextGeneration(): number {
    this.#newestGeneration += 1;
    return this.#newestGeneration;
  }

  /**
   * A name that is taken is another owner's: of the one that took this shard over, or of one that this owner has replaced
   * and that had not noticed when it made the file. Then the next name will do.
   */
  #assertLeftover(error: unknown): void {
    if (!(error instanceof OrreryError) || error.code !== 'STALE_OWNER') throw error;
    this.#claim.check();
  }
}
