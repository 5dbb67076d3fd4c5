// A program: a process that knows many small games and has next to none of them in memory, and says how much memory it
// has. evicted-games.ts runs it.
//
//   node --expose-gc evicted-games-process.js create|open|sql SHAPE FOLDER GAMES
//
// `create` makes the games, a few commands each, and lets them be evicted; `open` opens the folder that `create` has
// left; `sql` has sql.js open the image in it, and nothing else. Its last line of output is JSON: MemoryFigures.

import { readFileSync, statSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { defineGame, type Orrery, openOrrery } from '../../../src/index.ts';
import { galaxy, idOf } from '../../galaxy.ts';
import { residentBytes } from '../process-figures.ts';

export interface MemoryFigures {
  readonly resident: number;
  readonly heap: number;
  readonly image: number;
}

/** Bytes per game are those between two processes, so these hundred are in neither. */
const LOADED = 100;
const SYSTEMS = 20;
const COMMANDS = 5;
const OPENED_AT_ONCE = 50;

/** What is settled does not change by more than this from one look to the next, looks being half a second apart. */
const SETTLED_BYTES = 256 * 1024;
const LOOKS = 30;
const LOOK_MS = 500;

interface Match {
  score: { white: number; black: number };
  round: number;
}

/** About as little as a game can be. */
const match = defineGame('match', {
  version: 1,
  history: 'ticks',
  initial: (): Match => ({ score: { white: 0, black: 0 }, round: 1 }),
  commands: {
    point(draft: Match) {
      draft.score.white += 1;
      draft.round += 1;
    },
  },
});

/** Opens a game and gives it some commands. Nobody keeps it. */
const SHAPES: Readonly<Record<string, (orrery: Orrery, id: string) => Promise<void>>> = {
  galaxy: async (orrery, id) => {
    const game = await orrery.open(galaxy, id, SYSTEMS);
    for (let count = 0; count < COMMANDS; count += 1) game.dispatch('mine', { system: idOf(count), metal: 3 });
  },
  match: async (orrery, id) => {
    const game = await orrery.open(match, id);
    for (let count = 0; count < COMMANDS; count += 1) game.dispatch('point');
  },
};

/** The least that is resident once the garbage is gone, which takes V8 and the allocator some seconds. */
async function settled(): Promise<{ readonly resident: number; readonly heap: number }> {
  const { gc } = globalThis;
  if (!gc) throw new Error('run this with --expose-gc');
  let last = Number.POSITIVE_INFINITY;
  for (let look = 0, still = 0; look < LOOKS && still < 4; look += 1) {
    gc();
    await pause(LOOK_MS);
    const resident = residentBytes();
    still = Math.abs(resident - last) < SETTLED_BYTES ? still + 1 : 0;
    last = resident;
  }
  return { resident: last, heap: process.memoryUsage().heapUsed };
}

/** The games in a folder by way of Orrery. */
async function withOrrery(
  how: string,
  enter: (orrery: Orrery, id: string) => Promise<void>,
  folder: string,
  count: number,
): Promise<MemoryFigures> {
  const orrery = await openOrrery({ directory: folder, games: [galaxy, match], maxLoadedGames: LOADED });
  if (how === 'create') {
    for (let first = 0; first < count; first += OPENED_AT_ONCE) {
      const length = Math.min(OPENED_AT_ONCE, count - first);
      await Promise.all(Array.from({ length }, (_, index) => enter(orrery, `game ${first + index}`)));
      await orrery.flush();
    }
    const [report] = await orrery.checkpoint();
    if (!report || [...orrery.loaded()].length > LOADED) throw new Error('the games are not evicted');
  }
  const memory = await settled();
  const [stats] = await orrery.stats();
  const known = (await orrery.list()).length;
  if (known !== count) throw new Error(`${known} of ${count} games are known`);
  await orrery.close();
  return { ...memory, image: stats?.imageBytes ?? 0 };
}

/** The least that anybody pays who keeps these games in a database of sql.js. */
async function withSql(folder: string, count: number): Promise<MemoryFigures> {
  const { Database } = await (await import('sql.js')).default();
  const file = `${folder}/shard-00/latest.sqlite`;
  const database = new Database(readFileSync(file));
  const memory = await settled();
  const known = database.exec('SELECT count(*) FROM games')[0]?.values[0]?.[0];
  if (known !== count) throw new Error(`${String(known)} of ${count} games are known`);
  database.close();
  return { ...memory, image: statSync(file).size };
}

const [how, shape, folder, gamesText] = process.argv.slice(2) as [string, string, string, string];
const enter = SHAPES[shape];
if (!enter || !['create', 'open', 'sql'].includes(how)) throw new Error(`${how} ${shape}: there is no such thing`);
const count = Number(gamesText);
const figures = how === 'sql' ? await withSql(folder, count) : await withOrrery(how, enter, folder, count);
writeSync(1, `${JSON.stringify(figures)}\n`);
