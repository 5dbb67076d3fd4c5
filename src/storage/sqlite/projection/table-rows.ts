// The rows of one game in one projected table, while patches change them: what is touched is read from the database
// once, and written when all patches are done, so that rows may trade places without ever being in each other's way.
// Before it: projector.ts; after it: the image.

import { OrreryError } from '../../../core/errors.ts';
import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { Json } from '../../../core/patch/patch.ts';
import type { ColumnType, ProjectedTable } from '../../../core/projection/definition.ts';
import { type Cell, deleteRows, insertRow, type Sql, selectRows, updateRow } from './ddl.ts';

export type Key = string | number;

/** By column. JSON as it is, undefined where there is no such value; of the other types what the cell is to hold. */
export type Values = (Json | undefined)[];

/** What is known of the rows whose keys begin with some keys. */
interface Node {
  /** None of the rows that the database has here stays as it is. */
  gone: boolean;
  children: Map<Key, Node>;
  /** At the end of the keys. */
  values: Values | undefined;
  /** New values by column, for a row that was not read: the others stay as they are. */
  set: Map<number, Json | undefined> | undefined;
}

/** SQLite and JavaScript have the same whole numbers up to this one. */
const LARGEST_WHOLE = 2 ** 53;

/**
 * Each is a prepared statement: a type whose commands change columns in more combinations has its rows read and
 * rewritten.
 */
const MOST_UPDATES = 32;

/** The statements of a table, each made once. */
export class Statements {
  readonly table: ProjectedTable;
  readonly insert: string;
  readonly select: readonly string[];
  readonly delete: readonly string[];
  /** Of each column, whether a new value can be in the way of another row's old one. */
  readonly #isUnique: readonly boolean[];
  readonly #updates = new Map<string, string>();

  constructor(table: ProjectedTable) {
    this.table = table;
    this.insert = insertRow(table);
    const counts = Array.from({ length: table.keys.length + 1 }, (_, count) => count);
    this.select = counts.map((count) => selectRows(table, count));
    this.delete = counts.map((count) => deleteRows(table, count));
    const unique = new Set(table.unique.flat());
    this.#isUnique = table.columns.map(({ name }) => unique.has(name));
  }

  /** Whether a column may be set in place. */
  isFree(column: number): boolean {
    return this.#isUnique[column] === false;
  }

  /** Undefined when there are too many already. */
  update(columns: readonly number[]): string | undefined {
    const key = columns.join();
    let sql = this.#updates.get(key);
    if (sql === undefined && this.#updates.size < MOST_UPDATES) {
      sql = updateRow(this.table, columns);
      this.#updates.set(key, sql);
    }
    return sql;
  }
}

export class TableRows {
  readonly #sql: Sql;
  readonly #statements: Statements;
  readonly #game: string;
  readonly #depth: number;
  readonly #root: Node = blank();

  constructor(sql: Sql, statements: Statements, game: string) {
    this.#sql = sql;
    this.#statements = statements;
    this.#game = game;
    this.#depth = statements.table.keys.length;
  }

  /** The rows below some keys, or the one with all of them, are no more. */
  drop(keys: readonly Key[]): void {
    const node = this.#node(keys);
    node.gone = true;
    node.children = new Map();
    node.values = undefined;
    node.set = undefined;
  }

  /** A row that was not there, or is no more. */
  put(keys: readonly Key[], values: Values): void {
    const node = this.#node(keys);
    node.gone = true;
    node.values = values;
    node.set = undefined;
  }

  /** Sets a column of a row that need not be read for that. False when there is no such row. */
  assign(keys: readonly Key[], column: number, value: Json | undefined): boolean {
    const node = this.#statements.isFree(column) && !this.#isGone(keys) ? this.#node(keys) : undefined;
    if (node) {
      node.set ??= new Map();
      node.set.set(column, value);
      return true;
    }
    const values = this.open(keys);
    if (!values) return false;
    values[column] = value;
    return true;
  }

  /** The row with these keys, to be changed in place. Undefined when there is none. */
  open(keys: readonly Key[]): Values | undefined {
    let node = this.#root;
    let isGone = node.gone;
    for (const key of keys) {
      const child = node.children.get(key);
      if (!child) {
        if (isGone) return undefined;
        node = this.#child(node, key);
      } else node = child;
      isGone ||= node.gone;
    }
    if (node.values || isGone) return node.values;
    const [row] = this.#sql.all(this.#statements.select[keys.length] as string, [this.#game, ...keys]);
    node.gone = true;
    if (row) this.#fill(node, row);
    return node.values;
  }

  /**
   * Moves the rows below each place of a list from `from` on by one: up, or down over the one that was at `from` - 1.
   */
  shift(keys: readonly Key[], from: number, by: 1 | -1): void {
    const node = this.#node(keys);
    if (!this.#isGone(keys)) this.#readBelow(node, keys);
    const moved = new Map<Key, Node>();
    for (const [place, child] of node.children) {
      if ((place as number) >= from) moved.set((place as number) + by, child);
      else if (by > 0 || place !== from - 1) moved.set(place, child);
    }
    node.children = moved;
  }

  /**
   * Writes what has changed: everything that goes, then everything that comes. Throws PATCH_INVALID for a row that is
   * not there.
   */
  write(): void {
    this.#update(this.#root, []);
    this.#delete(this.#root, []);
    this.#insert(this.#root, []);
  }

  #update(node: Node, keys: readonly Key[]): void {
    if (node.set && !node.gone) {
      const columns = [...node.set.keys()].sort((one, other) => one - other);
      const sql = this.#statements.update(columns);
      const set = node.set;
      const cells = columns.map((index) => cellOf(set.get(index), this.#statements.table.columns[index]!.type));
      // Without a statement for it, the row is read, and written with those that come.
      // eslint-disable-next-line orrery/bound-sql -- one of the statements of this table, and the values are bound
      const found = sql === undefined ? this.open(keys) : this.#sql.all(sql, [...cells, this.#game, ...keys])[0];
      if (!found) throw notThere(keys);
    }
    if (!node.gone) for (const [key, child] of node.children) this.#update(child, [...keys, key]);
  }

  #fill(node: Node, row: { readonly [column: string]: Cell }): void {
    const values = this.#valuesOf(row);
    for (const [column, value] of node.set ?? []) values[column] = value;
    node.set = undefined;
    node.values = values;
  }

  #delete(node: Node, keys: readonly Key[]): void {
    if (node.gone) {
      this.#sql.run(this.#statements.delete[keys.length] as string, [this.#game, ...keys]);
      return;
    }
    for (const [key, child] of node.children) this.#delete(child, [...keys, key]);
  }

  #insert(node: Node, keys: readonly Key[]): void {
    if (node.values) {
      const { columns } = this.#statements.table;
      const cells = columns.map(({ type }, index) => cellOf(node.values?.[index], type));
      this.#sql.run(this.#statements.insert, [this.#game, ...keys, ...cells]);
    }
    for (const [key, child] of node.children) this.#insert(child, [...keys, key]);
  }

  #node(keys: readonly Key[]): Node {
    let node = this.#root;
    for (const key of keys) node = this.#child(node, key);
    return node;
  }

  #child(node: Node, key: Key): Node {
    let child = node.children.get(key);
    if (!child) {
      child = blank();
      node.children.set(key, child);
    }
    return child;
  }

  #isGone(keys: readonly Key[]): boolean {
    let node = this.#root;
    for (const key of keys) {
      if (node.gone) return true;
      node = this.#child(node, key);
    }
    return node.gone;
  }

  /** Takes every row that the database still has below a node into memory. */
  #readBelow(node: Node, keys: readonly Key[]): void {
    const rows = this.#sql.all(this.#statements.select[keys.length] as string, [this.#game, ...keys]);
    for (const row of rows) {
      let at = node;
      let isKnown = false;
      for (let index = keys.length; index < this.#depth && !isKnown; index += 1) {
        at = this.#child(at, this.#keyOf(row[`k${index}`], index));
        isKnown = at.gone;
      }
      if (isKnown) continue;
      this.#fill(at, row);
    }
    node.gone = true;
  }

  #keyOf(cell: Cell | undefined, index: number): Key {
    return this.#statements.table.keys[index]?.type === 'TEXT' ? textOf(cell as Uint8Array) : (cell as number);
  }

  #valuesOf(row: { readonly [column: string]: Cell }): Values {
    return this.#statements.table.columns.map(({ type }, index) => {
      const cell = row[`c${index}`];
      if (cell === null || cell === undefined) return undefined;
      if (!(cell instanceof Uint8Array)) return cell;
      return type === 'JSON' ? (parseJson(textOf(cell)) as Json) : textOf(cell);
    });
  }
}

/** What a column shows of a value. */
function cellOf(value: Json | undefined, type: ColumnType): Cell {
  if (value === undefined) return null;
  switch (type) {
    case 'JSON':
      return JSON.stringify(value);
    case 'TEXT':
      return typeof value === 'string' ? value : null;
    case 'REAL':
      return typeof value === 'number' ? value : null;
    case 'INTEGER':
      if (typeof value === 'boolean') return value ? 1 : 0;
      return Number.isInteger(value) && Math.abs(value as number) <= LARGEST_WHOLE ? (value as number) : null;
  }
}

function blank(): Node {
  return { gone: false, children: new Map(), values: undefined, set: undefined };
}

function notThere(keys: readonly Key[]): OrreryError {
  return new OrreryError({
    code: 'PATCH_INVALID',
    what: `a patch changes an entity that is in no row of a projected table: ${JSON.stringify(keys)}`,
    hint: 'The rows are made anew from the state.',
  });
}

function textOf(blob: Uint8Array): string {
  return Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength).toString('utf8');
}
