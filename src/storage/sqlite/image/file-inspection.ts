// What SQLite itself says of the bytes of a file, with a part of them in memory. Before it: database.ts and the thread
// that checks images; after it: the pages of the file.

import { dirname } from 'node:path';
import { OrreryError, reason } from '../../../core/errors.ts';
import { type Files, tidy } from '../files.ts';
import { FilePages } from '../pages/file-pages.ts';
import { PageChecksums } from '../pages/page-checksums.ts';
import { PAGE_BYTES } from '../pages/page-size.ts';
import { PageStore } from '../pages/page-store.ts';
import { PagedFile } from '../pages/paged-file.ts';
import { readThrough } from '../pages/read-through.ts';
import { Spill } from '../pages/spill.ts';
import type { ImageCheck } from './image-check.ts';
import type { SqlLibrary } from './sql-library.ts';

/**
 * Functions in a schema are not called, and a cell that does not fit into its page is noticed when the page is read.
 */
export const GUARDED = 'PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;';

/** Of the file, in memory. */
const MOST_PAGES = 1024;

/** Its SHA-256, and 'ok' or what is wrong. Throws IO_FAILED. */
export function inspectFile(library: SqlLibrary, files: Files, path: string): ImageCheck {
  const bytes = files.size(path);
  const handle = files.openRead(path);
  try {
    const checksums = new PageChecksums();
    const { sha256, pageBytes } = readThrough(files, handle, bytes, checksums);
    if (!library.takesPages || pageBytes !== PAGE_BYTES || bytes % PAGE_BYTES > 0) {
      return { sha256, verdict: inspectBytes(library, files.read(path)) };
    }
    const pages = new FilePages(files, handle, checksums);
    const file = new PagedFile(new PageStore(MOST_PAGES, new Spill(files, dirname(path)), pages));
    const verdict = quickCheck(library, file as unknown as Uint8Array);
    const { failure } = file;
    if (failure === undefined) return { sha256, verdict };
    if (!(failure instanceof OrreryError) || failure.code !== 'DAMAGED') throw failure;
    return { sha256, verdict: failure.what };
  } finally {
    tidy(() => files.close(handle));
  }
}

/** 'ok', or what is wrong. */
export function inspectBytes(library: SqlLibrary, bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  return quickCheck(library, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
}

function quickCheck(library: SqlLibrary, contents: Uint8Array): string {
  try {
    const database = new library.Database(contents);
    try {
      database.exec(GUARDED);
      return String(database.exec('PRAGMA quick_check(1)')[0]?.values[0]?.[0]);
    } finally {
      database.close();
    }
  } catch (error) {
    return reason(error);
  }
}
