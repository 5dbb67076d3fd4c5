// The way back: a shard opened with journal to replay, and a game loaded from it. Beside each, JSON.parse of the same
// bytes: nobody who has to read them can be much faster.

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble } from '../../src/storage/assemble.ts';
import { nodeFiles } from '../../src/storage/sqlite/files.ts';
import { Owner } from '../../src/storage/sqlite/worker/owner.ts';
import { batchOf, creation, miningTick, plainGalaxy, TICK_COMMANDS, visits } from '../galaxy.ts';
import { ownerOptions } from '../owner-options.ts';
import type { Scenario } from '../scenario.ts';

const SYSTEMS = 10_000;
const ticksOf = (smoke: boolean): number => (smoke ? 10 : 200);

const GAME = 'andromeda';

function* history(smoke: boolean): Generator<ReturnType<typeof batchOf>> {
  const ids = visits(SYSTEMS);
  yield batchOf([creation(GAME, plainGalaxy(SYSTEMS))]);
  for (let tick = 0; tick < ticksOf(smoke); tick += 1) {
    yield batchOf(miningTick(GAME, 1 + tick * TICK_COMMANDS, ids));
  }
}

const openShard: Scenario = {
  name: 'recovery/open-shard',
  unit: 'shard',
  operation:
    'a shard opened after a crash with 100,000 records to replay (5,000 in a smoke run), fresh image published',
  slow: true,
  async prepare(setting) {
    const crashed = setting.folder();
    const writer = await Owner.open(nodeFiles, ownerOptions(crashed));
    for (const batch of history(setting.smoke)) writer.commit(batch);
    writer.abandon();
    let directory: string;
    let owner: Owner | undefined;
    return {
      operations: 1,
      before() {
        owner?.abandon();
        directory = setting.folder();
        cpSync(crashed, directory, { recursive: true });
      },
      async run() {
        owner = await Owner.open(nodeFiles, ownerOptions(directory));
        const { replayedRecords } = owner.recovery;
        if (replayedRecords !== 1 + ticksOf(setting.smoke) * TICK_COMMANDS) {
          throw new Error(`${replayedRecords} records were replayed`);
        }
      },
      close: () => owner?.abandon(),
    };
  },
};

const parseJournal: Scenario = {
  name: 'recovery/parse-journal',
  unit: 'journal',
  operation: 'the bytes of that journal read from disk and its records parsed as one JSON array',
  slow: true,
  async prepare(setting) {
    const texts: string[] = [];
    for (const { payload } of history(setting.smoke)) texts.push(Buffer.from(payload).toString('utf8').trimEnd());
    const path = join(setting.folder(), 'records.json');
    const text = `[${texts.join('\n').replaceAll('\n', ',')}]`;
    writeFileSync(path, text);
    const expected = 1 + ticksOf(setting.smoke) * TICK_COMMANDS;
    return {
      operations: 1,
      run() {
        const records = JSON.parse(readFileSync(path, 'utf8')) as unknown[];
        if (records.length !== expected) throw new Error(`${records.length} records were parsed`);
      },
    };
  },
};

function loading(systems: number): Scenario {
  return {
    name: `recovery/load-${systems}`,
    unit: 'game',
    operation: `a game of ${systems.toLocaleString('en')} entities loaded from the image: folded, cut, handed over, assembled`,
    slow: true,
    async prepare(setting) {
      const owner = await Owner.open(nodeFiles, ownerOptions(setting.folder()));
      owner.commit(batchOf([creation(GAME, plainGalaxy(systems))]));
      owner.commit(batchOf(miningTick(GAME, 1, visits(systems))));
      while (owner.compact().compactionLagBytes > 0);
      return {
        operations: 1,
        async run() {
          const stored = owner.load(GAME);
          if (!stored) throw new Error('the game is not there');
          const state = (await assemble(stored.pieces, stored.tables)).view();
          if ((state['systems'] as { size?: unknown }).size !== systems) throw new Error('systems are missing');
        },
        close: () => owner.abandon(),
      };
    },
  };
}

function parsing(systems: number): Scenario {
  return {
    name: `recovery/parse-${systems}`,
    unit: 'state',
    operation: `the JSON of that state, from bytes, with JSON.parse`,
    slow: true,
    prepare() {
      const bytes = Buffer.from(JSON.stringify(plainGalaxy(systems)), 'utf8');
      return {
        operations: 1,
        run() {
          const state = JSON.parse(bytes.toString('utf8')) as { systems?: object };
          if (!state.systems) throw new Error('systems are missing');
        },
      };
    },
  };
}

export const recoveryScenarios: readonly Scenario[] = [
  openShard,
  parseJournal,
  loading(5_000),
  parsing(5_000),
  loading(100_000),
  parsing(100_000),
];
