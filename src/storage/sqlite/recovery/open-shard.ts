// Opening a shard to write to it: take its lease, read it (read-shard.ts), go on in a new segment of the journal. After
// it: worker/owner.ts, which publishes a fresh image first when there was anything to replay. Neither the segment nor
// the image is needed for what is there already: on a full disk the shard opens without them, and acknowledges nothing
// before its segment is durable.

import { randomUUID } from 'node:crypto';
import { OrreryError } from '../../../core/errors.ts';
import type { UnreadableGame } from '../../../core/patch/unreadable.ts';
import { Compaction } from '../compaction/compaction.ts';
import type { CompactionOptions } from '../compaction/compaction-options.ts';
import type { Reprojection } from '../compaction/projected-types.ts';
import { type Files, isMissing, isTemporary, tidy } from '../files.ts';
import { Database } from '../image/database.ts';
import { LATEST } from '../image/image.ts';
import type { Manifest } from '../image/manifest.ts';
import { readMeta } from '../image/rows.ts';
import type { Journal } from '../journal/journal.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, segmentName } from '../journal/segment.ts';
import { sweep } from '../sweep.ts';
import { FirstSegment } from './first-segment.ts';
import { hasChanged } from './held-files.ts';
import { assertNumber, discrepancyOf, refusal } from './known-shard.ts';
import { assertNumbers } from './last-numbers.ts';
import { Lease } from './lease.ts';
import { type Listing, listShard, readManifest, readShard, type ShardContents } from './read-shard.ts';
import { assertNeverMade } from './shard-reader.ts';
import { RecordKeeper, readRecord, type ShardRecord } from './shard-record.ts';

/** Every opening begins a segment. Openings that change nothing publish nothing, so they would gather for ever. */
const MOST_SEGMENTS = 8;

/**
 * An owner that was replaced notices at its next commit or checkpoint, so it takes one name, or a few on a failing
 * disk.
 */
const MOST_ATTEMPTS = 8;

/** For pages of the database in memory, where nobody says otherwise. */
const ROOM_BYTES = 64 * 1024 * 1024;

/** Where the record of the shard belongs: see shard-record.ts. */
export interface Recording {
  /** The id in orrery.json. */
  readonly directory: string;
  /** Take the shard as it stands, whatever was recorded of it. */
  readonly accept?: boolean;
}

export interface OpenedShard {
  readonly lease: Lease;
  /** Undefined where no directory keeps one. */
  readonly record: RecordKeeper | undefined;
  /** The newest that counts. Of a new shard: what its first manifest will say, without an image. */
  manifest: Pick<Manifest, 'shard' | 'generation' | 'images'>;
  readonly database: Database;
  readonly compaction: Compaction;
  /** Begins the journal of this owner. */
  readonly first: FirstSegment;
  /** Undefined when the first segment could not be written: `failure` says why, and it is to be tried again. */
  readonly journal: Journal | undefined;
  readonly failure: OrreryError | undefined;
  /** Those before the first of this owner that are needed, oldest first. */
  readonly segments: readonly { readonly generation: number; readonly firstFrame: number }[];
  /** An image should be published before anything is accepted; of a new shard it must be. */
  readonly mustPublish: boolean;
  /** Bytes of batches that no image has. */
  readonly replayedBytes: number;
  readonly report: {
    readonly created: boolean;
    readonly replayedFrames: number;
    readonly replayedRecords: number;
    readonly tornBytes: number;
    readonly usedPreviousImage: boolean;
    readonly reprojected?: Reprojection;
    readonly unprojected?: readonly string[];
    readonly unreadable?: readonly UnreadableGame[];
  };
}

/**
 * `shard` is its number in the directory: 0, 1, 2, ... `roomBytes` is for pages of the database in memory. Throws
 * SHARD_MISSING, SHARD_REPLACED, SHARD_OLDER, DAMAGED, FORMAT_TOO_NEW and what the disk throws.
 */
export async function openShard(
  files: Files,
  directory: string,
  shard: number,
  options: CompactionOptions,
  recording?: Recording,
  roomBytes: number = ROOM_BYTES,
): Promise<OpenedShard> {
  files.makeDirectory(directory);
  const lease = Lease.take(files, directory, newestEpoch(files, directory));
  for (let attempt = 1; ; attempt += 1) {
    let listing: Listing | undefined;
    try {
      // Only now: what an owner before this one wrote until it noticed the lease is part of what there is.
      listing = listShard(files, directory);
      return await openListed(files, directory, shard, lease, listing, options, recording, roomBytes);
    } catch (error) {
      // An owner that has not noticed the lease yet may begin segments, also under the name that was free when the
      // folder was listed, and remove files. What stands in its segment is part of the journal, so the journal is read
      // again.
      try {
        if (!isRivalry(error) || attempt >= MOST_ATTEMPTS || !listing || !hasChanged(files, directory, listing))
          throw error;
        lease.check();
      } catch (last) {
        lease.close();
        throw last;
      }
    }
  }
}

/** Whether another owner may be the reason: a name is taken, or a file is not there any more. */
function isRivalry(error: unknown): boolean {
  if (!(error instanceof OrreryError)) return false;
  return error.code === 'STALE_OWNER' || error.code === 'DAMAGED' || isMissing(error);
}

async function openListed(
  files: Files,
  directory: string,
  shard: number,
  lease: Lease,
  listing: Listing,
  options: CompactionOptions,
  recording: Recording | undefined,
  roomBytes: number,
): Promise<OpenedShard> {
  const compare = recording !== undefined && !recording.accept;
  const recorded = compare ? readRecord(files, directory) : undefined;
  const record = recording && new RecordKeeper(files, directory, recording.directory, recorded);
  const manifest = readManifest(files, directory, listing);
  if (!manifest) {
    if (compare) await assertNeverMade(files, directory, shard, recorded);
    if (record) record.isNew = true;
    return { ...(await create(files, directory, lease, listing, options, roomBytes)), record };
  }
  const contents = await readShard(files, directory, manifest, listing, options, roomBytes);
  try {
    assertNumber(directory, shard, readMeta(contents.database).get('shard_number'));
    if (recorded) assertRecorded(directory, shard, recording as Recording, recorded, contents);
    sweepTemporary(files, directory, listing);
    const opened = goOn(files, directory, lease, listing, contents);
    // With a segment begun, the folder has been synced: the name of the manifest is durable, whatever became of its
    // owner.
    if (opened.journal) record?.keep(manifest);
    return { ...opened, record };
  } catch (error) {
    contents.database.close();
    throw error;
  }
}

/** Throws SHARD_REPLACED, SHARD_OLDER. */
function assertRecorded(
  folder: string,
  shard: number,
  { directory }: Recording,
  recorded: ShardRecord,
  contents: ShardContents,
): void {
  if (recorded.directory !== directory) {
    const what = 'the record beside the folder of the shard is that of another directory';
    throw refusal({ code: 'SHARD_REPLACED', what }, folder, shard);
  }
  const discrepancy = discrepancyOf(recorded, contents);
  if (discrepancy) throw refusal(discrepancy, folder, shard);
}

async function create(
  files: Files,
  directory: string,
  lease: Lease,
  listing: Listing,
  options: CompactionOptions,
  roomBytes: number,
): Promise<Omit<OpenedShard, 'record'>> {
  // Leftovers of a making that was interrupted before anything could be accepted.
  for (const name of listing.names) if (/^(image|segment)-/.test(name)) files.remove(`${directory}/${name}`);
  // Of an image that is gone; nothing depends on it.
  tidy(() => files.remove(`${directory}/${LATEST}`));
  sweepTemporary(files, directory, listing);
  const shard = randomUUID();
  const generation = 1;
  const start = { shardUuid: shard, generation, epoch: lease.epoch, firstFrame: 1, previousChain: 0 };
  const first = new FirstSegment(files, directory, start, [], []);
  const database = await Database.empty({ files, folder: directory, roomBytes });
  try {
    return {
      lease,
      manifest: { shard, generation, images: [] },
      database,
      compaction: new Compaction(database, options, { frame: 0, chain: 0 }),
      first,
      journal: first.begin(),
      failure: undefined,
      segments: [],
      mustPublish: true,
      replayedBytes: 0,
      report: { created: true, replayedFrames: 0, replayedRecords: 0, tornBytes: 0, usedPreviousImage: false },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function goOn(
  files: Files,
  directory: string,
  lease: Lease,
  listing: Listing,
  contents: ShardContents,
): Omit<OpenedShard, 'record'> {
  const { manifest, database, compaction, tail, replayedFrames, replayedRecords, replayedBytes, imageFault } = contents;
  const published = Math.max(manifest.generation, ...listing.manifests);
  const start = {
    shardUuid: manifest.shard,
    generation: Math.max(published, ...listing.images, ...listing.segments) + 1,
    epoch: lease.epoch,
    firstFrame: tail.durable.frame + 1,
    previousChain: tail.durable.chain,
  };
  assertNumbers(start, directory);
  const segments = leadingTo(files, directory, contents.segments, start.firstFrame);
  const needed = segments.map(({ generation }) => generation);
  // What the manifest names must stay as long as it may be read, also a segment of a later number that has no frames.
  const kept = new Set([...needed, ...manifest.segments]);
  const superseded = listing.segments.filter((each) => each > published && !kept.has(each));
  // The newest frames were read, but a page cache that reads well may never have reached the disk: they are written
  // again.
  const first = new FirstSegment(files, directory, start, tail.pending, superseded);
  let journal: Journal | undefined;
  const failure = tidy(() => {
    journal = first.begin();
  });
  compaction.skipTo(tail.durable);
  const reprojected = compaction.reprojection;
  return {
    lease,
    // An image that cannot be used must not be named again.
    manifest: imageFault ? { ...manifest, images: [contents.image] } : manifest,
    database,
    compaction,
    first,
    journal,
    failure,
    segments,
    mustPublish:
      replayedFrames > 0 ||
      tail.cut !== undefined ||
      imageFault !== undefined ||
      contents.segments.length >= MOST_SEGMENTS ||
      reprojected.types.length > 0,
    replayedBytes,
    report: {
      created: false,
      replayedFrames,
      replayedRecords,
      tornBytes: tail.cut?.bytes ?? 0,
      usedPreviousImage: imageFault !== undefined,
      ...(reprojected.types.length > 0 ? { reprojected } : {}),
      ...(compaction.unprojected.length > 0 ? { unprojected: compaction.unprojected } : {}),
      ...(compaction.unreadable.length > 0 ? { unreadable: compaction.unreadable } : {}),
    },
  };
}

/**
 * The segments that have frames before `firstFrame`. Left out are those of owners that had been replaced when they
 * began them (scan.ts passes over them, and a manifest that began with one would lack what stands before it), and those
 * of openings that wrote the same pending frames as this one does.
 */
function leadingTo(
  files: Files,
  directory: string,
  generations: readonly number[],
  firstFrame: number,
): SegmentHeader[] {
  const leading: SegmentHeader[] = [];
  for (const generation of generations) {
    const header = headerOf(files, directory, generation);
    if (header.firstFrame >= firstFrame) break;
    if (header.epoch >= (leading.at(-1)?.epoch ?? 0)) leading.push(header);
  }
  return leading;
}

function headerOf(files: Files, directory: string, generation: number): SegmentHeader {
  const path = `${directory}/${segmentName(generation)}`;
  return decodeSegmentHeader(files.read(path, SEGMENT_HEADER_BYTES), path);
}

/** The highest epoch that a manifest or a segment speaks of: leases are files, and somebody may have removed them. */
function newestEpoch(files: Files, directory: string): number {
  const listing = listShard(files, directory);
  let epoch = 0;
  for (const generation of listing.segments) {
    try {
      epoch = Math.max(epoch, headerOf(files, directory, generation).epoch);
    } catch (error) {
      // An owner that is still at work has swept it. What is wrong with one that is there is said when the journal is
      // read.
      if (isMissing(error)) continue;
      if (!(error instanceof OrreryError) || error.code !== 'DAMAGED') throw error;
    }
  }
  return epoch;
}

function sweepTemporary(files: Files, directory: string, listing: Listing): void {
  sweep(files, directory, listing.names.filter(isTemporary));
}
