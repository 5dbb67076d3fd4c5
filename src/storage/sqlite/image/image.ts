// An image: a SQLite file of one shard, written once and never changed. A checkpoint makes it from database.ts;
// manifest.ts makes it count.
//
//   image-<gen>.sqlite  what sql.js exports; docs/SCHEMA.md says what is inside
//   latest.sqlite       a second name of the newest one, for anybody's SQLite tool

import { createHash } from 'node:crypto';
import { OrreryError } from '../../../core/errors.ts';
import { discard, type FileHandle, type Files, temporaryPath, tidy } from '../files.ts';
import { FilePages } from '../pages/file-pages.ts';
import { PageChecksums } from '../pages/page-checksums.ts';
import { PAGE_BYTES } from '../pages/page-size.ts';
import { readThrough } from '../pages/read-through.ts';
import { sha256 } from './body.ts';
import type { Database } from './database.ts';
import type { ImageChecker } from './image-check.ts';
import type { ImageContent } from './image-content.ts';
import type { ImageEntry } from './manifest.ts';

export const LATEST = 'latest.sqlite';

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
  content: ImageContent,
  database: Database,
  checker: ImageChecker,
  doIdleWork?: () => boolean,
): Generator<unknown, string> {
  const path = `${directory}/${imageName(generation)}`;
  const checksums = new PageChecksums();
  let handle: FileHandle | undefined;
  let digest: Buffer;
  try {
    handle = files.createNew(temporaryPath(path));
    digest = yield* write(files, handle, content, checksums);
    files.sync(handle);
    yield;
    const proof = yield* checker.check(files, handle.path, database, doIdleWork);
    if (Buffer.compare(digest, proof.sha256) !== 0)
      throw damaged(handle.path, 'an image does not read back as it was written');
    // SQLite looks at the pages, which the SHA cannot: it only proves that these are the bytes sql.js made.
    if (proof.verdict !== 'ok') throw damaged(handle.path, `an image fails SQLite's quick_check: ${proof.verdict}`);
    yield;
    files.publishNew(handle.path, path);
  } catch (error) {
    content.dropped();
    if (handle) discard(files, handle.path, handle);
    throw error;
  }
  content.published(new FilePages(files, handle, checksums, path));
  try {
    files.syncDirectory(directory);
  } catch (error) {
    // No manifest names it yet, and every further attempt would leave one more.
    discard(files, path);
    throw error;
  }
  return digest.toString('hex');
}

function* write(
  files: Files,
  handle: FileHandle,
  content: ImageContent,
  checksums: PageChecksums,
): Generator<unknown, Buffer> {
  const hash = createHash('sha256');
  let offset = 0;
  for (const part of content.parts()) {
    hash.update(part);
    checksums.add(part);
    files.write(handle, part, offset);
    offset += part.length;
    yield;
  }
  return hash.digest();
}

/**
 * The pages of an image, if they are those its manifest speaks of: read through once, then one at a time. Undefined
 * where they are of another size than ours. Throws DAMAGED.
 */
export function openImagePages(files: Files, directory: string, entry: ImageEntry): FilePages | undefined {
  const path = `${directory}/${imageName(entry.generation)}`;
  if (!files.exists(path)) throw damaged(path, 'an image is missing');
  assertSize(path, files.size(path), entry);
  const handle = files.openRead(path);
  try {
    const checksums = new PageChecksums();
    const read = readThrough(files, handle, entry.bytes, checksums);
    assertSha(path, read.sha256, entry);
    if (read.pageBytes !== PAGE_BYTES || entry.bytes % PAGE_BYTES > 0) {
      files.close(handle);
      return undefined;
    }
    return new FilePages(files, handle, checksums);
  } catch (error) {
    tidy(() => files.close(handle));
    throw error;
  }
}

/** The bytes of an image, if they are the ones its manifest speaks of. Throws DAMAGED otherwise. */
export function readImage(files: Files, directory: string, entry: ImageEntry): Uint8Array {
  const path = `${directory}/${imageName(entry.generation)}`;
  if (!files.exists(path)) throw damaged(path, 'an image is missing');
  const bytes = files.read(path);
  assertSize(path, bytes.length, entry);
  assertSha(path, sha256(bytes), entry);
  return bytes;
}

function assertSize(path: string, bytes: number, entry: ImageEntry): void {
  if (bytes !== entry.bytes) throw damaged(path, `an image has ${bytes} bytes in place of ${entry.bytes}`);
}

function assertSha(path: string, sha256: Uint8Array, entry: ImageEntry): void {
  if (Buffer.from(sha256).toString('hex') !== entry.sha256) {
    throw damaged(path, 'an image does not have the SHA-256 its manifest says');
  }
}

function damaged(file: string, what: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Put the file back from a backup, or recover what is left with `orrery salvage`.',
    context: { file },
  });
}
