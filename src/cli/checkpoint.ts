// `orrery checkpoint`: opens a directory as its owner and publishes an image of each shard. The only command that writes.

import { Command } from 'commander';
import { readConfig, shardDirectory, takeDirectory } from '../directory.ts';
import { OrreryError } from '../errors.ts';
import { nodeFiles } from '../journal/files.ts';
import { ShardReader } from '../recovery/shard-reader.ts';
import type { SqliteStore } from '../store/sqlite.ts';
import { Columns } from './columns.ts';
import { byteSize, compactJson } from './printable.ts';
import type { Surroundings } from './surroundings.ts';

const HELP = `
Afterwards the next opening has nothing to replay, and latest.sqlite of each shard holds everything. What a program left
unfinished is recovered first, as on any opening. Fails with status 4 while another process has the directory open: that
process publishes images by itself.

Examples:
  orrery checkpoint ./data
  orrery checkpoint ./data --json && cp -r ./data /backup/galaxies`;

/** Nothing else waits for the thread: the longer its slices, the fewer turns it takes. */
const SLICE_MS = 200;

/** The most that `maxImageBytes` can be: a program's own bound is kept when that program publishes. */
const MAX_IMAGE_BYTES = 2 ** 31 - 1;

interface Published {
  readonly shard: number;
  readonly generation: number;
  readonly imageBytes: number;
  readonly durationMs: number;
  /** Records that were only in the journal of a program that had not closed. */
  readonly replayedRecords: number;
}

export function checkpointCommand(surroundings: Surroundings): Command {
  return new Command('checkpoint')
    .description('Publish an image of each shard, so that nothing is left to replay.')
    .argument('<directory>', 'the directory that openOrrery was given')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((directory: string, options: { json?: true }) =>
      checkpoint(directory, options.json === true, surroundings),
    );
}

async function checkpoint(directory: string, json: boolean, { output, paint }: Surroundings): Promise<void> {
  // Taking a directory would make it; here it has to be one already.
  const { shards } = readConfig(nodeFiles, directory);
  const { lock } = takeDirectory(nodeFiles, directory, undefined, shards);
  const published: Published[] = [];
  try {
    for (let shard = 0; shard < shards; shard += 1) published.push(await publish(directory, shard));
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

async function publish(directory: string, shard: number): Promise<Published> {
  const folder = shardDirectory(directory, shard);
  // The commands that only read have no use for threads, and start sooner without what makes them.
  const { SqliteStore } = await import('../store/sqlite.ts');
  try {
    const store = new SqliteStore(folder, shard, {
      workerUrl: undefined,
      sliceMs: SLICE_MS,
      checkpointBytes: Number.MAX_SAFE_INTEGER,
      maxImageBytes: MAX_IMAGE_BYTES,
      ...(await digestedAs(folder, shard)),
    });
    try {
      const recovery = await store.open();
      const opened = await store.stats();
      let report = { generation: opened.generation, imageBytes: opened.imageBytes, durationMs: recovery.durationMs };
      // An opening that had anything to replay has published already.
      if (opened.checkpoints === 0) report = await next(store);
      await store.close();
      const durationMs = Math.round(report.durationMs * 10) / 10;
      return { shard, ...report, durationMs, replayedRecords: recovery.replayedRecords };
    } finally {
      await store.destroy();
    }
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ shard }) : error;
  }
}

async function next(store: SqliteStore): Promise<{ generation: number; imageBytes: number; durationMs: number }> {
  for (;;) {
    const report = await store.checkpoint();
    if (report) return report;
  }
}

/**
 * What the journal still holds becomes rows for good, and only the program knows how its game types want that. So nothing is
 * merged, which keeps the most, and the index of commands is carried on where there is one.
 */
async function digestedAs(
  folder: string,
  shard: number,
): Promise<{ grains: { [type: string]: 'commands' }; commandIndex: boolean }> {
  const reader = await ShardReader.open(nodeFiles, folder, shard);
  try {
    const types = new Set(reader.games().map(({ type }) => type));
    const indexed = reader.contents?.database.one('SELECT 1 FROM commands LIMIT 1') !== undefined;
    return { grains: Object.fromEntries([...types].map((type) => [type, 'commands'])), commandIndex: indexed };
  } finally {
    reader.close();
  }
}
