// What the owner thread does behind a commit: records parsed, merged by tick, deflated and put into SQLite, with
// snapshots when they are due. With the table of commands filled along the way, and without: the difference is its
// price.

import { Compaction } from '../../src/storage/sqlite/compaction/compaction.ts';
import { Database } from '../../src/storage/sqlite/image/database.ts';
import { creation, miningTick, payloadOf, plainGalaxy, TICK_COMMANDS, visits } from '../galaxy.ts';
import type { Scenario } from '../scenario.ts';

interface History {
  readonly creations: Uint8Array;
  readonly payloads: readonly Uint8Array[];
  readonly records: number;
}

function compacting(
  name: string,
  operation: string,
  commandIndex: boolean,
  historyOf: (smoke: boolean) => History,
): Scenario {
  return {
    name: `compaction/${name}`,
    unit: 'record',
    operation,
    slow: true,
    prepare(setting) {
      const { creations, payloads, records } = historyOf(setting.smoke);
      let database: Database | undefined;
      let compaction: Compaction | undefined;
      const take = (payload: Uint8Array, frame: number): void => {
        const taking = (compaction as Compaction).take(payload, { frame, chain: 0 });
        while (!taking.next().done);
      };
      return {
        operations: records,
        async before() {
          database?.close();
          database = await Database.open();
          compaction = new Compaction(database, { granularityOf: () => 'ticks', commandIndex }, { frame: 0, chain: 0 });
          take(creations, 1);
        },
        run() {
          for (const [index, payload] of payloads.entries()) take(payload, index + 2);
          (compaction as Compaction).flush({ generation: 1 });
        },
        close: () => database?.close(),
      };
    },
  };
}

/** One busy game. With 2,000 entities a snapshot falls due every few ticks, as it does in a long run. */
function oneGame(smoke: boolean): History {
  const systems = 2_000;
  const ids = visits(systems);
  const ticks = smoke ? 8 : 40;
  return {
    creations: payloadOf([creation('andromeda', plainGalaxy(systems))]),
    payloads: Array.from({ length: ticks }, (_, tick) =>
      payloadOf(miningTick('andromeda', 1 + tick * TICK_COMMANDS, ids)),
    ),
    records: ticks * TICK_COMMANDS,
  };
}

/** Many small games that take turns, 10 commands each at a time. */
function manyGames(smoke: boolean): History {
  const ids = visits(20);
  const games = Array.from({ length: smoke ? 100 : 1_000 }, (_, index) => `match-${index}`);
  const state = plainGalaxy(ids.length);
  const rounds = 4;
  const commands = 10;
  return {
    creations: payloadOf(games.map((game) => creation(game, state))),
    payloads: Array.from({ length: rounds }, (_, round) =>
      payloadOf(games.flatMap((game) => miningTick(game, 1 + round * commands, ids, commands))),
    ),
    records: rounds * games.length * commands,
  };
}

export const compactionScenarios: readonly Scenario[] = [
  compacting(
    'without-index',
    'a record of one busy game, from journal bytes to rows, commandIndex: false',
    false,
    oneGame,
  ),
  compacting('with-index', 'the same with commandIndex: true', true, oneGame),
  compacting(
    'many-games',
    'a record of one of many small games (1,000; 100 in a smoke run), commandIndex: false',
    false,
    manyGames,
  ),
];
