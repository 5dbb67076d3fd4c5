// Everything that can still be read of a shard's folder, whether or not it would open: manifests, images, frames.
// Nothing is changed. Before it: a folder that may be damaged in any way; after it: salvage.ts, which makes games of
// it.

import { OrreryError } from '../../../core/errors.ts';
import { linesOf } from '../../../core/patch/lines.ts';
import { decodeLine, type Record } from '../../../core/patch/record.ts';
import type { GameInfo } from '../../game-info.ts';
import { nameOfLine } from '../../line-name.ts';
import { Compaction } from '../compaction/compaction.ts';
import { type Files, isMissing } from '../files.ts';
import { sha256 } from '../image/body.ts';
import { Database } from '../image/database.ts';
import { imageName } from '../image/image.ts';
import { type ImageEntry, type Manifest, manifestName } from '../image/manifest.ts';
import { readMeta } from '../image/rows.ts';
import { readUnreadableGames } from '../image/unreadable-records.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from '../journal/segment.ts';
import type { GameSource } from './game-proof.ts';
import { type Listing, listShard } from './read-shard.ts';
import { assertOurs, type Complaint, type ReadableJournal, readableJournalOf } from './readable-journal.ts';
import { complaintOfSqlite, manifestsIn, recordOf } from './shard-parts.ts';
import { READING } from './shard-reader.ts';
import type { ShardRecord } from './shard-record.ts';

export interface RemainingImage extends GameSource {
  readonly generation: number;
  readonly frame: number;
  readonly chain: number;
  /** A whole manifest has its SHA-256. RuntimeDifference each of its games has to prove itself, from its creation on. */
  readonly proven: boolean;
  readonly games: readonly GameInfo[];
  /** Ids that only stand beside snapshots, or records that could not be read: there is no row that lists them. */
  readonly unlisted: readonly string[];
}

export interface RemainingRecord {
  readonly frame: number;
  /** Undefined when the line is no record: `fault` says why. */
  readonly record: Record | undefined;
  readonly fault: string | undefined;
  /** As far as the line says it. */
  readonly seq: number | undefined;
  /** As it stands in the frame, without its line feed. */
  readonly line: Uint8Array;
}

export interface ReadableShard {
  readonly folder: string;
  /** Newest first. */
  readonly images: readonly RemainingImage[];
  readonly journal: ReadableJournal;
  /** By game, in the order in which they were written. */
  readonly records: ReadonlyMap<string, readonly RemainingRecord[]>;
  /** Lines of whole frames that no game can be given, and records that a frame says it has and does not. */
  readonly lostLines: readonly Complaint[];
  /** Files that are not what they should be, whether or not anything is lost by it. */
  readonly faults: readonly Complaint[];
  readonly notes: readonly Complaint[];
  /** The folder is gone, or nothing of a shard is in it. */
  readonly empty: boolean;
  /** The shard that most of its files are of; undefined when there is nothing. */
  readonly shard: string | undefined;
  /** What stands beside the folder, if it can be read: perhaps of another shard. */
  readonly recorded: ShardRecord | undefined;
}

/** Throws FORMAT_TOO_NEW. */
export async function readableShardOf(files: Files, folder: string): Promise<ReadableShard> {
  const faults: Complaint[] = [];
  const record = recordOf(files, folder);
  const recorded = record instanceof OrreryError ? undefined : record;
  // Its place among the complaints is the folder that it speaks of.
  if (record instanceof OrreryError) faults.push({ file: '', what: record.what });
  let listing: Listing;
  try {
    listing = listShard(files, folder);
  } catch (error) {
    assertOurs(error);
    faults.push({ file: '', what: isMissing(error) ? 'is gone' : error.what });
    listing = { manifests: [], images: [], segments: [], names: [] };
  }
  const manifests = readManifests(files, folder, listing, faults);
  const entries = new Map(manifests.flatMap(({ images }) => images).map((image) => [image.generation, image]));
  const opened = await openImages(files, folder, listing, entries, faults);
  const shardUuid = shardOf(files, folder, listing, manifests, opened);
  const images: RemainingImage[] = [];
  for (const image of opened) {
    if (shardUuid === undefined || image.shard === shardUuid) images.push(image);
    else {
      faults.push({ file: imageName(image.generation), what: 'belongs to another shard' });
      image.database.close();
    }
  }
  const own = manifests.filter(({ shard }) => shard === shardUuid);
  for (const { generation } of manifests.filter((each) => !own.includes(each))) {
    faults.push({ file: manifestName(generation), what: 'belongs to another shard' });
  }
  const vouched = own.flatMap((manifest) => manifest.images);
  const journal = readableJournalOf(files, folder, listing.segments, {
    shardUuid,
    generations: [...own.flatMap(({ segments, generation }) => [...segments, generation]), ...listing.segments],
    durableFrame: Math.max(
      recorded !== undefined && recorded.shard === shardUuid ? recorded.durableFrame : 0,
      ...own.map(({ durableFrame }) => durableFrame),
      ...vouched.map(({ frame }) => frame),
    ),
    chains: new Map(vouched.map(({ frame, chain }) => [frame, chain])),
  });
  const lostLines: Complaint[] = [];
  const records = readRecords(journal, lostLines);
  return {
    folder,
    images,
    journal,
    records,
    lostLines,
    faults: [...faults, ...journal.faults],
    notes: journal.notes,
    empty: listing.manifests.length + listing.images.length + listing.segments.length === 0,
    shard: shardUuid,
    recorded,
  };
}

function readManifests(files: Files, folder: string, listing: Listing, faults: Complaint[]): Manifest[] {
  const manifests: Manifest[] = [];
  for (const { name, found } of manifestsIn(files, folder, listing)) {
    if (found instanceof OrreryError) faults.push({ file: name, what: found.what });
    else manifests.push(found);
  }
  if (manifests.length === 0 && listing.manifests.length === 0 && listing.images.length > 0) {
    faults.push({ file: 'MANIFEST-*', what: 'there is none' });
  }
  return manifests;
}

type OpenedImage = RemainingImage & { readonly shard: string };

async function openImages(
  files: Files,
  folder: string,
  listing: Listing,
  entries: ReadonlyMap<number, ImageEntry>,
  faults: Complaint[],
): Promise<OpenedImage[]> {
  const opened: OpenedImage[] = [];
  for (const generation of new Set([...listing.images, ...entries.keys()].sort((a, b) => b - a))) {
    try {
      const image = await openImage(files, folder, generation, entries.get(generation));
      opened.push(image);
      if (entries.has(generation) && !image.proven) {
        faults.push({ file: imageName(generation), what: 'does not have the SHA-256 that its manifest says' });
      }
    } catch (error) {
      if (!(error instanceof OrreryError) || error.code === 'FORMAT_TOO_NEW') throw error;
      // One that no manifest names, and that an interrupted checkpoint may have left, is missed by nobody.
      if (entries.has(generation) && !listing.images.includes(generation) && isSuperseded(generation, entries))
        continue;
      faults.push({ file: imageName(generation), what: isMissing(error) ? 'is gone' : error.what });
    }
  }
  return opened;
}

/** The manifest before the newest may name an image that the newest has done away with. */
function isSuperseded(generation: number, entries: ReadonlyMap<number, ImageEntry>): boolean {
  return [...entries.keys()].filter((each) => each > generation).length >= 2;
}

async function openImage(
  files: Files,
  folder: string,
  generation: number,
  entry: ImageEntry | undefined,
): Promise<OpenedImage> {
  const bytes = files.read(`${folder}/${imageName(generation)}`);
  const proven = entry !== undefined && Buffer.from(sha256(bytes)).toString('hex') === entry.sha256;
  const database = await Database.open(bytes);
  try {
    const complaint = proven ? undefined : complaintOfSqlite(database);
    if (complaint !== undefined) throw damaged(complaint);
    const meta = readMeta(database);
    const frame = entry?.frame ?? Number(meta.get('applied_frame'));
    const chain = entry?.chain ?? Number(meta.get('applied_chain'));
    const shard = meta.get('shard') ?? '';
    if (!Number.isSafeInteger(frame) || !Number.isSafeInteger(chain) || meta.get('applied_frame') !== String(frame)) {
      throw damaged('does not say which frames it holds');
    }
    const compaction = new Compaction(database, READING, { frame, chain });
    const games = compaction.games();
    const listed = new Set(games.map(({ id }) => id));
    const named = database.all('SELECT DISTINCT game FROM snapshots').map(({ game }) => String(game));
    const held = readUnreadableGames(database).map(({ game }) => game);
    const unlisted = [...named, ...held].filter((id) => !listed.has(id));
    return { generation, frame, chain, proven, database, compaction, games, unlisted, shard };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** By what most of the files say: one of another shard may have got between them. */
function shardOf(
  files: Files,
  folder: string,
  listing: Listing,
  manifests: readonly Manifest[],
  images: readonly OpenedImage[],
): string | undefined {
  const said = [...manifests.map(({ shard }) => shard), ...images.map(({ shard }) => shard)];
  for (const generation of listing.segments) {
    const file = `${folder}/${segmentName(generation)}`;
    try {
      said.push(decodeSegmentHeader(files.read(file, SEGMENT_HEADER_BYTES), file).shardUuid);
    } catch (error) {
      // What is wrong with it is said when its frames are read.
      assertOurs(error);
    }
  }
  const votes = new Map<string, number>();
  for (const shard of said) votes.set(shard, (votes.get(shard) ?? 0) + 1);
  return [...votes].sort(([, left], [, right]) => right - left)[0]?.[0];
}

function readRecords(journal: ReadableJournal, lost: Complaint[]): Map<string, RemainingRecord[]> {
  const records = new Map<string, RemainingRecord[]>();
  for (const { number, file, payload, recordCount } of journal.frames) {
    const lines = linesOf(payload);
    if (lines.length < (recordCount ?? 0))
      lost.push({ file, what: `frame ${number} says that it has ${recordCount} records, and has ${lines.length}` });
    for (const line of lines) {
      const found = remainingRecord(line, number);
      if (found.game === undefined) {
        lost.push({ file, what: `frame ${number} has a line that is no record and names no game: ${found.fault}` });
        continue;
      }
      const own = records.get(found.game);
      if (own) own.push(found);
      else records.set(found.game, [found]);
    }
  }
  return records;
}

/** What a line says, and whose it is. */
export function remainingRecord(
  line: Uint8Array,
  frame: number,
): RemainingRecord & { readonly game: string | undefined } {
  try {
    const record = decodeLine(line);
    return { frame, line, record, game: record.game, seq: record.seq, fault: undefined };
  } catch (error) {
    assertOurs(error);
    const name = nameOfLine(line);
    return { frame, line, record: undefined, game: name?.game, seq: name?.seq, fault: error.what };
  }
}

function damaged(what: string): OrreryError {
  return new OrreryError({ code: 'DAMAGED', what, hint: 'Put the file back from a backup.' });
}
