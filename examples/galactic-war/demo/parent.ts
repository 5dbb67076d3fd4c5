// The parent as a child process sees it: whom to tell, what it wants done, and that without it there is nothing to live
// for. The other end is forked.ts.

import { OrreryError } from 'orrery';

export function tell(message: object): void {
  if (process.connected) process.send?.(message);
}

/** Tells a last thing and ends the process once it is on its way. */
export function tellLast(message: object, status = 0): void {
  if (!process.connected) process.exit(status);
  process.send?.(message, () => process.exit(status));
}

/** For whatever should not have happened. What Orrery throws says all that is needed; anything else needs its stack. */
export function fail(error: unknown): void {
  const why = error instanceof OrreryError ? error.message : error instanceof Error ? error.stack : String(error);
  tellLast({ kind: 'failed', why }, 1);
}

/** Does what the parent wants done. */
export function obey<T>(work: (task: T) => Promise<void>): void {
  process.on('disconnect', () => process.exit());
  process.on('uncaughtException', fail);
  // Ctrl-C goes to parent and child, and is the parent's affair.
  process.on('SIGINT', () => undefined);
  // The parent may have gone before anybody listened.
  if (!process.connected) process.exit();
  work(JSON.parse(String(process.argv[2])) as T).catch(fail);
}
