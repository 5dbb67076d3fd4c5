// Looks at a shard without changing it, also while its owner goes on writing. Before it: read-shard.ts, which folds image
// and journal together; after it: whoever asks, such as the commands in cli/. It sees every frame that has been written
// when it opens; the newest of them may not be durable yet.

import { setTimeout as delay } from 'node:timers/promises';
import type { DigestOptions } from '../digest/digest.ts';
import type { StoredPast } from '../digest/stored-past.ts';
import { OrreryError } from '../errors.ts';
import { imageName } from '../image/image.ts';
import { type GameRow, readMeta } from '../image/rows.ts';
import { type Files, isMissing } from '../journal/files.ts';
import { segmentName } from '../journal/segment.ts';
import { hasChanged, holdFiles } from './held-files.ts';
import { type Listing, listShard, readManifest, readShard, type ShardContents } from './read-shard.ts';

/** Tries before what looks like damage counts as damage, in a shard that changes all the time. */
const MOST_ATTEMPTS = 50;

/** How far patches are to be merged is the game type's choice: a reader goes by what the image says of it. */
export const READING: DigestOptions = { grainOf: () => undefined, commandIndex: false };

/** The SQL tables of game types as well, up to the newest record. */
export const READING_TABLES: DigestOptions = { ...READING, projections: new Map() };

export class ShardReader {
  /** Undefined for a shard that was never finished being made: it holds nothing. */
  readonly contents: ShardContents | undefined;

  private constructor(contents: ShardContents | undefined) {
    this.contents = contents;
  }

  /** `shard` is the number that the folder should be of. Throws DAMAGED, FORMAT_TOO_NEW, IO_FAILED. */
  static async open(files: Files, directory: string, shard: number, how = READING): Promise<ShardReader> {
    for (let attempt = 1; ; attempt += 1) {
      let listing: Listing;
      try {
        listing = listShard(files, directory);
      } catch (error) {
        // The folders are made before the directory is: one that is gone has taken its games with it.
        if (isMissing(error)) throw damaged('the folder of a shard is gone', directory);
        throw error;
      }
      try {
        return new ShardReader(await readHeld(files, directory, shard, listing, how));
      } catch (error) {
        const settled = !(error instanceof OrreryError) || !hasChanged(files, directory, listing);
        if (settled || attempt === MOST_ATTEMPTS) throw error;
      }
      await delay(attempt);
    }
  }

  /** By id. */
  games(): readonly GameRow[] {
    return this.contents?.digest.games() ?? [];
  }

  game(id: string): GameRow | undefined {
    return this.contents?.digest.game(id);
  }

  /** Everything that is kept of a game's past. Undefined when there is no such game. */
  past(id: string): StoredPast | undefined {
    return this.contents?.digest.past(id);
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
  how: DigestOptions,
): Promise<ShardContents | undefined> {
  const manifest = readManifest(files, directory, listing);
  if (!manifest) return undefined;
  const newest = manifest.images[0]?.generation as number;
  const segments = [...new Set([...manifest.segments, ...listing.segments])].filter(
    (each) => each >= manifest.generation,
  );
  const held = holdFiles(files, directory, [...segments.map(segmentName), imageName(newest)]);
  const contents = await readShard(held, directory, manifest, listing, how);
  const number = readMeta(contents.database).get('shard_number');
  if (number === String(shard)) return contents;
  contents.database.close();
  throw damaged(`the folder is that of shard ${number}, not of shard ${shard}`, directory);
}

function damaged(what: string, directory: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Put the folder of the shard in its place, from a backup if need be. Nothing was changed.',
    context: { directory },
  });
}
