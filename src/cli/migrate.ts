// `orrery migrate`: takes every game of a directory up to the version of its type, or only says what that would do.
// Opens the directory as its owner; a rehearsal reads it and no more. migration-report.ts prints what came of it.

import { Command } from 'commander';
import { OrreryError } from '../core/errors.ts';
import type { AnyGameType } from '../core/game/define.ts';
import { compactJson, counted, printable } from '../core/printable.ts';
import { loadGameTypes } from '../history/rerun/games-module.ts';
import { type MigrationProgress, migrateAll } from '../history/upgrade/migrate-all.ts';
import { DEFAULT_LAST, type Rehearsal, rehearse } from '../history/upgrade/rehearse.ts';
import type { GameInfo } from '../storage/game-info.ts';
import type { HistoryReader } from '../storage/history-reader.ts';
import { DirectoryPast } from '../storage/sqlite/directory-history.ts';
import type { CliContext } from './cli-context.ts';
import { EXIT } from './exit.ts';
import { migrationData, printMigrations, printRehearsal, rehearsalData } from './migration-report.ts';
import { withOwnedGames } from './owned-games.ts';
import { isPack, withPastOf } from './past/opening.ts';
import { eachShard, wholeNumber } from './reading.ts';

const HELP = `
A game is migrated whole or not at all: a game that fails keeps its version,
and the others go on. What came before stays readable. A game that is newer
than the module is refused.

--rehearse writes nothing, and takes a pack too; another process may have the
directory open. It migrates each game in memory. It also migrates the state of
--last commands ago and runs those commands again with the code of the module.
It prints the difference: what the new code would have done otherwise.

The status is 1 if a game failed, or if a rehearsal found a difference or a
command that the new code refuses. Without --rehearse no other process may have
the directory open (status 4); a program that has it open calls
orrery.migrateAll().

Examples:
  orrery migrate ./data --games ./dist/galaxy.js --rehearse
  orrery migrate ./data --games ./dist/galaxy.js
  orrery migrate ./data --games ./dist/galaxy.js --game andromeda --json`;

interface Options {
  readonly games: string;
  readonly game?: readonly string[];
  readonly rehearse?: true;
  readonly last: number;
  readonly json?: true;
}

export function migrateCommand(cli: CliContext): Command {
  return new Command('migrate')
    .description('Migrate every game to the version of its type.')
    .argument('<directory>', 'the directory that openOrrery was given; with --rehearse also a file of `orrery pack`')
    .requiredOption('--games <module>', 'an ES module that exports the game types')
    .option('--game <id>', 'only this game; may be given several times', (id, ids: string[] = []) => [...ids, id])
    .option('--rehearse', 'write nothing; print what the new code would do otherwise')
    .option(
      '--last <n>',
      'with --rehearse, how many of the newest commands are run again',
      wholeNumber(0),
      DEFAULT_LAST,
    )
    .option('--json', 'print one JSON document for each game, one a line')
    .addHelpText('after', HELP)
    .action(async (directory: string, options: Options) => {
      const types = newestOf(await loadGameTypes(options.games, process.cwd()));
      const chosen = await choose(directory, types, options, cli);
      if (options.rehearse) await rehearseAll(directory, types, chosen, options, cli);
      else await migrate(directory, types, chosen, options, cli);
    });
}

/** A module may still have the types of older versions, to run old commands with. */
function newestOf(types: readonly AnyGameType[]): readonly AnyGameType[] {
  const newest = new Map<string, AnyGameType>();
  for (const type of types) if (type.version >= (newest.get(type.name)?.version ?? 0)) newest.set(type.name, type);
  return [...newest.values()];
}

/** The games that are meant: those named, or all of the module's types. */
async function choose(
  directory: string,
  types: readonly AnyGameType[],
  { game: named, games: module, rehearse: isRehearsal }: Options,
  { remark }: CliContext,
): Promise<readonly GameInfo[]> {
  const rows: GameInfo[] = [];
  if (isRehearsal && isPack(directory)) rows.push(await withPastOf(directory, undefined, async ({ row }) => row));
  else await eachShard(directory, (reader) => void rows.push(...reader.games()));
  const missing = named?.find((id) => !rows.some((row) => row.id === id));
  if (missing !== undefined) {
    throw new OrreryError({
      code: 'GAME_NOT_FOUND',
      what: 'there is no such game',
      hint: '`orrery ls` lists the games of a directory; upper and lower case are different.',
      context: { game: missing, directory },
    });
  }
  const meant = named ? rows.filter(({ id }) => named.includes(id)) : rows;
  const known = meant.filter((row) => types.some(({ name }) => name === row.type));
  const others = new Set(meant.filter((row) => !known.includes(row)).map(({ type }) => printable(type)));
  if (others.size > 0 && (named || known.length === 0)) {
    throw new OrreryError({
      code: 'GAMES_MODULE',
      what: `the module does not have the type of the games: ${[...others].join(', ')}`,
      hint: 'Name the module that defines these types of game.',
      context: { module, directory },
    });
  }
  if (others.size > 0) {
    remark(`${counted(meant.length - known.length, 'game')} of other types left alone: ${[...others].join(', ')}`);
  }
  return known.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function migrate(
  directory: string,
  types: readonly AnyGameType[],
  chosen: readonly GameInfo[],
  { json }: Options,
  cli: CliContext,
): Promise<void> {
  const { progress, output, finish } = cli;
  const onProgress = ({ done, total, latest }: MigrationProgress): void =>
    progress(`${done} of ${total}  ${printable(latest?.game ?? '')}`);
  const report = await withOwnedGames(
    directory,
    chosen.map(({ id }) => id),
    types,
    ({ loadedGames }) => {
      const load = (type: AnyGameType, id: string) => loadedGames.open(type, id, undefined);
      return migrateAll({ types, list: async () => chosen, load }, { onProgress });
    },
  ).finally(() => progress(''));
  if (json)
    for (const each of [...report.migrated, ...report.failed]) await output.line(compactJson(migrationData(each)));
  else await printMigrations(report, cli);
  if (report.failed.length > 0) finish(EXIT.damaged);
}

async function rehearseAll(
  directory: string,
  types: readonly AnyGameType[],
  chosen: readonly GameInfo[],
  { json, last }: Options,
  cli: CliContext,
): Promise<void> {
  const { progress, output, finish, remark } = cli;
  const ids = new Set(chosen.map(({ id }) => id));
  let current = 0;
  const rehearseOne = async (past: HistoryReader): Promise<void> => {
    const { id, type: name, version } = past.row;
    const type = types.find((each) => each.name === name) as AnyGameType;
    if (version === type.version) {
      current += 1;
      return;
    }
    const onProgress = ({ done, total }: { done: number; total: number }): void =>
      progress(`${printable(id)}  ${done} of ${total} commands`);
    const rehearsal = await rehearse(past, type, { last, onProgress }).finally(() => progress(''));
    if (json) await output.line(compactJson(rehearsalData(rehearsal)));
    else await printRehearsal(rehearsal, cli);
    if (hasFindings(rehearsal)) finish(EXIT.damaged);
  };
  if (isPack(directory)) {
    if (ids.size > 0) await withPastOf(directory, undefined, rehearseOne);
  } else {
    await eachShard(directory, async (reader) => {
      for (const { id } of reader.games()) {
        const stored = ids.has(id) ? reader.past(id) : undefined;
        if (stored) await rehearseOne(new DirectoryPast(stored, () => undefined));
      }
    });
  }
  if (current > 0) remark(`${counted(current, 'game')} with the newest version already`);
}

function hasFindings({ failure, refusals, changes }: Rehearsal): boolean {
  return failure !== undefined || refusals > 0 || changes.length > 0;
}
