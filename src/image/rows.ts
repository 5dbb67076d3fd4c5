// The rows of an image, typed. digest.ts writes them from records; loading a game and reading its history come from here.

import { OrreryError } from '../errors.ts';
import { parseJson } from '../patch/bounded-json.ts';
import type { Json, Patch } from '../patch/patch.ts';
import { decodePatches } from '../patch/record.ts';
import { CODEC_DEFLATE, CODEC_MEMBERS, pack, packMember, sha256, unpack, unpackBytes } from './body.ts';
import type { Database, Row } from './database.ts';

export interface GameRow {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly tables: readonly string[];
  readonly created: number;
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly snapshotSeq: number;
  readonly stateBytes: number;
  readonly patchBytes: number;
  readonly records: number;
  readonly patchesIn: number;
  readonly patchesOut: number;
}

/** A visible moment of the past: the patches that lead from the step before to this one. */
export interface Step {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly tick: number;
  readonly time: number;
  readonly patches: readonly Patch[];
}

/** What was asked of a game, without what it did. */
export interface CommandEntry {
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly name: string;
  readonly player: string | undefined;
  readonly args: Json | undefined;
}

export interface Snapshot {
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly version: number;
  readonly tables: readonly string[];
  /** The state as JSON text. */
  readonly json: string;
}

/** A part of the text of a state: entities of one table, separated and begun by commas as they stand, or what is between. */
export interface TextPiece {
  /** Undefined for what is not inside a table. */
  readonly table: string | undefined;
  readonly text: string;
}

/** What a snapshot is written from. */
export interface CutSnapshot extends Omit<Snapshot, 'json'> {
  /** One after the other they are the state as JSON text. */
  readonly pieces: readonly TextPiece[];
}

/** A snapshot as a row has it, each piece to be inflated by itself. */
export interface PackedSnapshot extends Omit<Snapshot, 'json'> {
  readonly pieces: readonly { readonly table: string | undefined; unpack(): Buffer }[];
}

/** A smaller state is deflated better as a whole, and parsed as soon. */
const LEAST_CUT_BYTES = 128 * 1024;

export type SnapshotReason = 'create' | 'size' | 'request';

export function readGame(database: Database, id: string): GameRow | undefined {
  const row = database.one('SELECT * FROM games WHERE id = ?', [id]);
  return row && gameOf(row);
}

export function readGames(database: Database): GameRow[] {
  return database.all('SELECT * FROM games ORDER BY id').map(gameOf);
}

export function writeGame(database: Database, game: GameRow): void {
  database.run(
    `INSERT INTO games (id, type, version, tables, created, seq, tick, time, snapshot_seq, state_bytes, patch_bytes,
       records, patches_in, patches_out)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET version = excluded.version, tables = excluded.tables, seq = excluded.seq,
       tick = excluded.tick, time = excluded.time, snapshot_seq = excluded.snapshot_seq,
       state_bytes = excluded.state_bytes, patch_bytes = excluded.patch_bytes, records = excluded.records,
       patches_in = excluded.patches_in, patches_out = excluded.patches_out`,
    [
      game.id,
      game.type,
      game.version,
      JSON.stringify(game.tables),
      game.created,
      game.seq,
      game.tick,
      game.time,
      game.snapshotSeq,
      game.stateBytes,
      game.patchBytes,
      game.records,
      game.patchesIn,
      game.patchesOut,
    ],
  );
}

/** Returns the size of the state's JSON in bytes. */
export function writeSnapshot(database: Database, game: string, snapshot: CutSnapshot, why: SnapshotReason): number {
  const texts = snapshot.pieces.map(({ text }) => Buffer.from(text, 'utf8'));
  const json = Buffer.concat(texts);
  const members = json.length > LEAST_CUT_BYTES ? texts.map(packMember) : undefined;
  const pieces = members?.map((member, index) => [member.length, snapshot.pieces[index]?.table ?? null]);
  database.run(
    `INSERT OR REPLACE INTO snapshots (game, seq, tick, time, version, tables, reason, codec, sha, pieces, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      game,
      snapshot.seq,
      snapshot.tick,
      snapshot.time,
      snapshot.version,
      JSON.stringify(snapshot.tables),
      why,
      members ? CODEC_MEMBERS : CODEC_DEFLATE,
      sha256(json),
      pieces ? JSON.stringify(pieces) : null,
      members ? Buffer.concat(members) : pack(json),
    ],
  );
  return json.length;
}

/**
 * The newest snapshot at or before a seq, in its pieces; undefined when there is none, or when it was not worth cutting. For
 * images that were proved whole when they were opened: each piece is only held against the CRC of its member.
 */
export function readPieces(database: Database, game: string, atSeq: number): PackedSnapshot | undefined {
  const row = newestSnapshot(database, game, atSeq);
  const body = row?.['body'];
  if (!row || row['pieces'] === null || !(body instanceof Uint8Array)) return undefined;
  const index = JSON.parse(String(row['pieces'])) as readonly [number, string | null][];
  let end = 0;
  const pieces = index.map(([bytes, table]) => {
    const from = end;
    end += bytes;
    return {
      table: table ?? undefined,
      unpack: () => unpackBytes(body.subarray(from, from + bytes), row['codec']),
    };
  });
  if (end !== body.length) throw damagedSnapshot(game, row, 'a snapshot is not as long as its pieces');
  return { ...momentOf(row), pieces };
}

/** The newest snapshot at or before a seq. Throws DAMAGED if its body is not what was written. */
export function readSnapshot(database: Database, game: string, atSeq: number): Snapshot | undefined {
  const row = newestSnapshot(database, game, atSeq);
  if (!row) return undefined;
  const json = unpackBytes(row['body'], row['codec']);
  if (Buffer.compare(sha256(json), row['sha'] as Uint8Array) !== 0) {
    throw damagedSnapshot(game, row, 'a snapshot does not have the SHA-256 it was written with');
  }
  return { ...momentOf(row), json: json.toString('utf8') };
}

function newestSnapshot(database: Database, game: string, atSeq: number): Row | undefined {
  return database.one('SELECT * FROM snapshots WHERE game = ? AND seq <= ? ORDER BY seq DESC LIMIT 1', [game, atSeq]);
}

function momentOf(row: Row): Omit<Snapshot, 'json'> {
  return {
    seq: Number(row['seq']),
    tick: Number(row['tick']),
    time: Number(row['time']),
    version: Number(row['version']),
    tables: tablesOf(row['tables']),
  };
}

function damagedSnapshot(game: string, row: Row, what: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what,
    hint: 'Run `orrery doctor` on the directory.',
    context: { game, seq: Number(row['seq']) },
  });
}

/** A stretch of a game's past: at least one step, and the commands behind the steps. */
export interface PatchBatch {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstTick: number;
  readonly lastTick: number;
  /** Of the last record. */
  readonly time: number;
  /** How many commands. */
  readonly count: number;
  /** JSON as docs/SCHEMA.md has it, in UTF-8. */
  readonly steps: Uint8Array;
  readonly commands: Uint8Array;
}

export function writeBatch(database: Database, game: string, batch: PatchBatch): void {
  database.run(
    `INSERT INTO patch_batches (game, first_seq, last_seq, first_tick, last_tick, time, count, codec, body, commands)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      game,
      batch.firstSeq,
      batch.lastSeq,
      batch.firstTick,
      batch.lastTick,
      batch.time,
      batch.count,
      CODEC_DEFLATE,
      pack(batch.steps),
      pack(batch.commands),
    ],
  );
}

/** Steps that lie wholly or partly in afterSeq < seq <= upToSeq, oldest first. */
export function* readSteps(database: Database, game: string, afterSeq: number, upToSeq: number): Generator<Step> {
  for (const row of batchRows(database, game, afterSeq, upToSeq, 'body')) {
    for (const step of decodeSteps(unpack(row['body'], row['codec']))) {
      if (step.lastSeq > afterSeq && step.firstSeq <= upToSeq) yield step;
    }
  }
}

/** The JSON of those rows' steps, in UTF-8. */
export function* readStepTexts(database: Database, game: string, afterSeq: number, upToSeq: number): Generator<Buffer> {
  for (const row of batchRows(database, game, afterSeq, upToSeq, 'body')) yield unpackBytes(row['body'], row['codec']);
}

export function* readCommands(
  database: Database,
  game: string,
  afterSeq: number,
  upToSeq: number,
): Generator<CommandEntry> {
  for (const row of batchRows(database, game, afterSeq, upToSeq, 'commands')) {
    for (const command of decodeCommands(unpack(row['commands'], row['codec']))) {
      if (command.seq > afterSeq && command.seq <= upToSeq) yield command;
    }
  }
}

export function writeCommandIndex(database: Database, game: string, commands: readonly CommandEntry[]): void {
  for (const command of commands) {
    database.run(
      'INSERT OR REPLACE INTO commands (game, seq, tick, time, name, player, args) VALUES (?, ?, ?, ?, ?, ?, ?)',
      [
        game,
        command.seq,
        command.tick,
        command.time,
        command.name,
        command.player ?? null,
        command.args === undefined ? null : JSON.stringify(command.args),
      ],
    );
  }
}

export function readMeta(database: Database): Map<string, string> {
  return new Map(database.all('SELECT key, value FROM meta').map((row) => [String(row['key']), String(row['value'])]));
}

export function writeMeta(database: Database, values: { readonly [key: string]: string | number }): void {
  for (const [key, value] of Object.entries(values)) {
    database.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', [key, String(value)]);
  }
}

const BATCH = {
  body: `SELECT last_seq, codec, body FROM patch_batches WHERE game = ? AND last_seq > ? AND first_seq <= ?
         ORDER BY last_seq LIMIT 1`,
  commands: `SELECT last_seq, codec, commands FROM patch_batches WHERE game = ? AND last_seq > ? AND first_seq <= ?
         ORDER BY last_seq LIMIT 1`,
} as const;

/** One row at a time: a long history must not be in memory as a whole. */
function* batchRows(
  database: Database,
  game: string,
  afterSeq: number,
  upToSeq: number,
  column: 'body' | 'commands',
): Generator<Row> {
  let position = afterSeq;
  for (;;) {
    const row = database.one(BATCH[column], [game, position, upToSeq]);
    if (!row) return;
    yield row;
    position = Number(row['last_seq']);
  }
}

/** Steps from their JSON. */
export function decodeSteps(text: string): Step[] {
  return entriesOf(text, 'a step').map(([firstSeq, lastSeq, tick, time, patches]) => {
    if (!isWhole(firstSeq) || !isWhole(lastSeq) || firstSeq > lastSeq || !isWhole(tick) || !isWhole(time))
      throw misshapen('a step');
    return { firstSeq, lastSeq, tick, time, patches: decodePatches(patches) };
  });
}

export function encodeCommand({ seq, tick, time, name, player, args }: CommandEntry): string {
  return JSON.stringify(
    args === undefined ? [seq, tick, time, name, player ?? null] : [seq, tick, time, name, player ?? null, args],
  );
}

/** Commands from their JSON. */
export function decodeCommands(text: string): CommandEntry[] {
  return entriesOf(text, 'a command').map(([seq, tick, time, name, player, args]) => {
    if (!isWhole(seq) || !isWhole(tick) || !isWhole(time) || typeof name !== 'string') throw misshapen('a command');
    if (player !== null && typeof player !== 'string') throw misshapen('a command');
    return { seq, tick, time, name, player: player ?? undefined, args: args as Json | undefined };
  });
}

/** The entries of a body: what a row holds need not be what was written into it. */
function entriesOf(text: string, what: string): unknown[][] {
  const raw = parseJson(text);
  if (!Array.isArray(raw) || !raw.every(Array.isArray)) throw misshapen(what);
  return raw as unknown[][];
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function tablesOf(text: unknown): string[] {
  const raw = parseJson(String(text));
  if (Array.isArray(raw) && raw.every((table) => typeof table === 'string')) return raw as string[];
  throw misshapen('the list of tables');
}

function misshapen(what: string): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: `${what} in a row is not of the form it was written in`,
    hint: 'Run `orrery doctor` on the directory.',
  });
}

function gameOf(row: Row): GameRow {
  return {
    id: String(row['id']),
    type: String(row['type']),
    version: Number(row['version']),
    tables: tablesOf(row['tables']),
    created: Number(row['created']),
    seq: Number(row['seq']),
    tick: Number(row['tick']),
    time: Number(row['time']),
    snapshotSeq: Number(row['snapshot_seq']),
    stateBytes: Number(row['state_bytes']),
    patchBytes: Number(row['patch_bytes']),
    records: Number(row['records']),
    patchesIn: Number(row['patches_in']),
    patchesOut: Number(row['patches_out']),
  };
}
