// Numbered migrations from schemas/sqlite, applied in order through PRAGMA user_version, and the proof that a database
// which came from a disk has the schema they make and nothing besides: a trigger or a view in it would be somebody
// else's code.

import { readdirSync, readFileSync } from 'node:fs';
import { OrreryError } from '../../../core/errors.ts';
import { createTable } from '../projection/ddl.ts';
import type { Database } from './database.ts';
import { recordedProjections } from './projected-schema.ts';

interface Migration {
  readonly version: number;
  readonly sql: string;
}

let migrations: readonly Migration[] | undefined;

/** As `describe` names it. */
const TYPES = 'table "types"';

/** By version: what a database that the migrations made says of itself. */
const known = new Map<number, ReadonlyMap<string, string>>();

function load(): readonly Migration[] {
  if (migrations) return migrations;
  // The same relative place from src/storage/sqlite/image/ and from dist/src/storage/sqlite/image/: the build copies
  // schemas/ to dist/schemas/.
  const folder = new URL('../../../../schemas/sqlite/', import.meta.url);
  migrations = readdirSync(folder)
    .filter((name) => /^\d{4}_.*\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 4)), sql: readFileSync(new URL(name, folder), 'utf8') }));
  return migrations;
}

export function schemaVersion(): number {
  return load().at(-1)?.version ?? 0;
}

/** Brings a database to the newest schema, each step atomically. Throws FORMAT_TOO_NEW for one from a later Orrery. */
export function migrate(database: Database): void {
  const current = versionOf(database);
  for (const { version, sql } of load()) {
    if (version <= current) continue;
    database.transaction(() => {
      database.execute(sql);
      // eslint-disable-next-line orrery/bound-sql -- a pragma takes no parameters, and this is a number of our own
      database.execute(`PRAGMA user_version = ${version}`);
    });
  }
}

/**
 * Throws DAMAGED unless a database has exactly the tables and indexes that the migrations up to its version make, and
 * FORMAT_TOO_NEW for one from a later Orrery. `empty` gives a fresh one to compare with. Nothing but the schema is
 * read.
 */
export function assertSchema(database: Database, empty: () => Database): void {
  const version = versionOf(database);
  const due = schemaOf(version, empty);
  const found = describe(database);
  const others = [...found].filter(([name]) => !due.has(name));
  if (!due.has(TYPES) && others[0]) throw foreign(`${others[0][0]}, which is not Orrery's`);
  for (const [name, sql] of found) {
    if (due.has(name) && due.get(name) !== sql) throw foreign(`a ${name} that is not the one Orrery makes`);
  }
  for (const name of due.keys()) if (!found.has(name)) throw foreign(`no ${name}`);
  // Only now: the table that says what else there is has been proved to be Orrery's.
  if (others.length > 0) assertProjected(database, new Map(others), empty);
}

/** Of what is not Orrery's own, everything must be as the projections that the image speaks of make it. */
function assertProjected(database: Database, found: ReadonlyMap<string, string>, empty: () => Database): void {
  const model = empty();
  try {
    for (const tables of recordedProjections(database).values()) {
      // eslint-disable-next-line orrery/bound-sql -- names were checked a moment ago, and are quoted
      for (const table of tables) model.execute(createTable(table));
    }
    const due = describe(model);
    for (const [name, sql] of found) {
      if (due.get(name) === undefined) throw foreign(`${name}, which is not Orrery's`);
      if (due.get(name) !== sql) throw foreign(`a ${name} that is not the one its game type declares`);
    }
    // A table that is not there is made when the directory is opened; half a table is none of ours.
    const tables = new Set([...found.values()].map(tableOf));
    for (const [name, sql] of due) if (tables.has(tableOf(sql)) && !found.has(name)) throw foreign(`no ${name}`);
  } finally {
    model.close();
  }
}

function versionOf(database: Database): number {
  const current = Number(database.one('PRAGMA user_version')?.['user_version']);
  const newest = schemaVersion();
  if (current <= newest) return current;
  throw new OrreryError({
    code: 'FORMAT_TOO_NEW',
    what: `the image has schema ${current}, and this version of Orrery knows schemas up to ${newest}`,
    hint: 'Open the directory with the version of Orrery that wrote it, or a newer one.',
    context: { schema: current },
  });
}

function schemaOf(version: number, empty: () => Database): ReadonlyMap<string, string> {
  if (known.size === 0) {
    const database = empty();
    try {
      for (const { version: step, sql } of load()) {
        database.execute(sql);
        known.set(step, describe(database));
      }
    } finally {
      database.close();
    }
  }
  const schema = known.get(version);
  if (!schema) throw foreign(`the schema version ${version}, which there never was`);
  return schema;
}

/** Of what `describe` says, the table that something belongs to. */
function tableOf(described: string): string {
  return described.slice(0, described.indexOf(': '));
}

/** What there is, by kind and name, with the statement that made it. */
function describe(database: Database): ReadonlyMap<string, string> {
  const described = new Map<string, string>();
  const roots = new Set<unknown>();
  for (const row of database.all('SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema')) {
    const { type, name, tbl_name: table, rootpage, sql } = row;
    // Two tables over the same pages would each read what the other means.
    if (roots.has(rootpage)) throw foreign('two tables or indexes over the same pages');
    if (rootpage !== 0) roots.add(rootpage);
    described.set(`${String(type)} ${JSON.stringify(name)}`, `${String(table)}: ${String(sql)}`);
  }
  return described;
}

function foreign(what: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `the image has ${what}`,
    hint: 'Orrery did not write it like this and does not use it: put the file back from a backup, or run `orrery salvage`.',
  });
}
