// Who may write to a shard. Every owner claims an epoch of its own before it reads anything; an older owner that wakes up
// finds the claim of a newer one after its fdatasync, and acknowledges nothing more.
//
//   OWNER-<epoch>       one line of JSON: process id, host, time. Its being there is what counts

import { hostname } from 'node:os';
import { OrreryError } from '../errors.ts';
import { alreadyExists, type FileHandle, type Files, tidy } from '../journal/files.ts';

export function ownerName(epoch: number): string {
  return `OWNER-${String(epoch).padStart(10, '0')}`;
}

export function ownerEpoch(name: string): number | undefined {
  const match = /^OWNER-(\d{10})$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

export class Claim {
  readonly epoch: number;
  readonly #files: Files;
  readonly #directory: string;

  private constructor(files: Files, directory: string, epoch: number) {
    this.#files = files;
    this.#directory = directory;
    this.epoch = epoch;
  }

  /**
   * Claims the next epoch. `floor` is the highest epoch known from elsewhere, such as a manifest. Only the file itself is the
   * claim: on a disk without room for its line it stays empty. It need not survive a loss of power either, which ends every
   * other owner as well, and segments carry the epoch.
   *
   * A claim is never given back, also when the opening fails: without it, an owner two claims older would hold its own again.
   * Every claim removes those below the last two, so openings that fail gather nothing.
   */
  static take(files: Files, directory: string, floor: number): Claim {
    const content = Buffer.from(
      `${JSON.stringify({ pid: process.pid, host: hostname(), time: new Date().toISOString() })}\n`,
      'utf8',
    );
    for (;;) {
      const epochs = files
        .list(directory)
        .map(ownerEpoch)
        .filter((epoch) => epoch !== undefined);
      const epoch = Math.max(floor, ...epochs) + 1;
      let handle: FileHandle;
      try {
        handle = files.createNew(`${directory}/${ownerName(epoch)}`);
      } catch (error) {
        // Somebody else took this very epoch: the next one up is still free.
        if (alreadyExists(error)) continue;
        throw error;
      }
      tidy(() => {
        try {
          files.write(handle, content, 0);
          files.sync(handle);
        } finally {
          files.close(handle);
        }
      });
      // Oldest first, and none behind one that stays: an owner holds the shard while the claim above its own is missing.
      tidy(() => {
        for (const old of epochs) if (old < epoch - 1) files.remove(`${directory}/${ownerName(old)}`);
      });
      return new Claim(files, directory, epoch);
    }
  }

  /**
   * Throws STALE_OWNER when somebody has claimed a higher epoch. Claims count up by one and only those below the last two
   * are removed, so either the next one is there or our own is gone.
   */
  check(): void {
    if (!this.#isHeld()) throw this.#stale();
  }

  /** For whoever has failed already and wants to know whether this is why. */
  lost(): OrreryError | undefined {
    try {
      return this.#isHeld() ? undefined : this.#stale();
    } catch {
      // The disk does not even say who owns the shard: the failure before is the one to report.
      return undefined;
    }
  }

  #isHeld(): boolean {
    const { epoch } = this;
    const next = `${this.#directory}/${ownerName(epoch + 1)}`;
    return !this.#files.exists(next) && this.#files.exists(`${this.#directory}/${ownerName(epoch)}`);
  }

  #stale(): OrreryError {
    return new OrreryError({
      code: 'STALE_OWNER',
      what: 'another process has taken this shard over, so nothing more can be acknowledged here',
      hint: 'Close this orrery. What was acknowledged is in the directory; the process that took over has it.',
      context: { epoch: this.epoch, directory: this.#directory },
    });
  }
}
