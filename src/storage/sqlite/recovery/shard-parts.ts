// The parts of a shard, each read by itself and held against its name. An opening takes the first that is whole; a
// check and a salvage look at all of them, and say what is wrong with each. Nothing here writes. After it:
// read-shard.ts, readable-shard.ts and inspection/.

import { OrreryError } from '../../../core/errors.ts';
import type { Files } from '../files.ts';
import type { Database } from '../image/database.ts';
import { decodeManifest, type Manifest, manifestGeneration } from '../image/manifest.ts';
import type { SegmentHeader } from '../journal/segment.ts';
import type { Listing } from './read-shard.ts';
import { readRecord, type ShardRecord } from './shard-record.ts';

/** A manifest as it was found: what it says, or why that cannot be read. */
export interface FoundManifest {
  readonly name: string;
  readonly found: Manifest | OrreryError;
}

/** Newest first, each read when it is asked for. Throws FORMAT_TOO_NEW. */
export function* manifestsIn(files: Files, folder: string, listing: Listing): Generator<FoundManifest, void, void> {
  for (const generation of listing.manifests.toReversed()) {
    const name = listing.names.find((each) => manifestGeneration(each) === generation) as string;
    yield { name, found: orFault(() => manifestOf(files, `${folder}/${name}`, generation)) };
  }
}

function manifestOf(files: Files, file: string, generation: number): Manifest {
  const manifest = decodeManifest(files.read(file), file);
  if (manifest.generation === generation) return manifest;
  throw new OrreryError({
    code: 'DAMAGED',
    what: `a manifest has the name of another: it is of generation ${manifest.generation}`,
    hint: 'Nothing was changed. Put the files back from a backup, or recover what is left with `orrery salvage`.',
    context: { file },
  });
}

/**
 * What stands beside the folder. To be read before anything in it: a shard that goes on meanwhile is ahead of its
 * record, and never behind. Undefined when there is none. Throws FORMAT_TOO_NEW.
 */
export function recordOf(files: Files, folder: string): ShardRecord | OrreryError | undefined {
  return orFault(() => readRecord(files, folder));
}

/** Why a segment that can be read is not the one that its name and its folder say. Without a shard any will do. */
export function misplacement(header: SegmentHeader, generation: number, shard: string | undefined): string | undefined {
  if (shard !== undefined && header.shardUuid !== shard) return 'belongs to another shard';
  return header.generation === generation ? undefined : `is segment ${header.generation} by its header`;
}

const CHECKS = [
  ['quick_check', 'PRAGMA quick_check(3)'],
  ['integrity_check', 'PRAGMA integrity_check(3)'],
] as const;

/** What SQLite itself has against an image. Each of its checks sees what the other passes over. */
export function complaintOfSqlite(database: Database): string | undefined {
  for (const [check, sql] of CHECKS) {
    const answers = database.all(sql).flatMap((row) => Object.values(row).map(String));
    if (answers.join() !== 'ok') return `SQLite's ${check} says: ${answers.join('; ')}`;
  }
  return undefined;
}

/** A format that is too new is nobody's damage, and a defect of ours neither: both are thrown. */
function orFault<T>(read: () => T): T | OrreryError {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OrreryError) || error.code === 'FORMAT_TOO_NEW') throw error;
    return error;
  }
}
