// A pack on its way into a directory: everything in it is proved, and what comes out is a database that holds nothing but
// the proven game under the id it is to have. Before it: reading.ts; after it: the owner of the game's shard, which takes
// the rows into its image and publishes that before it answers.

import { Digest } from '../digest/digest.ts';
import { cutText } from '../digest/pieces.ts';
import { checkGameId } from '../game/id.ts';
import { CODEC_MEMBERS } from '../image/body.ts';
import { Database, type Row } from '../image/database.ts';
import { copyType, GAME_TABLES, insertRow, rowsOfGame } from '../image/game-tables.ts';
import { readOrigins, writeOrigins } from '../image/origins.ts';
import { readGame, writeGame } from '../image/rows.ts';
import { readSnapshot, type Snapshot, type SnapshotReason, writeSnapshot } from '../image/snapshots.ts';
import type { Files } from '../journal/files.ts';
import type { JsonObject } from '../patch/patch.ts';
import { proveGame } from '../recovery/game-proof.ts';
import { READING } from '../recovery/shard-reader.ts';
import { damaged, type OpenPack, openPack, type PackDescription } from './reading.ts';

/** A proven game, ready to be taken in. */
export interface ProvenGame {
  /** The id it is to have. */
  readonly id: string;
  /** What the pack said; `game` in it is the id that it had. */
  readonly description: PackDescription;
  /** A database with the schema of an image that holds this game and nothing else. */
  readonly bytes: Uint8Array;
}

/** Throws PACK_NOT_FOUND, PACK_DAMAGED (with what does not add up), FORMAT_TOO_NEW, INVALID_GAME_ID, IO_FAILED. */
export async function provePack(files: Files, file: string, as?: string): Promise<ProvenGame> {
  if (as !== undefined) checkGameId(as);
  const pack = await openPack(files, file);
  try {
    const { row, database } = pack;
    const proof = proveGame({ database, digest: new Digest(database, READING, { frame: 0, chain: 0 }) }, row);
    if (proof.fault !== undefined) throw damaged(proof.fault, file, { game: row.id });
    const id = as ?? row.id;
    return { id, description: pack.description, bytes: await rewritten(pack, id) };
  } finally {
    pack.close();
  }
}

async function rewritten({ database, row }: OpenPack, as: string): Promise<Uint8Array> {
  const clean = await Database.open();
  try {
    clean.transaction(() => {
      for (const table of GAME_TABLES) {
        for (const each of rowsOfGame(database, table, row.id)) {
          if (table.name === 'snapshots' && each['codec'] === CODEC_MEMBERS) recut(database, clean, row.id, as, each);
          else insertRow(clean, table, each, as);
        }
      }
      // What is listed beside the rows follows from them, and is not taken from whoever made the file.
      const newest = readSnapshot(database, row.id, row.seq) as Snapshot;
      const listed = readGame(clean, as) as NonNullable<ReturnType<typeof readGame>>;
      writeGame(clean, { ...listed, snapshotSeq: newest.seq, stateBytes: Buffer.byteLength(newest.json) });
      copyType(database, clean, row.type);
      const renamed = as === row.id ? [] : [{ id: row.id, upToSeq: row.seq }];
      writeOrigins(clean, as, [...readOrigins(database, row.id), ...renamed]);
    });
    return clean.export();
  } finally {
    clean.close();
  }
}

/** Where the pieces of a large state begin and end no checksum of the row covers: it is cut anew. */
function recut(from: Database, to: Database, game: string, as: string, row: Row): void {
  const { json, ...moment } = readSnapshot(from, game, Number(row['seq'])) as Snapshot;
  const pieces = [...cutText(JSON.parse(json) as JsonObject, moment.tables)];
  writeSnapshot(to, as, { ...moment, pieces }, row['reason'] as SnapshotReason);
}
