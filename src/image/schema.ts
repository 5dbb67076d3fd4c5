// Numbered migrations from schemas/sqlite, applied in order through PRAGMA user_version.

import { readdirSync, readFileSync } from 'node:fs';
import { OrreryError } from '../errors.ts';
import type { Database } from './database.ts';

interface Migration {
  readonly version: number;
  readonly sql: string;
}

// The same relative place from src/image/ and from dist/src/image/: the build copies schemas/ to dist/schemas/.
const FOLDER = new URL('../../schemas/sqlite/', import.meta.url);

let migrations: readonly Migration[] | undefined;

function load(): readonly Migration[] {
  migrations ??= readdirSync(FOLDER)
    .filter((name) => /^\d{4}_.*\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 4)), sql: readFileSync(new URL(name, FOLDER), 'utf8') }));
  return migrations;
}

export function schemaVersion(): number {
  return load().at(-1)?.version ?? 0;
}

/** Brings a database to the newest schema, each step atomically. Throws FORMAT_TOO_NEW for one from a later Orrery. */
export function migrate(database: Database): void {
  const current = Number(database.one('PRAGMA user_version')?.['user_version']);
  const newest = schemaVersion();
  if (current > newest) {
    throw new OrreryError({
      code: 'FORMAT_TOO_NEW',
      what: `the image has schema ${current}, and this version of Orrery knows schemas up to ${newest}`,
      hint: 'Open the directory with the version of Orrery that wrote it, or a newer one.',
      context: { schema: current },
    });
  }
  for (const { version, sql } of load()) {
    if (version <= current) continue;
    database.transaction(() => {
      database.execute(sql);
      database.execute(`PRAGMA user_version = ${version}`);
    });
  }
}
