// What a recovery would do, and what earlier ones have given up, read from a directory beside whoever has it open.
// Nothing is written. Before it: `orrery recover --dry-run` and `--list`; after it: plan.ts, over the reader of the
// game's shard.

import { OrreryError } from '../core/errors.ts';
import type { AnyGameType } from '../core/game/define.ts';
import { type Plan, planRecovery } from '../history/recover/plan.ts';
import { isDamage } from '../history/recover/probe.ts';
import { newestOf, probeOf, type QuarantinedRange } from '../history/recover/recover.ts';
import { checkModes, type RecoverOptions } from '../history/recover/recovery-options.ts';
import { assemble } from '../storage/assemble.ts';
import type { HistoryReader } from '../storage/history-reader.ts';
import { shardOf } from '../storage/shard-of.ts';
import { readConfig, shardDirectory } from '../storage/sqlite/directory.ts';
import { DirectoryPast } from '../storage/sqlite/directory-history.ts';
import { nodeFiles } from '../storage/sqlite/files.ts';
import { readQuarantine } from '../storage/sqlite/image/rows.ts';
import { ShardReader } from '../storage/sqlite/recovery/shard-reader.ts';

/** `expanded` takes merged steps apart, where there is code for that. Throws what `recover` throws. */
export async function rehearseRecovery(
  directory: string,
  game: string,
  options: RecoverOptions,
  types: readonly AnyGameType[],
  expanded: (past: HistoryReader) => HistoryReader = (past) => past,
): Promise<Plan> {
  const modes = checkModes(game, options);
  return withReader(directory, game, async (reader) => {
    const stored = reader.past(game);
    if (!stored) throw notFound(game, directory);
    const kept = new DirectoryPast(stored, () => undefined);
    const past = expanded(kept);
    const type = newestOf(types, past.row.type);
    const probe = await probeOf({ past: kept, expanded: past }, type, options, quarantineOf(reader, game));
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
    const loaded = reader.contents?.compaction.load(game);
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
