// What the operating system knows of this process, all its threads and native libraries included.

import { readFileSync } from 'node:fs';

/** Bytes this process has caused to be written to a disk so far, or undefined where the system does not tell. */
export function bytesWritten(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const line = readFileSync('/proc/self/io', 'utf8').match(/^write_bytes: (\d+)$/m);
    return line ? Number(line[1]) : undefined;
  } catch {
    return undefined;
  }
}

/** Resident memory of this process, in bytes. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}
