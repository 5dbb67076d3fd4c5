// A proven game written into a database of its own, every body by our own hand: what a parser takes and nobody writes,
// such as white space or a key that stands twice, would come out otherwise where bytes are copied. Before it:
// row-proof.ts; after it: the owner of a shard, which takes the rows as they are.

import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { JsonObject } from '../../../core/patch/patch.ts';
import { encodePatches } from '../../../core/patch/record.ts';
import { cutText } from '../../chunks.ts';
import type { GameInfo } from '../../game-info.ts';
import { decodeCommands, decodeSteps, encodeCommand, writeBatch, writeCommandIndex } from '../image/batches.ts';
import { unpackBytes } from '../image/body.ts';
import type { Database, Row } from '../image/database.ts';
import { copyType, GAME_TABLES, insertRow, rowsOfGame } from '../image/game-tables.ts';
import { isGap } from '../image/gaps.ts';
import { readOrigins, writeOrigins } from '../image/origins.ts';
import { readGame, writeGame } from '../image/rows.ts';
import { readSnapshot, type Snapshot, type SnapshotReason, writeSnapshot } from '../image/snapshots.ts';

/** Inside a transaction of `to`, which is empty. `as` is the id that the game is to have. */
export function writeProven(from: Database, to: Database, row: GameInfo, as: string): void {
  let patchBytes = 0;
  let newest = { seq: row.firstSeq, bytes: 0 };
  for (const table of GAME_TABLES) {
    for (const each of rowsOfGame(from, table, row.id)) {
      if (table.name === 'snapshots')
        newest = { seq: Number(each['seq']), bytes: rewriteSnapshot(from, to, row.id, as, each) };
      else if (table.name === 'patch_batches') {
        const bytes = rewriteBatch(to, as, each);
        if (Number(each['last_seq']) > newest.seq) patchBytes += bytes;
      } else if (table.name === 'commands') rewriteIndexed(to, as, each);
      // How far retention has come with it, each directory finds out for itself.
      else insertRow(to, table, table.name === 'games' ? { ...each, thinned: null } : each, as);
    }
  }
  // What is listed beside the rows follows from them, and is not taken from whoever made the file.
  const listed = readGame(to, as) as GameInfo;
  writeGame(to, { ...listed, snapshotSeq: newest.seq, stateBytes: newest.bytes, patchBytes });
  copyType(from, to, row.type);
  writeOrigins(to, as, [...readOrigins(from, row.id), { id: row.id, upToSeq: row.seq }]);
}

/** Where the pieces of a large state begin and end no checksum of the row covers: it is cut anew. */
function rewriteSnapshot(from: Database, to: Database, game: string, as: string, row: Row): number {
  const { json, ...moment } = readSnapshot(from, game, Number(row['seq'])) as Snapshot;
  const pieces = cutText(parseJson(json) as JsonObject, moment.tables);
  return writeSnapshot(to, as, { ...moment, pieces: [...pieces] }, row['reason'] as SnapshotReason);
}

/** Returns the size of its steps as JSON. */
function rewriteBatch(to: Database, as: string, row: Row): number {
  const text = (column: string): string => unpackBytes(row[column], row['codec']).toString('utf8');
  const commands = Buffer.from(`[${decodeCommands(text('commands')).map(encodeCommand).join(',')}]`, 'utf8');
  if (isGap(row)) {
    to.run(
      `INSERT INTO patch_batches (game, first_seq, last_seq, first_tick, last_tick, time, count, codec, body, commands, least_time,
         most_time)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        as,
        ...CELLS.map((column) => row[column] ?? null),
        commands,
        row['least_time'] ?? null,
        row['most_time'] ?? null,
      ],
    );
    return 0;
  }
  const steps = decodeSteps(text('body')).map(
    ({ firstSeq, lastSeq, tick, time, patches }) =>
      `[${firstSeq},${lastSeq},${tick},${time},${encodePatches(patches)}]`,
  );
  const body = Buffer.from(`[${steps.join(',')}]`, 'utf8');
  writeBatch(to, as, {
    firstSeq: Number(row['first_seq']),
    lastSeq: Number(row['last_seq']),
    firstTick: Number(row['first_tick']),
    lastTick: Number(row['last_tick']),
    time: Number(row['time']),
    count: Number(row['count']),
    steps: body,
    commands,
    ...(row['least_time'] === null ? {} : { leastTime: Number(row['least_time']), mostTime: Number(row['most_time']) }),
  });
  return body.length;
}

const CELLS = ['first_seq', 'last_seq', 'first_tick', 'last_tick', 'time', 'count', 'codec', 'body'] as const;

function rewriteIndexed(to: Database, as: string, { seq, tick, time, name, player, args }: Row): void {
  const entry = { seq: Number(seq), tick: Number(tick), time: Number(time), name: String(name) };
  const parsed = args === null ? undefined : (parseJson(String(args)) as JsonObject);
  writeCommandIndex(to, as, [{ ...entry, player: player === null ? undefined : String(player), args: parsed }]);
}
