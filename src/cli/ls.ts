// `orrery ls`: which games a directory holds.

import { Command } from 'commander';
import { byteSize, compactJson, isoTime, printable } from '../core/printable.ts';
import type { GameInfo } from '../storage/game-info.ts';
import { readConfig } from '../storage/sqlite/directory.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { openPackPast } from '../storage/sqlite/pack/pack-history.ts';
import type { CliContext } from './cli-context.ts';
import { Columns } from './columns.ts';
import { DIRECTORY_OR_PACK, isPack } from './past/opening.ts';
import { eachShard } from './reading.ts';
import { type StateSize, stateSize, stateSizeIn } from './state-size.ts';

const HELP = `
STATE is the size of the newest state as JSON. "~" means that the newest state
cannot be read; the size is then that of the newest snapshot. "!" behind SEQ
means that later records cannot be read; \`orrery check\` says why. Nothing is
changed; another process may have the directory open.

Examples:
  orrery ls ./data
  orrery ls ./data --json | jq '.games[] | select(.tick > 1000) | .id'`;

interface Listed {
  readonly row: GameInfo;
  /** None for the game in a pack. */
  readonly shard: number | undefined;
  readonly size: StateSize;
}

export function lsCommand(cli: CliContext): Command {
  return new Command('ls')
    .description('List every game with its type, version, seq, tick and size.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((directory: string, options: { json?: true }) => ls(directory, options.json === true, cli));
}

async function ls(directory: string, json: boolean, { output, paint }: CliContext): Promise<void> {
  const { id, shards, games } = isPack(directory) ? await packed(directory) : await listed(directory);
  if (json) {
    await output.line(compactJson({ directory, id, shards, games: games.map(asJson) }));
    return;
  }
  const columns = new Columns(
    [
      { title: 'GAME' },
      { title: 'TYPE' },
      { title: 'VERSION', right: true },
      { title: 'SEQ', right: true },
      { title: 'TICK', right: true },
      { title: 'STATE', right: true },
      { title: 'LAST CHANGE' },
      { title: 'SHARD', right: true },
    ],
    paint,
  );
  const rows = games.map(({ row, shard, size }) => [
    printable(row.id),
    printable(row.type),
    String(row.version),
    `${row.seq < 0 ? '-' : row.seq}${row.unreadable ? '!' : ''}`,
    String(row.tick),
    `${size.seq === row.seq ? '' : '~'}${byteSize(size.bytes)}`,
    isoTime(row.time),
    shard === undefined ? '' : String(shard),
  ]);
  columns.fit(rows);
  await output.line(columns.header());
  for (const row of rows) await output.line(columns.row(row, ['cyan']));
}

interface Listing {
  readonly id: string;
  readonly shards: number;
  readonly games: readonly Listed[];
}

async function listed(directory: string): Promise<Listing> {
  const games: Listed[] = [];
  await eachShard(directory, async (reader, shard) => {
    for (const row of reader.games()) games.push({ row, shard, size: await stateSizeIn(reader, row) });
  });
  games.sort((left, right) => (left.row.id < right.row.id ? -1 : 1));
  return { ...readConfig(nodeFiles, directory), games };
}

/** The directory that a pack comes from has an id too. */
async function packed(file: string): Promise<Listing> {
  const past = await openPackPast(file);
  try {
    const { row } = past;
    const size = await stateSize(row, async () => (await past.stateAt({ seq: row.seq })).state);
    return { id: past.description.source, shards: 0, games: [{ row, shard: undefined, size }] };
  } finally {
    await past.close();
  }
}

function asJson({ row, shard, size }: Listed): object {
  const { id, type, version, seq, tick, records, snapshotSeq, created, time, parent, parentSeq } = row;
  return {
    id,
    type,
    version,
    seq,
    tick,
    commands: records,
    stateBytes: size.bytes,
    stateSeq: size.seq,
    snapshotSeq,
    created: isoTime(created),
    time: isoTime(time),
    shard: shard ?? null,
    ...(row.unreadable === undefined ? {} : { unreadable: row.unreadable }),
    ...(parent === undefined ? {} : { parent: { game: parent, seq: parentSeq } }),
  };
}
