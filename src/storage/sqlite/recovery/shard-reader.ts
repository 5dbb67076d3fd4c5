// Looks at a shard without changing it, also while its owner goes on writing. Before it: read-shard.ts, which folds
// image and journal together; after it: whoever asks, such as the commands in cli/. It sees every frame that has been
// written when it opens; the newest of them may not be durable yet.

import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OrreryError } from '../../../core/errors.ts';
import type { GameInfo } from '../../game-info.ts';
import type { CompactionOptions } from '../compaction/compaction-options.ts';
import type { StoredHistory } from '../compaction/stored-history.ts';
import { type Files, isMissing } from '../files.ts';
import { imageName } from '../image/image.ts';
import { readMeta } from '../image/rows.ts';
import { segmentName } from '../journal/segment.ts';
import { hasChanged, holdFiles } from './held-files.ts';
import { assertNumber, discrepancyOf, MISSING, NEVER_RECORDED, refusal } from './known-shard.ts';
import { type Listing, listShard, readManifest, readShard, type ShardContents } from './read-shard.ts';
import { readRecord, type ShardRecord } from './shard-record.ts';

/** Tries before what looks like damage counts as damage, in a shard that changes all the time. */
const MOST_ATTEMPTS = 50;

/** How far patches are to be merged is the game type's choice: a reader goes by what the image says of it. */
export const READING: CompactionOptions = { granularityOf: () => undefined, commandIndex: false };

/** The SQL tables of game types as well, up to the newest record. */
export const READING_TABLES: CompactionOptions = { ...READING, projections: new Map() };

export class ShardReader {
  /** Undefined for a shard that was never finished being made: it holds nothing. */
  readonly contents: ShardContents | undefined;

  private constructor(contents: ShardContents | undefined) {
    this.contents = contents;
  }

  /**
   * `shard` is the number that the folder should be of. Throws SHARD_MISSING, SHARD_REPLACED and SHARD_OLDER when it is
   * not what was recorded, unless that is not to be looked at; DAMAGED, FORMAT_TOO_NEW, IO_FAILED.
   */
  static async open(
    files: Files,
    directory: string,
    shard: number,
    how = READING,
    record: 'compare' | 'ignore' = 'compare',
  ): Promise<ShardReader> {
    for (let attempt = 1; ; attempt += 1) {
      // Before anything else: a shard that goes on meanwhile is ahead of it, and never behind.
      const recorded = record === 'compare' ? readRecord(files, directory) : undefined;
      let listing: Listing;
      try {
        listing = listShard(files, directory);
      } catch (error) {
        // The folders are made before the directory is: one that is gone has taken its games with it.
        if (isMissing(error)) throw refusal(MISSING, directory, shard);
        throw error;
      }
      try {
        const contents = await readHeld(files, directory, shard, listing, how, recorded);
        if (contents === undefined && record === 'compare') await assertNeverMade(files, directory, shard, recorded);
        return new ShardReader(contents);
      } catch (error) {
        const settled = !(error instanceof OrreryError) || !hasChanged(files, directory, listing);
        if (settled || attempt === MOST_ATTEMPTS) throw error;
      }
      await delay(attempt);
    }
  }

  /** By id. */
  games(): readonly GameInfo[] {
    return this.contents?.compaction.list() ?? [];
  }

  game(id: string): GameInfo | undefined {
    return this.contents?.compaction.game(id);
  }

  /**
   * Everything that can be read of a game's past. Undefined when there is no such game. Throws GAME_UNREADABLE when
   * there is nothing.
   */
  past(id: string): StoredHistory | undefined {
    return this.contents?.compaction.past(id);
  }

  close(): void {
    this.contents?.database.close();
  }
}

async function readHeld(
  files: Files,
  directory: string,
  shard: number,
  listing: Listing,
  how: CompactionOptions,
  recorded: ShardRecord | undefined,
): Promise<ShardContents | undefined> {
  const manifest = readManifest(files, directory, listing);
  if (!manifest) return undefined;
  const newest = manifest.images[0]?.generation as number;
  const segments = [...new Set([...manifest.segments, ...listing.segments])].filter(
    (each) => each >= manifest.generation,
  );
  const held = holdFiles(files, directory, [...segments.map(segmentName), imageName(newest)]);
  const contents = await readShard(held, directory, manifest, listing, how);
  try {
    assertNumber(directory, shard, readMeta(contents.database).get('shard_number'));
    const discrepancy = recorded && discrepancyOf(recorded, contents);
    if (discrepancy) throw refusal(discrepancy, directory, shard);
    return contents;
  } catch (error) {
    contents.database.close();
    throw error;
  }
}

/**
 * For a shard that holds nothing: it may be new, if nothing was recorded of it and no shard beside it has a game, for
 * all of them are made before any gets one. Throws SHARD_MISSING.
 */
export async function assertNeverMade(
  files: Files,
  folder: string,
  shard: number,
  recorded: ShardRecord | undefined,
): Promise<void> {
  if (recorded) throw refusal(MISSING, folder, shard);
  const parent = dirname(folder);
  for (const name of files.list(parent)) {
    const number = /^shard-(\d{2,3})$/.exec(name)?.[1];
    if (number === undefined || name === basename(folder)) continue;
    if (await holdsGames(files, `${parent}/${name}`, Number(number))) throw refusal(NEVER_RECORDED, folder, shard);
  }
}

async function holdsGames(files: Files, folder: string, shard: number): Promise<boolean> {
  let reader: ShardReader;
  try {
    reader = await ShardReader.open(files, folder, shard, READING, 'ignore');
  } catch (error) {
    // What is wrong with that one is told when it is opened itself.
    if (error instanceof OrreryError) return false;
    throw error;
  }
  const { length } = reader.games();
  reader.close();
  return length > 0;
}
