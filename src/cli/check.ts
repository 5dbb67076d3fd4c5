// `orrery check`: verifies every byte of a directory or a pack. With --explain the same inspection is told in full:
// every file, what is wrong with it, and what to do.

import { Command } from 'commander';
import { compactJson, counted, printable } from '../core/printable.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { type Examination, examineDirectory, extentOf } from '../storage/sqlite/inspection/directory.ts';
import type { Level } from '../storage/sqlite/inspection/finding.ts';
import type { CliContext } from './cli-context.ts';
import { Columns } from './columns.ts';
import { EXIT } from './exit.ts';
import type { Colour } from './paint.ts';
import { DIRECTORY_OR_PACK, isPack } from './past/opening.ts';

const HELP = `
Without --explain only errors and warnings are printed. With --explain every
file is listed, also the sound ones; each error says what to do, and each shard
what the next opening would replay and cut off. The levels are ok, note,
warning and error.

In a directory these are verified:
  journal    the CRC and the chain of every frame, and every record
  images     SHA-256, schema, SQLite's quick_check and integrity_check
  games      every game is rebuilt from its first snapshot over every step; it
             must come by each later snapshot and end at its newest state
  spare      the spare image and its journal must lead to the same states
  manifests  they must name the files that are there
Of a pack the SHA-256 is computed again, and each snapshot must follow from the
steps.

The status is 0 if everything is sound, and 1 if anything is damaged. Nothing is
changed; another process may have the directory open.

Examples:
  orrery check ./data && cp -r ./data /backup/galaxies
  orrery check ./data --explain
  orrery check ./data --json | jq '.findings[].file'
  orrery check battle.orrery`;

const COLOURS: { readonly [level in Level]: Colour } = { ok: 'green', note: 'cyan', warning: 'yellow', error: 'red' };

interface Options {
  readonly explain?: true;
  readonly json?: true;
}

export function checkCommand(cli: CliContext): Command {
  return new Command('check')
    .description('Verify every byte of a directory or a pack without changing it.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .option('--explain', 'also print what is sound, and what to do about each error')
    .option('--json', 'print one JSON document; with --explain it holds every finding')
    .addHelpText('after', HELP)
    .action((place: string, options: Options) =>
      isPack(place) ? checkPack(place, options, cli) : check(place, options, cli),
    );
}

/** Throws PACK_DAMAGED with what does not add up. */
async function checkPack(file: string, { json }: Options, { output, paint }: CliContext): Promise<void> {
  const { inThread } = await import('../storage/sqlite/pack/thread.ts');
  const { description } = await inThread({ kind: 'prove', file, as: undefined });
  if (json) {
    await output.line(compactJson({ pack: file, verdict: 'sound', ...description }));
    return;
  }
  const { game, type, version, seq, tick, digest } = description;
  const told = `game ${printable(game)} of type ${printable(type)} ${version}, up to seq ${seq}, tick ${tick}`;
  await output.line(`${paint('green', 'sound')}: ${told}`);
  await output.line(`SHA-256 of its content: ${digest}`);
}

async function check(directory: string, options: Options, cli: CliContext): Promise<void> {
  const explain = options.explain === true;
  const examination = await examineDirectory(nodeFiles, directory.replace(/(?<=.)\/+$/, ''));
  const { findings } = examination;
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  const counts = { errors: count('error'), warnings: count('warning'), ...(explain ? { notes: count('note') } : {}) };
  const shown = { ...examination, findings: findings.filter(({ level }) => explain || isTrouble(level)) };
  cli.finish(counts.errors > 0 ? EXIT.damaged : EXIT.ok);
  if (options.json) await printJson(directory, shown, counts, cli);
  else await print(shown, counts, explain, cli);
}

interface Counts {
  readonly errors: number;
  readonly warnings: number;
  /** Only told where the notes themselves are. */
  readonly notes?: number;
}

function isTrouble(level: Level): boolean {
  return level === 'error' || level === 'warning';
}

function verdictOf({ errors }: Counts): 'damaged' | 'sound' {
  return errors > 0 ? 'damaged' : 'sound';
}

async function printJson(
  directory: string,
  { holder, shards, findings }: Examination,
  counts: Counts,
  { output }: CliContext,
): Promise<void> {
  const told = findings.map(({ remedy, ...rest }) => ({ ...rest, remedy: remedy ?? null }));
  const verdict = verdictOf(counts);
  await output.line(compactJson({ directory, verdict, ...counts, holder: holder ?? null, shards, findings: told }));
}

async function print(
  examination: Examination,
  counts: Counts,
  explain: boolean,
  { output, paint }: CliContext,
): Promise<void> {
  const { findings } = examination;
  const columns = new Columns([{ title: '' }, { title: '' }, { title: '' }], paint);
  columns.fit(findings.map(({ level, file }) => [level, printable(file)]));
  for (const { level, file, what, remedy } of findings) {
    await output.line(columns.row([level, printable(file), printable(what)], [COLOURS[level]]));
    if (explain && remedy !== undefined) {
      await output.line(columns.row(['', '', printable(remedy)], [undefined, undefined, 'dim']));
    }
  }
  const { errors, warnings, notes } = counts;
  const verdict = verdictOf(counts);
  const numbers = [
    counted(errors, 'error'),
    counted(warnings, 'warning'),
    ...(notes === undefined ? [] : [counted(notes, 'note')]),
  ];
  await output.line(`${paint(errors > 0 ? 'red' : 'green', verdict)}: ${numbers.join(', ')}; ${extentOf(examination)}`);
  if (errors > 0 && !explain) {
    await output.line('`orrery check --explain` says what to do about each; `orrery salvage` recovers what is left.');
  }
}
