// Keeps the rows of one game type's tables as its states are, from the patches alone: only rows that a patch touches
// are read and written, and no state is needed. Before it: compaction, with the steps of a row it writes; after it:
// table-rows.ts.

import { OrreryError } from '../../../core/errors.ts';
import { cloneJson, fold } from '../../../core/patch/apply.ts';
import type { Json, Patch, Path } from '../../../core/patch/patch.ts';
import { isObject, valueAt } from '../../../core/patch/plain.ts';
import { toPointer } from '../../../core/patch/pointer.ts';
import type { ProjectedColumn, ProjectedTable } from '../../../core/projection/definition.ts';
import type { Sql } from './ddl.ts';
import { type Key, Statements, TableRows } from './table-rows.ts';

export class Projector {
  readonly tables: readonly ProjectedTable[];
  readonly #sql: Sql;
  readonly #statements: readonly Statements[];

  constructor(sql: Sql, tables: readonly ProjectedTable[]) {
    this.tables = tables;
    this.#sql = sql;
    this.#statements = tables.map((table) => new Statements(table));
  }

  /**
   * Brings the rows of a game from the state before these patches to the state after them. Inside a transaction: what
   * it throws may come half-way. Throws PATCH_INVALID when the patches are not for that state.
   */
  apply(game: string, patches: readonly Patch[]): void {
    for (const statements of this.#statements) {
      const rows = new TableRows(this.#sql, statements, game);
      const change = new TableChange(statements.table, rows);
      for (const patch of patches) change.take(patch);
      rows.write();
    }
  }

  /** The rows of a game from its whole state, whatever they were. */
  rebuild(game: string, state: Json): void {
    this.apply(game, [{ op: 'replace', path: [], value: state }]);
  }

  /** Takes away every row of a game. */
  clear(game: string): void {
    for (const statements of this.#statements) this.#sql.run(statements.delete[0] as string, [game]);
  }
}

class TableChange {
  readonly #table: ProjectedTable;
  readonly #rows: TableRows;

  constructor(table: ProjectedTable, rows: TableRows) {
    this.#table = table;
    this.#rows = rows;
  }

  take(patch: Patch): void {
    const { path } = patch;
    const { from } = this.#table;
    const keys: Key[] = [];
    const shared = Math.min(path.length, from.length);
    for (let index = 0; index < shared; index += 1) {
      const segment = path[index] as string | number;
      const due = from[index]!;
      if (typeof due === 'string') {
        if (segment !== due) return;
        continue;
      }
      // Where the other kind of container stands, there are no rows.
      if ((typeof segment === 'string') !== (due.any === 'key')) return;
      keys.push(segment);
    }
    if (path.length > from.length) this.#inside(patch, keys);
    else this.#whole(patch, keys);
  }

  /** A patch that sets or removes an entity, or something that entities are in. */
  #whole({ op, path, ...rest }: Patch, keys: readonly Key[]): void {
    const last = path.at(-1);
    const value = 'value' in rest ? rest.value : undefined;
    if (typeof last === 'number' && op !== 'replace') {
      const list = keys.slice(0, -1);
      if (op === 'remove') this.#rows.shift(list, last + 1, -1);
      else this.#rows.shift(list, last, 1);
    } else this.#rows.drop(keys);
    if (value !== undefined) this.#add(value, path.length, keys);
  }

  /** The rows of every entity in a value that stands at so many segments of `from`. */
  #add(value: Json, at: number, keys: readonly Key[]): void {
    const { from, columns } = this.#table;
    const segment = from[at];
    if (segment === undefined) {
      this.#rows.put(
        keys,
        columns.map((column) => shown(column, valueAt(value, column.path))),
      );
    } else if (typeof segment === 'string') {
      const below = valueAt(value, [segment]);
      if (below !== undefined) this.#add(below, at + 1, keys);
    } else if (segment.any === 'place') {
      if (!Array.isArray(value)) return;
      for (const [place, element] of value.entries()) this.#add(element as Json, at + 1, [...keys, place]);
    } else if (isObject(value)) {
      for (const [key, member] of Object.entries(value)) this.#add(member, at + 1, [...keys, key]);
    }
  }

  /** A patch inside an entity: only columns on its way change. */
  #inside(patch: Patch, keys: readonly Key[]): void {
    const path = patch.path.slice(this.#table.from.length);
    for (const [index, column] of this.#table.columns.entries()) {
      if (!touches(path, column)) continue;
      if (path.length <= column.path.length) {
        const value = patch.op === 'remove' ? undefined : valueAt(patch.value, column.path, path.length);
        if (!this.#rows.assign(keys, index, shown(column, value))) throw misfit(patch.path);
        continue;
      }
      const values = this.#rows.open(keys);
      if (!values) throw misfit(patch.path);
      const below = path.slice(column.path.length);
      values[index] = fold(values[index], [{ ...patch, path: below }]) as Json;
    }
  }
}

/** Whether a patch at a path inside an entity changes what a column shows. */
function touches(path: Path, { path: column, type }: ProjectedColumn): boolean {
  const shared = Math.min(path.length, column.length);
  for (let index = 0; index < shared; index += 1) if (path[index] !== column[index]) return false;
  // Below a plain column there is a list or an object, which it shows as NULL whatever is in it.
  return path.length <= column.length || type === 'JSON';
}

/**
 * A value is changed by later patches if it is JSON, and patches may share theirs. What is no JSON is kept if it fits.
 */
function shown({ type }: ProjectedColumn, value: Json | undefined): Json | undefined {
  if (value === undefined) return undefined;
  if (type === 'JSON') return cloneJson(value) as Json;
  return typeof value === 'object' ? undefined : value;
}

function misfit(path: Path): OrreryError {
  return new OrreryError({
    code: 'PATCH_INVALID',
    what: 'a patch changes an entity that is in no row of a projected table',
    hint: 'The rows are made anew from the state.',
    context: { path: toPointer(path) },
  });
}
