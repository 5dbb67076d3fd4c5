// The rows of an image, typed. digest.ts writes them from records; loading a game and reading its history come from here.

import { OrreryError } from '../errors.ts';
import type { Json, Patch } from '../patch/patch.ts';
import { decodePatches, encodePatches } from '../patch/record.ts';
import { CODEC_DEFLATE, pack, sha256, unpack } from './body.ts';
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

export function writeSnapshot(database: Database, game: string, snapshot: Snapshot, why: SnapshotReason): void {
  database.run(
    `INSERT OR REPLACE INTO snapshots (game, seq, tick, time, version, tables, reason, codec, sha, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      game,
      snapshot.seq,
      snapshot.tick,
      snapshot.time,
      snapshot.version,
      JSON.stringify(snapshot.tables),
      why,
      CODEC_DEFLATE,
      sha256(snapshot.json),
      pack(snapshot.json),
    ],
  );
}

/** The newest snapshot at or before a seq. Throws DAMAGED if its body is not what was written. */
export function readSnapshot(database: Database, game: string, atSeq: number): Snapshot | undefined {
  const row = database.one('SELECT * FROM snapshots WHERE game = ? AND seq <= ? ORDER BY seq DESC LIMIT 1', [
    game,
    atSeq,
  ]);
  if (!row) return undefined;
  const json = unpack(row['body'], row['codec']);
  if (Buffer.compare(sha256(json), row['sha'] as Uint8Array) !== 0) {
    throw new OrreryError({
      code: 'DAMAGED',
      what: 'a snapshot does not have the SHA-256 it was written with',
      hint: 'Run `orrery doctor` on the directory.',
      context: { game, seq: Number(row['seq']) },
    });
  }
  return {
    seq: Number(row['seq']),
    tick: Number(row['tick']),
    time: Number(row['time']),
    version: Number(row['version']),
    tables: JSON.parse(String(row['tables'])) as string[],
    json,
  };
}

/** At least one step. The result is the size of the steps as JSON. */
export function writeBatch(
  database: Database,
  game: string,
  steps: readonly Step[],
  commands: readonly CommandEntry[],
): number {
  const first = steps[0] as Step;
  const last = steps.at(-1) as Step;
  const body = encodeSteps(steps);
  database.run(
    `INSERT INTO patch_batches (game, first_seq, last_seq, first_tick, last_tick, time, count, codec, body, commands)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      game,
      first.firstSeq,
      last.lastSeq,
      commands[0]?.tick ?? first.tick,
      last.tick,
      last.time,
      commands.length,
      CODEC_DEFLATE,
      pack(body),
      pack(encodeCommands(commands)),
    ],
  );
  return body.length;
}

/** Steps that lie wholly or partly in afterSeq < seq <= upToSeq, oldest first. */
export function* readSteps(database: Database, game: string, afterSeq: number, upToSeq: number): Generator<Step> {
  for (const row of batchRows(database, game, afterSeq, upToSeq, 'body')) {
    for (const step of decodeSteps(unpack(row['body'], row['codec']))) {
      if (step.lastSeq > afterSeq && step.firstSeq <= upToSeq) yield step;
    }
  }
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
    const row = database.one(
      `SELECT last_seq, codec, ${column} FROM patch_batches WHERE game = ? AND last_seq > ? AND first_seq <= ?
       ORDER BY last_seq LIMIT 1`,
      [game, position, upToSeq],
    );
    if (!row) return;
    yield row;
    position = Number(row['last_seq']);
  }
}

function encodeSteps(steps: readonly Step[]): string {
  const texts = steps.map(
    (step) => `[${step.firstSeq},${step.lastSeq},${step.tick},${step.time},${encodePatches(step.patches)}]`,
  );
  return `[${texts.join(',')}]`;
}

function decodeSteps(text: string): Step[] {
  const raw = JSON.parse(text) as [number, number, number, number, unknown][];
  return raw.map(([firstSeq, lastSeq, tick, time, patches]) => ({
    firstSeq,
    lastSeq,
    tick,
    time,
    patches: decodePatches(patches),
  }));
}

function encodeCommands(commands: readonly CommandEntry[]): string {
  return JSON.stringify(
    commands.map(({ seq, tick, time, name, player, args }) =>
      args === undefined ? [seq, tick, time, name, player ?? null] : [seq, tick, time, name, player ?? null, args],
    ),
  );
}

function decodeCommands(text: string): CommandEntry[] {
  const raw = JSON.parse(text) as [number, number, number, string, string | null, Json?][];
  return raw.map(([seq, tick, time, name, player, args]) => ({
    seq,
    tick,
    time,
    name,
    player: player ?? undefined,
    args,
  }));
}

function gameOf(row: Row): GameRow {
  return {
    id: String(row['id']),
    type: String(row['type']),
    version: Number(row['version']),
    tables: JSON.parse(String(row['tables'])) as string[],
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
