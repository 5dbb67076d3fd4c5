// A good pack with one thing changed, by somebody who knows how its digest and checksums are made: a cell, a row, or a value
// inside the JSON of a body. What follows from the change by arithmetic alone is put right, and nothing else.

import { createHash } from 'node:crypto';
import { deflateSync, gunzipSync, inflateSync } from 'node:zlib';
import type { Database as Raw, SqlValue } from 'sql.js';
import type { Dice } from '../programs/script.ts';
import { digestOf, raw } from './packed.ts';

export interface Mutated {
  readonly bytes: Uint8Array;
  /** What was changed, for the one who reads of a failure. */
  readonly told: string;
}

const TABLES = [
  'games',
  'snapshots',
  'patch_batches',
  'patch_batches',
  'commands',
  'quarantine',
  'seeds',
  'types',
  'meta',
];
/** Columns whose cells are JSON, deflated or not. */
const BODIES = ['body', 'commands'];

const NUMBERS: readonly number[] = [
  -1,
  0,
  1,
  2,
  3,
  7,
  1000,
  2 ** 31,
  2 ** 32,
  2 ** 40,
  2 ** 52,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  8.64e15 + 1,
  1_700_000_000_000,
];
const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const TEXTS: readonly string[] = [
  ...[
    '',
    'x',
    'null',
    '[]',
    '{}',
    '[1]',
    '[null]',
    '["none"]',
    '["notes","notes"]',
    '["count"]',
    '["__proto__"]',
    '[["notes"]]',
  ],
  ...[
    '__proto__',
    'constructor',
    'create',
    'ticks',
    'batches',
    'a/b',
    ' ',
    '\u0000',
    'a\u0000b',
    'x'.repeat(300),
    deep(100_000),
  ],
  ...['{"strategy":"hybrid"}', '{"ships":{"from":"notes","columns":{"x":"INTEGER"}}}', '[{"id":"x","upToSeq":3}]'],
];
/** JSON that stands in a body in the place of something else. */
const VALUES: readonly string[] = [
  ...[
    'null',
    'true',
    '0',
    '-1',
    '1',
    '1.5',
    '1e999',
    '-0',
    '9007199254740993',
    '1e300',
    '""',
    '"x"',
    '"@create"',
    '"@merged"',
  ],
  ...[
    '[]',
    '{}',
    '[[]]',
    '{"a":1}',
    '{"__proto__":1}',
    '{"constructor":1}',
    '"\\ud800"',
    '["=",[],{}]',
    '["=",[],1]',
    '["-",["notes"]]',
  ],
  ...['["=",["notes"],5]', '["+",["notes","k"],{}]', '"\\u0000"', deep(80), deep(100_000), `"${'y'.repeat(2000)}"`],
];

/** Changes one thing. Draws again where SQLite's own checks would not let it stand. */
export async function mutate(pack: Uint8Array, roll: Dice): Promise<Mutated> {
  for (;;) {
    const database = await raw(pack);
    try {
      const told = change(database, roll);
      if (told === undefined) continue;
      database.run("UPDATE meta SET value = ? WHERE key = 'pack_digest'", [digestOf(database)]);
      return { bytes: database.export(), told };
    } catch (error) {
      // A constraint, which Orrery's own schema has: a file without it is not read at all.
      if (!/constraint|cannot store|malformed/i.test(String(error))) throw error;
    } finally {
      database.close();
    }
  }
}

interface Target {
  readonly table: string;
  readonly columns: readonly string[];
  readonly row: readonly SqlValue[];
  readonly number: number;
}

function change(database: Raw, roll: Dice): string | undefined {
  const table = of(TABLES, roll);
  const [found] = database.exec(`SELECT * FROM ${table}`);
  if (!found) return undefined;
  const number = roll(found.values.length);
  const target: Target = { table, columns: found.columns, row: found.values[number] as SqlValue[], number };
  switch (roll(12)) {
    case 0:
      remove(database, target);
      return `${table}: row ${number} is gone`;
    case 1:
      return doubled(database, target, roll);
    default:
      return changedCell(database, target, roll);
  }
}

function changedCell(database: Raw, target: Target, roll: Dice): string | undefined {
  const { table, columns, row, number } = target;
  const at = roll(columns.length);
  const column = columns[at] as string;
  const before = row[at] as SqlValue;
  if (table === 'meta' && row[0] === 'pack_digest') return undefined;
  const [after, told] = anotherValue(column, before, target, roll);
  if (after === before) return undefined;
  put(database, target, column, after);
  return `${table}: ${column} of row ${number}: ${told}`;
}

function anotherValue(column: string, before: SqlValue, target: Target, roll: Dice): [after: SqlValue, told: string] {
  if (before instanceof Uint8Array) return anotherBlob(column, before, target, roll);
  if (roll(12) === 0) return [null, 'null'];
  if (typeof before === 'number') {
    const after = roll(2) === 0 ? before + (roll(2) === 0 ? 1 : -1) * (1 + roll(3)) : of(NUMBERS, roll);
    return [after, `${before} -> ${after}`];
  }
  const isText = typeof before === 'string' || roll(2) === 0;
  const after = isText ? of(TEXTS, roll) : of(NUMBERS, roll);
  return [after, `${String(before).slice(0, 40)} -> ${String(after).slice(0, 40)}`];
}

function anotherBlob(column: string, before: Uint8Array, { columns, row }: Target, roll: Dice): [SqlValue, string] {
  const codec = row[columns.indexOf('codec')];
  if (!BODIES.includes(column) || roll(6) === 0) {
    const cut = Uint8Array.from(before).subarray(0, Math.max(0, before.length - roll(4)));
    if (cut.length > 0) cut[roll(cut.length)] = roll(256);
    return [cut, 'bytes changed'];
  }
  const text = textOf(before, codec);
  const [changed, told] = anotherJson(text, roll);
  return [codec === 0 ? Buffer.from(changed) : deflateSync(changed), told];
}

/** One value inside is another, is gone or is there twice; or it is all written otherwise. */
function anotherJson(text: string, roll: Dice): [text: string, told: string] {
  switch (roll(10)) {
    case 0:
      return [text.replaceAll(',', ' ,\n'), 'with white space'];
    case 1:
      return [text.slice(0, -1), 'cut short'];
    case 2:
      return [of(VALUES, roll), 'another document'];
    default:
  }
  const places = placesIn(text);
  const [from, to] = places[roll(places.length)] as [number, number];
  const old = text.slice(from, to);
  const isNumber = /^-?\d+$/.test(old);
  const value = isNumber && roll(2) === 0 ? String(Number(old) + (roll(2) === 0 ? 1 : -1)) : of(VALUES, roll);
  return [text.slice(0, from) + value + text.slice(to), `${old.slice(0, 40)} -> ${value.slice(0, 40)} at ${from}`];
}

const LEAF = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/y;

/** Where values begin and end, by the plainest of scans. */
function placesIn(text: string): [number, number][] {
  const places: [number, number][] = [];
  const open: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    LEAF.lastIndex = at;
    const found = LEAF.exec(text);
    if (found) {
      places.push([at, at + found[0].length]);
      at += found[0].length - 1;
    } else if ('[{'.includes(text[at] as string)) open.push(at);
    else if (']}'.includes(text[at] as string)) places.push([open.pop() ?? 0, at + 1]);
  }
  return places;
}

function doubled(database: Raw, { table, columns, row, number }: Target, roll: Dice): string {
  const copy = [...row];
  const keys = columns.filter((column) => /seq|^key$|^name$|^id$|^game$/.test(column));
  const key = of(keys, roll);
  const at = columns.indexOf(key);
  copy[at] = typeof copy[at] === 'number' ? (copy[at] as number) + 1 + roll(3) : of(TEXTS, roll);
  database.run(`INSERT INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`, copy);
  return `${table}: row ${number} a second time, with ${key} ${String(copy[at]).slice(0, 20)}`;
}

function put(database: Raw, target: Target, column: string, value: SqlValue): void {
  const { table, columns, row } = target;
  const cells = new Map(columns.map((name, index) => [name, row[index] as SqlValue]));
  cells.set(column, value);
  // A body is read with its codec, and a state with its SHA-256.
  if (table === 'snapshots' && column === 'body' && value instanceof Uint8Array) {
    if (cells.get('codec') === 2) {
      cells.set('codec', 1);
      cells.set('pieces', null);
    }
    try {
      cells.set(
        'sha',
        createHash('sha256')
          .update(textOf(value, cells.get('codec')), 'utf8')
          .digest(),
      );
    } catch {
      // It cannot be inflated any more.
    }
  }
  remove(database, target);
  database.run(`INSERT INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`, [...cells.values()]);
}

function remove(database: Raw, { table, columns, row }: Target): void {
  const by = columns.map((column) => `${column} IS ?`).join(' AND ');
  database.run(`DELETE FROM ${table} WHERE ${by}`, [...row]);
}

function textOf(bytes: Uint8Array, codec: unknown): string {
  const plain = codec === 0 ? Buffer.from(bytes) : codec === 1 ? inflateSync(bytes) : gunzipSync(bytes);
  return plain.toString('utf8');
}

function of<T>(choices: readonly T[], roll: Dice): T {
  return choices[roll(choices.length)] as T;
}
