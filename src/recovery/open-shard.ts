// Opening a shard to write to it: claim it, read it (read-shard.ts), go on in a new segment of the journal. After it:
// shard/owner.ts, which publishes a fresh image first when there was anything to replay.

import { randomUUID } from 'node:crypto';
import { Digest, type DigestOptions } from '../digest/digest.ts';
import type { Reprojection } from '../digest/projected-types.ts';
import { OrreryError } from '../errors.ts';
import { Database } from '../image/database.ts';
import type { Manifest } from '../image/manifest.ts';
import { readMeta } from '../image/rows.ts';
import { type Files, isMissing, isTemporary } from '../journal/files.ts';
import { Journal } from '../journal/journal.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from '../journal/segment.ts';
import { Claim } from './claim.ts';
import { type Listing, listShard, readManifest, readShard, type ShardContents } from './read-shard.ts';

/** Every opening begins a segment. Openings that change nothing publish nothing, so they would gather for ever. */
const MOST_SEGMENTS = 8;

/** An owner that was replaced notices at its next commit or checkpoint, so it takes one name, or a few on a failing disk. */
const MOST_ATTEMPTS = 8;

export interface OpenedShard {
  readonly claim: Claim;
  /** The newest that counts. Of a new shard: what its first manifest will say, without an image. */
  manifest: Pick<Manifest, 'shard' | 'generation' | 'images'>;
  readonly database: Database;
  readonly digest: Digest;
  /** New, for this owner. */
  readonly journal: Journal;
  /** Of that segment. */
  readonly generation: number;
  readonly segments: readonly { readonly generation: number; readonly firstFrame: number }[];
  /** An image must be published before anything is accepted. */
  readonly mustPublish: boolean;
  readonly report: {
    readonly created: boolean;
    readonly replayedFrames: number;
    readonly replayedRecords: number;
    readonly tornBytes: number;
    readonly usedPreviousImage: boolean;
    readonly reprojected?: Reprojection;
    readonly unprojected?: readonly string[];
  };
}

/** `shard` is its number in the directory: 0, 1, 2, ... */
export async function openShard(
  files: Files,
  directory: string,
  shard: number,
  options: DigestOptions,
): Promise<OpenedShard> {
  files.makeDirectory(directory);
  const claim = Claim.take(files, directory, newestEpoch(files, directory));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openClaimed(files, directory, shard, claim, options);
    } catch (error) {
      // An owner that has not noticed the claim yet may begin segments, and take the name that was free when the folder was
      // listed. What stands in its segment is part of the journal, so the journal is read again.
      if (!(error instanceof OrreryError) || error.code !== 'STALE_OWNER' || attempt >= MOST_ATTEMPTS) throw error;
      claim.check();
    }
  }
}

async function openClaimed(
  files: Files,
  directory: string,
  shard: number,
  claim: Claim,
  options: DigestOptions,
): Promise<OpenedShard> {
  // Only now: what an owner before this one wrote until it noticed the claim is part of what there is.
  const listing = listShard(files, directory);
  const manifest = readManifest(files, directory, listing);
  if (!manifest) return await create(files, directory, claim, listing, options);
  const contents = await readShard(files, directory, manifest, listing, options);
  try {
    assertNumber(directory, shard, contents.database);
    sweepTemporary(files, directory, listing);
    return goOn(files, directory, claim, listing, contents);
  } catch (error) {
    contents.database.close();
    throw error;
  }
}

async function create(
  files: Files,
  directory: string,
  claim: Claim,
  listing: Listing,
  options: DigestOptions,
): Promise<OpenedShard> {
  // Leftovers of a making that was interrupted before anything could be accepted.
  for (const name of listing.names)
    if (/^(image|segment)-|^latest\.sqlite$/.test(name)) files.remove(`${directory}/${name}`);
  sweepTemporary(files, directory, listing);
  const shard = randomUUID();
  const generation = 1;
  const database = await Database.open();
  try {
    const journal = Journal.create(files, directory, {
      shardUuid: shard,
      generation,
      epoch: claim.epoch,
      firstFrame: 1,
      previousChain: 0,
    });
    return {
      claim,
      manifest: { shard, generation, images: [] },
      database,
      digest: new Digest(database, options, { frame: 0, chain: 0 }),
      journal,
      generation,
      segments: [{ generation, firstFrame: 1 }],
      mustPublish: true,
      report: { created: true, replayedFrames: 0, replayedRecords: 0, tornBytes: 0, usedPreviousImage: false },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function goOn(files: Files, directory: string, claim: Claim, listing: Listing, contents: ShardContents): OpenedShard {
  const { manifest, database, digest, tail, replayedFrames, replayedRecords, imageFault } = contents;
  const generation = Math.max(manifest.generation, ...listing.manifests, ...listing.images, ...listing.segments) + 1;
  // The newest frames were read, but a page cache that reads well may never have reached the disk: they are written again.
  const journal = Journal.create(
    files,
    directory,
    {
      shardUuid: manifest.shard,
      generation,
      epoch: claim.epoch,
      firstFrame: tail.durable.frame + 1,
      previousChain: tail.durable.chain,
    },
    tail.pending,
  );
  digest.skipTo(tail.durable);
  const reprojected = digest.reprojection;
  const older = contents.segments.map((each) => ({
    generation: each,
    firstFrame: firstFrameOf(files, directory, each),
  }));
  return {
    claim,
    // An image that cannot be used must not be named again.
    manifest: imageFault ? { ...manifest, images: [contents.image] } : manifest,
    database,
    digest,
    journal,
    generation,
    segments: [...older, { generation, firstFrame: tail.durable.frame + 1 }],
    mustPublish:
      replayedFrames > 0 ||
      tail.cut !== undefined ||
      imageFault !== undefined ||
      older.length >= MOST_SEGMENTS ||
      reprojected.types.length > 0,
    report: {
      created: false,
      replayedFrames,
      replayedRecords,
      tornBytes: tail.cut?.bytes ?? 0,
      usedPreviousImage: imageFault !== undefined,
      ...(reprojected.types.length > 0 ? { reprojected } : {}),
      ...(digest.unprojected.length > 0 ? { unprojected: digest.unprojected } : {}),
    },
  };
}

/** Folders that were put back in each other's place are whole, each by itself, and hold the wrong games. */
function assertNumber(directory: string, shard: number, database: Database): void {
  const number = readMeta(database).get('shard_number');
  if (number === String(shard)) return;
  throw new OrreryError({
    code: 'DAMAGED',
    what: `the folder is that of shard ${number}, not of shard ${shard}`,
    hint: 'Put the folders of the shards back in their places. Nothing was changed.',
    context: { directory },
  });
}

function firstFrameOf(files: Files, directory: string, generation: number): number {
  const path = `${directory}/${segmentName(generation)}`;
  return decodeSegmentHeader(files.read(path, SEGMENT_HEADER_BYTES), path).firstFrame;
}

/** The highest epoch that a manifest or a segment speaks of: claims are files, and somebody may have removed them. */
function newestEpoch(files: Files, directory: string): number {
  const listing = listShard(files, directory);
  let epoch = 0;
  for (const generation of listing.segments) {
    const path = `${directory}/${segmentName(generation)}`;
    try {
      epoch = Math.max(epoch, decodeSegmentHeader(files.read(path, SEGMENT_HEADER_BYTES), path).epoch);
    } catch (error) {
      // An owner that is still at work has swept it. What is wrong with one that is there is said when the journal is read.
      if (isMissing(error)) continue;
      if (!(error instanceof OrreryError) || error.code !== 'DAMAGED') throw error;
    }
  }
  return epoch;
}

function sweepTemporary(files: Files, directory: string, listing: Listing): void {
  for (const name of listing.names) if (isTemporary(name)) files.remove(`${directory}/${name}`);
}
