// P10: what a game costs that is known and not in memory: durable, in the image, evicted. Two processes that differ in
// nothing but the number of games, 1,000 and 11,000: what is resident in one and not in the other, over 10,000.
//
// Figures, for one game: bytesPerGame, all resident memory; of it heapBytesPerGame in the main thread's heap and the
// rest, restBytesPerGame, in the owner thread, SQLite's memory and the allocator's gaps. reopenedBytesPerGame is the
// same for two processes that only opened what those have left, and sqlBytesPerGame for two in which nothing but sql.js
// has the image open. imageBytesPerGame on disk. 'orrery' has the games of W4, 20 systems and 4.5 kB of JSON each;
// 'orrery-match' has games of 50 bytes, so that it is the cost of knowing a game.

import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';
import type { MemoryFigures } from './evicted-games-process.ts';

const GAMES = 10_000;
const SMOKE_GAMES = 200;

const SHAPES: Readonly<Record<string, string>> = { orrery: 'galaxy', 'orrery-match': 'match' };

const execute = promisify(execFile);

async function processOf(
  how: 'create' | 'open' | 'sql',
  shape: string,
  folder: string,
  games: number,
): Promise<MemoryFigures> {
  const program = fileURLToPath(new URL('evicted-games-process.js', import.meta.url));
  const { stdout } = await execute(process.execPath, ['--expose-gc', program, how, shape, folder, String(games)]);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) as string) as MemoryFigures;
}

async function run({ contender, size }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const shape = SHAPES[contender];
  if (!shape) throw new Error(`nobody is called ${contender} here`);
  const more = smoke ? SMOKE_GAMES : size;
  const few = more / 10;
  const folders = { few: join(folder, 'few'), many: join(folder, 'many') };
  for (const each of Object.values(folders)) mkdirSync(each);
  const fewer = await processOf('create', shape, folders.few, few);
  const many = await processOf('create', shape, folders.many, few + more);
  const fewerOpened = await processOf('open', shape, folders.few, few);
  const manyOpened = await processOf('open', shape, folders.many, few + more);
  const fewerInSql = await processOf('sql', shape, folders.few, few);
  const manyInSql = await processOf('sql', shape, folders.many, few + more);
  const bytesPerGame = (many.resident - fewer.resident) / more;
  const heapBytesPerGame = (many.heap - fewer.heap) / more;
  return {
    bytesPerGame,
    heapBytesPerGame,
    restBytesPerGame: bytesPerGame - heapBytesPerGame,
    reopenedBytesPerGame: (manyOpened.resident - fewerOpened.resident) / more,
    sqlBytesPerGame: (manyInSql.resident - fewerInSql.resident) / more,
    imageBytesPerGame: (many.image - fewer.image) / more,
  };
}

export const evictedGames: Workload = {
  name: 'evicted-games',
  title: 'resident memory for each of 10,000 games that are known, idle and evicted',
  sizes: [GAMES],
  sizeUnit: 'games',
  rounds: 2,
  contenders: () => Object.keys(SHAPES),
  run,
};
