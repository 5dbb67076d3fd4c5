// Whole states as rows of an image: compaction/ writes them, loading a game and reading its past begin with them.

import { createHash } from 'node:crypto';
import { OrreryError } from '../../../core/errors.ts';
import type { TextChunk } from '../../chunks.ts';
import { CODEC_DEFLATE, CODEC_MEMBERS, pack, packMember, sha256, unpackBytes } from './body.ts';
import type { Database, Row } from './database.ts';
import { tablesOf } from './rows.ts';

export interface Snapshot {
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly version: number;
  readonly tables: readonly string[];
  /** The state as JSON text. */
  readonly json: string;
}

/** What a snapshot is written from. */
export interface CutSnapshot extends Omit<Snapshot, 'json'> {
  /** One after the other they are the state as JSON text. */
  readonly pieces: readonly TextChunk[];
}

/** A snapshot as a row has it, each piece to be inflated by itself. */
export interface PackedSnapshot extends Omit<Snapshot, 'json'> {
  readonly pieces: readonly { readonly table: string | undefined; unpack(): Buffer }[];
}

/** A smaller state is deflated better as a whole, and parsed as soon. */
const LEAST_CUT_BYTES = 128 * 1024;

/**
 * Why there is one: the beginning, patches outgrew the state, so many records or so much time, a whole-state record,
 * thinning.
 */
export type SnapshotReason =
  | 'create'
  | 'size'
  | 'request'
  | 'records'
  | 'time'
  | 'migrate'
  | 'recover'
  | 'tier'
  | 'import'
  /** Which keys are tables changed: patches do not say so. */
  | 'tables';

/**
 * The text of a state on its way into a row. Piece by piece, so that whoever makes a wide one can do something else in
 * between.
 */
export class SnapshotBody {
  /** Of the state's JSON. */
  bytes = 0;
  readonly #hash = createHash('sha256');
  /** Until it is clear that they are worth cutting. */
  readonly #texts: Uint8Array[] = [];
  readonly #members: Uint8Array[] = [];
  readonly #tables: (string | null)[] = [];

  add({ table, text }: TextChunk): void {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
    this.bytes += bytes.length;
    this.#hash.update(bytes);
    this.#tables.push(table ?? null);
    if (this.bytes <= LEAST_CUT_BYTES) {
      // What is given as bytes may stand where the next piece is about to be.
      this.#texts.push(typeof text === 'string' ? bytes : Uint8Array.from(bytes));
      return;
    }
    for (const each of this.#texts.splice(0)) this.#members.push(packMember(each));
    this.#members.push(packMember(bytes));
  }

  /** The end: values of the columns codec, sha, pieces and body. */
  finish(): [codec: number, sha: Uint8Array, pieces: string | null, body: Uint8Array] {
    const sha = this.#hash.digest();
    if (this.#members.length === 0) return [CODEC_DEFLATE, sha, null, pack(Buffer.concat(this.#texts))];
    const pieces = this.#members.map((member, index) => [member.length, this.#tables[index]]);
    return [CODEC_MEMBERS, sha, JSON.stringify(pieces), Buffer.concat(this.#members)];
  }
}

/** Returns the size of the state's JSON in bytes. */
export function writeSnapshot(database: Database, game: string, snapshot: CutSnapshot, why: SnapshotReason): number {
  const body = new SnapshotBody();
  for (const piece of snapshot.pieces) body.add(piece);
  writeSnapshotBody(database, game, snapshot, body, why);
  return body.bytes;
}

export function writeSnapshotBody(
  database: Database,
  game: string,
  { seq, tick, time, version, tables }: Omit<Snapshot, 'json'>,
  body: SnapshotBody,
  why: SnapshotReason,
): void {
  database.run(
    `INSERT OR REPLACE INTO snapshots (game, seq, tick, time, version, tables, reason, codec, sha, pieces, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [game, seq, tick, time, version, JSON.stringify(tables), why, ...body.finish()],
  );
}

/**
 * The newest snapshot at or before a seq, in its pieces; undefined when there is none, or when it was not worth
 * cutting. For images that were proved whole when they were opened: each piece is only held against the CRC of its
 * member.
 */
export function readChunks(database: Database, game: string, atSeq: number): PackedSnapshot | undefined {
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

/** What is known of a snapshot without reading the state. */
export interface SnapshotHeader extends Omit<Snapshot, 'json'> {
  readonly reason: string;
}

/** Oldest first. */
export function readSnapshotEntries(database: Database, game: string): SnapshotHeader[] {
  return database
    .all('SELECT seq, tick, time, version, tables, reason FROM snapshots WHERE game = ? ORDER BY seq', [game])
    .map(headerOf);
}

/** The newest at or before a seq. */
export function snapshotUpTo(database: Database, game: string, seq: number): SnapshotHeader | undefined {
  const row = database.one(
    `SELECT seq, tick, time, version, tables, reason FROM snapshots WHERE game = ? AND seq <= ?
     ORDER BY seq DESC LIMIT 1`,
    [game, seq],
  );
  return row && headerOf(row);
}

/** The oldest at or after a seq. */
export function snapshotFrom(database: Database, game: string, seq: number): SnapshotHeader | undefined {
  const row = database.one(
    `SELECT seq, tick, time, version, tables, reason FROM snapshots WHERE game = ? AND seq >= ?
     ORDER BY seq LIMIT 1`,
    [game, seq],
  );
  return row && headerOf(row);
}

function headerOf(row: Row): SnapshotHeader {
  return { ...momentOf(row), reason: String(row['reason']) };
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
    hint: 'Run `orrery check --explain` on the directory.',
    context: { game, seq: Number(row['seq']) },
  });
}
