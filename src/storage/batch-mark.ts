// A batch told by its bytes: the newest one that a storage has is the only one that may come again.

import { crc32 } from 'node:zlib';

/** Of the records of a batch as they were sent: neither the codec of a frame nor its place in the journal is in it. */
export interface BatchMark {
  readonly bytes: number;
  readonly crc: number;
}

export function markOf(payload: Uint8Array): BatchMark {
  return { bytes: payload.length, crc: crc32(payload) };
}

export function isSame(one: BatchMark | undefined, other: BatchMark): boolean {
  return one?.bytes === other.bytes && one.crc === other.crc;
}
