// Everybody who takes part, in the order of tables and legends: Orrery, its peers, and the lines they are measured
// from.

import { betterSqlite3 } from './contenders/better-sqlite3.ts';
import type { Contender } from './contenders/contender.ts';
import { emmettSqlite } from './contenders/emmett-sqlite.ts';
import { immer } from './contenders/immer.ts';
import { jsonFile } from './contenders/json-file.ts';
import { lmdb } from './contenders/lmdb.ts';
import { nodeSqlite } from './contenders/node-sqlite.ts';
import { nodeSqlite3Wasm } from './contenders/node-sqlite3-wasm.ts';
import { orrery, orreryWithout } from './contenders/orrery.ts';
import { plain } from './contenders/plain.ts';

export const CONTENDERS: readonly Contender[] = [
  orrery,
  betterSqlite3,
  nodeSqlite,
  nodeSqlite3Wasm,
  lmdb,
  jsonFile,
  immer,
  emmettSqlite,
  orreryWithout,
  plain,
];

export const CONTENDER_NAMES: readonly string[] = CONTENDERS.map(({ name }) => name);

export function contenderOf(name: string): Contender {
  const found = CONTENDERS.find((each) => each.name === name);
  if (!found) throw new Error(`nobody is called ${name}`);
  return found;
}
