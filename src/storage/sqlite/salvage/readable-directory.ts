// What is left of a whole directory: its shards, however damaged, and of each game the longest prefix that is proven.
// Nothing is changed. After it: new-directory.ts, which writes the games down again.

import { OrreryError } from '../../../core/errors.ts';
import { counted } from '../../../core/printable.ts';
import { readConfig, shardDirectory, shardName, shardNumber } from '../directory.ts';
import { type Files, isMissing } from '../files.ts';
import type { Complaint } from '../recovery/readable-journal.ts';
import { type ReadableShard, readableShardOf } from '../recovery/readable-shard.ts';
import { gamesOf, lostBehind, type SalvagedGame, salvageGame } from './salvage.ts';

export interface ReadableDirectory {
  /** Of the directory; of one without a readable description, how many folders of shards there are. */
  readonly shards: number;
  /** By id; also those of which nothing is proven, with seq -1. */
  readonly games: readonly SalvagedGame[];
  /** What was there for certain and cannot be told to a game. Files are relative to the directory. */
  readonly lost: readonly Complaint[];
  /** Files that are not as they should be, whether or not anything was lost with them. */
  readonly damaged: readonly Complaint[];
  readonly notes: readonly Complaint[];
  close(): void;
}

const CONFIG = 'orrery.json';

/**
 * Throws NOT_AN_ORRERY_DIRECTORY, FORMAT_TOO_NEW, and what the disk throws when it does not even list the directory.
 */
export async function readWhatIsLeft(files: Files, directory: string): Promise<ReadableDirectory> {
  const damaged: Complaint[] = [];
  const notes: Complaint[] = [];
  const present = foldersOf(files, directory);
  const shards = shardsOf(files, directory, present, damaged);
  for (const shard of present.filter((each) => each >= shards)) {
    notes.push({
      file: `${shardName(shard)}/`,
      what: `the directory has ${counted(shards, 'shard')}: this one was not looked at`,
    });
  }
  const remains: ReadableShard[] = [];
  const close = (): void => {
    for (const { images } of remains) for (const { database } of images) database.close();
  };
  try {
    for (let shard = 0; shard < shards; shard += 1) {
      remains.push(await readableShardOf(files, shardDirectory(directory, shard)));
    }
    const games = gamesOf(remains).map((id) => salvageGame(id, remains));
    const at = (shard: number, { file, what }: Complaint): Complaint => ({ file: `${shardName(shard)}/${file}`, what });
    const lost: Complaint[] = [];
    for (const [shard, of] of remains.entries()) {
      damaged.push(...of.faults.map((each) => at(shard, each)));
      notes.push(...of.notes.map((each) => at(shard, each)));
      lost.push(...of.lostLines.map((each) => at(shard, each)));
      lost.push(...lossesOf(of, remains, games.length > 0).map((each) => at(shard, each)));
    }
    return { shards, games, lost, damaged, notes, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Every shard was whole before a game was accepted in any of them. */
function lossesOf(shard: ReadableShard, all: readonly ReadableShard[], inUse: boolean): Complaint[] {
  const recorded = lossesOfRecorded(shard, all);
  if (recorded.length > 0) return recorded;
  if (shard.empty) return inUse ? [{ file: '', what: 'holds nothing: which games it had, nothing tells' }] : [];
  const newest = shard.images.toSorted((left, right) => right.frame - left.frame)[0];
  return lostBehind(shard, newest).map(({ first, last, file, what }) => ({
    file,
    what: `${first === last ? `frame ${first}` : `frames ${first} to ${last}`}: ${what}`,
  }));
}

/** Of a shard that was recorded here and is not in this folder: it may have been put into the folder of another. */
function lossesOfRecorded({ shard, recorded, empty }: ReadableShard, all: readonly ReadableShard[]): Complaint[] {
  if (recorded === undefined || recorded.shard === shard) return [];
  const elsewhere = all.find((each) => each.shard === recorded.shard);
  if (elsewhere === undefined) {
    const what = empty ? 'holds nothing' : 'is the folder of another shard';
    return [{ file: '', what: `${what}: the games of the shard that was recorded are lost` }];
  }
  const { newestFrame } = elsewhere.journal;
  if (newestFrame >= recorded.durableFrame) return [];
  const what = `frames ${newestFrame + 1} to ${recorded.durableFrame} of the shard that was recorded here are in no file`;
  return [{ file: '', what }];
}

function shardsOf(files: Files, directory: string, present: readonly number[], damaged: Complaint[]): number {
  try {
    return readConfig(files, directory).shards;
  } catch (error) {
    if (!(error instanceof OrreryError) || error.code === 'FORMAT_TOO_NEW' || present.length === 0) throw error;
    damaged.push({ file: CONFIG, what: error.what });
    return Math.max(...present) + 1;
  }
}

function foldersOf(files: Files, directory: string): number[] {
  let names: string[] = [];
  try {
    names = files.list(directory);
  } catch (error) {
    // readConfig says what such a directory is.
    if (!isMissing(error) && !(error instanceof OrreryError && error.context['errno'] === 'ENOTDIR')) throw error;
  }
  return names.map(shardNumber).filter((shard) => shard !== undefined && shard < 256) as number[];
}
