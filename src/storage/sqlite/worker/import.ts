// A game that comes into a shard with its whole past, out of a pack. The owner calls this; pack/unpacking.ts has proved
// the rows.
//
// No journal stands for such a game: it is there when an image that holds it counts. Therefore the manifest that
// makes it count names this image alone. If the one before, which does not hold the game, could still stand in for it,
// later records of the game would meet a shard that has never heard of it.

import { OrreryError } from '../../../core/errors.ts';
import type { Compaction } from '../compaction/compaction.ts';
import type { Files } from '../files.ts';
import { Database } from '../image/database.ts';
import { copyGame, copyType, GAME_TABLES, removeGame } from '../image/game-tables.ts';
import { manifestGeneration } from '../image/manifest.ts';
import { readOrigins, removeOrigins, writeOrigins } from '../image/origins.ts';
import { readGame, readMeta, writeMeta } from '../image/rows.ts';
import type { Lease } from '../recovery/lease.ts';

/** A game to be taken in. */
export interface Import {
  readonly game: string;
  /** A database that holds this game and nothing else. */
  readonly bytes: Uint8Array;
  /** Of this attempt alone: an owner that died before it could answer is asked again. */
  readonly token: string;
}

const KEY = 'import:';

/** What the owner lends. */
export interface ImportParts {
  readonly files: Files;
  readonly directory: string;
  readonly database: Database;
  readonly compaction: Compaction;
  readonly lease: Lease;
  /** Of the manifest that counts. */
  generation(): number;
  /** Publishes an image that is named alone. */
  publish(): Generator<unknown, unknown>;
}

/** Throws GAME_EXISTS, and what a checkpoint throws; then the game is not there. The journal has been compacted. */
export async function importGame(coming: Import, parts: ImportParts): Promise<void> {
  const { files, directory, database, compaction, lease } = parts;
  if (isDone(database, coming, compaction.lastSeq(coming.game) >= 0)) return;
  await takeIn(database, coming);
  compaction.adopt(coming.game);
  const before = parts.generation();
  try {
    const publishing = parts.publish();
    while (!publishing.next().done);
  } catch (error) {
    lease.check();
    // What was left to tidy up after it counted, the next checkpoint tidies up.
    if (parts.generation() > before) return;
    compaction.disown(coming.game);
    takeOut(database, coming.game);
    throw isPublished(files, directory, before) ? undecided(error) : error;
  }
}

/** Whether this very import has been done. Throws GAME_EXISTS when the id is another game's. */
function isDone(database: Database, { game, token }: Import, exists: boolean): boolean {
  if (!exists) return false;
  if (readMeta(database).get(KEY + game) === token) return true;
  throw new OrreryError({
    code: 'GAME_EXISTS',
    what: 'there is a game of that id already',
    hint: 'Give the new one another id (`as`, on the command line --as). Nothing was changed.',
    context: { game },
  });
}

/** Puts the rows in. Nothing has happened when this throws. */
async function takeIn(database: Database, { game, bytes, token }: Import): Promise<void> {
  const from = await Database.open(bytes);
  try {
    const row = readGame(from, game);
    if (!row) {
      throw new OrreryError({
        code: 'INTERNAL',
        what: 'what was to be taken in does not hold the game',
        hint: 'This is a defect in Orrery: please report it with this message.',
        context: { game },
      });
    }
    database.transaction(() => {
      copyGame(from, database, game);
      copyType(from, database, row.type);
      writeOrigins(database, game, readOrigins(from, game));
      writeMeta(database, { [KEY + game]: token });
    });
  } finally {
    from.close();
  }
}

/** Takes the rows out again: no image that counts holds them. */
function takeOut(database: Database, game: string): void {
  database.transaction(() => {
    for (const table of GAME_TABLES.toReversed()) removeGame(database, table, game);
    removeOrigins(database, game);
    database.run('DELETE FROM meta WHERE key = ?', [KEY + game]);
  });
  // Pages that are free are exported all the same: without this the next image would be as large as the one that
  // failed.
  database.vacuum();
}

/** Whether a manifest newer than the one that counts has its name, although it could not be made durable. */
function isPublished(files: Files, directory: string, generation: number): boolean {
  try {
    return files.list(directory).some((name) => (manifestGeneration(name) ?? 0) > generation);
  } catch {
    // A disk that does not even list a folder says nothing of it either.
    return true;
  }
}

/** Only opening the shard again tells whether the game is there: as after the death of its thread. */
function undecided(cause: unknown): OrreryError {
  return new OrreryError({
    code: 'OWNER_DIED',
    what: 'the disk failed while a game was taken in, and may have it or not',
    hint: 'Orrery opens the shard again and looks.',
    cause,
  });
}
