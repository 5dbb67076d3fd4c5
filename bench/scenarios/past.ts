// What questions about the past cost, against how much past there is: the same game with histories of 1,000, 10,000 and
// 100,000 records. A state is to cost its distance to a snapshot, and a fork no more than that; who changed something
// last is found from the end; only running everything again has to go through everything.

import { blameOf } from '../../src/history/blame.ts';
import { verify } from '../../src/history/rerun/verify.ts';
import { defineGame, type Orrery, openOrrery } from '../../src/index.ts';
import type { HistoryReader } from '../../src/storage/history-reader.ts';
import { openDirectoryPast } from '../../src/storage/sqlite/directory-history.ts';
import { galaxy, visits } from '../galaxy.ts';
import type { Scenario, Setting, Work } from '../scenario.ts';

/** Few systems: a snapshot falls due every few hundred records, so that even the shortest history has some. */
const SYSTEMS = 100;

const COMMANDS_A_TICK = 10;

/** Every record is a moment. */
const type = defineGame('galaxy', { ...galaxy, history: 'commands' });

const GAME = 'andromeda';

const LENGTHS = [1_000, 10_000, 100_000] as const;

/** A smoke run has a tenth of each. */
function recordsOf(length: number, { smoke }: Setting): number {
  return smoke ? length / 10 : length;
}

async function play(orrery: Orrery, records: number): Promise<void> {
  const game = await orrery.open(type, GAME, SYSTEMS);
  const ids = visits(SYSTEMS);
  let count = 0;
  while (game.seq < records) {
    game.dispatch('mine', { system: ids[count % SYSTEMS] as string, metal: 3 }, { player: `player-${count % 64}` });
    count += 1;
    if (game.seq % COMMANDS_A_TICK === 0 && game.seq < records) game.advance();
    // The commit queue is bounded.
    if (game.seq % 5_000 < 2) await orrery.flush();
  }
  await orrery.flush();
}

/** Seqs all over the past, the same in every run. */
function* moments(records: number): Generator<number, never> {
  for (let at = 1; ; at = (at * 48_271) % 2_147_483_647) yield 1 + (at % records);
}

interface Question {
  readonly name: string;
  readonly unit: string;
  readonly operation: string;
  readonly slow?: boolean;
  /** The operations of one sample, and how to do them. */
  ask(past: HistoryReader, records: number): Pick<Work, 'operations' | 'run'>;
}

const stateAt: Question = {
  name: 'state-at',
  unit: 'state',
  operation: 'the state at a seq anywhere',
  ask(past, records) {
    const seqs = moments(records);
    return {
      operations: 20,
      async run() {
        for (let each = 0; each < 20; each += 1) {
          const seq = seqs.next().value;
          const { seq: found } = await past.stateAt({ seq });
          if (found !== seq) throw new Error(`the state of seq ${found} came for that of ${seq}`);
        }
      },
    };
  },
};

const blame: Question = {
  name: 'blame',
  unit: 'answer',
  operation: 'who changed a value of one entity last',
  ask(past) {
    // The shortest past of a smoke run has come by no more of them.
    const ids = visits(SYSTEMS).slice(0, 90);
    let count = 0;
    return {
      operations: 20,
      async run() {
        for (let each = 0; each < 20; each += 1) {
          count += 1;
          const { value, done } = await blameOf(past, ['systems', ids[count % ids.length] as string, 'metal']).next();
          if (done || value.command !== 'mine') throw new Error('nobody was found');
        }
      },
    };
  },
};

const verification: Question = {
  name: 'verify',
  unit: 'record',
  operation: 'a record run again and compared, the whole past',
  slow: true,
  ask(past, records) {
    return {
      operations: records,
      async run() {
        const { difference, commands } = await verify(past, new Map([[type.version, type]]));
        if (difference || commands < records) throw new Error(`${commands} commands were verified`);
      },
    };
  },
};

function asking({ name, unit, operation, slow, ask }: Question, length: number): Scenario {
  return {
    name: `past/${name}-${length}`,
    unit,
    operation: `${operation}; a past of ${length.toLocaleString('en')} records (a tenth in a smoke run)`,
    ...(slow ? { slow } : {}),
    async prepare(setting) {
      const directory = setting.folder();
      const records = recordsOf(length, setting);
      const orrery = await openOrrery({ directory, games: [type] });
      await play(orrery, records);
      await orrery.close();
      const past = await openDirectoryPast(directory, GAME);
      return { ...ask(past, past.row.seq), close: () => past.close() };
    },
  };
}

function forking(length: number): Scenario {
  return {
    name: `past/fork-${length}`,
    unit: 'fork',
    operation: `a game forked at a seq anywhere, until it is durable; a past of ${length.toLocaleString('en')} records (a tenth in a smoke run)`,
    async prepare(setting) {
      const orrery = await openOrrery({ directory: setting.folder(), games: [type] });
      const records = recordsOf(length, setting);
      await play(orrery, records);
      const seqs = moments(records);
      let count = 0;
      return {
        operations: 1,
        async run() {
          count += 1;
          await (await orrery.history(GAME)).fork({ at: { seq: seqs.next().value }, as: `fork ${count}` });
        },
        close: () => orrery.close(),
      };
    },
  };
}

export const pastScenarios: readonly Scenario[] = [
  ...[stateAt, blame, verification].flatMap((question) => LENGTHS.map((length) => asking(question, length))),
  ...LENGTHS.map(forking),
];
