// A salvaged game written down: its rows as they stand in the image they come from, and the records behind them
// compacted. After it: a checkpoint, which publishes the database as the first image of a new shard.

import type { JsonObject } from '../../../core/patch/patch.ts';
import { cutText } from '../../chunks.ts';
import type { Compaction } from '../compaction/compaction.ts';
import type { Database, SqlValue } from '../image/database.ts';
import { readOrigins, writeOrigins } from '../image/origins.ts';
import { readQuarantine, writeGame, writeQuarantine } from '../image/rows.ts';
import { readSeed, writeSeed } from '../image/seeds.ts';
import { readSnapshot, type Snapshot, writeSnapshot } from '../image/snapshots.ts';
import { isTable, type SalvagedGame } from './salvage.ts';

export interface NewShard {
  readonly database: Database;
  readonly compaction: Compaction;
}

const LINE_FEED = Buffer.from('\n', 'latin1');

/** The tables that hold the past of a game, with the column that says up to which seq a row goes. */
const PAST = [
  {
    columns: "SELECT name FROM pragma_table_info('snapshots')",
    rows: 'SELECT * FROM snapshots WHERE game = ? AND seq <= ? AND seq > ? ORDER BY seq LIMIT 1',
    into: 'snapshots',
    seq: 'seq',
  },
  {
    columns: "SELECT name FROM pragma_table_info('patch_batches')",
    rows: 'SELECT * FROM patch_batches WHERE game = ? AND last_seq <= ? AND last_seq > ? ORDER BY last_seq LIMIT 1',
    into: 'patch_batches',
    seq: 'last_seq',
  },
  {
    columns: "SELECT name FROM pragma_table_info('commands')",
    rows: 'SELECT * FROM commands WHERE game = ? AND seq <= ? AND seq > ? ORDER BY seq LIMIT 1',
    into: 'commands',
    seq: 'seq',
  },
] as const;

export function writeSalvaged(shard: NewShard, game: SalvagedGame): void {
  copyRows(shard.database, game);
  const lines = [...game.lines, ...game.held];
  if (lines.length === 0) return;
  // Compaction holds again what cannot be read.
  const payload = Buffer.concat(lines.flatMap((line) => [line, LINE_FEED]));
  // No frame of the new journal stands for them: the image that is to be published holds them all.
  const taking = shard.compaction.take(payload, shard.compaction.position);
  while (!taking.next().done);
}

function copyRows(to: Database, { id, image, row, imageSeq }: SalvagedGame): void {
  if (!image || !row) return;
  const from = image.database;
  // What is proven up to imageSeq began with a snapshot, and every later one was read.
  const newest = readSnapshot(from, id, imageSeq) as Snapshot;
  to.transaction(() => {
    writeGame(to, {
      ...row,
      snapshotSeq: newest.seq,
      stateBytes: newest.json.length,
    });
    for (const { columns, rows, into, seq } of PAST) {
      const names = to.all(columns).map(({ name }) => String(name));
      const places = names.map(() => '?').join(', ');
      const insert = `INSERT INTO ${into} (${names.join(', ')}) VALUES (${places})`;
      // One row at a time: a long past must not be in memory twice.
      for (let after = -1; ; ) {
        const [found] = from.all(rows, [id, imageSeq, after]);
        if (!found) break;
        after = Number(found[seq]);
        if (into === 'snapshots' && !image.proven) {
          rewriteSnapshot(to, from, id, after);
          continue;
        }
        const values = names.map((name) => found[name] ?? null);
        // eslint-disable-next-line orrery/bound-sql -- names of columns, as our own schema has them; values are bound
        to.run(insert, values);
      }
    }
    writeSeed(to, id, readSeed(from, id));
    // How it is kept, for programs without the code of its type; the tables that the type declares are made anew by one
    // that has it.
    const policy = from.one('SELECT history, retention FROM types WHERE name = ?', [row.type]);
    if (policy) {
      const kept = [row.type, policy['history'], policy['retention']] as SqlValue[];
      to.run('INSERT OR IGNORE INTO types (name, history, retention) VALUES (?, ?, ?)', kept);
    }
    // What was given up by a recovery that is itself lost counts again.
    for (const range of readQuarantine(from, id)) if (range.lastSeq < imageSeq) writeQuarantine(to, range);
    // What is played on from here is played under the id it has.
    const origins = readOrigins(from, id).map((origin) => ({ ...origin, upToSeq: Math.min(origin.upToSeq, imageSeq) }));
    writeOrigins(to, id, origins);
  });
}

/** Where its pieces begin and end no checksum of the row covers: it is cut anew. */
function rewriteSnapshot(to: Database, from: Database, id: string, seq: number): void {
  const { json, ...moment } = readSnapshot(from, id, seq) as Snapshot;
  const state = JSON.parse(json) as JsonObject;
  const tables = moment.tables.filter((table) => isTable(state, table));
  writeSnapshot(to, id, { ...moment, tables, pieces: [...cutText(state, tables)] }, 'request');
}
