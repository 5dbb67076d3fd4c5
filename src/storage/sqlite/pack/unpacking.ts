// A pack on its way into a directory: everything in it is proved, and what comes out is a database that holds nothing
// but the proven game under the id it is to have. Before it: reading.ts; after it: the owner of the game's shard, which
// takes the rows into its image and publishes that before it answers.

import { checkGameId } from '../../../core/game/id.ts';
import { assemble } from '../../assemble.ts';
import { Compaction } from '../compaction/compaction.ts';
import type { Files } from '../files.ts';
import { Database } from '../image/database.ts';
import { readGame } from '../image/rows.ts';
import { complaintOf, type GameProof, proveGame } from '../recovery/game-proof.ts';
import { READING } from '../recovery/shard-reader.ts';
import { asPackFault, damaged, type OpenPack, openPack, type PackDescription } from './reading.ts';
import { proveRows, proveTables } from './row-proof.ts';
import { writeProven } from './written-anew.ts';

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
    proveContents(pack);
    const id = as ?? pack.row.id;
    return { id, description: pack.description, bytes: await rewritten(pack, id) };
  } catch (error) {
    throw faultOfPack(error, file, pack.row.id);
  } finally {
    pack.close();
  }
}

/** The rows one by one, then what they lead to. */
function proveContents({ row, database, file }: OpenPack): void {
  proveRows(database, row.id);
  const proof: GameProof = proveGame(
    { database, compaction: new Compaction(database, READING, { frame: 0, chain: 0 }) },
    row,
  );
  if (proof.fault !== undefined) throw damaged(proof.fault, file, { game: row.id });
  proveTables(row.tables, proof.state);
}

/** A database of its own: nothing that somebody else has written down is taken over as it stands. */
async function rewritten({ database, row }: OpenPack, as: string): Promise<Uint8Array> {
  const clean = await Database.open();
  try {
    clean.transaction(() => writeProven(database, clean, row, as));
    // Read as a program will read it.
    const digest = new Compaction(clean, READING, { frame: 0, chain: 0 });
    const loaded = digest.load(as);
    await assemble(loaded?.pieces ?? [], (readGame(clean, as) as OpenPack['row']).tables);
    return clean.export();
  } finally {
    clean.close();
  }
}

/** Whatever stops a pack from being used is the pack's fault, also what only a parser says. */
function faultOfPack(error: unknown, file: string, game: string): unknown {
  if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError)
    return damaged(complaintOf(error), file, { game }, error);
  return asPackFault(error, file);
}
