// Stands in for compaction/compaction.ts beside plain-database.ts: folds the records of plain-dialect.ts. Like the real one it gathers
// what it takes in, writes it when it is flushed, and refuses a record that does not follow on the one before.

import { OrreryError } from '#core/errors.ts';
import { type BatchMark, markOf } from '#storage/batch-mark.ts';
import { markIn, markRows } from '#storage/sqlite/image/newest-batch.ts';
import type { Standing } from './chain.ts';
import type { PlainDatabase } from './plain-database.ts';
import { foldPlain } from './plain-dialect.ts';

interface Position {
  readonly frame: number;
  readonly chain: number;
}

export interface PlainRow extends Standing {
  readonly id: string;
}

export class PlainCompaction {
  readonly #database: PlainDatabase;
  readonly #gathered = new Map<string, Standing>();
  /** There are no SQL tables, */
  readonly reprojection = { types: [] };
  readonly unprojected = [];
  /** nothing of the past goes, */
  readonly unthinned = [];
  /** and there are no game types. */
  readonly policies = { record: (): boolean => false };
  #position: Position;
  newestBatch: BatchMark | undefined;

  constructor(database: PlainDatabase, _options: unknown, position: Position) {
    this.#database = database;
    this.#position = position;
    this.newestBatch = markIn(database.meta);
  }

  get position(): Position {
    return this.#position;
  }

  *take(payload: Uint8Array, position: Position): Generator<void, void> {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('latin1');
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf('\n', start);
      if (end < 0) throw damaged('a batch does not end with a line feed');
      this.#record(text.slice(start, end));
      start = end + 1;
      yield;
    }
    this.#position = position;
    this.newestBatch = markOf(payload);
  }

  skipTo(position: Position): void {
    if (position.frame > this.#position.frame) this.#position = position;
  }

  flush(meta: { readonly [key: string]: string | number }): void {
    for (const [game, standing] of this.#gathered) this.#database.games.set(game, standing);
    this.#gathered.clear();
    for (const [key, value] of Object.entries({ ...meta, ...markRows(this.newestBatch) }))
      this.#database.meta.set(key, String(value));
    this.#database.meta.set('applied_frame', String(this.#position.frame));
    this.#database.meta.set('applied_chain', String(this.#position.chain));
  }

  /** There are no snapshots to be taken. */
  *settle(): Generator<void, void> {
    yield;
  }

  /** Everything is kept. It takes turns for that, as if something were to go: others have theirs in between. */
  *thin(): Generator<void, void> {
    yield;
    yield;
  }

  game(id: string): PlainRow | undefined {
    const standing = this.#gathered.get(id) ?? this.#database.games.get(id);
    return standing && { id, ...standing };
  }

  /** A record that does not follow is damage here: nothing is ever kept as it stands. */
  readonly unreadable = [];

  assertReadable(): void {}

  *retry(): Generator<void, void> {}

  lastSeq(id: string): number {
    return this.game(id)?.seq ?? -1;
  }

  list(): PlainRow[] {
    return this.games();
  }

  games(): PlainRow[] {
    const ids = new Set([...this.#database.games.keys(), ...this.#gathered.keys()]);
    return [...ids].map((id) => this.game(id) as PlainRow);
  }

  #record(line: string): void {
    const [game = '', number] = line.split(' ', 2);
    const before = this.game(game);
    const seq = Number(number);
    if (seq !== (before?.seq ?? -1) + 1) {
      throw damaged(`a record of ${game} has seq ${seq} behind seq ${before?.seq}`);
    }
    this.#gathered.set(game, { seq, fold: foldPlain(before?.fold, line) });
  }
}

function damaged(what: string): OrreryError {
  return new OrreryError({ code: 'DAMAGED', what, hint: 'It belongs to the simulator.' });
}
