// What `orrery try` tried, kept: a new directory with one game in it, which began as a fork and did what was tried.
// Before it: try.ts with the records; after it: the directory is one like any other.

import { existsSync } from 'node:fs';
import { OrreryError } from '../core/errors.ts';
import type { AnyGameType } from '../core/game/define.ts';
import { migrate } from '../core/game/migration.ts';
import { WorkingState } from '../core/game/state.ts';
import { CREATE } from '../core/patch/record.ts';
import type { TypeVersions } from '../history/rerun/games-module.ts';
import type { TriedRecord, TryReport } from '../history/rerun/trial.ts';
import { openOrrery } from '../on-demand.ts';
import type { HistoryReader, Moment } from '../storage/history-reader.ts';
import { withOwnedGames } from './owned-games.ts';

/** Records that are handed over before the disk is waited for. */
const AT_ONCE = 1000;

/** Throws GAME_EXISTS when something is there already, DIRECTORY_UNUSABLE, DISK_FULL, IO_FAILED. */
export async function keepTrial(
  directory: string,
  past: HistoryReader,
  types: TypeVersions,
  report: TryReport,
  at: Moment,
  records: readonly TriedRecord[],
): Promise<void> {
  if (existsSync(directory)) {
    throw new OrreryError({
      code: 'DIRECTORY_UNUSABLE',
      what: 'the directory to keep it in is there already',
      hint: 'Name one that is not there.',
      context: { directory },
    });
  }
  const type = types.get(report.version) as AnyGameType;
  const { game: id } = report;
  const begun = await past.stateAt(at);
  const { seq: parentSeq, tick, time: now } = begun;
  const { state, tables } = migrate(type, begun, { game: id, seq: parentSeq, tick, now, seed: past.seed });
  await (await openOrrery({ directory, games: [type] })).close();
  await withOwnedGames(directory, [id], [type], async ({ loadedGames }) => {
    const commitQueue = loadedGames.commitQueueOf(id);
    const { actor, sink } = loadedGames.detached(type, id);
    const args = { fork: { game: id, seq: parentSeq } };
    const seed = sink.randomness.begin();
    actor.adopt(WorkingState.fromJson(state, tables), { command: CREATE, seq: 0, tick, args, seed });
    let seq = 0;
    for (const { name: command, tick: then, time, args: given, player, patches } of records) {
      seq += 1;
      const record = { game: id, seq, tick: then, time, command, patches };
      sink.append({
        ...record,
        ...(given === undefined ? {} : { args: given }),
        ...(player === undefined ? {} : { player }),
      });
      if (seq % AT_ONCE === 0) await commitQueue.flush();
    }
    await commitQueue.flush();
    actor.evict();
  });
}
