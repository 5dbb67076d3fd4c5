// The tables of the galactic war, held against the states in the same image, after bots have played.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OrreryError, openOrrery } from '#index.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import { shardDirectory } from '#storage/sqlite/directory.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { READING } from '#storage/sqlite/recovery/shard-reader.ts';
import { Bots, botNames, mapOf } from '../../examples/galactic-war/bots.ts';
import { galaxy, give } from '../../examples/galactic-war/galaxy.ts';
import { tables } from '../../examples/galactic-war/tables.ts';
import { smallSetup } from '../example/small-galaxy.ts';
import { expectedRows, sorted } from './oracle.ts';

const SHARDS = 2;
const IDS = ['andromeda', 'whirlpool', 'cigar'];

async function checkImages(directory: string): Promise<{ readonly [table: string]: number }> {
  const found: { [table: string]: number } = {};
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const database = await Database.open(nodeFiles.read(join(shardDirectory(directory, shard), 'latest.sqlite')));
    const compaction = new Compaction(database, READING, { frame: 0, chain: 0 });
    for (const { id } of compaction.games()) {
      const state = compaction.fold(id)?.state;
      for (const [table, { game = 'game' }] of Object.entries(tables)) {
        const rows = sorted(database.all(`SELECT * FROM "${table}" WHERE "${game}" = ?`, [id]));
        expect(rows, `${table} of ${id}`).toEqual(expectedRows(tables, table, id, state));
        found[table] = (found[table] ?? 0) + rows.length;
      }
    }
    expect(database.all('PRAGMA foreign_key_check')).toEqual([]);
    expect(database.all('SELECT galaxy, x, y FROM systems GROUP BY 1, 2, 3 HAVING count(*) > 1')).toEqual([]);
    database.close();
  }
  return found;
}

it('[PJ6] systems, structures and events are those of the state at the seq of the image', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(fc.nat(100), { minLength: 2, maxLength: 3 }), async (seed, stretches) => {
      const directory = mkdtempSync(join(tmpdir(), 'orrery-tables-'));
      try {
        let found = {};
        for (const [round, ticks] of stretches.entries()) {
          const orrery = await openOrrery({ directory, games: [galaxy], shards: SHARDS });
          for (const [index, id] of IDS.entries()) {
            const game = await orrery.open(galaxy, id, smallSetup(24));
            const bots = new Bots({ players: botNames(4), seed: seed + index + round * 7, map: mapOf(game.state) });
            for (let tick = 0; tick < ticks; tick += 1) {
              game.advance();
              for (let turn = 0; turn < 3; turn += 1) {
                const order = bots.next(game.state, game.tick);
                if (!order) continue;
                try {
                  give(game, order);
                } catch (error) {
                  if (!(error instanceof OrreryError && error.code === 'COMMAND_REFUSED')) throw error;
                }
              }
            }
          }
          // An image in the middle of everything, and the one that closing leaves.
          await orrery.checkpoint();
          await checkImages(directory);
          await orrery.close();
          found = await checkImages(directory);
        }
        expect(found).toMatchObject({ galaxies: IDS.length, systems: IDS.length * 24 });
      } finally {
        rmSync(directory, { recursive: true });
      }
    }),
    { numRuns: 2 },
  );
});

it('[PJ6] and there are some of each to see', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-tables-'));
  try {
    const orrery = await openOrrery({ directory, games: [galaxy], shards: SHARDS });
    const game = await orrery.open(galaxy, 'andromeda', smallSetup(24));
    const { systems } = game.state;
    const receipt = give(game, { command: 'join', args: undefined, player: 'ada' });
    const home = [...systems.ids()].find((id) => game.state.systems.get(id)?.owner === 'ada') as string;
    give(game, { command: 'build', args: { system: home, structure: 'hatchery' }, player: 'ada' });
    await receipt.durable;
    await orrery.close();
    const found = await checkImages(directory);
    expect(found['structures']).toBeGreaterThan(0);
    expect(found['events']).toBe(1);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
