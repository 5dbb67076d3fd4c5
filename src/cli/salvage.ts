// `orrery salvage`: what can still be proven of a damaged directory, written into a new one, and a list of what is
// lost.

import { Command } from 'commander';
import { OrreryError } from '../core/errors.ts';
import { compactJson, counted, printable } from '../core/printable.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { holderOf } from '../storage/sqlite/lock.ts';
import type { Complaint } from '../storage/sqlite/recovery/readable-journal.ts';
import { checkPlace, writeDirectory } from '../storage/sqlite/salvage/new-directory.ts';
import { type ReadableDirectory, readWhatIsLeft } from '../storage/sqlite/salvage/readable-directory.ts';
import type { SalvagedGame } from '../storage/sqlite/salvage/salvage.ts';
import type { CliContext } from './cli-context.ts';
import { Columns } from './columns.ts';
import { EXIT } from './exit.ts';

const HELP = `
The damaged directory is not changed. Each game is rebuilt from the images and
from every readable frame of the journal, as far as its past is proven without
a gap. The new directory opens like any other. A dash under SEQ means that
nothing of the game could be recovered. Records that cannot be read are copied
as they stand, for a later Orrery. No process may have the directory open.

The status is 0 if nothing is lost and everything can be read, and 1 if not.

Examples:
  orrery salvage ./data --to ./rescued
  orrery salvage ./data --to ./rescued --json | jq '.games[].lost'`;

export function salvageCommand(cli: CliContext): Command {
  return new Command('salvage')
    .description('Recover a damaged directory into a new one; list what is lost.')
    .argument('<directory>', 'the damaged directory')
    .requiredOption('--to <directory>', 'the new directory: not there yet, or an empty folder')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((directory: string, options: { to: string; json?: true }) =>
      salvage(directory, options.to, options.json === true, cli),
    );
}

async function salvage(directory: string, to: string, json: boolean, cli: CliContext): Promise<void> {
  checkPlace(directory, to);
  const holder = nodeFiles.exists(directory) ? holderOf(nodeFiles, directory) : undefined;
  if (holder !== undefined) throw alreadyOpen(directory, holder);
  const remains = await readWhatIsLeft(nodeFiles, directory);
  try {
    const recovered = remains.games.filter(({ keptSeq }) => keptSeq >= 0);
    const commandIndex = recovered.some(
      ({ image }) => image?.database.one('SELECT 1 FROM commands LIMIT 1') !== undefined,
    );
    await writeDirectory(nodeFiles, to, remains.shards, recovered, commandIndex);
    const isLost = remains.lost.length > 0 || remains.games.some(({ whole }) => whole === 'no' || whole === 'unknown');
    const isHeld = remains.games.some(({ held }) => held.length > 0);
    cli.finish(isLost || isHeld ? EXIT.damaged : EXIT.ok);
    if (json) await cli.output.line(compactJson(asJson(directory, to, remains, isLost)));
    else await print(to, remains, isLost, cli);
  } finally {
    remains.close();
  }
}

async function print(
  to: string,
  remains: ReadableDirectory,
  isLost: boolean,
  { output, paint }: CliContext,
): Promise<void> {
  const { games, lost, damaged, notes } = remains;
  const columns = new Columns(
    [{ title: 'GAME' }, { title: 'TYPE' }, { title: 'SEQ', right: true }, { title: 'LOST' }, { title: 'FROM' }],
    paint,
  );
  const rows = games.map((game) => [
    printable(game.id),
    printable(game.type),
    game.seq < 0 ? '-' : String(game.seq),
    lossOf(game),
    printable(originOf(game)),
  ]);
  columns.fit(rows);
  await output.line(columns.header());
  for (const [index, row] of rows.entries()) {
    const { whole, fault } = games[index] as SalvagedGame;
    await output.line(columns.row(row, ['cyan', undefined, undefined, whole === 'yes' ? undefined : 'red']));
    if (whole !== 'yes' && fault !== undefined) await output.line(paint('dim', `  ${printable(fault)}`));
  }
  const sections: readonly (readonly [string, readonly Complaint[]])[] = [
    ['lost', lost],
    ['damaged', damaged],
    ['note', notes],
  ];
  for (const [title, complaints] of sections) {
    for (const { file, what } of complaints) await output.line(`${title}  ${printable(file)}: ${printable(what)}`);
  }
  const whole = games.filter((game) => game.whole === 'yes').length;
  const isHeld = games.some(({ held }) => held.length > 0);
  const verdict = isLost
    ? paint('red', 'something is lost')
    : isHeld
      ? paint('red', 'nothing is lost, but some records cannot be read and were taken over as they stand')
      : paint('green', 'nothing is lost');
  const extent = `${whole} of ${counted(games.length, 'game')} whole, in ${counted(damaged.length, 'damaged file')}`;
  await output.line(`${verdict}: ${extent}; written to ${printable(to)}`);
}

function lossOf({ keptSeq, knownSeq, whole }: SalvagedGame): string {
  if (whole === 'no') return keptSeq + 1 === knownSeq ? `seq ${knownSeq}` : `seq ${keptSeq + 1} to ${knownSeq}`;
  return whole === 'unknown' ? 'perhaps the newest' : 'nothing';
}

function originOf({ image, imageSeq, lines, held, keptSeq }: SalvagedGame): string {
  if (keptSeq < 0) return '';
  const parts: string[] = [];
  if (image) parts.push(`image ${image.generation} up to seq ${imageSeq}${image.proven ? '' : ', by its own rows'}`);
  if (lines.length > 0) parts.push(counted(lines.length, 'record'));
  if (held.length > 0)
    parts.push(
      `${counted(held.length, 'record')} that cannot be read, as ${held.length === 1 ? 'it stands' : 'they stand'}`,
    );
  return parts.join(', ');
}

function asJson(directory: string, to: string, remains: ReadableDirectory, isLost: boolean): object {
  return {
    directory,
    to,
    verdict: isLost ? 'lost' : remains.games.some(({ held }) => held.length > 0) ? 'unreadable' : 'nothing lost',
    shards: remains.shards,
    games: remains.games.map((game) => ({
      id: game.id,
      type: game.type === '' ? null : game.type,
      seq: game.seq < 0 ? null : game.seq,
      whole: game.whole,
      lost: game.keptSeq < game.knownSeq ? { from: game.keptSeq + 1, to: game.knownSeq } : null,
      unreadable: game.held.length > 0 ? { from: game.seq + 1, to: game.keptSeq, records: game.held.length } : null,
      image: game.image?.generation ?? null,
      imageSeq: game.image ? game.imageSeq : null,
      imageProven: game.image?.proven ?? null,
      records: game.lines.length,
      why: game.fault ?? null,
    })),
    lost: remains.lost,
    damaged: remains.damaged,
    notes: remains.notes,
  };
}

function alreadyOpen(directory: string, pid: number): OrreryError {
  return new OrreryError({
    code: 'ALREADY_OPEN',
    what: `the directory is open by process ${pid}, which goes on changing it`,
    hint: 'Close it there first. `orrery check` works meanwhile.',
    context: { directory, pid },
  });
}
