// Publishing a new image, so that older journal can go. In slices: the owner commits between them. The order of the
// steps is what makes a crash at any moment harmless; docs/FORMAT.md draws it.

import { OrreryError } from '../../../core/errors.ts';
import type { Compaction } from '../compaction/compaction.ts';
import { type Files, isDiskFailure, tidy } from '../files.ts';
import type { Database } from '../image/database.ts';
import { imageGeneration, imageName, LATEST, publishImage } from '../image/image.ts';
import type { ImageChecker } from '../image/image-check.ts';
import {
  type ImageEntry,
  MANIFEST_VERSION,
  type Manifest,
  manifestGeneration,
  manifestName,
  publishManifest,
} from '../image/manifest.ts';
import { segmentGeneration } from '../journal/segment.ts';
import type { Lease } from '../recovery/lease.ts';
import type { RecordKeeper } from '../recovery/shard-record.ts';
import type { LiveSegment } from './segments.ts';

export interface CheckpointParts {
  readonly files: Files;
  readonly directory: string;
  /** 0, 1, 2, ...: which shard of the directory this is. */
  readonly number: number;
  readonly lease: Lease;
  readonly record: RecordKeeper | undefined;
  readonly database: Database;
  readonly compaction: Compaction;
  readonly maxImageBytes: number;
  readonly checker: ImageChecker;
  /** A little of other work while the image is checked; false when there is none. */
  readonly doIdleWork?: () => boolean;
  /** The new manifest counts from here on, whatever becomes of the tidying after it. */
  published(manifest: Manifest): void;
}

export interface Published {
  readonly manifest: Manifest;
  /**
   * Why something that is not needed any more could not be removed, `latest.sqlite` not be linked, or the record not be
   * written.
   */
  readonly untidy: OrreryError | undefined;
}

/** Whether an image could not be published for a reason that may pass, while the journal goes on holding everything. */
export function isPostponed(error: unknown): error is OrreryError {
  return isDiskFailure(error) || (error instanceof OrreryError && error.code === 'IMAGE_TOO_LARGE');
}

/**
 * Steps 2 to 7 of a checkpoint; the caller has moved appends to segment `generation` and compacted everything before
 * it. `segments` and `durableFrame` are asked for when they are needed: commits go on in between. Throws
 * IMAGE_TOO_LARGE, STALE_OWNER, DISK_FULL, IO_FAILED, DAMAGED; then the manifest before still counts.
 */
export function* publish(
  parts: CheckpointParts,
  shard: string,
  generation: number,
  previous: ImageEntry | undefined,
  segments: () => readonly LiveSegment[],
  durableFrame: () => number,
): Generator<unknown, Published> {
  const { files, directory, lease, database, compaction } = parts;
  const position = compaction.position;
  // Nothing may come between the two: the image must hold exactly what it says it holds.
  compaction.flush({ shard, shard_number: parts.number, generation, epoch: lease.epoch });
  const content = database.freeze();
  const { bytes } = content;
  if (bytes > parts.maxImageBytes) {
    content.dropped();
    throw tooLarge(directory, bytes, parts.maxImageBytes);
  }
  yield;
  const sha256 = yield* publishImage(files, directory, generation, content, database, parts.checker, parts.doIdleWork);
  const image = { generation, bytes, sha256, ...position };
  const images = previous ? [image, previous] : [image];
  const oldest = (images.at(-1) as ImageEntry).frame + 1;
  const manifest: Manifest = {
    version: MANIFEST_VERSION,
    leastReader: MANIFEST_VERSION,
    shard,
    epoch: lease.epoch,
    generation,
    images,
    segments: neededSegments(segments(), oldest),
    durableFrame: durableFrame(),
  };
  try {
    lease.check();
    publishManifest(files, directory, manifest);
  } catch (error) {
    forgetImage(files, directory, generation, lease);
    throw error;
  }
  parts.published(manifest);
  yield;
  // Time has passed: what lies about may be a newer owner's by now.
  lease.check();
  const unrecorded = parts.record?.keep(manifest);
  const untidy = linkLatest(files, directory, generation) ?? sweep(files, directory, manifest);
  return { manifest, untidy: unrecorded ?? untidy };
}

/**
 * For people and their tools alone. A file system may have no second names; then rather none than that of an older
 * image.
 */
function linkLatest(files: Files, directory: string, generation: number): OrreryError | undefined {
  const failure = tidy(() => files.link(`${directory}/${imageName(generation)}`, `${directory}/${LATEST}`));
  if (failure) tidy(() => files.remove(`${directory}/${LATEST}`));
  return failure;
}

/** An image that no manifest names is no use to anybody, and on a full disk it is in the way. */
function forgetImage(files: Files, directory: string, generation: number, lease: Lease): void {
  // Another owner has come, or the folder is another one: an image of that name is not ours then.
  if (!lease.isHeld) return;
  // The disk is failing already, and the caller is about to say so. A later checkpoint sweeps what is left.
  tidy(() => {
    // A manifest that could not be made durable may have its name all the same, and needs its image.
    if (!files.exists(`${directory}/${manifestName(generation)}`))
      files.remove(`${directory}/${imageName(generation)}`);
  });
}

/** From the last segment that begins at or before the oldest frame that is still needed. */
function neededSegments(segments: readonly LiveSegment[], oldestFrame: number): number[] {
  const first = Math.max(
    0,
    segments.findLastIndex(({ firstFrame }) => firstFrame <= oldestFrame),
  );
  return segments.slice(first).map(({ generation }) => generation);
}

/**
 * Unlinks what neither this manifest nor the one before needs. What cannot be unlinked now, the next checkpoint comes
 * past again. Segments go oldest first and none behind one that stays: a manifest that stands in for a damaged one can
 * do without those at the beginning, and without no other.
 */
function sweep(files: Files, directory: string, manifest: Manifest): OrreryError | undefined {
  const oldestSegment = manifest.segments[0] as number;
  const oldestImage = (manifest.images.at(-1) as ImageEntry).generation;
  let names: readonly string[] = [];
  let failure = tidy(() => {
    names = files.list(directory);
  });
  let segmentsStay = false;
  for (const name of names) {
    const segment = segmentGeneration(name);
    const image = imageGeneration(name);
    const old = manifestGeneration(name);
    const gone =
      (segment !== undefined && segment < oldestSegment && !segmentsStay) ||
      (image !== undefined && image < oldestImage) ||
      (old !== undefined && old < oldestImage);
    if (!gone) continue;
    const failed = tidy(() => files.remove(`${directory}/${name}`));
    failure ??= failed;
    segmentsStay ||= failed !== undefined && segment !== undefined;
  }
  return failure;
}

function tooLarge(directory: string, bytes: number, most: number): OrreryError {
  return new OrreryError({
    code: 'IMAGE_TOO_LARGE',
    what: `the image of the shard would be ${bytes} bytes, and the bound is ${most}`,
    hint: 'Nothing is lost: the journal keeps everything. Spread the games over more shards, or raise `maxImageBytes`.',
    context: { directory },
  });
}
