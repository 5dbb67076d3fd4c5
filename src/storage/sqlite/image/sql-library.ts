// sql.js, loaded when a database is first needed: the main thread of a program has none. database.ts opens connections
// with it.

import type { SqlJsStatic } from 'sql.js';
import { part } from '../../late-import.ts';
import { pagesWork } from '../pages/self-test.ts';

export class SqlLibrary {
  readonly Database: SqlJsStatic['Database'];
  #takesPages: boolean | undefined;

  constructor({ Database }: SqlJsStatic) {
    this.Database = Database;
  }

  /** Whether this build of sql.js takes pages: without, a database is in memory as a whole. Tried once. */
  get takesPages(): boolean {
    this.#takesPages ??= pagesWork(this);
    return this.#takesPages;
  }
}

let library: Promise<SqlLibrary> | undefined;

export function sqlLibrary(): Promise<SqlLibrary> {
  library ??= part(() => import('sql.js').then(async ({ default: init }) => new SqlLibrary(await init()))).catch(
    (error: unknown) => {
      // The next opening may have what this one lacked.
      library = undefined;
      throw error;
    },
  );
  return library;
}
