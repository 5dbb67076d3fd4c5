// `orrery recover`: brings one game back to a state that it can go on from. Opens the directory as its owner, unless it
// only looks; recovery-report.ts prints what came of it.

import { Command, InvalidArgumentError, Option } from 'commander';
import type { AnyGameType } from '../core/game/define.ts';
import { compactJson, isoTime, printable } from '../core/printable.ts';
import type { RecoveryMode } from '../history/recover/plan.ts';
import { type QuarantinedRange, reasonOf, recoverGame } from '../history/recover/recover.ts';
import type { RecoverOptions } from '../history/recover/recovery-options.ts';
import { expandedHistoryUnjudged } from '../history/rerun/expanded-history.ts';
import { loadGameTypes } from '../history/rerun/games-module.ts';
import type { HistoryReader } from '../storage/history-reader.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { readQuarantine } from '../storage/sqlite/image/rows.ts';
import { openPack } from '../storage/sqlite/pack/reading.ts';
import type { CliContext } from './cli-context.ts';
import { withOwnedGames } from './owned-games.ts';
import { type AskedMoment, MOMENTS_HELP, momentIn, parseMoment } from './past/moment-argument.ts';
import { inWordsOfTheCommandLine, isPack, withPastOf } from './past/opening.ts';
import { quarantineIn, rehearseRecovery } from './recovery-rehearsal.ts';
import { printQuarantine, printReport, type Reported, reportData } from './recovery-report.ts';

const HELP = `
Modes:
  latest        the newest state, by whatever way it can still be read
  snapshot      the newest snapshot that is whole
  point         the state at --at
  before-error  the last state before the first record that broke the game

With --games a state is sound if the schema and the invariants of its type
accept it, and merged steps are run again to find the very record. Without
--games a state is sound if it can be read.

${MOMENTS_HELP}

Nothing is deleted: the old state is written as a new record, and what is given
up stays in the history; --list lists it. A sound game is left as it is. No
other game is touched.

The status is 1 if no mode leads to a sound state. No other process may have
the directory open (status 4); a program that has it open calls
recover() of orrery.history(id).

Examples:
  orrery recover ./data andromeda --mode latest --fallback snapshot --dry-run
  orrery recover ./data andromeda --mode before-error --games ./dist/galaxy.js
  orrery recover ./data andromeda --mode point --at tick:1200 --reason undo
  orrery recover ./data andromeda --list`;

const MODES = ['latest', 'snapshot', 'point', 'before-error'] as const;
type ModeName = (typeof MODES)[number];

interface Options {
  readonly at?: AskedMoment;
  readonly mode?: ModeName;
  readonly fallback: readonly ModeName[];
  readonly games?: string;
  readonly reason?: string;
  readonly dryRun?: true;
  readonly list?: true;
  readonly json?: true;
}

export function recoverCommand(cli: CliContext): Command {
  return new Command('recover')
    .description('Take one game back to an earlier state that is sound.')
    .argument('<directory>', 'the directory that openOrrery was given; with --list also a file of `orrery pack`')
    .argument('<game>', 'the id of the game')
    .option('--mode <mode>', MODES.join(', '), modeName)
    .addOption(
      new Option('--fallback <modes>', 'modes to try next, in this order, separated by commas')
        .argParser(modeNames)
        .default([], 'none'),
    )
    .option('--at <moment>', 'for the mode point: the moment', parseMoment)
    .option('--games <module>', 'an ES module that exports the game types')
    .option('--reason <text>', 'why; kept in the history beside what is given up')
    .option('--dry-run', 'only say what would be done; another process may have the directory open')
    .option('--list', 'only list what recoveries have given up so far')
    .option('--json', 'print one JSON document, with --list one a line')
    .addHelpText('after', HELP)
    .action((directory: string, game: string, options: Options, self: Command) => {
      if (options.list) return list(directory, game, options, cli);
      checkModes(options, self);
      return recover(directory, game, options, cli);
    });
}

/** Ends the command when the options contradict each other. */
function checkModes({ mode, fallback, at }: Options, self: Command): void {
  if (mode === undefined) self.error('--mode is missing, or --list');
  const wantsPoint = [mode, ...fallback].includes('point');
  if (wantsPoint && at === undefined) self.error('the mode point needs --at <moment>');
  if (!wantsPoint && at !== undefined) self.error('--at is for the mode point: add --mode point');
}

/** What the options come to. Only the past of the game knows what `first` and `last` are. */
async function askedFor(directory: string, game: string, options: Options): Promise<RecoverOptions> {
  const { at, reason } = options;
  const to = typeof at === 'string' ? await withPastOf(directory, game, async (past) => momentIn(past, at)) : at;
  const [mode, ...fallback] = [options.mode, ...options.fallback].map((name) => (name === 'point' ? { to } : name)) as [
    RecoveryMode,
    ...RecoveryMode[],
  ];
  return { mode, fallback, ...(reason === undefined ? {} : { reason }) };
}

async function recover(directory: string, game: string, asked: Options, cli: CliContext): Promise<void> {
  const { games, dryRun, json } = asked;
  const options = await askedFor(directory, game, asked);
  const types = games === undefined ? [] : await loadGameTypes(games, process.cwd());
  if (games === undefined && [options.mode, ...(options.fallback ?? [])].includes('before-error')) {
    cli.remark('without --games only what cannot be read counts as an error');
  }
  const work = dryRun ? rehearse : carryOut;
  const reported = await work(directory, game, options, types).catch((error: unknown) => {
    throw inWordsOfTheCommandLine(error, games === undefined ? { games: true } : {});
  });
  if (json) await cli.output.line(compactJson(reportData(reported)));
  else await printReport(reported, cli);
}

async function carryOut(
  directory: string,
  game: string,
  options: RecoverOptions,
  types: readonly AnyGameType[],
): Promise<Reported> {
  const expanded = (past: HistoryReader): HistoryReader => expandedHistoryUnjudged(past, types);
  const recovery = await withOwnedGames(directory, [game], types, (parts) =>
    recoverGame({ ...parts, expanded }, game, options),
  );
  return { ...recovery, dryRun: false, needed: recovery.written };
}

async function rehearse(
  directory: string,
  game: string,
  options: RecoverOptions,
  types: readonly AnyGameType[],
): Promise<Reported> {
  const plan = await rehearseRecovery(directory, game, options, types, (past) => expandedHistoryUnjudged(past, types));
  const { used, tried, needed, firstUnsound, newestSeq } = plan;
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
    firstUnsound,
    reason: needed ? reasonOf(plan, options.reason) : undefined,
  };
}

async function list(directory: string, game: string, { json }: Options, cli: CliContext): Promise<void> {
  const ranges = isPack(directory) ? await quarantineOfPack(directory, game) : await quarantineIn(directory, game);
  if (json) {
    for (const range of ranges) {
      await cli.output.line(compactJson({ game, ...range, time: isoTime(range.time) }));
    }
    return;
  }
  if (ranges.length > 0) await printQuarantine(ranges, cli);
  else cli.remark(`nothing of ${printable(game)} was ever given up`);
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
