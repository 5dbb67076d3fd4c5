// The past of a game in a database that is not being written to: a directory beside its process, or a pack. Before it:
// who opened the database, and closes it; after it: compaction/stored-history.ts.

import { OrreryError } from '../../core/errors.ts';
import { GameSeed } from '../../core/game/seed.ts';
import type { GameInfo } from '../game-info.ts';
import type {
  HistoryReader,
  Moment,
  MomentOptions,
  PastStep,
  SnapshotEntry,
  StateAt,
  StepRange,
} from '../history-reader.ts';
import type { Opening } from '../openings.ts';
import { idAt, importedSeq } from '../origins.ts';
import { checkMomentOptions, checkRange } from '../range.ts';
import { shardOf } from '../shard-of.ts';
import { orderTables } from '../table-order.ts';
import type { StoredHistory } from './compaction/stored-history.ts';
import { readConfig, shardDirectory } from './directory.ts';
import { nodeFiles } from './files.ts';
import { readOpenings } from './openings.ts';
import { ShardReader } from './recovery/shard-reader.ts';

export class DirectoryPast implements HistoryReader {
  readonly #stored: StoredHistory;
  readonly #close: () => void | Promise<void>;
  readonly openings: readonly Opening[];

  /** `close` lets go of the database; it is called once. */
  constructor(stored: StoredHistory, close: () => void | Promise<void>, openings: readonly Opening[] = []) {
    this.openings = openings;
    this.#stored = stored;
    let closing: Promise<void> | undefined;
    this.#close = () => {
      closing ??= Promise.resolve(close());
      return closing;
    };
  }

  get row(): GameInfo {
    return this.#stored.row;
  }

  async stateAt(moment: Moment, options: MomentOptions = {}): Promise<StateAt> {
    const { id, type } = this.row;
    checkMomentOptions(id, options);
    const { seq, tick, time, version, tables, state } = this.#stored.stateAt(moment, options.nearest === true);
    orderTables(state, tables);
    return { game: id, type, version, seq, tick, time, tables, state };
  }

  async *steps(range: StepRange = {}): AsyncGenerator<PastStep, void, undefined> {
    checkRange(this.row.id, range);
    for (const { steps } of this.#stored.pages(range)) yield* steps;
  }

  async snapshots(): Promise<readonly SnapshotEntry[]> {
    return this.#stored.snapshots();
  }

  idAt(seq: number): string {
    return idAt(this.#stored.origins, this.row.id, seq);
  }

  get importedSeq(): number {
    return importedSeq(this.#stored.origins);
  }

  get seed(): GameSeed | undefined {
    return GameSeed.of(this.#stored.seed);
  }

  async close(): Promise<void> {
    await this.#close();
  }
}

/**
 * The past of one game in a directory that another process may have open. A game id is never a path: whatever it is, it
 * is only looked up.
 *
 * @throws OrreryError GAME_NOT_FOUND, NOT_AN_ORRERY_DIRECTORY, DAMAGED, FORMAT_TOO_NEW, IO_FAILED.
 */
export async function openDirectoryPast(directory: string, game: string): Promise<HistoryReader> {
  const { shards } = readConfig(nodeFiles, directory);
  const shard = shardOf(game, shards);
  try {
    const reader = await ShardReader.open(nodeFiles, shardDirectory(directory, shard), shard);
    const stored = reader.past(game);
    if (stored) return new DirectoryPast(stored, () => reader.close(), readOpenings(nodeFiles, directory));
    reader.close();
  } catch (error) {
    throw error instanceof OrreryError ? error.within({ shard }) : error;
  }
  throw new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'there is no such game',
    hint: '`orrery ls` lists the games of a directory; upper and lower case are different.',
    context: { game, directory },
  });
}
