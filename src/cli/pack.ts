// `orrery pack`: one game with its whole past, out of a directory into one file. Reads only, also while somebody plays.

import { Command } from 'commander';
import { byteSize, compactJson, isoTime, printable } from '../core/printable.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { packFromDirectory } from '../storage/sqlite/pack/packing.ts';
import type { CliContext } from './cli-context.ts';

const HELP = `
A pack is a SQLite file with one game: its states, its history, the name of its
type, and a SHA-256 over all of it. Every reading command takes a pack in place
of a directory, and \`orrery unpack\` puts the game into another directory.
Another process may have the directory open; the pack then holds what was
written when the command began.

Examples:
  orrery pack ./data andromeda -o andromeda.orrery
  orrery log andromeda.orrery --limit 20`;

interface PackCommandOptions {
  readonly output: string;
  readonly force?: true;
  readonly json?: true;
}

export function packCommand(cli: CliContext): Command {
  return new Command('pack')
    .description('Write one game with its whole past into one file.')
    .argument('<directory>', 'the directory that openOrrery was given')
    .argument('<game>', 'the id of the game')
    .requiredOption('-o, --output <file>', 'the file to write, such as battle.orrery')
    .option('--force', 'replace the file if it is there')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((directory: string, game: string, options: PackCommandOptions) => packGame(directory, game, options, cli));
}

async function packGame(
  directory: string,
  game: string,
  { output: file, force, json }: PackCommandOptions,
  { output }: CliContext,
): Promise<void> {
  const packed = await packFromDirectory(nodeFiles, directory, game, file, { force: force === true });
  if (json) {
    await output.line(compactJson({ file, ...packed, packed: isoTime(packed.packed) }));
    return;
  }
  const { type, version, seq, tick, bytes, digest } = packed;
  await output.line(
    `${printable(file)}: game ${printable(game)} of type ${printable(type)} ${version}, up to seq ${seq}, tick ${tick}; ${byteSize(bytes)}`,
  );
  await output.line(`SHA-256 of its content: ${digest}`);
}
