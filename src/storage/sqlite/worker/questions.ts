// What can be asked of a shard's games: answered from its database and its compaction. Before it: owner.ts, which
// brings compaction up to date first, or onlooker.ts, which only looks; after it: compaction/.

import { cutState } from '../../chunks.ts';
import type { GameInfo, Quarantine } from '../../game-info.ts';
import type { Moment, SnapshotEntry, StepRange } from '../../history-reader.ts';
import type { EarlyChunks, PastPage, StoredGame, StoredMoment } from '../../store.ts';
import type { Compaction } from '../compaction/compaction.ts';
import type { Database } from '../image/database.ts';
import { readQuarantine } from '../image/rows.ts';

/** Each method as in Store. */
export class Questions {
  readonly #database: Database;
  readonly #compaction: Compaction;

  constructor({ database, compaction }: { readonly database: Database; readonly compaction: Compaction }) {
    this.#database = database;
    this.#compaction = compaction;
  }

  load(id: string, early?: EarlyChunks): StoredGame | undefined {
    this.#compaction.assertReadable(id);
    const loaded = this.#compaction.load(id, early);
    if (!loaded) return undefined;
    const { row, seed, bytes: stateBytes, pieces } = loaded;
    const { type, version, seq, tick, tables } = row;
    return { id, type, version, seq, tick, tables, stateBytes, seed, pieces };
  }

  list(): readonly GameInfo[] {
    return this.#compaction.list();
  }

  stateAt(id: string, moment: Moment, nearest: boolean): StoredMoment | undefined {
    const past = this.#compaction.past(id);
    if (!past) return undefined;
    const found = past.find(moment, nearest);
    const { type } = past.row;
    // The newest need not be folded whole.
    const newest = found === past.row.seq ? this.#compaction.load(id) : undefined;
    if (newest) {
      const { seq, tick, time, version, tables } = newest.row;
      return { type, version, seq, tick, time, tables, pieces: newest.pieces };
    }
    const { state, ...rest } = past.fold(found);
    return { type, ...rest, pieces: [...cutState(state, rest.tables)] };
  }

  past(id: string, range: StepRange, limit: number): PastPage | undefined {
    const past = this.#compaction.past(id);
    return past && { row: past.row, origins: past.origins, seed: past.seed, ...past.page(range, limit) };
  }

  snapshots(id: string): readonly SnapshotEntry[] | undefined {
    return this.#compaction.past(id)?.snapshots();
  }

  quarantine(id: string): readonly Quarantine[] {
    return readQuarantine(this.#database, id);
  }
}
