// An image: a SQLite file of one shard, written once and never changed. A checkpoint makes it from database.ts; manifest.ts
// makes it count.
//
//   image-<gen>.sqlite  what sql.js exports; docs/SCHEMA.md says what is inside
//   latest.sqlite       a second name of the newest one, for anybody's SQLite tool

import { createHash } from 'node:crypto';
import { OrreryError } from '../../../core/errors.ts';
import { discard, type Files, temporaryPath, tidy } from '../files.ts';
import { sha256 } from './body.ts';
import type { Database } from './database.ts';
import type { ImageChecker } from './image-check.ts';
import type { ImageEntry } from './manifest.ts';

export const LATEST = 'latest.sqlite';

/** Written a piece at a time, so that a large image does not hold up commits until it is on disk. */
const WRITE_BYTES = 4 * 1024 * 1024;

export function imageName(generation: number): string {
  return `image-${String(generation).padStart(10, '0')}.sqlite`;
}

export function imageGeneration(name: string): number | undefined {
  const match = /^image-(\d{10})\.sqlite$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/**
 * Writes an image to disk and has it proved before it gets its name. Yields between slices of work; the result is its
 * SHA-256. `doIdleWork` is for the checker. Throws DAMAGED when what was read is not what was written.
 */
export function* publishImage(
  files: Files,
  directory: string,
  generation: number,
  bytes: Uint8Array,
  database: Database,
  checker: ImageChecker,
  doIdleWork?: () => boolean,
): Generator<unknown, string> {
  const path = `${directory}/${imageName(generation)}`;
  const handle = files.createNew(temporaryPath(path));
  const hash = createHash('sha256');
  let compaction: Uint8Array;
  try {
    for (let offset = 0; offset < bytes.length; offset += WRITE_BYTES) {
      const slice = bytes.subarray(offset, offset + WRITE_BYTES);
      hash.update(slice);
      files.write(handle, slice, offset);
      yield;
    }
    compaction = hash.digest();
    files.sync(handle);
    yield;
    const proof = yield* checker.check(files, handle.path, database, doIdleWork);
    if (Buffer.compare(compaction, proof.sha256) !== 0)
      throw damaged(handle.path, 'an image does not read back as it was written');
    // SQLite looks at the pages, which the SHA cannot: it only proves that these are the bytes sql.js made.
    if (proof.verdict !== 'ok') throw damaged(handle.path, `an image fails SQLite's quick_check: ${proof.verdict}`);
    yield;
    files.publishNew(handle.path, path);
  } catch (error) {
    discard(files, handle.path, handle);
    throw error;
  }
  // The contents are durable: what becomes of the open file no longer matters.
  tidy(() => files.close(handle));
  try {
    files.syncDirectory(directory);
  } catch (error) {
    // No manifest names it yet, and every further attempt would leave one more.
    discard(files, path);
    throw error;
  }
  return Buffer.from(compaction).toString('hex');
}

/** The bytes of an image, if they are the ones its manifest speaks of. Throws DAMAGED otherwise. */
export function readImage(files: Files, directory: string, entry: ImageEntry): Uint8Array {
  const path = `${directory}/${imageName(entry.generation)}`;
  if (!files.exists(path)) throw damaged(path, 'an image is missing');
  const bytes = files.read(path);
  if (bytes.length !== entry.bytes)
    throw damaged(path, `an image has ${bytes.length} bytes in place of ${entry.bytes}`);
  if (Buffer.from(sha256(bytes)).toString('hex') !== entry.sha256) {
    throw damaged(path, 'an image does not have the SHA-256 its manifest says');
  }
  return bytes;
}

function damaged(file: string, what: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Put the file back from a backup, or recover what is left with `orrery salvage`.',
    context: { file },
  });
}
