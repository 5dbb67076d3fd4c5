// What a directory knows of each of its shards, kept beside the shard's folder: so that a folder that was emptied,
// replaced or put back from an earlier backup does not pass for the shard. Written when a manifest is durable, so never
// ahead of it.
//
//   shard-01.record     one line of JSON, a line feed, the CRC-32 of that line as eight hex digits, a line feed

import { crc32 } from 'node:zlib';
import { OrreryError } from '../../../core/errors.ts';
import { checked, listOf, objectOf, text, uuid, whole } from '../../../core/fields.ts';
import { atomicWrite, type Files, isMissing } from '../files.ts';
import type { ImageEntry, Manifest } from '../image/manifest.ts';

const RECORD_VERSION = 1;

/** A record is a few hundred bytes; what is longer is none, and is not read to its end. */
const LONGEST_BYTES = 4096;

export interface ShardRecord {
  readonly version: number;
  readonly leastReader: number;
  /** The id in orrery.json. */
  readonly directory: string;
  readonly shard: string;
  /** Of the owner that published the manifest, and the manifest's number. */
  readonly epoch: number;
  readonly generation: number;
  /**
   * Newest first: the images of that manifest, each with the newest frame in it and the chain value of the journal
   * there.
   */
  readonly images: readonly Pick<ImageEntry, 'generation' | 'frame' | 'chain'>[];
  /** The newest frame known durable. */
  readonly durableFrame: number;
}

const count = whole(0);
const recordFields = objectOf<ShardRecord>({
  version: count,
  leastReader: count,
  directory: text(),
  shard: uuid,
  epoch: count,
  generation: count,
  images: listOf(objectOf<ShardRecord['images'][number]>({ generation: count, frame: count, chain: count }), 1, 2),
  durableFrame: count,
});

export function recordPath(folder: string): string {
  return `${folder}.record`;
}

export function encodeRecord(record: ShardRecord): Buffer {
  const line = JSON.stringify(record);
  return Buffer.from(`${line}\n${crc32(line).toString(16).padStart(8, '0')}\n`, 'utf8');
}

/** Undefined when there is none. Throws DAMAGED, FORMAT_TOO_NEW, IO_FAILED. */
export function readRecord(files: Files, folder: string): ShardRecord | undefined {
  const file = recordPath(folder);
  let bytes: Uint8Array;
  try {
    bytes = files.read(file, LONGEST_BYTES + 1);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if (bytes.length > LONGEST_BYTES) throw damaged(file, 'the record of a shard is longer than one can be');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  const match = /^([^\n]*)\n([0-9a-f]{8})\n$/.exec(text);
  if (!match || crc32(match[1] as string) !== Number.parseInt(match[2] as string, 16)) {
    throw damaged(file, 'the record of a shard does not have the checksum it was written with');
  }
  let raw: unknown;
  try {
    raw = JSON.parse(match[1] as string);
  } catch (cause) {
    throw damaged(file, 'the record of a shard is not JSON', cause);
  }
  const least = (raw as { leastReader?: unknown } | null)?.leastReader;
  if (typeof least === 'number' && least > RECORD_VERSION) {
    throw new OrreryError({
      code: 'FORMAT_TOO_NEW',
      what: `the record of a shard can be read from format ${least} on, and this version of Orrery knows format ${RECORD_VERSION}`,
      hint: 'Open the directory with the version of Orrery that wrote it, or a newer one.',
      context: { file },
    });
  }
  const { value, fault } = checked(recordFields, raw);
  if (fault !== undefined) throw damaged(file, 'the record of a shard lacks what it must say', fault);
  return value;
}

/** Keeps the record of one shard up to its manifests. */
export class RecordKeeper {
  /** Nothing may be accepted in a shard whose loss nobody would notice: its first record must succeed. */
  isNew = false;
  /** Why the record is behind the newest manifest. It is tried again with every `keep`. */
  fault: OrreryError | undefined;
  readonly #files: Files;
  readonly #folder: string;
  readonly #directory: string;
  #written: string | undefined;

  /** `directory` is the id in orrery.json, `found` what was read at opening. */
  constructor(files: Files, folder: string, directory: string, found: ShardRecord | undefined) {
    this.#files = files;
    this.#folder = folder;
    this.#directory = directory;
    this.#written = found && JSON.stringify(found);
  }

  /**
   * Records a manifest that is durable. When that fails the shard is whole all the same and its record stays behind:
   * nothing is thrown, and the result says why. Throws for a new shard alone: DISK_FULL, IO_FAILED.
   */
  keep({ shard, epoch, generation, images, durableFrame }: Manifest): OrreryError | undefined {
    const record: ShardRecord = {
      version: RECORD_VERSION,
      leastReader: RECORD_VERSION,
      directory: this.#directory,
      shard,
      epoch,
      generation,
      images: images.map((image) => ({ generation: image.generation, frame: image.frame, chain: image.chain })),
      durableFrame,
    };
    const written = JSON.stringify(record);
    if (written === this.#written) return undefined;
    try {
      atomicWrite(this.#files, recordPath(this.#folder), encodeRecord(record));
      this.#written = written;
      this.fault = undefined;
      this.isNew = false;
    } catch (error) {
      if (this.isNew) throw error;
      this.fault = error as OrreryError;
    }
    return this.fault;
  }
}

function damaged(file: string, what: string, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint:
      'Put the file back from the same backup as the folder of the shard. `orrery accept` looks at the shard ' +
      'and, when told to, takes it as it stands. Nothing was changed.',
    context: { file },
    ...(cause === undefined ? {} : { cause }),
  });
}
