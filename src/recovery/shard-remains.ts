// Everything that can still be read of a shard's folder, whether or not it would open: manifests, images, frames. Nothing is
// changed. Before it: a folder that may be damaged in any way; after it: salvage.ts, which makes games of it.

import { Digest } from '../digest/digest.ts';
import { OrreryError } from '../errors.ts';
import { sha256 } from '../image/body.ts';
import { Database } from '../image/database.ts';
import { imageName } from '../image/image.ts';
import { decodeManifest, type ImageEntry, type Manifest, manifestName } from '../image/manifest.ts';
import { type GameRow, readMeta } from '../image/rows.ts';
import { type Files, isMissing } from '../journal/files.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from '../journal/segment.ts';
import { decodeRecord, type Record } from '../patch/record.ts';
import type { GameSource } from './game-proof.ts';
import { assertOurs, type Complaint, type JournalRemains, readJournalRemains } from './journal-remains.ts';
import { type Listing, listShard } from './read-shard.ts';
import { READING } from './shard-reader.ts';
import { readRecord, type ShardRecord } from './shard-record.ts';

export interface RemainingImage extends GameSource {
  readonly generation: number;
  readonly frame: number;
  readonly chain: number;
  /** A whole manifest has its SHA-256. Otherwise each of its games has to prove itself, from its creation on. */
  readonly proven: boolean;
  readonly games: readonly GameRow[];
  /** Ids that only stand beside snapshots: the row that listed them is gone. */
  readonly unlisted: readonly string[];
}

export interface RemainingRecord {
  readonly frame: number;
  readonly record: Record;
  /** As it stands in the frame. */
  readonly line: string;
}

export interface ShardRemains {
  readonly folder: string;
  /** Newest first. */
  readonly images: readonly RemainingImage[];
  readonly journal: JournalRemains;
  /** By game, in the order in which they were written. */
  readonly records: ReadonlyMap<string, readonly RemainingRecord[]>;
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

/** How deep a change of SQLite's own mind goes: both have to be content with an image that no manifest vouches for. */
const CHECKS = ['PRAGMA quick_check(1)', 'PRAGMA integrity_check(1)'] as const;

/** Throws FORMAT_TOO_NEW. */
export async function readShardRemains(files: Files, folder: string): Promise<ShardRemains> {
  const faults: Complaint[] = [];
  const recorded = readRecorded(files, folder, faults);
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
  const journal = readJournalRemains(files, folder, listing.segments, {
    shardUuid,
    generations: [...own.flatMap(({ segments, generation }) => [...segments, generation]), ...listing.segments],
    durableFrame: Math.max(
      recorded !== undefined && recorded.shard === shardUuid ? recorded.durableFrame : 0,
      ...own.map(({ durableFrame }) => durableFrame),
      ...vouched.map(({ frame }) => frame),
    ),
    chains: new Map(vouched.map(({ frame, chain }) => [frame, chain])),
  });
  const records = readRecords(journal, faults);
  return {
    folder,
    images,
    journal,
    records,
    faults: [...faults, ...journal.faults],
    notes: journal.notes,
    empty: listing.manifests.length + listing.images.length + listing.segments.length === 0,
    shard: shardUuid,
    recorded,
  };
}

/** Its place among the complaints is the folder that it speaks of. */
function readRecorded(files: Files, folder: string, faults: Complaint[]): ShardRecord | undefined {
  try {
    return readRecord(files, folder);
  } catch (error) {
    if (!(error instanceof OrreryError) || error.code === 'FORMAT_TOO_NEW') throw error;
    faults.push({ file: '', what: error.what });
    return undefined;
  }
}

function readManifests(files: Files, folder: string, listing: Listing, faults: Complaint[]): Manifest[] {
  const manifests: Manifest[] = [];
  for (const generation of listing.manifests.toReversed()) {
    const name = manifestName(generation);
    try {
      const manifest = decodeManifest(files.read(`${folder}/${name}`), name);
      if (manifest.generation === generation) manifests.push(manifest);
      else faults.push({ file: name, what: `is the manifest of generation ${manifest.generation}` });
    } catch (error) {
      if (!(error instanceof OrreryError) || error.code === 'FORMAT_TOO_NEW') throw error;
      faults.push({ file: name, what: error.what });
    }
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
    for (const check of proven ? [] : CHECKS) {
      const [answer] = database.all(check).flatMap((row) => Object.values(row).map(String));
      if (answer !== 'ok') throw damaged(`SQLite finds fault with it: ${answer}`);
    }
    const meta = readMeta(database);
    const frame = entry?.frame ?? Number(meta.get('applied_frame'));
    const chain = entry?.chain ?? Number(meta.get('applied_chain'));
    const shard = meta.get('shard') ?? '';
    if (!Number.isSafeInteger(frame) || !Number.isSafeInteger(chain) || meta.get('applied_frame') !== String(frame)) {
      throw damaged('does not say which frames it holds');
    }
    const digest = new Digest(database, READING, { frame, chain });
    const games = digest.games();
    const listed = new Set(games.map(({ id }) => id));
    const named = database.all('SELECT DISTINCT game FROM snapshots').map(({ game }) => String(game));
    const unlisted = named.filter((id) => !listed.has(id));
    return { generation, frame, chain, proven, database, digest, games, unlisted, shard };
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

function readRecords(journal: JournalRemains, faults: Complaint[]): Map<string, RemainingRecord[]> {
  const records = new Map<string, RemainingRecord[]>();
  for (const { number, file, payload } of journal.frames) {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
    for (const line of text.split('\n')) {
      if (line === '') continue;
      try {
        const record = decodeRecord(line);
        const own = records.get(record.game);
        if (own) own.push({ frame: number, record, line });
        else records.set(record.game, [{ frame: number, record, line }]);
      } catch (error) {
        assertOurs(error);
        faults.push({ file, what: `frame ${number} holds a record that is none: ${error.what}` });
      }
    }
  }
  return records;
}

function damaged(what: string): OrreryError {
  return new OrreryError({ code: 'DAMAGED', what, hint: 'Put the file back from a backup.' });
}
