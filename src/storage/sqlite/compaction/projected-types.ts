// The projected tables of a shard's game types: made, made anew when their definition changed, fed with every row of
// history that compaction.ts writes. What a definition says is in projection/; here it meets the image.

import { OrreryError, reason } from '../../../core/errors.ts';
import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { Json } from '../../../core/patch/patch.ts';
import {
  assertClaims,
  canonical,
  checkProjections,
  type ProjectedTable,
  type Projections,
} from '../../../core/projection/definition.ts';
import type { GameInfo } from '../../game-info.ts';
import type { Database } from '../image/database.ts';
import { hasTables, recordedProjections, recordProjections } from '../image/projected-schema.ts';
import { readGames, readMeta, writeMeta } from '../image/rows.ts';
import { createTable, dropTable } from '../projection/ddl.ts';
import { Projector } from '../projection/projector.ts';
import { readTail } from './tail.ts';

/** By game type: what the program declares. A type that is not named keeps what the image says of it. */
export type DeclaredProjections = ReadonlyMap<string, Projections | null>;

/** In `meta`, with the game's id behind it: why the game has no rows. */
export const FAULT = 'projection_fault/';

/** A game without rows in the tables of its type. */
export interface ProjectionFault {
  readonly game: string;
  /** The seq of the game when that was found. */
  readonly seq: number;
  /** What SQLite said. */
  readonly reason: string;
}

/** As an image says. */
export function readFaults(database: Database): readonly ProjectionFault[] {
  const faults: ProjectionFault[] = [];
  for (const [key, value] of readMeta(database)) {
    if (!key.startsWith(FAULT)) continue;
    faults.push({ game: key.slice(FAULT.length), ...told(value) });
  }
  return faults;
}

/** What making tables anew took. */
export interface Reprojection {
  readonly types: readonly string[];
  readonly games: number;
}

export const NOTHING_REPROJECTED: Reprojection = { types: [], games: 0 };

export class ProjectedTypes {
  readonly #database: Database;
  readonly #historyOf: (type: string) => string;
  readonly #stateOf: (row: GameInfo) => Json;
  /** Declared by the image's own account, and not there: such a type came with a game that was taken in. */
  readonly #missing = new Map<string, readonly ProjectedTable[]>();
  readonly #projectors = new Map<string, Projector>();
  /** Games whose rows could not be kept, as their states break what was declared unique. */
  readonly #faults: Set<string>;

  /**
   * `stateOf` gives the newest state of a game, from the rows of the image alone; `historyOf` what a type has for
   * `history`.
   */
  constructor(database: Database, historyOf: (type: string) => string, stateOf: (row: GameInfo) => Json) {
    this.#database = database;
    this.#historyOf = historyOf;
    this.#stateOf = stateOf;
    this.#faults = new Set(readFaults(database).map(({ game }) => game));
    for (const [type, tables] of recordedProjections(database)) {
      if (hasTables(database, tables)) this.#projectors.set(type, new Projector(database, tables));
      else this.#missing.set(type, tables);
    }
  }

  /** Games without rows, because their states break what was declared unique. */
  get faults(): readonly string[] {
    return [...this.#faults].sort();
  }

  /**
   * Makes the tables those that are declared: what is no longer declared goes, and what is new or another is filled
   * from the states. Throws INVALID_GAME_TYPE when two types claim one table; nothing has changed then.
   */
  declare(declared: DeclaredProjections): Reprojection {
    const changed = new Map([...this.#missing].filter(([type]) => !declared.has(type)));
    for (const [type, projections] of declared) {
      const tables = checkProjections(projections ?? {});
      const isThere = !this.#missing.has(type) && textOf(tables) === textOf(this.#projectors.get(type)?.tables ?? []);
      if (!isThere) changed.set(type, tables);
    }
    if (changed.size === 0) return NOTHING_REPROJECTED;
    this.#checkClaims(changed);
    let games = 0;
    this.#atomically(() => {
      for (const type of changed.keys()) this.#drop(type);
      this.#missing.clear();
      for (const [type, tables] of changed) this.#make(type, tables);
      for (const row of readGames(this.#database)) {
        if (!changed.has(row.type)) continue;
        this.#forgive(row.id);
        this.rebuild(row);
        games += 1;
      }
    });
    return { types: [...changed.keys()], games };
  }

  /** Whether games of a type are shown at all. */
  has(type: string): boolean {
    return this.#projectors.has(type);
  }

  /** A game whose whole state is at hand: created a moment ago, or replaced. Inside a transaction or not. */
  show(row: GameInfo, state: Json): void {
    const projector = this.#projectors.get(row.type);
    if (projector) this.#attempt(row, () => projector.rebuild(row.id, state));
  }

  /** What the steps of a row did, which has just been written. Inside a transaction. */
  take(row: GameInfo, firstSeq: number, steps: Buffer): void {
    const projector = this.#projectors.get(row.type);
    if (!projector) return;
    if (!this.#faults.has(row.id)) {
      const patches = readTail([steps], row.id, firstSeq - 1).parse();
      if (this.#tries(() => projector.apply(row.id, patches)) === undefined) return;
    }
    this.rebuild(row);
  }

  /**
   * A game whose rows of history came from elsewhere, and what its type declares perhaps with them: where that cannot
   * be used beside what is here, the type has no tables.
   */
  adopt(row: GameInfo): void {
    if (this.#projectors.has(row.type)) {
      this.rebuild(row);
      return;
    }
    try {
      const tables = recordedProjections(this.#database).get(row.type);
      if (!tables) return;
      this.#missing.set(row.type, tables);
      this.declare(new Map());
    } catch (error) {
      if (!(error instanceof OrreryError)) throw error;
      this.#missing.delete(row.type);
      recordProjections(this.#database, row.type, [], this.#historyOf(row.type));
    }
  }

  /** A game that is about to be taken away again. */
  disown(row: GameInfo): void {
    this.#projectors.get(row.type)?.clear(row.id);
    this.#forgive(row.id);
  }

  /** The rows of a game from its state. */
  rebuild(row: GameInfo): void {
    const projector = this.#projectors.get(row.type);
    if (projector) this.#attempt(row, () => projector.rebuild(row.id, this.#stateOf(row)));
  }

  /** A game whose rows cannot be kept has none, and is named. Its records are durable and stay what they are. */
  #attempt(row: GameInfo, work: () => void): void {
    const failure = this.#tries(work);
    if (failure === undefined) {
      this.#forgive(row.id);
      return;
    }
    this.#projectors.get(row.type)?.clear(row.id);
    this.#faults.add(row.id);
    writeMeta(this.#database, { [FAULT + row.id]: JSON.stringify({ seq: row.seq, reason: reasonOf(failure) }) });
  }

  #forgive(game: string): void {
    if (this.#faults.delete(game)) this.#database.run('DELETE FROM meta WHERE key = ?', [FAULT + game]);
  }

  /** What was thrown, after everything was taken back; undefined when nothing was. */
  #tries(work: () => void): OrreryError | undefined {
    try {
      this.#atomically(work);
    } catch (error) {
      if (error instanceof OrreryError) return error;
      throw error;
    }
    return undefined;
  }

  /** Inside a transaction or not. */
  #atomically(work: () => void): void {
    this.#database.execute('SAVEPOINT projecting');
    try {
      work();
    } catch (error) {
      this.#database.execute('ROLLBACK TO projecting; RELEASE projecting');
      throw error;
    }
    this.#database.execute('RELEASE projecting');
  }

  #drop(type: string): void {
    const tables = this.#projectors.get(type)?.tables ?? this.#missing.get(type) ?? [];
    // eslint-disable-next-line orrery/bound-sql -- names were checked when they were declared, and are quoted
    for (const { name } of tables) this.#database.execute(dropTable(name));
    this.#projectors.delete(type);
  }

  #make(type: string, tables: readonly ProjectedTable[]): void {
    // eslint-disable-next-line orrery/bound-sql -- names were checked when they were declared, and are quoted
    for (const table of tables) this.#database.execute(createTable(table));
    recordProjections(this.#database, type, tables, this.#historyOf(type));
    if (tables.length > 0) this.#projectors.set(type, new Projector(this.#database, tables));
  }

  #checkClaims(changed: ReadonlyMap<string, readonly ProjectedTable[]>): void {
    const all = new Map([...this.#projectors].map(([type, { tables }]) => [type, tables] as const));
    for (const [type, tables] of changed) all.set(type, tables);
    assertClaims([...all].map(([type, tables]) => [type, tables.map(({ name }) => name)]));
  }
}

/** What a database from a disk says may be anything. */
function told(value: string): Pick<ProjectionFault, 'seq' | 'reason'> {
  try {
    const { seq, reason: why } = parseJson(value) as { readonly seq?: unknown; readonly reason?: unknown };
    return { seq: Number.isSafeInteger(seq) ? (seq as number) : 0, reason: String(why) };
  } catch {
    return { seq: 0, reason: 'for a reason that cannot be read' };
  }
}

function textOf(tables: readonly ProjectedTable[]): string {
  return JSON.stringify(canonical(tables));
}

/** What SQLite said, where it was SQLite. */
function reasonOf({ what, cause }: OrreryError): string {
  return cause === undefined ? what : reason(cause);
}
