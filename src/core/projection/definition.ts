// What a game type declares of the SQL tables that are fed from its state: plain data, checked to the last name,
// because it crosses to the owner's thread, is kept in the image, and comes back from there as any input does. After
// it: ddl.ts, which makes the tables, and projector.ts, which keeps them.

import { OrreryError } from '../errors.ts';
import { type FromSegment, readFrom, readPath } from './place.ts';

/**
 * What a column holds. A value that is not of the column's kind is NULL there: only whole numbers (true is 1, false 0)
 * are INTEGER, only numbers REAL, only strings TEXT. JSON takes any value, as text.
 */
export type ColumnType = 'INTEGER' | 'REAL' | 'TEXT' | 'JSON';

export interface ColumnDefinition {
  /**
   * Keys that lead from the entity to the value, as `stock/metal`; '' is the entity itself. Default: the column's name.
   */
  readonly path?: string;
  readonly type: ColumnType;
}

export interface ReferenceDefinition {
  readonly columns: readonly string[];
  /** Another table of the same game type. */
  readonly table: string;
  /** Its primary key, when left out. */
  readonly to?: readonly string[];
}

/** One SQL table. Its rows are the entities at `from`, of every game of the type. */
export interface ProjectionDefinition {
  /**
   * Where the entities are: keys with `/` between them, `*` for every key of an object or entity of a table, `#` for
   * every place of a list; '' for one row that is the whole state. `systems`, where a table stands, is short for
   * `systems/*`. "~1" is a "/" in a key, "~0" a "~".
   */
  readonly from: string;
  /** The name of the column that holds the game's id. Default 'game'. */
  readonly game?: string;
  /**
   * The names of the columns for what `*` and `#` stand for. Default 'id', or 'place' for `#`, when there is one of
   * them.
   */
  readonly key?: string | readonly string[];
  readonly columns: { readonly [column: string]: ColumnType | ColumnDefinition };
  /** Columns that together are the same in no two rows. */
  readonly unique?: readonly (readonly string[])[];
  readonly references?: readonly ReferenceDefinition[];
}

export interface Projections {
  readonly [table: string]: ProjectionDefinition;
}

export interface ProjectedColumn {
  readonly name: string;
  readonly path: readonly string[];
  readonly type: ColumnType;
}

/** A checked definition with everything filled in. Game column and keys are the primary key, in this order. */
export interface ProjectedTable {
  readonly name: string;
  readonly from: readonly FromSegment[];
  readonly game: string;
  readonly keys: readonly { readonly name: string; readonly type: 'TEXT' | 'INTEGER' }[];
  readonly columns: readonly ProjectedColumn[];
  readonly unique: readonly (readonly string[])[];
  readonly references: readonly Required<ReferenceDefinition>[];
}

/** Tables that the image has besides, or that `orrery sql` shows, and what may become one. Lower case. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['meta', 'games', 'snapshots', 'patch_batches', 'commands', 'types', 'quarantine', 'steps', 'patches', 'shards'],
]);

const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const TYPES: ReadonlySet<unknown> = new Set<ColumnType>(['INTEGER', 'REAL', 'TEXT', 'JSON']);
const MOST_TABLES = 64;
const MOST_COLUMNS = 256;
const MOST_CONSTRAINTS = 16;

/**
 * The tables of one game type, in the order they were declared. Throws INVALID_GAME_TYPE with the place in the
 * definition.
 */
export function checkProjections(raw: unknown): readonly ProjectedTable[] {
  const declared = fields(raw, [], 'the projections', MOST_TABLES);
  const seen = new Set<string>();
  const tables = declared.map(([name, definition]) => {
    checkTableName(name, seen);
    return tableOf(name, definition);
  });
  return tables.map((table) => ({ ...table, references: references(table, tables) }));
}

/** Throws INVALID_GAME_TYPE when two game types claim the same table. */
export function assertClaims(types: Iterable<readonly [type: string, tables: readonly string[]]>): void {
  const claims = new Map<string, string>();
  for (const [type, tables] of types) {
    for (const table of tables) {
      const other = claims.get(table.toLowerCase());
      if (other !== undefined && other !== type) throw claimed(table, type, other);
      claims.set(table.toLowerCase(), type);
    }
  }
}

/** A definition with everything filled in, as data: two that mean the same have the same JSON. */
export function canonical(tables: readonly ProjectedTable[]): Projections {
  return Object.fromEntries(
    tables.map(({ name, from, game, keys, columns, unique, references }) => [
      name,
      {
        from: from.map(writeSegment).join('/'),
        game,
        key: keys.map((key) => key.name),
        columns: Object.fromEntries(
          columns.map((column) => [column.name, { path: column.path.map(escaped).join('/'), type: column.type }]),
        ),
        unique,
        references: references.map(({ columns: own, table, to }) => ({ columns: own, table, to })),
      },
    ]),
  );
}

function writeSegment(segment: FromSegment): string {
  return typeof segment === 'string' ? escaped(segment) : segment.any === 'key' ? '*' : '#';
}

function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function checkTableName(name: string, seen: Set<string>): void {
  const at = [name];
  if (!NAME.test(name)) throw invalid(at, 'a table is named with a letter, then letters, digits and "_", 63 at most');
  const lower = name.toLowerCase();
  if (RESERVED.has(lower) || lower.startsWith('sqlite') || lower.startsWith('orrery'))
    throw invalid(at, `the name ${JSON.stringify(name)} belongs to SQLite or Orrery`);
  if (seen.has(lower)) throw invalid(at, 'SQL does not tell upper from lower case, and another table has this name');
  seen.add(lower);
}

function tableOf(name: string, raw: unknown): ProjectedTable {
  const given = record(raw, [name], ['from', 'game', 'key', 'columns', 'unique', 'references']);
  const from = attempt([name, 'from'], () => readFrom(given['from']));
  const wild = from.filter((segment) => typeof segment === 'object');
  const game = columnName(given['game'] ?? 'game', [name, 'game']);
  const names = keyNames(given['key'], wild, [name, 'key']);
  const keys = wild.map(({ any }, index) => ({
    name: columnName(names[index], [name, 'key']),
    type: any === 'key' ? ('TEXT' as const) : ('INTEGER' as const),
  }));
  const columns = fields(given['columns'], [name, 'columns'], 'the columns', MOST_COLUMNS).map(([column, definition]) =>
    columnOf(column, definition, [name, 'columns', column]),
  );
  const all = [game, ...keys.map((key) => key.name), ...columns.map((column) => column.name)];
  const lower = all.map((column) => column.toLowerCase());
  const twice = all.find((_, index) => lower.indexOf(lower[index] as string) !== index);
  if (twice !== undefined) throw invalid([name, 'columns'], `two columns have the name ${JSON.stringify(twice)}`);
  const table = { name, from, game, keys, columns, unique: [], references: [] };
  const unique = list(given['unique'], [name, 'unique']).map((each, index) =>
    plainColumns(each, table, [name, 'unique', String(index)]),
  );
  const leads = list(given['references'], [name, 'references']).map((each, index) => {
    const at = [name, 'references', String(index)];
    const { columns: own, table: other, to } = record(each, at, ['columns', 'table', 'to']);
    if (typeof other !== 'string') throw invalid(at, '`table` is not the name of a table');
    // What the other table is called there is looked at when all tables are known.
    return { columns: plainColumns(own, table, at), table: other, to: to === undefined ? [] : strings(to, at) };
  });
  return { ...table, unique, references: leads };
}

function keyNames(raw: unknown, wild: readonly { readonly any: string }[], at: readonly string[]): readonly unknown[] {
  if (raw === undefined && wild.length <= 1) return wild.map(({ any }) => (any === 'key' ? 'id' : 'place'));
  const names = typeof raw === 'string' ? [raw] : raw;
  if (Array.isArray(names) && names.length === wild.length) return names;
  throw invalid(at, `\`from\` has ${wild.length} of "*" and "#": \`key\` must name a column for each`);
}

function columnOf(name: string, raw: unknown, at: readonly string[]): ProjectedColumn {
  columnName(name, at);
  const { path, type } = typeof raw === 'string' ? { path: undefined, type: raw } : record(raw, at, ['path', 'type']);
  if (!TYPES.has(type)) throw invalid(at, 'a column is INTEGER, REAL, TEXT or JSON');
  return { name, path: attempt(at, () => readPath(path ?? name)), type: type as ColumnType };
}

function columnName(raw: unknown, at: readonly string[]): string {
  if (typeof raw === 'string' && NAME.test(raw)) return raw;
  throw invalid(at, 'a column is named with a letter, then letters, digits and "_", 63 at most');
}

/** Names of columns that can be compared: of a JSON text there may be many for one value. */
function plainColumns(raw: unknown, table: ProjectedTable, at: readonly string[]): readonly string[] {
  const names = strings(raw, at);
  for (const name of names) {
    const type = typeOf(table, name);
    if (type === undefined) throw invalid(at, `the table has no column ${JSON.stringify(name)}`);
    if (type === 'JSON') throw invalid(at, `the column ${JSON.stringify(name)} is JSON, which cannot be compared`);
  }
  return names;
}

/** Of a table, with what they lead to filled in. */
function references(table: ProjectedTable, tables: readonly ProjectedTable[]): ProjectedTable['references'] {
  return table.references.map((reference, index) => {
    const at = [table.name, 'references', String(index)];
    const other = tables.find(({ name }) => name === reference.table);
    if (!other) throw invalid(at, `the game type has no table ${JSON.stringify(reference.table)}`);
    const primary = [other.game, ...other.keys.map(({ name }) => name)];
    const to = reference.to.length === 0 ? primary : reference.to;
    const candidates = [primary, ...other.unique].map((each) => JSON.stringify(each));
    if (!candidates.includes(JSON.stringify(to)))
      throw invalid(at, 'it must lead to the primary key of the table, or to columns that are unique there');
    const types = (of: ProjectedTable, names: readonly string[]): string =>
      names.map((name) => typeOf(of, name)).join();
    if (types(table, reference.columns) !== types(other, to))
      throw invalid(at, `it needs as many columns as it leads to, of the same types: ${to.join(', ')}`);
    return { ...reference, to };
  });
}

function typeOf(table: ProjectedTable, column: string): ColumnType | undefined {
  if (column === table.game) return 'TEXT';
  return [...table.keys, ...table.columns].find(({ name }) => name === column)?.type;
}

function strings(raw: unknown, at: readonly string[]): readonly string[] {
  if (
    Array.isArray(raw) &&
    raw.length > 0 &&
    raw.length <= MOST_COLUMNS &&
    raw.every((each) => typeof each === 'string')
  ) {
    if (new Set(raw).size === raw.length) return [...(raw as string[])];
    throw invalid(at, 'a column is named twice');
  }
  throw invalid(at, 'a list of column names is due here');
}

function list(raw: unknown, at: readonly string[]): readonly unknown[] {
  if (raw === undefined) return [];
  if (Array.isArray(raw) && raw.length <= MOST_CONSTRAINTS) return raw;
  throw invalid(at, `a list of at most ${MOST_CONSTRAINTS} is due here`);
}

function record(raw: unknown, at: readonly string[], known: readonly string[]): { readonly [key: string]: unknown } {
  const found = fields(raw, at, 'this', known.length + 1);
  const foreign = found.find(([key]) => !known.includes(key));
  if (foreign) throw invalid(at, `${JSON.stringify(foreign[0])} is none of ${known.join(', ')}`);
  return Object.fromEntries(found);
}

function fields(raw: unknown, at: readonly string[], what: string, most: number): readonly [string, unknown][] {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw invalid(at, `${what} must be an object`);
  const entries = Object.entries(raw);
  if (entries.length > most) throw invalid(at, `${what} has more than ${most} entries`);
  return entries;
}

function attempt<T>(at: readonly string[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw invalid(at, error.message);
    throw error;
  }
}

function claimed(table: string, type: string, other: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_GAME_TYPE',
    what: `the SQL table ${JSON.stringify(table)} is declared by the game type ${JSON.stringify(other)} as well`,
    hint: 'Give one of the tables another name. What is no longer among `games` keeps its tables: open it once without them.',
    context: { type, table },
  });
}

function invalid(at: readonly string[], what: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_GAME_TYPE',
    what: `a projection cannot be used: ${what}`,
    hint: "Write projections: { ships: { from: 'ships', columns: { x: 'INTEGER' } } }; docs/SCHEMA.md has all of it.",
    context: { path: `/projections${at.map((each) => `/${escaped(each)}`).join('')}` },
  });
}
