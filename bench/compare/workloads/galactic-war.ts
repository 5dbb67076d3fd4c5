// W8: the galactic-war example as its demo plays it: its star file, its bots, eight galaxies ticking 20 times a second.
// The same seeds make the same orders for everybody, and in the end all must have come to the same states.
//
// Who plays: orrery; orrery-null, Orrery on a store that keeps nothing; plain, the example's PlainGalaxy with nothing
// made durable, which is what the rules and the bots cost by themselves; better-sqlite3, a PlainGalaxy whose touched
// entities and orders are written in one transaction a tick. Touched are those that a rule has opened with get, set or
// delete: the example's rules read with peek, and the bots get a view that reads.
//
// Figures: loopMicroseconds for a tick of all galaxies, everything the loop was busy with; tickP50Microseconds and
// tickP99Microseconds of the tick's own work; ordersPerTick; ticks.

import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { mapOf } from '../../../examples/galactic-war/bots.ts';
import { Crew } from '../../../examples/galactic-war/demo/crew.ts';
import { DEFAULT_GALAXIES } from '../../../examples/galactic-war/demo/options.ts';
import { HZ } from '../../../examples/galactic-war/demo/settings.ts';
import { type Galaxy, galaxy, give } from '../../../examples/galactic-war/galaxy.ts';
import { type LogEntry, PlainGalaxy } from '../../../examples/galactic-war/recompute.ts';
import { PACES } from '../../../examples/galactic-war/rules.ts';
import { loadStars } from '../../../examples/galactic-war/stars.ts';
import type { Setup } from '../../../examples/galactic-war/state.ts';
import { openOrrery } from '../../../src/index.ts';
import { NullStore } from '../../null-store.ts';
import { LoopTime } from '../loop-time.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';
import { GalaxyDatabase, WatchedGalaxy } from './galaxy-database.ts';
import { percentile } from './percentile.ts';

const SEED = 20_260;
const WARM_UP_TICKS = 250;
const TICKS = 100;

export interface Side {
  /** One tick of every galaxy; the result is how many orders were accepted. */
  tick(): number;
  /** The states as JSON text, read back from the disk by whoever has one, when everything is closed. */
  finish(): Promise<readonly string[]>;
}

type OpenSide = (folder: string, ids: readonly string[], setup: Setup) => Promise<Side>;

function onOrrery(durable: boolean): OpenSide {
  return async (folder, ids, setup) => {
    const options = { directory: folder, games: [galaxy], ...(durable ? {} : { store: () => new NullStore() }) };
    const orrery = await openOrrery(options);
    const games: Galaxy[] = await Promise.all(ids.map((id) => orrery.open(galaxy, id, setup)));
    const map = mapOf((games[0] as Galaxy).state);
    const crews = games.map((game, index) => new Crew(game, (order) => give(game, order), SEED + index, map));
    const failure: { error?: unknown } = {};
    orrery.on('failed', (error) => {
      failure.error ??= error;
    });
    return {
      tick() {
        if (failure.error !== undefined) throw failure.error;
        let orders = 0;
        for (const crew of crews) {
          crew.play(() => {
            orders += 1;
          });
        }
        for (const game of games) game.advance();
        return orders;
      },
      async finish() {
        await orrery.flush();
        const live = games.map(({ state }) => JSON.stringify(state));
        await orrery.close();
        if (!durable) return live;
        await using reopened = await openOrrery(options);
        const loaded = await Promise.all(ids.map((id) => reopened.load(galaxy, id)));
        return loaded.map(({ state }) => JSON.stringify(state));
      },
    };
  };
}

const plain: OpenSide = async (_folder, ids, setup) => {
  const games = ids.map((id) => new PlainGalaxy(id, setup));
  const map = mapOf((games[0] as PlainGalaxy).state);
  const crews = games.map(
    (game, index) =>
      new Crew(game, ({ command, args, player }) => game.dispatch(command, args, { player }), SEED + index, map),
  );
  return {
    tick() {
      let orders = 0;
      for (const crew of crews) {
        crew.play(() => {
          orders += 1;
        });
      }
      for (const game of games) game.advance();
      return orders;
    },
    finish: async () => games.map((game) => JSON.stringify(game.toJSON())),
  };
};

const sqlite: OpenSide = async (folder, ids, setup) => {
  const file = join(folder, 'galaxies.sqlite');
  const games = ids.map((id) => new WatchedGalaxy(id, setup));
  const map = mapOf((games[0] as WatchedGalaxy).state);
  const database = new GalaxyDatabase(file);
  database.create(games);
  let entries: { game: string; entry: LogEntry }[] = [];
  let logged = 0;
  const crews = games.map(
    (game, index) =>
      new Crew(
        game.view,
        ({ command, args, player }) => entries.push({ game: game.id, entry: game.dispatch(command, args, { player }) }),
        SEED + index,
        map,
      ),
  );
  return {
    tick() {
      for (const crew of crews) crew.play();
      const orders = entries.length;
      for (const game of games) entries.push({ game: game.id, entry: game.advance() });
      database.commit(games, entries);
      logged += entries.length;
      entries = [];
      return orders;
    },
    async finish() {
      database.close();
      const reopened = new GalaxyDatabase(file);
      try {
        if (reopened.entries !== logged) throw new Error(`${reopened.entries} of ${logged} orders are in the history`);
        return games.map(({ id, state }) => JSON.stringify(reopened.read(id, Object.keys(state))));
      } finally {
        reopened.close();
      }
    },
  };
};

const SIDES: Readonly<Record<string, OpenSide>> = {
  orrery: onOrrery(true),
  'orrery-null': onOrrery(false),
  plain,
  'better-sqlite3': sqlite,
};

async function run({ contender, size }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const opener = SIDES[contender];
  if (!opener) throw new Error(`nobody is called ${contender} here`);
  const ids = Array.from({ length: smoke ? 2 : size }, (_, index) => `galaxy ${index + 1}`);
  const setup: Setup = { stars: loadStars(), pace: PACES.blitz };
  const warmUp = smoke ? 5 : WARM_UP_TICKS;
  const ticks = smoke ? 5 : TICKS;
  const side = await opener(folder, ids, setup);
  for (let tick = 0; tick < warmUp; tick += 1) {
    side.tick();
    await turn();
  }
  const durations: number[] = [];
  let orders = 0;
  // What a warm-up at full speed has left to do in the background is not part of a tick.
  await pause(smoke ? 0 : 1_000);
  const loop = new LoopTime();
  const began = performance.now();
  for (let tick = 0; tick < ticks; tick += 1) {
    await pause(Math.max(0, began + (tick * 1_000) / HZ - performance.now()));
    const from = performance.now();
    orders += side.tick();
    durations.push((performance.now() - from) * 1000);
  }
  await pause(Math.max(0, began + (ticks * 1_000) / HZ - performance.now()));
  const busy = loop.busyMicroseconds;

  const states = await side.finish();
  const reference = await plain('', ids, setup);
  for (let tick = 0; tick < warmUp + ticks; tick += 1) reference.tick();
  const expected = await reference.finish();
  for (const [index, state] of expected.entries()) {
    if (states[index] !== state) throw new Error(`${ids[index]} is not what plain objects make of the same orders`);
  }
  return {
    loopMicroseconds: busy / ticks,
    tickP50Microseconds: percentile(durations, 50),
    tickP99Microseconds: percentile(durations, 99),
    ordersPerTick: orders / ticks,
    ticks,
  };
}

export const galacticWar: Workload = {
  name: 'W8',
  title:
    'the galactic-war example: eight galaxies of 5,044 real stars, 20 bots each, 20 ticks a second; for one tick of all of them',
  sizes: [DEFAULT_GALAXIES],
  sizeUnit: 'galaxies',
  contenders: () => Object.keys(SIDES),
  run,
};
