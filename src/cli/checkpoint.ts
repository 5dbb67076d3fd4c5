// `orrery checkpoint`: opens a directory as its owner and publishes an image of each shard. The simplest of the
// commands that write.

import { Command } from 'commander';
import { byteSize, compactJson } from '../core/printable.ts';
import { type DirectoryConfig, readConfig, takeDirectory } from '../storage/sqlite/directory.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import type { SqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { CliContext } from './cli-context.ts';
import { Columns } from './columns.ts';
import { withOwnedShard } from './owned-shard.ts';

const HELP = `
The next opening then has nothing to replay, and latest.sqlite of each shard
holds everything. What a killed program left unfinished is recovered first, as
by any opening. No other process may have the directory open (status 4); a
program that has it open publishes images by itself.

Examples:
  orrery checkpoint ./data
  orrery checkpoint ./data --json && cp -r ./data /backup/galaxies`;

interface Published {
  readonly shard: number;
  readonly generation: number;
  readonly imageBytes: number;
  readonly durationMs: number;
  /** Records that were only in the journal of a program that had not closed. */
  readonly replayedRecords: number;
}

export function checkpointCommand(cli: CliContext): Command {
  return new Command('checkpoint')
    .description('Publish an image of each shard.')
    .argument('<directory>', 'the directory that openOrrery was given')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((directory: string, options: { json?: true }) => checkpoint(directory, options.json === true, cli));
}

async function checkpoint(directory: string, json: boolean, { output, paint }: CliContext): Promise<void> {
  // Taking a directory would make it; here it has to be one already.
  const config = readConfig(nodeFiles, directory);
  const { shards } = config;
  const { lock } = takeDirectory(nodeFiles, directory, undefined, shards);
  const published: Published[] = [];
  try {
    for (let shard = 0; shard < shards; shard += 1) published.push(await publish(directory, config, shard));
  } finally {
    lock.release();
  }

  if (json) {
    await output.line(compactJson({ directory, shards: published }));
    return;
  }
  const columns = new Columns(
    [
      { title: 'SHARD', right: true },
      { title: 'GENERATION', right: true },
      { title: 'IMAGE', right: true },
      { title: 'MS', right: true },
      { title: 'REPLAYED', right: true },
    ],
    paint,
  );
  const rows = published.map(({ shard, generation, imageBytes, durationMs, replayedRecords }) => [
    String(shard),
    String(generation),
    byteSize(imageBytes),
    durationMs.toFixed(1),
    String(replayedRecords),
  ]);
  columns.fit(rows);
  await output.line(columns.header());
  for (const row of rows) await output.line(columns.row(row));
}

function publish(directory: string, config: DirectoryConfig, shard: number): Promise<Published> {
  return withOwnedShard(directory, config, shard, async (store, recovery) => {
    const opened = await store.stats();
    let report = { generation: opened.generation, imageBytes: opened.imageBytes, durationMs: recovery.durationMs };
    // An opening that had anything to replay has published already.
    if (opened.checkpoints === 0) report = await next(store);
    const durationMs = Math.round(report.durationMs * 10) / 10;
    return { shard, ...report, durationMs, replayedRecords: recovery.replayedRecords };
  });
}

async function next(store: SqliteStore): Promise<{ generation: number; imageBytes: number; durationMs: number }> {
  for (;;) {
    const report = await store.checkpoint();
    if (report) return report;
  }
}
