// The proof that an image which was just written is on the disk as it was made: read back, hashed, looked through by SQLite.
// image.ts asks for it before an image gets its name. Here it is done on the spot; worker/proving-thread.ts has a thread do it.

import type { Files } from '../files.ts';
import { sha256 } from './body.ts';
import type { Database } from './database.ts';

export interface Proof {
  readonly sha256: Uint8Array;
  /** What SQLite says: 'ok', or what is wrong. */
  readonly verdict: string;
}

/** Yielded by work in slices when there is nothing to do until somebody else comes to an end. */
export const WAITING = Symbol('waiting');

export interface Prover {
  /**
   * Reads a file back. Yields while somebody else does so, and calls `meanwhile` for a little of other work; it says whether there
   * was any. Throws IO_FAILED.
   */
  prove(files: Files, path: string, database: Database, meanwhile?: () => boolean): Generator<unknown, Proof>;
}

export const PROVER_ON_THE_SPOT: Prover = {
  // biome-ignore lint/correctness/useYield: there is nothing to wait for
  *prove(files, path, database) {
    const written = files.read(path);
    return { sha256: sha256(written), verdict: database.inspect(written) };
  },
};
