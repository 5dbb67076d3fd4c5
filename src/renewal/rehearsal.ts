// What a recovery would do, and what earlier ones have given up, read from a directory beside whoever has it open. Nothing is
// written. Before it: `orrery recover --dry-run` and `--list`; after it: plan.ts, over the reader of the game's shard.

import { readConfig, shardDirectory, shardOf } from '../directory.ts';
import { OrreryError } from '../errors.ts';
import { assemble } from '../game/assemble.ts';
import type { AnyGameType } from '../game/define.ts';
import { readQuarantine } from '../image/rows.ts';
import { nodeFiles } from '../journal/files.ts';
import { DigestPast } from '../past/digest-past.ts';
import type { Past } from '../past/past.ts';
import { ShardReader } from '../recovery/shard-reader.ts';
import { type Plan, planRecovery } from './plan.ts';
import { isDamage } from './probe.ts';
import { newestOf, probeOf, type QuarantinedRange } from './recover.ts';
import { checkModes, type RecoverOptions } from './recovery-options.ts';

/** `apart` takes merged steps apart, where there is code for that. Throws what `recover` throws. */
export async function rehearseRecovery(
  directory: string,
  game: string,
  options: RecoverOptions,
  types: readonly AnyGameType[],
  apart: (past: Past) => Past = (past) => past,
): Promise<Plan> {
  const modes = checkModes(game, options);
  return withReader(directory, game, async (reader) => {
    const stored = reader.past(game);
    if (!stored) throw notFound(game, directory);
    const kept = new DigestPast(stored, () => undefined);
    const past = apart(kept);
    const type = newestOf(types, past.row.type);
    const probe = await probeOf({ past: kept, apart: past }, type, options, quarantineOf(reader, game));
    return planRecovery({ past, probe, notLoadable: await whyNotLoaded(reader, game) }, modes);
  });
}

/** What recoveries have given up of a game, oldest first. Throws GAME_NOT_FOUND, and what opening a shard throws. */
export function quarantineIn(directory: string, game: string): Promise<readonly QuarantinedRange[]> {
  return withReader(directory, game, async (reader) => {
    if (!reader.game(game)) throw notFound(game, directory);
    return quarantineOf(reader, game);
  });
}

function quarantineOf(reader: ShardReader, game: string): readonly QuarantinedRange[] {
  if (!reader.contents) return [];
  return readQuarantine(reader.contents.database, game).map(({ game: _game, ...range }) => range);
}

async function whyNotLoaded(reader: ShardReader, game: string): Promise<OrreryError | undefined> {
  try {
    const loaded = reader.contents?.digest.load(game);
    if (loaded) await assemble(loaded.pieces, loaded.row.tables);
    return undefined;
  } catch (error) {
    if (isDamage(error)) return error;
    throw error;
  }
}

async function withReader<T>(directory: string, game: string, work: (reader: ShardReader) => Promise<T>): Promise<T> {
  const { shards } = readConfig(nodeFiles, directory);
  const shard = shardOf(game, shards);
  const reader = await ShardReader.open(nodeFiles, shardDirectory(directory, shard), shard);
  try {
    return await work(reader);
  } finally {
    reader.close();
  }
}

function notFound(game: string, directory: string): OrreryError {
  return new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'there is no such game',
    hint: '`orrery ls` lists the games of a directory; upper and lower case are different.',
    context: { game, directory },
  });
}
