// The SQL of projected tables, made from checked definitions: names are letters, digits and "_", and quoted all the
// same; values are always bound. projector.ts runs the statements, image/schema.ts holds a database from a disk against
// the tables.

import type { ProjectedTable } from '../../../core/projection/definition.ts';

/** What a database takes and gives. */
export type Cell = number | string | Uint8Array | null;

/** As image/database.ts. */
export interface Sql {
  execute(sql: string): void;
  run(sql: string, parameters: readonly Cell[]): void;
  all(sql: string, parameters?: readonly Cell[]): readonly { readonly [column: string]: Cell }[];
}

/** Every row leads to its game. */
export function createTable(table: ProjectedTable): string {
  const lines = [
    `${quoted(table.game)} TEXT NOT NULL REFERENCES games (id)`,
    ...table.keys.map(({ name, type }) => `${quoted(name)} ${type} NOT NULL`),
    ...table.columns.map(({ name, type }) => `${quoted(name)} ${type === 'JSON' ? 'TEXT' : type}`),
    `PRIMARY KEY (${names(primaryKey(table))})`,
    ...table.unique.map((columns) => `UNIQUE (${names(columns)})`),
    ...table.references.map(
      ({ columns, table: other, to }) => `FOREIGN KEY (${names(columns)}) REFERENCES ${quoted(other)} (${names(to)})`,
    ),
  ];
  return `CREATE TABLE ${quoted(table.name)} (\n  ${lines.join(',\n  ')}\n) STRICT, WITHOUT ROWID`;
}

export function dropTable(name: string): string {
  return `DROP TABLE IF EXISTS ${quoted(name)}`;
}

function primaryKey(table: ProjectedTable): readonly string[] {
  return [table.game, ...table.keys.map(({ name }) => name)];
}

export function insertRow(table: ProjectedTable): string {
  const columns = [...primaryKey(table), ...table.columns.map(({ name }) => name)];
  return `INSERT INTO ${quoted(table.name)} (${names(columns)}) VALUES (${columns.map(() => '?').join(', ')})`;
}

/** Sets some columns, by their numbers, of the row with the game and all keys; gives a row if there is one. */
export function updateRow(table: ProjectedTable, columns: readonly number[]): string {
  const sets = columns.map((index) => `${quoted(table.columns[index]?.name as string)} = ?`);
  const where = condition(table, table.keys.length);
  return `UPDATE ${quoted(table.name)} SET ${sets.join(', ')} WHERE ${where} RETURNING 1`;
}

/** Deletes the rows that begin with the game and so many keys. */
export function deleteRows(table: ProjectedTable, keys: number): string {
  return `DELETE FROM ${quoted(table.name)} WHERE ${condition(table, keys)}`;
}

/**
 * The rows that begin with the game and so many keys: key columns as k0, k1, ..., the others as c0, c1, ... Text comes
 * as a blob, because sql.js ends text at its first NUL.
 */
export function selectRows(table: ProjectedTable, keys: number): string {
  const wanted = [
    ...table.keys.map(({ name, type }, index) => `${whole(name, type)} AS k${index}`),
    ...table.columns.map(({ name, type }, index) => `${whole(name, type)} AS c${index}`),
    // A table may have neither.
    '1 AS found',
  ];
  return `SELECT ${wanted.join(', ')} FROM ${quoted(table.name)} WHERE ${condition(table, keys)}`;
}

function whole(name: string, type: string): string {
  return type === 'TEXT' || type === 'JSON' ? `CAST(${quoted(name)} AS BLOB)` : quoted(name);
}

function condition(table: ProjectedTable, keys: number): string {
  return primaryKey(table)
    .slice(0, keys + 1)
    .map((name) => `${quoted(name)} = ?`)
    .join(' AND ');
}

function names(columns: readonly string[]): string {
  return columns.map(quoted).join(', ');
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
