// A pack is one game with its whole past in one SQLite file, to be taken home with a bug report. Opening one trusts
// nothing: it may come from anybody. Before it: packing.ts, which writes it; after it: pack-history.ts, which reads its
// past, and unpacking.ts, which brings the game into a directory.

import { OrreryError } from '../../../core/errors.ts';
import { checkGameId } from '../../../core/game/id.ts';
import type { GameInfo } from '../../game-info.ts';
import { type Files, isMissing } from '../files.ts';
import { Database, type Row } from '../image/database.ts';
import { GAME_TABLES, rowsOfGame } from '../image/game-tables.ts';
import { readGame, readMeta } from '../image/rows.ts';
import { contentDigest, DIGEST_KEY } from './content-digest.ts';

export const PACK_FORMAT = 1;

/** sql.js holds a pack in memory as a whole, and more than this it cannot. */
export const MAX_PACK_BYTES = 1 << 30;

const SQLITE_MAGIC = 'SQLite format 3\0';

/** What a pack says of itself. */
export interface PackDescription {
  readonly game: string;
  readonly type: string;
  /** Of the game type, as the newest state has it. */
  readonly version: number;
  readonly seq: number;
  readonly tick: number;
  /** When it was packed, in milliseconds since 1970. */
  readonly packed: number;
  /** The package that wrote it, such as "orrery 0.1.0". */
  readonly writer: string;
  /** The id of the directory it comes from. */
  readonly source: string;
  /** SHA-256 over all of its content, as hex. */
  readonly digest: string;
  readonly bytes: number;
}

export interface OpenPack {
  readonly file: string;
  readonly database: Database;
  readonly row: GameInfo;
  readonly description: PackDescription;
  close(): void;
}

/** Whether a file begins as a pack does. Says nothing about the rest; false for a folder, and for what is not there. */
export function looksLikePack(files: Files, file: string): boolean {
  try {
    return isSqlite(files.read(files.follow(file), SQLITE_MAGIC.length));
  } catch (error) {
    if (error instanceof OrreryError && ['ENOENT', 'EISDIR', 'ENOTDIR'].includes(String(error.context['errno'])))
      return false;
    throw error;
  }
}

/** Throws PACK_NOT_FOUND, PACK_DAMAGED, FORMAT_TOO_NEW, IO_FAILED, with the file. */
export async function openPack(files: Files, file: string): Promise<OpenPack> {
  const bytes = readBytes(files, file);
  let database: Database | undefined;
  try {
    // The schema is compared before any statement touches a table.
    database = await Database.open(bytes);
    const { row, meta } = examine(database);
    const description = describe(row, meta, bytes.length);
    const opened = database;
    return { file, database: opened, row, description, close: () => opened.close() };
  } catch (error) {
    database?.close();
    throw asPackFault(error, file);
  }
}

function readBytes(files: Files, file: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    const whole = files.follow(file);
    const size = files.size(whole);
    if (size > MAX_PACK_BYTES)
      throw damaged(`the file has ${size} bytes, and a pack has at most ${MAX_PACK_BYTES}`, file);
    bytes = files.read(whole);
  } catch (error) {
    if (isMissing(error)) {
      throw new OrreryError({
        code: 'PACK_NOT_FOUND',
        what: 'there is no such file',
        hint: 'Check the path: `orrery pack` wrote the file to what follows -o.',
        context: { file },
      });
    }
    if (error instanceof OrreryError && error.context['errno'] === 'EISDIR')
      throw damaged('this is a folder, not a pack', file);
    throw error;
  }
  if (!isSqlite(bytes)) throw damaged('the file is not a pack', file);
  if (bytes.length !== saidLength(bytes))
    throw damaged('the file is cut short, or something was written behind it', file);
  return bytes;
}

/**
 * Size and number of its pages, as SQLite's header has them. What is missing behind them SQLite would take for zeros.
 */
function saidLength(bytes: Uint8Array): number {
  if (bytes.length < 100) return -1;
  const header = new DataView(bytes.buffer, bytes.byteOffset, 100);
  const page = header.getUint16(16);
  return (page === 1 ? 65_536 : page) * header.getUint32(28);
}

function isSqlite(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SQLITE_MAGIC.length)).equals(
    Buffer.from(SQLITE_MAGIC, 'latin1'),
  );
}

function examine(database: Database): { readonly row: GameInfo; readonly meta: ReadonlyMap<string, string> } {
  const meta = readMeta(database);
  if (!meta.has('pack_format')) throw fault('the file is an image of a shard or something else, not a pack');
  const least = Number(meta.get('pack_least_reader'));
  if (least > PACK_FORMAT) {
    throw new OrreryError({
      code: 'FORMAT_TOO_NEW',
      what: `the pack can be read from format ${least} on, and this version of Orrery knows format ${PACK_FORMAT}`,
      hint: 'Open it with the version of Orrery that wrote it, or a newer one.',
    });
  }
  // An index that leads elsewhere than its table would show other rows than the ones that were looked at here.
  const verdict = database.one('PRAGMA integrity_check(1)')?.['integrity_check'];
  if (verdict !== 'ok') throw fault(`SQLite finds the file broken: ${String(verdict)}`);
  const games = database.all('SELECT id FROM games LIMIT 2');
  const id = games[0]?.['id'];
  if (games.length !== 1)
    throw fault(`a pack holds one game, and this holds ${games.length === 0 ? 'none' : 'several'}`);
  checkGameId(id);
  checkRows(database, id);
  const digest = contentDigest(database, id);
  if (digest !== meta.get(DIGEST_KEY)) throw fault('what is in the pack is not what was packed: its SHA-256 differs');
  return { row: readGame(database, id) as GameInfo, meta };
}

/** Nothing of another game, nothing that a pack does not have, and every number one that JavaScript holds exactly. */
function checkRows(database: Database, game: string): void {
  for (const table of GAME_TABLES) {
    const strays = Number(database.one(table.strays, [game])?.['strays']);
    if (strays !== 0) throw fault(`the table ${table.name} has rows of another game`);
    for (const row of rowsOfGame(database, table, game)) checkNumbers(table.name, row);
  }
  if (database.one('SELECT 1 FROM unreadable_records LIMIT 1')) throw fault('it has records that could not be read');
  const types = database.all('SELECT name FROM types');
  const type = readGame(database, game)?.type;
  if (types.some(({ name }) => name !== type)) throw fault('the table types has a row of another type');
}

function checkNumbers(table: string, row: Row): void {
  for (const [column, value] of Object.entries(row)) {
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw fault(`${column} in a row of ${table} is ${value}`);
  }
}

function describe(row: GameInfo, meta: ReadonlyMap<string, string>, bytes: number): PackDescription {
  const packed = Date.parse(meta.get('pack_created') ?? '');
  if (Number.isNaN(packed)) throw fault('the pack does not say when it was made');
  return {
    game: row.id,
    type: row.type,
    version: row.version,
    seq: row.seq,
    tick: row.tick,
    packed,
    writer: meta.get('pack_writer') ?? '',
    source: meta.get('pack_source') ?? '',
    digest: meta.get(DIGEST_KEY) as string,
    bytes,
  };
}

/** Whatever is wrong with what stands in it, it is the pack that is damaged, and nothing of the user's own. */
export function asPackFault(error: unknown, file: string): unknown {
  if (!(error instanceof OrreryError)) return error;
  if (error.code === 'FORMAT_TOO_NEW' || error.code === 'OUT_OF_MEMORY') return error.within({ file });
  if (!['DAMAGED', 'PATCH_INVALID', 'INVALID_GAME_ID'].includes(error.code)) return error;
  return damaged(error.what, file, error.context, error.cause);
}

function fault(what: string): OrreryError {
  return new OrreryError({ code: 'DAMAGED', what, hint: '' });
}

export function damaged(what: string, file: string, context: object = {}, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'PACK_DAMAGED',
    what,
    hint: 'Have it packed once more with `orrery pack`, or fetch it again: nothing in it was used.',
    context: { ...context, file },
    ...(cause === undefined ? {} : { cause }),
  });
}
