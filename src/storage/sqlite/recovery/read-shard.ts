// What a shard's folder holds: newest valid manifest, its image, and the journal after it. Nothing here writes. Before
// it, for an owner: lease.ts; after it: open-shard.ts, which goes on writing, or a reader that only looks.

import { OrreryError } from '../../../core/errors.ts';
import { Compaction } from '../compaction/compaction.ts';
import type { CompactionOptions } from '../compaction/compaction-options.ts';
import type { Files } from '../files.ts';
import { Database } from '../image/database.ts';
import { imageGeneration, imageName, openImagePages, readImage } from '../image/image.ts';
import { type ImageEntry, type Manifest, manifestGeneration } from '../image/manifest.ts';
import { readMeta } from '../image/rows.ts';
import { openPayload } from '../journal/frame.ts';
import { type JournalTail, scanJournal } from '../journal/scan.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentGeneration, segmentName } from '../journal/segment.ts';
import type { ScannedFrame } from '../journal/segment-scan.ts';
import { manifestsIn } from './shard-parts.ts';

export interface ShardContents {
  readonly manifest: Manifest;
  /** The image that was used. */
  readonly image: ImageEntry;
  /** Why the newest image could not be used, when the one before stood in for it. */
  readonly imageFault: OrreryError | undefined;
  /** Image and journal together. */
  readonly database: Database;
  readonly compaction: Compaction;
  readonly tail: JournalTail;
  /** Generations of the segments that lead on from that image, oldest first. Older ones may be gone or damaged. */
  readonly segments: readonly number[];
  readonly replayedFrames: number;
  readonly replayedRecords: number;
  /** Of their frames' payloads. */
  readonly replayedBytes: number;
}

/** What the names in a shard's folder say. */
export interface Listing {
  readonly manifests: readonly number[];
  readonly images: readonly number[];
  readonly segments: readonly number[];
  readonly names: readonly string[];
}

export function listShard(files: Files, directory: string): Listing {
  const names = files.list(directory);
  const numbers = (of: (name: string) => number | undefined): number[] =>
    names
      .map(of)
      .filter((generation) => generation !== undefined)
      .sort((a, b) => a - b);
  return {
    manifests: numbers(manifestGeneration),
    images: numbers(imageGeneration),
    segments: numbers(segmentGeneration),
    names,
  };
}

/**
 * The newest manifest that is whole. Undefined when the shard was never finished being made: there is no manifest, and
 * nothing but an empty first segment and image. Throws DAMAGED when there is more than that, or no manifest is whole.
 */
export function readManifest(files: Files, directory: string, listing: Listing): Manifest | undefined {
  let fault: OrreryError | undefined;
  for (const { found } of manifestsIn(files, directory, listing)) {
    if (!(found instanceof OrreryError)) return found;
    if (found.code !== 'DAMAGED') throw found;
    fault ??= found;
  }
  if (fault) throw fault;
  if (isUnfinished(files, directory, listing)) return undefined;
  throw damaged('the folder holds a journal or images, but no manifest', { directory });
}

/** Before its first manifest a shard accepts nothing: an empty first segment and an image hold nothing of anybody's. */
function isUnfinished(files: Files, directory: string, { images, segments }: Listing): boolean {
  if (images.some((generation) => generation > 1) || segments.some((generation) => generation > 1)) return false;
  return segments.every((generation) => files.size(`${directory}/${segmentName(generation)}`) <= SEGMENT_HEADER_BYTES);
}

/**
 * Reads image and journal. With `roomBytes` the database is over pages, and has so many bytes of them in memory. Throws
 * DAMAGED, FORMAT_TOO_NEW and what the disk throws; nothing has been changed then.
 */
export async function readShard(
  files: Files,
  directory: string,
  manifest: Manifest,
  listing: Listing,
  options: CompactionOptions,
  roomBytes?: number,
): Promise<ShardContents> {
  const { database, image, imageFault } = await openImage(files, directory, manifest, roomBytes);
  try {
    const oldest = manifest.segments[0] as number;
    const known = [...new Set([...manifest.segments, ...listing.segments.filter((each) => each > oldest)])];
    known.sort((a, b) => a - b);
    const segments = withoutSwept(files, directory, neededFrom(known, manifest, image), listing, image);
    const compaction = new Compaction(database, options, { frame: image.frame, chain: image.chain });
    const retrying = compaction.retry();
    while (!retrying.next().done);
    const scan = scanJournal(
      files,
      directory,
      { shardUuid: manifest.shard, generations: segments, knownDurable: manifest.durableFrame },
      { frame: image.frame, chain: image.chain },
    );
    let replayedFrames = 0;
    let replayedRecords = 0;
    let replayedBytes = 0;
    let step = scan.next();
    for (; !step.done; step = scan.next()) {
      const frame = step.value;
      const taking = compaction.take(payloadOf(frame), { frame: frame.number, chain: frame.chain });
      while (!taking.next().done);
      replayedFrames += 1;
      replayedRecords += frame.recordCount;
      replayedBytes += frame.payload.length;
    }
    return {
      manifest,
      image,
      imageFault,
      database,
      compaction,
      tail: step.value,
      segments,
      replayedFrames,
      replayedRecords,
      replayedBytes,
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function payloadOf(frame: ScannedFrame): Uint8Array {
  try {
    return openPayload(frame);
  } catch (error) {
    throw (error as OrreryError).within({ frame: frame.number });
  }
}

/** A segment that only the older image needs may be gone or damaged without harm while the newer image is whole. */
function neededFrom(segments: readonly number[], manifest: Manifest, image: ImageEntry): readonly number[] {
  const newest = manifest.images[0] === image;
  return newest ? segments.filter((generation) => generation >= manifest.generation) : segments;
}

/**
 * A manifest that stands in for a damaged one may name segments that were swept for that one: they held nothing behind
 * this image when the oldest that is left begins there or before. That it carries on from the image, the scan will see.
 */
function withoutSwept(
  files: Files,
  directory: string,
  segments: readonly number[],
  listing: Listing,
  image: ImageEntry,
): readonly number[] {
  const left = segments.findIndex((generation) => listing.segments.includes(generation));
  if (left <= 0) return segments;
  const path = `${directory}/${segmentName(segments[left] as number)}`;
  const { firstFrame } = decodeSegmentHeader(files.read(path, SEGMENT_HEADER_BYTES), path);
  return firstFrame <= image.frame + 1 ? segments.slice(left) : segments;
}

async function openImage(
  files: Files,
  directory: string,
  manifest: Manifest,
  roomBytes: number | undefined,
): Promise<{ database: Database; image: ImageEntry; imageFault: OrreryError | undefined }> {
  let fault: OrreryError | undefined;
  for (const image of manifest.images) {
    const file = `${directory}/${imageName(image.generation)}`;
    try {
      const database = await databaseOf(files, directory, image, roomBytes);
      const meta = readMeta(database);
      if (meta.get('shard') === manifest.shard && meta.get('applied_frame') === String(image.frame)) {
        return { database, image, imageFault: fault };
      }
      database.close();
      throw damaged('an image is not the one its manifest speaks of', { file });
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error;
      if (error.code !== 'DAMAGED') throw error.within({ file });
      fault ??= error.within({ file });
    }
  }
  throw fault as OrreryError;
}

/** Over its pages for an owner, who has room for so many bytes of them; as a whole for whoever only looks. */
async function databaseOf(
  files: Files,
  directory: string,
  image: ImageEntry,
  roomBytes: number | undefined,
): Promise<Database> {
  if (roomBytes !== undefined && (await Database.takesPages())) {
    const pages = openImagePages(files, directory, image);
    if (pages) return Database.paged({ files, folder: directory, roomBytes }, pages);
  }
  return Database.open(readImage(files, directory, image));
}

function damaged(what: string, context: { readonly [detail: string]: unknown }): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Nothing was changed. Put the files back from a backup, or recover what is left with `orrery salvage`.',
    context,
  });
}
