// A disk that does not answer, as a test makes it: see stuck-owner.ts.

import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const STUCK = 'STUCK';
/** Holds the name of the operation that waits, or nothing. It stands as long as the pipe does. */
export const REACHED = 'STUCK.reached';

export const STUCK_WORKER = new URL('../../dist/test/programs/stuck-owner.js', import.meta.url);

/** From now on syncs wait. */
export function stick(directory: string): void {
  execFileSync('mkfifo', [join(directory, STUCK)]);
  writeFileSync(join(directory, REACHED), '');
}

/** Whether a thread waits, or is about to. */
export function isStuck(directory: string): boolean {
  return readFileSync(join(directory, REACHED), 'utf8') !== '';
}

/** The disk answers again. Nothing happens when it does already. */
export function unstick(directory: string): void {
  const gone = join(directory, 'STUCK.gone');
  try {
    rmSync(join(directory, REACHED), { force: true });
    // Away with the name first: a thread that comes now finds no pipe, and those that wait at it are let go.
    renameSync(join(directory, STUCK), gone);
  } catch {
    return;
  }
  for (;;) {
    try {
      closeSync(openSync(gone, constants.O_WRONLY | constants.O_NONBLOCK));
      // Until nobody waits any more.
    } catch {
      break;
    }
  }
  rmSync(gone);
}
