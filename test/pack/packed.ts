// A directory in memory with one shard and a few games of different pasts, and packs made from it. What the states are is not
// asked of src/: the games are made by test/compaction/records.ts.

import { createHash } from 'node:crypto';
import initSqlJs, { type Database as Raw, type SqlValue } from 'sql.js';
import { encodeRecord } from '#core/patch/record.ts';
import type { Files } from '#storage/sqlite/files.ts';
import { packFromDirectory } from '#storage/sqlite/pack/packing.ts';
import type { PackDescription } from '#storage/sqlite/pack/reading.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import type { OwnerOptions } from '#storage/sqlite/worker/protocol.ts';
import { type Past, randomPast } from '../compaction/records.ts';
import { openOwner, SHARD } from '../fault/shard-script.ts';
import { dice } from '../programs/script.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';

export const DIRECTORY = '/disk';
export const SOURCE = '00000000-0000-4000-8000-000000000008';

/** What takeDirectory would have written. */
export const CONFIG = Buffer.from(
  JSON.stringify({ version: 1, leastReader: 1, id: SOURCE, shards: 1, created: '2026-01-01T00:00:00.000Z' }),
);

/** Hands lines of records of one game to an owner, in batches. */
export function commitLines(owner: Owner, game: string, lines: readonly string[], firstSeq = 0, batch = 7): void {
  for (let from = 0; from < lines.length; from += batch) {
    const some = lines.slice(from, from + batch);
    const span = { game, firstSeq: firstSeq + from, lastSeq: firstSeq + from + some.length - 1 };
    owner.commit({
      payload: new Uint8Array(new TextEncoder().encode(`${some.join('\n')}\n`)),
      count: some.length,
      spans: [span],
    });
  }
}

/** A record that carries a whole state: what a migration or a recovery leaves. */
export function wholeLine(
  past: Past,
  game: string,
  seq: number,
  command: '@migrate' | '@recover',
  ofSeq: number,
): string {
  return encodeRecord({
    game,
    seq,
    tick: past.ticks.at(-1) as number,
    time: 1_700_000_100_000 + seq,
    command,
    args: { from: ofSeq },
    version: command === '@migrate' ? 4 : 3,
    tables: ['notes'],
    patches: [{ op: 'replace', path: [], value: JSON.parse(past.states[ofSeq] as string) }],
  });
}

export interface World {
  readonly folder: MemoryFolder;
  /** By game. */
  readonly pasts: ReadonlyMap<string, Past>;
}

/** Two games of `commands` records each, the type with this history; `published` of them are in an image, the rest in the journal. */
export async function makeWorld(
  seed: number,
  commands: number,
  options: Partial<OwnerOptions> = {},
  width = 40,
): Promise<World> {
  const folder = new MemoryFolder([[`${DIRECTORY}/orrery.json`, CONFIG]]);
  const owner = await openOwner(folder, options);
  const roll = dice(seed);
  const pasts = new Map<string, Past>();
  for (const game of ['Ωmega, 2', 'other']) {
    const past = randomPast(game, 'ledger', commands, roll, width);
    pasts.set(game, past);
    const half = roll(commands) + 1;
    commitLines(owner, game, past.lines.slice(0, half));
    while (owner.checkpoint() === undefined);
    commitLines(owner, game, past.lines.slice(half), half);
  }
  owner.abandon();
  return { folder, pasts };
}

export const FILE = '/home/battle.orrery';

export async function packed(folder: Files, game = 'Ωmega, 2', file = FILE): Promise<PackDescription> {
  return packFromDirectory(folder, DIRECTORY, game, file);
}

/** Opens an owner of the same shard. */
export function owned(folder: Files, options: Partial<OwnerOptions> = {}): Promise<Owner> {
  return openOwner(folder, options);
}

/** A state of such a game as readers are given it: the entities of its table by ascending id. */
export function inOrder(json: string | undefined): string {
  const state = JSON.parse(json as string) as { notes: { [key: string]: string } };
  const notes = Object.entries(state.notes).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify({ ...state, notes: Object.fromEntries(notes) });
}

export { SHARD };

let library: Awaited<ReturnType<typeof initSqlJs>> | undefined;

/** The file as SQLite has it, without any code of src/. */
export async function raw(bytes: Uint8Array): Promise<Raw> {
  library ??= await initSqlJs();
  return new library.Database(new Uint8Array(bytes));
}

/** A pack that somebody changed who knows how the digest is made. */
export async function forged(bytes: Uint8Array, ...sql: readonly string[]): Promise<Uint8Array> {
  const database = await raw(bytes);
  for (const each of sql) database.exec(each);
  database.run("UPDATE meta SET value = ? WHERE key = 'pack_digest'", [digestOf(database)]);
  const made = database.export();
  database.close();
  return made;
}

/** The digest as docs/FORMAT.md describes it, by other means than src/ has. */
export function digestOf(database: Raw): string {
  const parts: Buffer[] = [];
  const section = (name: string, columns: string, rest: string): void => {
    parts.push(Buffer.from(`${name}\n`));
    const [result] = database.exec(`SELECT ${columns} FROM ${name} ${rest}`);
    for (const row of result?.values ?? []) {
      for (const value of row) parts.push(...valueBytes(value));
      parts.push(Buffer.from('\n'));
    }
  };
  section('meta', 'key, value', "WHERE key <> 'pack_digest' ORDER BY key");
  section('types', 'name, history, retention, projections', 'ORDER BY name');
  section(
    'games',
    'id, type, version, tables, created, seq, tick, time, snapshot_seq, state_bytes, patch_bytes, records, patches_in, patches_out, parent, parent_seq, first_seq, thinned',
    '',
  );
  section('snapshots', 'game, seq, tick, time, version, tables, reason, codec, sha, pieces, body', 'ORDER BY seq');
  section(
    'patch_batches',
    'game, first_seq, last_seq, first_tick, last_tick, time, count, codec, body, commands, least_time, most_time',
    'ORDER BY last_seq',
  );
  section('commands', 'game, seq, tick, time, name, player, args', 'ORDER BY seq');
  section('quarantine', 'game, first_seq, last_seq, time, mode, reason', 'ORDER BY first_seq, time');
  if (database.exec('SELECT 1 FROM seeds').length > 0) section('seeds', 'game, seed', '');
  return createHash('sha256').update(Buffer.concat(parts)).digest('hex');
}

function valueBytes(value: SqlValue): Buffer[] {
  if (value === null) return [Buffer.from('n;')];
  if (typeof value === 'number') return [Buffer.from(`i${value};`)];
  const bytes = Buffer.from(value as Uint8Array);
  return [Buffer.from(`${typeof value === 'string' ? 't' : 'b'}${bytes.length}:`), bytes];
}
