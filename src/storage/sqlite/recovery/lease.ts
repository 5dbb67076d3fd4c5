// Who may write to a shard. Every owner takes a lease with an epoch of its own before it reads anything; an older owner
// that wakes up finds the lease of a newer one after its fdatasync, and acknowledges nothing more. Nor does one that
// does not find its own lease in the folder that it opened: that folder may have been moved, and somebody else may have
// it under another path.
//
//   OWNER-<epoch>       one line of JSON: process id, host, time. Its being there is what counts

import { hostname } from 'node:os';
import { OrreryError } from '../../../core/errors.ts';
import { alreadyExists, type FileHandle, type Files, isMissing, tidy } from '../files.ts';
import { manifestGeneration } from '../image/manifest.ts';
import { assertEpoch } from './last-numbers.ts';

export function ownerName(epoch: number): string {
  return `OWNER-${String(epoch).padStart(10, '0')}`;
}

export function ownerEpoch(name: string): number | undefined {
  const match = /^OWNER-(\d{10})$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

export class Lease {
  readonly epoch: number;
  readonly #files: Files;
  readonly #directory: string;
  /** The folder that was opened: another one may come to stand under its path. */
  readonly #place: string | undefined;
  /**
   * Both stay open, so that no other folder or file gets their identity. A folder need not be one that can be opened.
   */
  readonly #folder: FileHandle | undefined;
  readonly #file: FileHandle;
  readonly #identity: string | undefined;

  private constructor(
    files: Files,
    directory: string,
    epoch: number,
    place: string | undefined,
    folder: FileHandle | undefined,
    file: FileHandle,
  ) {
    this.#files = files;
    this.#directory = directory;
    this.epoch = epoch;
    this.#place = place;
    this.#folder = folder;
    this.#file = file;
    this.#identity = files.identity(file);
  }

  /**
   * Claims the next epoch. `floor` is the highest epoch known from elsewhere, such as a manifest. Only the file itself
   * is the lease: on a disk without room for its line it stays empty. It need not survive a loss of power either, which
   * ends every other owner as well, and segments carry the epoch.
   *
   * A lease is never given back, also when the opening fails: without it, an owner two leases older would hold its own
   * again. Every new lease removes those below the last two, so openings that fail gather nothing.
   */
  static take(files: Files, directory: string, floor: number): Lease {
    const content = Buffer.from(
      `${JSON.stringify({ pid: process.pid, host: hostname(), time: new Date().toISOString() })}\n`,
      'utf8',
    );
    let folder: FileHandle | undefined;
    let file: FileHandle | undefined;
    tidy(() => {
      folder = files.openFolder(directory);
    });
    try {
      const place = files.identity(directory);
      for (;;) {
        const epochs = files.list(directory).flatMap((name) => ownerEpoch(name) ?? []);
        const epoch = Math.max(floor, ...epochs) + 1;
        assertEpoch(epoch, directory);
        let made: FileHandle;
        try {
          made = files.createNew(`${directory}/${ownerName(epoch)}`);
        } catch (error) {
          // Somebody else took this very epoch: the next one up is still free.
          if (alreadyExists(error)) continue;
          throw error;
        }
        file = made;
        tidy(() => {
          files.write(made, content, 0);
          files.sync(made);
        });
        // Oldest first, and none behind one that stays: an owner holds the shard while the lease above its own is
        // missing.
        tidy(() => {
          for (const old of epochs) if (old < epoch - 1) files.remove(`${directory}/${ownerName(old)}`);
        });
        return new Lease(files, directory, epoch, place, folder, made);
      }
    } catch (error) {
      closeAll(files, [folder, file]);
      throw error;
    }
  }

  /**
   * Throws STALE_OWNER when somebody has taken a higher epoch, or this very one; IO_FAILED while the folder that was
   * opened does not stand where it stood, for nobody can tell then; OWNER_DIED when the lease alone is gone, so that
   * the shard is to be opened again.
   */
  check(): void {
    const reason = this.#isHeld() ? undefined : this.#refusal();
    if (reason) throw reason;
  }

  /** For whoever has failed already and wants to know whether this is why. */
  lost(): OrreryError | undefined {
    try {
      return this.#isHeld() ? undefined : this.#refusal();
    } catch {
      // The disk does not even say who owns the shard: the failure before is the one to report.
      return undefined;
    }
  }

  /**
   * Whether what stands under the path of the folder may be changed: nobody else has come, and it is the folder that
   * was opened.
   */
  get isHeld(): boolean {
    try {
      return this.#isHeld();
    } catch {
      return false;
    }
  }

  /** Lets go of what was open. The lease stays. */
  close(): void {
    closeAll(this.#files, [this.#folder, this.#file]);
  }

  /**
   * Claims count up by one and only those below the last two are removed: as long as the next one is missing and this
   * one is there, nobody has come. The folder is looked at first, for a copy of it may have a copy of the lease.
   */
  #isHeld(): boolean {
    return (
      this.#files.identity(this.#directory) === this.#place &&
      !this.#files.exists(`${this.#directory}/${ownerName(this.epoch + 1)}`) &&
      this.#files.identity(this.#file.path) === this.#identity
    );
  }

  /** Why the shard is not held. Undefined when it is after all. */
  #refusal(): OrreryError | undefined {
    const names = this.#names();
    if (names === undefined) return this.#away();
    const own = this.#files.identity(this.#file.path);
    const newest = Math.max(0, ...names.flatMap((name) => ownerEpoch(name) ?? []));
    if (newest > this.epoch || (own !== undefined && own !== this.#identity)) return this.#stale();
    if (own !== undefined) return undefined;
    return names.some((name) => manifestGeneration(name) !== undefined) ? this.#gone() : this.#away();
  }

  /**
   * What is in the folder that was opened. Undefined when that does not stand under its path, before the look or after
   * it.
   */
  #names(): readonly string[] | undefined {
    const isInPlace = (): boolean => this.#files.identity(this.#directory) === this.#place;
    try {
      if (!isInPlace()) return undefined;
      const names = this.#files.list(this.#directory);
      return isInPlace() ? names : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #stale(): OrreryError {
    return new OrreryError({
      code: 'STALE_OWNER',
      what: 'another process has taken this shard over, so nothing more can be acknowledged here',
      hint: 'Close this orrery. What was acknowledged is in the directory; the process that took over has it.',
      context: { epoch: this.epoch, directory: this.#directory },
    });
  }

  #away(): OrreryError {
    return new OrreryError({
      code: 'IO_FAILED',
      what: 'the folder of the shard is not where it was opened: it was moved or emptied, or another one stands in its place',
      hint:
        'Put the folder back, and everything goes on. Until then games go on in memory, and nothing is acknowledged. To go on in ' +
        'another place, close this orrery and open the directory there.',
      context: { epoch: this.epoch, directory: this.#directory, file: this.#directory },
    });
  }

  #gone(): OrreryError {
    return new OrreryError({
      code: 'OWNER_DIED',
      what: 'the lease of this owner was removed from the folder of the shard',
      hint: 'Orrery opens the shard again and takes a new lease; what was not acknowledged is sent again.',
      context: { epoch: this.epoch, directory: this.#directory, file: this.#file.path },
    });
  }
}

function closeAll(files: Files, handles: readonly (FileHandle | undefined)[]): void {
  for (const handle of handles) if (handle) tidy(() => files.close(handle));
}
