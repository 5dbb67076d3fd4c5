// W2 and W3: a game loop of 20 ticks a second, 500 commands a tick, over galaxies of 100 to 1,000,000 systems. Beside
// it, how many commands a second become durable when the loop does not wait for its clock, and what is written to disk
// for a command.
//
// Figures: loopMicroseconds (all time of the game loop for a command at 20 Hz); of W2 alone commandsPerSecond (as fast
// as possible, until the last is durable and work that was put off is done), acknowledgedPerSecond (until the last is
// durable) and processorMicroseconds (of all threads meanwhile, for a command); commandsPerTick (500, or fewer for
// those who cannot do so many). Of W2-bytes: bytesPerCommand, written to disk, closing included; jsonBytesPerCommand,
// what a command is as JSON; commands.

import { TICK_COMMANDS } from '../../galaxy.ts';
import { CONTENDER_NAMES, contenderOf } from '../contenders.ts';
import { Drill } from '../drill.ts';
import { bytesWritten, processorMicroseconds } from '../process-figures.ts';
import type { Figures, Setting, Trial, Workload } from '../workload.ts';

const WARM_UP_MS = 500;
const FAST_MS = 800;
const PACED_MS = 1_200;
const SMOKE_MS = 60;

/** So many that checkpoints come: the journal of 400,000 commands is 80 MB. */
const BYTES_COMMANDS = 400_000;
const BYTES_MS = 20_000;
const SMOKE_COMMANDS = 2_000;

/** Filling a galaxy of this size takes each of them a minute or more, five times over. */
const WIDEST = 1_000_000;
const NOT_AT_WIDEST: Readonly<Record<string, string>> = {
  'node-sqlite3-wasm': 'not at 1,000,000 systems: what better-sqlite3 shows there holds for SQLite in general',
  'json-file': 'not at 1,000,000 systems: it writes 230 MB at every commit',
  immer: 'not at 1,000,000 systems: a command takes it seconds',
  'emmett-sqlite': 'not at 1,000,000 systems: its cost does not depend on the size of the state',
};

/** At 20 Hz, after a warm-up without a clock; `fast` measures how fast they go without one as well. */
async function loop({ contender, size }: Trial, { folder, smoke }: Setting, fast: boolean): Promise<Figures> {
  const ms = (wanted: number): number => (smoke ? SMOKE_MS : wanted);
  const drill = await Drill.begin(contenderOf(contender), folder, { games: 1, systems: size, queue: 0 });
  const commandsPerTick = await drill.commandsPerTick(TICK_COMMANDS);
  const unpaced = async (wanted: number): Promise<Figures> => {
    const until = { ms: ms(wanted), commands: Number.POSITIVE_INFINITY };
    const processor = process.cpuUsage();
    const { acknowledged, caughtUp } = await drill.asFastAsPossible(commandsPerTick, until);
    const used = processorMicroseconds(processor);
    globalThis.gc?.();
    return {
      commandsPerSecond: (caughtUp.commands / caughtUp.ms) * 1_000,
      acknowledgedPerSecond: (acknowledged.commands / acknowledged.ms) * 1_000,
      processorMicroseconds: used / caughtUp.commands,
    };
  };
  await unpaced(WARM_UP_MS);
  const rates = fast ? await unpaced(FAST_MS) : {};
  const loopMicroseconds = await drill.paced(commandsPerTick, ms(PACED_MS));
  await drill.verify();
  return { loopMicroseconds, ...rates, commandsPerTick };
}

async function bytes({ contender, size }: Trial, { folder, smoke }: Setting): Promise<Figures> {
  const drill = await Drill.begin(contenderOf(contender), folder, { games: 1, systems: size, queue: 0 });
  const before = bytesWritten();
  if (before === undefined) throw new Error('this system does not tell how many bytes a process writes');
  await drill.asFastAsPossible(TICK_COMMANDS, { ms: BYTES_MS, commands: smoke ? SMOKE_COMMANDS : BYTES_COMMANDS });
  await drill.close();
  const after = bytesWritten() as number;
  await drill.verify();
  const json = JSON.stringify({ tick: 400, name: 'mine', args: { system: 's107919', metal: 3 } });
  return {
    bytesPerCommand: (after - before) / drill.commands,
    jsonBytesPerCommand: json.length,
    commands: drill.commands,
  };
}

export const loopWorkload: Workload = {
  name: 'W2',
  title: 'a loop of 20 ticks a second, 500 commands a tick',
  sizes: [100, 1_000, 10_000],
  sizeUnit: 'systems',
  contenders: () => CONTENDER_NAMES,
  run: (trial, setting) => loop(trial, setting, true),
};

export const wideLoopWorkload: Workload = {
  name: 'W3',
  title: 'the same loop over a very wide galaxy',
  sizes: [100_000, 1_000_000],
  sizeUnit: 'systems',
  contenders: (size) => CONTENDER_NAMES.filter((name) => size < WIDEST || !(name in NOT_AT_WIDEST)),
  excused: NOT_AT_WIDEST,
  run: (trial, setting) => loop(trial, setting, false),
};

export const bytesWorkload: Workload = {
  name: 'W2-bytes',
  title: 'what W2 writes to disk: 400,000 commands as fast as possible, closing included',
  sizes: [10_000],
  sizeUnit: 'systems',
  contenders: () => ['orrery', 'better-sqlite3', 'node:sqlite', 'lmdb'],
  excused: {
    'node-sqlite3-wasm': 'writes what better-sqlite3 writes',
    'json-file': "writes the whole state at every commit, so the figure would be that of the galaxy's size",
    immer: '400,000 commands would take it half an hour',
    'emmett-sqlite': 'too slow for 400,000 commands in the time of a trial',
  },
  run: bytes,
};
