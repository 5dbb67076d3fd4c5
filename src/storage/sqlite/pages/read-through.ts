// A file of pages, read from its beginning to its end with never more than a part of it in memory: for its SHA-256, and
// for the checksums of its pages. Before it: image/; after it: files.ts.

import { createHash } from 'node:crypto';
import type { FileHandle, Files } from '../files.ts';
import type { PageChecksums } from './page-checksums.ts';

const PART_BYTES = 4 * 1024 * 1024;

/** Where the header of a SQLite file says how large its pages are. */
const PAGE_SIZE_AT = 16;

/** `pageBytes` is what the header says, 0 where there is none. Throws IO_FAILED. */
export function readThrough(
  files: Files,
  handle: FileHandle,
  bytes: number,
  checksums: PageChecksums,
): { readonly sha256: Buffer; readonly pageBytes: number } {
  const hash = createHash('sha256');
  let pageBytes = 0;
  for (let offset = 0; offset < bytes; offset += PART_BYTES) {
    const part = files.readAt(handle, offset, Math.min(PART_BYTES, bytes - offset));
    if (offset === 0 && part.length > PAGE_SIZE_AT + 1)
      pageBytes = new DataView(part.buffer, part.byteOffset).getUint16(PAGE_SIZE_AT);
    hash.update(part);
    checksums.add(part);
  }
  return { sha256: hash.digest(), pageBytes };
}
