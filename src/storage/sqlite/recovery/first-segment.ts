// The segment that an owner begins when it opens a shard: right behind the newest frame known durable, with the frames
// behind it as its first ones. Before it: open-shard.ts, which has read the journal; after it: worker/segments.ts,
// which goes on.

import { type Files, tidy } from '../files.ts';
import { manifestName } from '../image/manifest.ts';
import { Journal, type JournalStart, type PendingBatch } from '../journal/journal.ts';
import { segmentName } from '../journal/segment.ts';
import type { Lease } from './lease.ts';

export class FirstSegment {
  readonly start: JournalStart;
  readonly #files: Files;
  readonly #directory: string;
  readonly #pending: readonly PendingBatch[];
  readonly #superseded: readonly number[];

  /** `superseded` are generations of segments that no manifest names, and of which this one has all that counts. */
  constructor(
    files: Files,
    directory: string,
    start: JournalStart,
    pending: readonly PendingBatch[],
    superseded: readonly number[],
  ) {
    this.start = start;
    this.#files = files;
    this.#directory = directory;
    this.#pending = pending;
    this.#superseded = superseded;
  }

  /**
   * Writes it. Throws DISK_FULL and IO_FAILED, and may be tried again: always under the same generation. An owner that
   * was replaced and has not noticed can begin segments too. Behind this one they count for nothing; one that comes
   * first takes the name, which throws STALE_OWNER, and has to be read.
   */
  begin(): Journal {
    // A name that was found here need not be durable yet. A loss of power must not keep the name of this segment and
    // lose that of the manifest which it goes on from.
    this.#files.syncDirectory(this.#directory);
    return Journal.create(this.#files, this.#directory, this.start, this.#pending);
  }

  /**
   * Removes the segments that this one stands for, oldest first: an opening that publishes no image leaves no more
   * files than it found.
   */
  tidyUp(): void {
    tidy(() => {
      for (const generation of this.#superseded) this.#files.remove(`${this.#directory}/${segmentName(generation)}`);
    });
  }

  /**
   * Takes it away after an opening that failed: nothing in it was acknowledged here, and the segments before it have
   * its frames.
   */
  withdraw(lease: Lease): void {
    tidy(() => {
      const { generation } = this.start;
      // A manifest that could not be made durable may have its name all the same, and needs this segment.
      if (this.#files.exists(`${this.#directory}/${manifestName(generation)}`) || !lease.isHeld) return;
      this.#files.remove(`${this.#directory}/${segmentName(generation)}`);
    });
  }
}
