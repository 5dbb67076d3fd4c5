// What a shard consists of: which images, and which journal segments lead on from them. Publishing a manifest is the
// moment at which a checkpoint counts.
//
//   MANIFEST-<gen>      one line of JSON, a line feed, the CRC-32 of that line as eight hex digits, a line feed

import { crc32 } from 'node:zlib';
import { OrreryError } from '../../../core/errors.ts';
import { checked, listOf, objectOf, text, uuid, whole } from '../../../core/fields.ts';
import { discard, type Files, temporaryPath, tidy } from '../files.ts';

export const MANIFEST_VERSION = 1;

export interface ImageEntry {
  readonly generation: number;
  readonly bytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
  /** The newest frame whose records are in the image, and the chain value of the journal there. */
  readonly frame: number;
  readonly chain: number;
}

export interface Manifest {
  readonly version: number;
  readonly leastReader: number;
  readonly shard: string;
  readonly epoch: number;
  readonly generation: number;
  /** Newest first; the second, if any, stands in when the first is damaged. */
  readonly images: readonly ImageEntry[];
  /** Generations of the journal segments from the older image on, oldest first. */
  readonly segments: readonly number[];
  /** The newest frame known durable when this was written. */
  readonly durableFrame: number;
}

const count = whole(0);
const imageEntry = objectOf<ImageEntry>({
  generation: count,
  bytes: count,
  sha256: text('64 hex digits', (value) => /^[0-9a-f]{64}$/.test(value)),
  frame: count,
  chain: count,
});
const manifestFields = objectOf<Manifest>({
  version: count,
  leastReader: count,
  shard: uuid,
  epoch: count,
  generation: count,
  images: listOf(imageEntry, 1, 2),
  segments: listOf(count, 1),
  durableFrame: count,
});

export function manifestName(generation: number): string {
  return `MANIFEST-${String(generation).padStart(10, '0')}`;
}

export function manifestGeneration(name: string): number | undefined {
  const match = /^MANIFEST-(\d{10})$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

export function encodeManifest(manifest: Manifest): Buffer {
  const line = JSON.stringify(manifest);
  return Buffer.from(`${line}\n${crc32(line).toString(16).padStart(8, '0')}\n`, 'utf8');
}

/** Throws DAMAGED, or FORMAT_TOO_NEW for one that only a later Orrery can read. */
export function decodeManifest(bytes: Uint8Array, file: string): Manifest {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  const match = /^([^\n]*)\n([0-9a-f]{8})\n$/.exec(text);
  if (!match || crc32(match[1] as string) !== Number.parseInt(match[2] as string, 16)) {
    throw damaged(file, 'a manifest does not have the checksum it was written with');
  }
  let raw: unknown;
  try {
    raw = JSON.parse(match[1] as string);
  } catch (cause) {
    throw damaged(file, 'a manifest is not JSON', cause);
  }
  const least = (raw as { leastReader?: unknown } | null)?.leastReader;
  if (typeof least === 'number' && least > MANIFEST_VERSION) {
    throw new OrreryError({
      code: 'FORMAT_TOO_NEW',
      what: `a manifest can be read from format ${least} on, and this version of Orrery knows format ${MANIFEST_VERSION}`,
      hint: 'Open the directory with the version of Orrery that wrote it, or a newer one.',
      context: { file },
    });
  }
  const { value, fault } = checked(manifestFields, raw);
  if (fault !== undefined) throw damaged(file, 'a manifest lacks what it must say', fault);
  return value;
}

/**
 * Publishes a manifest durably. Throws (`alreadyExists`) when another owner has published this generation, and on any
 * failure of the disk; then the generation before still counts.
 */
export function publishManifest(files: Files, directory: string, manifest: Manifest): void {
  const path = `${directory}/${manifestName(manifest.generation)}`;
  const handle = files.createNew(temporaryPath(path));
  try {
    files.write(handle, encodeManifest(manifest), 0);
    files.sync(handle);
    files.publishNew(handle.path, path);
  } catch (error) {
    discard(files, handle.path, handle);
    throw error;
  }
  // The contents are durable: what becomes of the open file no longer matters.
  tidy(() => files.close(handle));
  files.syncDirectory(directory);
}

function damaged(file: string, what: string, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Put the file back from a backup, or recover what is left with `orrery salvage`.',
    context: { file },
    ...(cause === undefined ? {} : { cause }),
  });
}
