// Every column of a pack's rows, held against what Orrery would have written there. recovery/game-proof.ts shows that
// the states follow from the steps; this shows the rest that using the game relies on: kinds and bounds of all numbers
// and texts, what rows say of the bodies in them, tables and versions against the states. Before it: reading.ts, which
// has proved the digest; after it: unpacking.ts.

import { isUtf8 } from 'node:buffer';
import { OrreryError } from '../../../core/errors.ts';
import { checkGameId } from '../../../core/game/id.ts';
import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { Json } from '../../../core/patch/patch.ts';
import { isWellFormed } from '../../../core/patch/plain.ts';
import { isOrigin } from '../../origins.ts';
import type { CommandEntry, Step } from '../../steps.ts';
import { decodeRetention } from '../compaction/retention.ts';
import { decodeCommands, decodeSteps } from '../image/batches.ts';
import { unpackBytes } from '../image/body.ts';
import type { Database, Row } from '../image/database.ts';
import { GAME_TABLES, rowsOfGame } from '../image/game-tables.ts';
import { isGap } from '../image/gaps.ts';
import { snapshotPlaces } from '../image/kept-rows.ts';
import { originsText } from '../image/origins.ts';
import { recordedProjections } from '../image/projected-schema.ts';
import { tablesOf } from '../image/rows.ts';
import { assertRoomFor } from './parsing-room.ts';

/** Seqs and ticks: a game must be able to go on for as long as anybody plays it. */
const MOST_COUNT = 2 ** 52;
const HISTORIES: readonly unknown[] = ['commands', 'ticks', 'batches'];

/** Throws DAMAGED with the table, the row and what is wrong there. */
export function proveRows(database: Database, game: string): void {
  const [row] = database.all('SELECT * FROM games WHERE id = ?', [game]);
  if (!row) throw fault('games', 'it has no row');
  proveGameRow(row);
  proveType(database, row);
  proveOrigins(database, row);
  proveSnapshots(database, row);
  proveBatches(database, row);
  proveIndex(database, row);
  proveQuarantine(database, row);
}

function proveGameRow(row: Row): void {
  const at = new Cells('games', row);
  at.text('type', 1, 256);
  at.count('version', 1);
  at.tables();
  for (const column of ['created', 'time']) at.time(column);
  for (const column of ['seq', 'tick', 'first_seq']) at.count(column);
  for (const column of ['snapshot_seq', 'state_bytes', 'patch_bytes', 'records', 'patches_in', 'patches_out'])
    at.count(column, 0, Number.MAX_SAFE_INTEGER);
  if ((row['parent'] === null) !== (row['parent_seq'] === null)) throw at.fault('parent', 'it is not whole');
  if (row['parent'] !== null) {
    at.id('parent');
    at.count('parent_seq');
  }
}

function proveType(database: Database, { type }: Row): void {
  const [row] = database.all('SELECT * FROM types WHERE name = ?', [type as string]);
  if (!row) return;
  const at = new Cells('types', row);
  if (row['history'] !== null && !HISTORIES.includes(row['history'])) throw at.fault('history', 'it is unknown');
  if (row['retention'] !== null && decodeRetention(at.text('retention')) === undefined)
    throw at.fault('retention', 'it is none');
  if (row['projections'] === null) return;
  if (!recordedProjections(database).has(String(type))) throw at.fault('projections', 'it is too long');
}

/** Under which ids the game was played before. */
function proveOrigins(database: Database, { id, seq }: Row): void {
  const text = originsText(database, String(id));
  if (text === undefined) return;
  const raw = attempt('meta', 'origin', () => parseJson(text));
  let before = -1;
  if (!Array.isArray(raw) || raw.length === 0 || !raw.every(isOrigin))
    throw fault('meta', 'origin: it is no list of ids');
  for (const { id: origin, upToSeq } of raw) {
    attempt('meta', 'origin', () => checkGameId(origin));
    // One that was renamed twice without a command in between has two of the same seq.
    if (upToSeq < before || upToSeq > Number(seq))
      throw fault('meta', 'origin: its seqs do not ascend to that of the game');
    before = upToSeq;
  }
}

function proveSnapshots(database: Database, game: Row): void {
  const { id, seq } = game;
  let newest = game;
  for (const row of rowsOf(database, 'snapshots', String(id))) {
    const at = new Cells('snapshots', row, `seq ${String(row['seq'])}`);
    for (const column of ['seq', 'tick']) at.count(column);
    at.time('time');
    at.count('version', 1);
    const state = at.body('body');
    if (typeof state !== 'object' || state === null || Array.isArray(state)) throw at.fault('body', 'it is no state');
    assertTables(at, state, at.tables());
    if (Number(row['seq']) > Number(seq)) throw at.fault('seq', 'it is behind the newest of the game');
    newest = row;
  }
  // A record that changes one of these comes with a snapshot.
  for (const column of ['version', 'tables']) {
    if (sorted(newest[column]) !== sorted(game[column]))
      throw fault('games', `${column}: ${String(game[column])}, and of the newest snapshot ${String(newest[column])}`);
  }
}

function sorted(cell: unknown): unknown {
  return typeof cell === 'string' ? JSON.stringify(tablesOf(cell).sort()) : cell;
}

/** Of the newest state, which all steps lead to. */
export function proveTables(tables: readonly string[], state: unknown): void {
  assertTables(new Cells('games', { tables: JSON.stringify(tables) }), state, tables);
}

function assertTables(at: Cells, state: unknown, tables: readonly string[]): void {
  for (const table of tables) {
    const value = Object.hasOwn(state as object, table)
      ? (state as { readonly [key: string]: Json })[table]
      : undefined;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) continue;
    throw at.fault('tables', `the state has no table ${JSON.stringify(table)}`);
  }
}

function proveBatches(database: Database, { id, first_seq: firstSeq, seq }: Row): void {
  const snapshots = new Map(snapshotPlaces(database, String(id)).map((place) => [place.seq, place]));
  let due = Number(firstSeq) + 1;
  for (const row of rowsOf(database, 'patch_batches', String(id))) {
    const at = new Cells('patch_batches', row, `seq ${String(row['last_seq'])}`);
    for (const column of ['first_seq', 'last_seq', 'first_tick', 'last_tick', 'count']) at.count(column);
    for (const column of ['time', 'least_time', 'most_time'])
      if (column === 'time' || row[column] !== null) at.time(column);
    if (row['first_seq'] !== due) throw at.fault('first_seq', `it is ${String(row['first_seq'])} where ${due} was due`);
    due = Number(row['last_seq']) + 1;
    const commands = at.list('commands', decodeCommands);
    for (const command of commands) proveCommand(at, command);
    if (row['count'] !== commands.length) throw at.fault('count', `it has ${commands.length} commands`);
    if (isGap(row) && commands.length > 0) throw at.fault('commands', 'its steps are gone, and its commands are not');
    const steps = isGap(row) ? [stepOfGap(row)] : at.list('body', decodeSteps);
    proveSteps(at, row, steps, commands);
    for (const { lastSeq, tick, time } of steps) {
      const snapshot = snapshots.get(lastSeq);
      if (snapshot && (snapshot.tick !== tick || snapshot.time !== time))
        throw fault('snapshots', `tick and time at seq ${lastSeq} are not those of the step that ends there`);
    }
  }
  if (due !== Number(seq) + 1)
    throw fault('patch_batches', `they end at seq ${due - 1}, and the game is at ${String(seq)}`);
}

/** Whoever goes through the steps meets such a row as one step, whose state is that of a snapshot. */
function stepOfGap(row: Row): Step {
  const count = (column: string): number => Number(row[column]);
  const [firstSeq, lastSeq] = [count('first_seq'), count('last_seq')];
  return { firstSeq, lastSeq, tick: count('last_tick'), time: count('time'), patches: [] };
}

function proveCommand(at: Cells, { seq, tick, time, name, player }: CommandEntry): void {
  if (!isCount(seq) || !isCount(tick) || !isTime(time))
    throw at.fault('commands', `command ${seq} has no seq, tick and time`);
  if (!isWellFormed(name) || (player !== undefined && !isWellFormed(player)))
    throw at.fault('commands', `command ${seq} has a name or a player that is none`);
}

/** What the row says of itself is what is found by it: moments are looked for in these columns. */
function proveSteps(at: Cells, row: Row, steps: readonly Step[], commands: readonly CommandEntry[]): void {
  let due = row['first_seq'] as number;
  const byEnd = new Map(commands.map((command) => [command.seq, command]));
  for (const { firstSeq, lastSeq, tick, time } of steps) {
    if (firstSeq !== due || lastSeq < firstSeq)
      throw at.fault('body', `a step begins at seq ${firstSeq} where ${due} was due`);
    if (!isCount(lastSeq) || !isCount(tick) || !isTime(time))
      throw at.fault('body', `the step to seq ${lastSeq} has no tick and time`);
    due = lastSeq + 1;
    const end = byEnd.get(lastSeq);
    if (commands.length > 0 && (end?.tick !== tick || end.time !== time))
      throw at.fault('body', `the step to seq ${lastSeq} does not end as its last command does`);
  }
  const last = steps.at(-1);
  if (!last || last.lastSeq !== row['last_seq']) throw at.fault('last_seq', 'its steps end elsewhere');
  if (last.tick !== row['last_tick']) throw at.fault('last_tick', `its steps end at tick ${last.tick}`);
  if (last.time !== row['time']) throw at.fault('time', `its steps end at ${last.time}`);
  const [first] = commands;
  if (first && first.tick !== row['first_tick'])
    throw at.fault('first_tick', `its commands begin at tick ${first.tick}`);
  if (first && (first.seq < Number(row['first_seq']) || (commands.at(-1) as CommandEntry).seq !== last.lastSeq))
    throw at.fault('commands', 'they are of other seqs');
  if (row['least_time'] === null && row['most_time'] === null) return;
  const times = [...steps, ...commands].map(({ time }) => time);
  const [least, most] = [Number(row['least_time'] ?? Number.NaN), Number(row['most_time'] ?? Number.NaN)];
  const [from, to] = times.reduce(
    ([low, high], time) => [Math.min(low, time), Math.max(high, time)],
    [last.time, last.time],
  );
  // Of commands that are not kept only the row still tells the times.
  const isExact = commands.length > 0;
  if (!(least <= from && (!isExact || least === from))) throw at.fault('least_time', `its records begin at ${from}`);
  if (!(most >= to && (!isExact || most === to))) throw at.fault('most_time', `its records end at ${to}`);
}

/** The table commands says once more what the batches say. */
function proveIndex(database: Database, { id }: Row): void {
  const indexed = rowsOf(database, 'commands', String(id));
  let entry = indexed.next();
  if (entry.done) return;
  for (const row of rowsOf(database, 'patch_batches', String(id))) {
    for (const command of decodeCommands(unpackBytes(row['commands'], row['codec']).toString('utf8'))) {
      if (entry.done || entry.value['seq'] !== command.seq) continue;
      const { tick, time, name, player = null, args } = command;
      const due = { tick, time, name, player, args: args === undefined ? null : JSON.stringify(args) };
      for (const [column, value] of Object.entries(due)) {
        if (entry.value[column] !== value)
          throw new Cells('commands', entry.value, `seq ${command.seq}`).fault(column, 'the history says otherwise');
      }
      entry = indexed.next();
    }
  }
  if (!entry.done)
    throw new Cells('commands', entry.value, `seq ${String(entry.value['seq'])}`).fault(
      'seq',
      'the history has no such command',
    );
}

function proveQuarantine(database: Database, { id, seq }: Row): void {
  for (const row of rowsOf(database, 'quarantine', String(id))) {
    const at = new Cells('quarantine', row, `seq ${String(row['first_seq'])}`);
    for (const column of ['first_seq', 'last_seq']) at.count(column);
    at.time('time');
    at.text('mode');
    at.text('reason');
    // What was given up lies before the record that gave it up.
    if (Number(row['last_seq']) >= Number(seq)) throw at.fault('last_seq', 'it is not before the newest of the game');
  }
}

function* rowsOf(database: Database, name: string, game: string): Generator<Row> {
  for (const table of GAME_TABLES) if (table.name === name) yield* rowsOfGame(database, table, game);
}

/** The cells of a row, read as what they should be. */
class Cells {
  readonly #table: string;
  readonly #row: Row;
  readonly #place: string;

  constructor(table: string, row: Row, place = '') {
    this.#table = table;
    this.#row = row;
    this.#place = place;
  }

  fault(column: string, what: string): OrreryError {
    return fault(this.#table, `${column}${this.#place === '' ? '' : ` at ${this.#place}`}: ${what}`);
  }

  count(column: string, least = 0, most = MOST_COUNT): void {
    const value = this.#row[column];
    if (!isCount(value, most) || value < least) throw this.fault(column, `${String(value)} is no count of Orrery's`);
  }

  time(column: string): void {
    if (!isTime(this.#row[column]))
      throw this.fault(column, `${String(this.#row[column])} is no time that a clock can say`);
  }

  text(column: string, least = 0, most = Number.POSITIVE_INFINITY): string {
    const value = this.#row[column];
    if (typeof value === 'string' && value.length >= least && value.length <= most) return value;
    throw this.fault(column, 'it is no text of ours');
  }

  id(column: string): void {
    attempt(this.#table, column, () => checkGameId(this.#row[column]));
  }

  tables(): string[] {
    const names = attempt(this.#table, 'tables', () => tablesOf(this.#row['tables']));
    if (new Set(names).size !== names.length) throw this.fault('tables', 'one is named twice');
    return names;
  }

  /** The JSON of a body. */
  body(column: string): Json {
    return this.#json(column, (text) => parseJson(text) as Json);
  }

  list<T>(column: string, decode: (text: string) => T[]): T[] {
    return this.#json(column, decode);
  }

  #json<T>(column: string, decode: (text: string) => T): T {
    const where = this.#place === '' ? column : `${column} at ${this.#place}`;
    const bytes = attempt(this.#table, where, () => unpackBytes(this.#row[column], this.#row['codec']));
    if (!isUtf8(bytes)) throw this.fault(column, 'it is not UTF-8');
    assertRoomFor(bytes);
    return attempt(this.#table, where, () => decode(bytes.toString('utf8')));
  }
}

function isCount(value: unknown, most = MOST_COUNT): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function isTime(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

/** What is found in a cell is told with where the cell is. */
function attempt<T>(table: string, column: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof OrreryError)) throw error;
    throw fault(table, `${column}: ${error.what}`, error);
  }
}

function fault(table: string, what: string, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `the table ${table} has what Orrery does not write: ${what}`,
    hint: 'Have it packed once more.',
    ...(cause === undefined ? {} : { cause }),
  });
}
