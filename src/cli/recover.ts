// `orrery recover`: brings one game back to a state that it can go on from. Opens the directory as its owner, unless it only
// looks; recovery-report.ts prints what came of it.

import { Command, InvalidArgumentError } from 'commander';
import type { AnyGameType } from '../game/define.ts';
import { readQuarantine } from '../image/rows.ts';
import { nodeFiles } from '../journal/files.ts';
import { openPack } from '../pack/reading.ts';
import type { Past } from '../past/past.ts';
import type { RecoveryMode } from '../renewal/plan.ts';
import { type QuarantinedRange, reasonOf, recoverGame } from '../renewal/recover.ts';
import type { RecoverOptions } from '../renewal/recovery-options.ts';
import { quarantineIn, rehearseRecovery } from '../renewal/rehearsal.ts';
import { takenApartUnjudged } from '../rerun/apart.ts';
import { loadGameTypes } from '../rerun/games-module.ts';
import { withOwnedGames } from './owned-games.ts';
import { addMomentOptions, type MomentOptions, momentOf } from './past/moment-argument.ts';
import { inWordsOfTheCommandLine, isPack, withPastOf } from './past/opening.ts';
import { compactJson, isoTime, printable } from './printable.ts';
import { printQuarantine, printReport, type Reported, reportData } from './recovery-report.ts';
import type { Surroundings } from './surroundings.ts';

const HELP = `
Modes: latest takes the newest state, however that can still be read; snapshot the newest snapshot that is whole; point the
moment given by --seq, --tick or --time; before-error the last moment before the first record after which the game is not
what it should be. With --games the invariants and the schema of its type count, and merged steps are run again to find the
very record, where that leads to what was recorded; without, only whether it can be read.
Nothing is taken away: the state comes as a record of its own behind the newest, and what is given up stays in the history
and is listed by --list. A game that is sound is left as it is. No other game is touched. Fails with status 1 when no mode
leads to a sound state, and with status 4 while another process has the directory open: use orrery.recover() there.

Examples:
  orrery recover ./data andromeda --mode latest --fallback snapshot,before-error --dry-run
  orrery recover ./data andromeda --mode before-error --games ./dist/galaxy.js --reason 'negative treasury'
  orrery recover ./data andromeda --mode point --tick 1200
  orrery recover ./data andromeda --list`;

const MODES = ['latest', 'snapshot', 'point', 'before-error'] as const;
type ModeName = (typeof MODES)[number];

interface Options extends MomentOptions {
  readonly mode?: ModeName;
  readonly fallback: readonly ModeName[];
  readonly games?: string;
  readonly reason?: string;
  readonly dryRun?: true;
  readonly list?: true;
  readonly json?: true;
}

export function recoverCommand(surroundings: Surroundings): Command {
  const command = new Command('recover')
    .description('Bring one game back to a state that it can go on from.')
    .argument('<directory>', 'the directory that openOrrery was given; with --list also a file of `orrery pack`')
    .argument('<game>', 'the id of the game')
    .option('--mode <mode>', MODES.join(', '), modeName)
    .option('--fallback <modes>', 'modes to try after it, in this order, separated by commas', modeNames, []);
  return addMomentOptions(command)
    .option('--games <module>', 'an ES module that exports the game types')
    .option('--reason <text>', 'kept with what is given up')
    .option('--dry-run', 'only say what would be done; another process may have the directory open')
    .option('--list', 'only list what recoveries have given up so far')
    .option('--json', 'print one JSON document, with --list one a line')
    .addHelpText('after', HELP)
    .action((directory: string, game: string, options: Options, self: Command) => {
      if (options.list) return list(directory, game, options, surroundings);
      return recover(directory, game, asked(options, self), options, surroundings);
    });
}

/** What the options come to. Ends the command when they contradict each other. */
function asked(options: Options, self: Command): RecoverOptions {
  const first = options.mode ?? self.error('--mode is missing, or --list');
  const moment = momentOf(options, self);
  const [mode, ...fallback] = [first, ...options.fallback].map((name): RecoveryMode => {
    if (name !== 'point') return name;
    return { to: moment ?? self.error('the mode point needs --seq, --tick or --time') };
  }) as [RecoveryMode, ...RecoveryMode[]];
  if (moment && ![first, ...options.fallback].includes('point')) {
    self.error('--seq, --tick and --time are for the mode point');
  }
  return { mode, fallback, ...(options.reason === undefined ? {} : { reason: options.reason }) };
}

async function recover(
  directory: string,
  game: string,
  options: RecoverOptions,
  { games, dryRun, json }: Options,
  surroundings: Surroundings,
): Promise<void> {
  const types = games === undefined ? [] : await loadGameTypes(games, process.cwd());
  if (games === undefined && [options.mode, ...(options.fallback ?? [])].includes('before-error')) {
    surroundings.remark('without --games only what cannot be read counts as an error');
  }
  const work = dryRun ? rehearse : carryOut;
  const reported = await work(directory, game, options, types).catch((error: unknown) => {
    throw inWordsOfTheCommandLine(error, games === undefined ? { games: true } : {});
  });
  if (json) await surroundings.output.line(compactJson(reportData(reported)));
  else await printReport(reported, surroundings);
}

async function carryOut(
  directory: string,
  game: string,
  options: RecoverOptions,
  types: readonly AnyGameType[],
): Promise<Reported> {
  const apart = (past: Past): Past => takenApartUnjudged(past, types);
  const recovery = await withOwnedGames(directory, [game], types, (parts) =>
    recoverGame({ ...parts, apart }, game, options),
  );
  return { ...recovery, dryRun: false, needed: recovery.written };
}

async function rehearse(
  directory: string,
  game: string,
  options: RecoverOptions,
  types: readonly AnyGameType[],
): Promise<Reported> {
  const plan = await rehearseRecovery(directory, game, options, types, (past) => takenApartUnjudged(past, types));
  const { used, tried, needed, culprit, newestSeq } = plan;
  const { seq, tick, time, version } = plan.state;
  const count = newestSeq - seq;
  return {
    game,
    used,
    tried,
    written: false,
    dryRun: true,
    needed,
    from: { seq, tick, time, version },
    seq: newestSeq,
    givenUp: count > 0 ? { firstSeq: seq + 1, lastSeq: newestSeq, count } : undefined,
    culprit,
    reason: needed ? reasonOf(plan, options.reason) : undefined,
  };
}

async function list(directory: string, game: string, { json }: Options, surroundings: Surroundings): Promise<void> {
  const ranges = isPack(directory) ? await quarantineOfPack(directory, game) : await quarantineIn(directory, game);
  if (json) {
    for (const range of ranges) {
      await surroundings.output.line(compactJson({ game, ...range, time: isoTime(range.time) }));
    }
    return;
  }
  if (ranges.length > 0) await printQuarantine(ranges, surroundings);
  else surroundings.remark(`nothing of ${printable(game)} was ever given up`);
}

function quarantineOfPack(file: string, game: string): Promise<readonly QuarantinedRange[]> {
  return withPastOf(file, game, async () => {
    const { database, close } = await openPack(nodeFiles, file);
    try {
      return readQuarantine(database, game).map(({ game: _game, ...range }) => range);
    } finally {
      close();
    }
  });
}

function modeName(text: string): ModeName {
  const mode = MODES.find((each) => each === text);
  if (mode !== undefined) return mode;
  throw new InvalidArgumentError(`It must be one of ${MODES.join(', ')}.`);
}

function modeNames(text: string): readonly ModeName[] {
  return text.split(',').map((each) => modeName(each.trim()));
}
