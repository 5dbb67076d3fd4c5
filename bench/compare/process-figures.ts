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

/**
 * Time of all processors that this process has used, all its threads included, since a reading of process.cpuUsage().
 */
export function processorMicroseconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}
