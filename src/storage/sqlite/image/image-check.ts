// The proof that an image which was just written is on the disk as it was made: read back, hashed, looked through by
// SQLite. image.ts asks for it before an image gets its name. Here it is done on the spot; worker/checker-thread.ts has
// a thread do it.

import type { Files } from '../files.ts';
import type { Database } from './database.ts';

export interface ImageCheck {
  readonly sha256: Uint8Array;
  /** What SQLite says: 'ok', or what is wrong. */
  readonly verdict: string;
}

/** Yielded by work in slices when there is nothing to do until somebody else comes to an end. */
export const WAITING = Symbol('waiting');

export interface ImageChecker {
  /**
   * Reads a file back. Yields while somebody else does so, and calls `doIdleWork` for a little of other work; it says
   * whether there was any. Throws IO_FAILED.
   */
  check(files: Files, path: string, database: Database, doIdleWork?: () => boolean): Generator<unknown, ImageCheck>;
}

export const CHECKER_IN_PLACE: ImageChecker = {
  // biome-ignore lint/correctness/useYield: there is nothing to wait for
  *check(files, path, database) {
    return database.inspectFile(files, path);
  },
};
