// `orrery accept`: takes a shard as it stands when it is not what was recorded of it, such as one that is back from an
// earlier backup. Tells what would be given up, and changes nothing unless it is told to.

import { Command } from 'commander';
import { OrreryError } from '../core/errors.ts';
import { compactJson, counted, printable } from '../core/printable.ts';
import type { GameInfo } from '../storage/game-info.ts';
import { shardOf } from '../storage/shard-of.ts';
import { type DirectoryConfig, readConfig, shardDirectory, takeDirectory } from '../storage/sqlite/directory.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { type Discrepancy, discrepancyOf, type Found, MISSING } from '../storage/sqlite/recovery/known-shard.ts';
import { assertNeverMade, READING, ShardReader } from '../storage/sqlite/recovery/shard-reader.ts';
import { readRecord, type ShardRecord } from '../storage/sqlite/recovery/shard-record.ts';
import type { CliContext } from './cli-context.ts';
import { EXIT } from './exit.ts';
import { withOwnedShard } from './owned-shard.ts';
import { wholeNumber } from './reading.ts';

const HELP = `
Each shard has a record beside its folder, such as shard-01.record: which shard
it is, and how far it had come. If the folder is gone, empty, of another shard
or older than its record, acknowledged commands are missing, and nothing opens
it. The first remedy is the right folder with its record from a newer backup.

Without --give-up nothing is changed. The command prints what was recorded,
what is there and what would be given up; the status is 1, or 0 if there is
nothing to accept. With --give-up the shard is taken as it stands and recorded
anew; a shard that is gone begins empty.

Examples:
  orrery accept ./data --shard 1
  orrery accept ./data --shard 1 --give-up`;

interface Options {
  readonly shard: number;
  readonly giveUp?: true;
  readonly json?: true;
}

/** How a shard stands to its record. */
interface Standing {
  readonly record: ShardRecord | undefined;
  readonly games: readonly GameInfo[];
  /** Undefined when the folder holds nothing. */
  readonly found: Found | undefined;
  /** Undefined when there is nothing to accept. */
  readonly why: string | undefined;
}

export function acceptCommand(cli: CliContext): Command {
  return new Command('accept')
    .description('Open a shard again that is gone or older than its record.')
    .argument('<directory>', 'the directory that openOrrery was given')
    .requiredOption('--shard <number>', 'the number of the shard: 0, 1, 2, ...', wholeNumber(0))
    .option('--give-up', 'do it: give up what is missing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((directory: string, options: Options) => accept(directory, options, cli));
}

async function accept(directory: string, options: Options, cli: CliContext): Promise<void> {
  const { shard, giveUp = false, json } = options;
  const config = readConfig(nodeFiles, directory);
  if (shard >= config.shards) {
    throw new OrreryError({
      code: 'INVALID_OPTION',
      what: `there is no shard ${shard}`,
      hint: `The directory has ${config.shards}: 0 to ${config.shards - 1}.`,
      context: { directory, shard },
    });
  }
  const standing = await standingOf(directory, config, shard);
  const accepted = giveUp && standing.why !== undefined;
  if (accepted) await takeAsItStands(directory, config, shard);
  cli.finish(standing.why === undefined || accepted ? EXIT.ok : EXIT.damaged);
  if (json) await cli.output.line(compactJson(asJson(directory, shard, standing, accepted)));
  else await print(shard, standing, accepted, cli);
}

async function standingOf(directory: string, config: DirectoryConfig, shard: number): Promise<Standing> {
  const folder = shardDirectory(directory, shard);
  let record: ShardRecord | undefined;
  let why: string | undefined;
  try {
    record = readRecord(nodeFiles, folder);
    if (record && record.directory !== config.id) why = 'its record is that of another directory';
  } catch (error) {
    if (!(error instanceof OrreryError) || error.code === 'FORMAT_TOO_NEW') throw error;
    why = error.what;
  }
  if (!nodeFiles.exists(folder)) return { record, games: [], found: undefined, why: MISSING.what };
  const reader = await ShardReader.open(nodeFiles, folder, shard, READING, 'ignore');
  try {
    const found = reader.contents;
    const games = reader.games();
    const stray = games.find(({ id }) => shardOf(id, config.shards) !== shard);
    if (stray) throw ofAnotherPlace(folder, shard, stray.id);
    return { record, games, found, why: why ?? (await discrepancy(folder, shard, record, found))?.what };
  } finally {
    reader.close();
  }
}

async function discrepancy(
  folder: string,
  shard: number,
  record: ShardRecord | undefined,
  found: Found | undefined,
): Promise<Pick<Discrepancy, 'what'> | undefined> {
  if (found) return record && discrepancyOf(record, found);
  try {
    await assertNeverMade(nodeFiles, folder, shard, record);
    return undefined;
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'SHARD_MISSING') return error;
    throw error;
  }
}

async function takeAsItStands(directory: string, config: DirectoryConfig, shard: number): Promise<void> {
  const { lock } = takeDirectory(nodeFiles, directory, undefined, config.shards, shard);
  try {
    nodeFiles.makeDirectory(shardDirectory(directory, shard));
    // Opening it records it.
    await withOwnedShard(directory, config, shard, () => Promise.resolve(), true);
  } finally {
    lock.release();
  }
}

async function print(
  shard: number,
  { record, games, found, why }: Standing,
  accepted: boolean,
  { output, paint }: CliContext,
): Promise<void> {
  if (why === undefined) {
    await output.line(`shard ${shard} is what was recorded of it: there is nothing to accept`);
    return;
  }
  await output.line(`shard ${shard}: ${printable(why)}`);
  if (record)
    await output.line(`recorded  shard ${record.shard}, generation ${record.generation}, frame ${record.durableFrame}`);
  else await output.line('recorded  nothing that can be read');
  if (found) {
    const { manifest, tail } = found;
    await output.line(`found     shard ${manifest.shard}, generation ${manifest.generation}, frame ${tail.last.frame}`);
    for (const { id, seq } of games) await output.line(`          ${printable(id)} up to seq ${seq}`);
  } else await output.line('found     nothing');
  await output.line(`give up   ${givenUp(record, found)}`);
  if (accepted) await output.line(paint('yellow', `accepted: shard ${shard} goes on as it stands`));
  else await output.line('Nothing was changed. Put the right folder back if you have it; else add --give-up.');
}

function givenUp(record: ShardRecord | undefined, found: Found | undefined): string {
  if (!record) return 'whatever the shard held that is not there now: nothing tells how much';
  if (found?.manifest.shard !== record.shard)
    return `all of ${counted(record.durableFrame, 'frame')} of the recorded shard`;
  const { frame } = found.tail.last;
  if (frame >= record.durableFrame) return 'whatever the recorded shard had and this copy has not';
  return `frames ${frame + 1} to ${record.durableFrame}, and what came after the record was written`;
}

function asJson(directory: string, shard: number, { record, games, found, why }: Standing, accepted: boolean): object {
  const place = (generation: number, frame: number, uuid: string): object => ({ shard: uuid, generation, frame });
  return {
    directory,
    shard,
    why: why ?? null,
    recorded: record ? place(record.generation, record.durableFrame, record.shard) : null,
    found: found ? place(found.manifest.generation, found.tail.last.frame, found.manifest.shard) : null,
    games: games.map(({ id, seq }) => ({ id, seq })),
    accepted,
  };
}

function ofAnotherPlace(folder: string, shard: number, game: string): OrreryError {
  return new OrreryError({
    code: 'SHARD_REPLACED',
    what: 'the folder holds a game that belongs to another shard: nobody would find it here',
    hint: 'Put the right folder back. The games of this one come out with `orrery pack`, in the directory that it is from.',
    context: { game, shard, file: folder },
  });
}
