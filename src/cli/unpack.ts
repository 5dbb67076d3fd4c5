// `orrery unpack`: the game of a pack, with its whole past, into a directory. Opens the directory as its owner; needs
// no code.

import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import { compactJson, printable } from '../core/printable.ts';
import { DEFAULT_SHARDS } from '../options.ts';
import { shardOf } from '../storage/shard-of.ts';
import { takeDirectory } from '../storage/sqlite/directory.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { inThread } from '../storage/sqlite/pack/thread.ts';
import type { CliContext } from './cli-context.ts';
import { withOwnedShard } from './owned-shard.ts';

const HELP = `
The pack is verified first: its SHA-256, every row, and that its states follow
from its history. The directory is made if it is not there. A game that is
there under the same id is not touched: choose another id with --as. Random
numbers depend on the id, so a renamed game remembers its old ids.

No other process may have the directory open (status 4); a program that has it
open calls orrery.unpack().

Examples:
  orrery unpack battle.orrery ./data
  orrery unpack battle.orrery ./data --as 'battle (from the report)'`;

export function unpackCommand(cli: CliContext): Command {
  return new Command('unpack')
    .description('Put the game of a pack, with its whole past, into a directory.')
    .argument('<file>', 'the pack')
    .argument('<directory>', 'the directory; it is made if it is not there')
    .option('--as <id>', 'the id of the game in this directory (default: the same)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((file: string, directory: string, options: { as?: string; json?: true }) =>
      unpack(file, directory, options, cli),
    );
}

async function unpack(
  file: string,
  directory: string,
  { as, json }: { readonly as?: string; readonly json?: true },
  { output }: CliContext,
): Promise<void> {
  // Before the directory is opened, and perhaps made.
  const proven = await inThread({ kind: 'prove', file, as });
  const { lock, config } = takeDirectory(nodeFiles, directory, undefined, DEFAULT_SHARDS);
  try {
    const home = shardOf(proven.id, config.shards);
    // All of them: a directory is whole only when each of its shards has been made, and that comes before any game.
    const others = Array.from({ length: config.shards }, (_, shard) => shard).filter((shard) => shard !== home);
    for (const shard of [...others, home]) {
      await withOwnedShard(directory, config, shard, async (store) => {
        if (shard === home) await store.import({ game: proven.id, bytes: proven.bytes, token: randomUUID() });
      });
    }
  } finally {
    lock.release();
  }
  const { game: from, type, seq, tick, source, digest } = proven.description;
  if (json) {
    await output.line(compactJson({ directory, game: proven.id, type, seq, tick, file, from, source, digest }));
    return;
  }
  const renamed = proven.id === from ? '' : `, which was ${printable(from)}`;
  await output.line(`${printable(directory)}: game ${printable(proven.id)}${renamed}, up to seq ${seq}, tick ${tick}`);
}
