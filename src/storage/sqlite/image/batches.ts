// Steps and commands as rows of an image: a row holds consecutive steps of one game. compaction/ writes them; every
// reader of the past goes through them row by row.

import { assertJson } from '../../../core/patch/apply.ts';
import { parseJson } from '../../../core/patch/bounded-json.ts';
import type { Json } from '../../../core/patch/patch.ts';
import { decodePatches, isNonce } from '../../../core/patch/record.ts';
import type { CommandEntry, Step } from '../../steps.ts';
import { CODEC_DEFLATE, pack, unpack } from './body.ts';
import type { Database, Row } from './database.ts';
import { stepsText } from './gaps.ts';
import { misshapen } from './rows.ts';

/** Consecutive steps of a game: at least one, and the commands behind the steps. */
export interface PatchBatch {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly firstTick: number;
  readonly lastTick: number;
  /** Of the last record. */
  readonly time: number;
  /** Of all its records. Left out, they are read from the commands. */
  readonly leastTime?: number;
  readonly mostTime?: number;
  /** How many commands. */
  readonly count: number;
  /** JSON as docs/SCHEMA.md has it, in UTF-8. */
  readonly steps: Uint8Array;
  readonly commands: Uint8Array;
}

export function writeBatch(database: Database, game: string, batch: PatchBatch): void {
  const [least, most] = timesOf(batch);
  database.run(
    `INSERT INTO patch_batches (game, first_seq, last_seq, first_tick, last_tick, time, count, codec, body, commands,
       least_time, most_time)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
      least,
      most,
    ],
  );
}

/** The least and the greatest time in a stretch: clocks may jump back. */
function timesOf({ leastTime, mostTime, time, steps, commands }: PatchBatch): [number, number] {
  if (leastTime !== undefined && mostTime !== undefined) return [leastTime, mostTime];
  let least = time;
  let most = time;
  const records = [steps, commands].map((text) =>
    Buffer.from(text.buffer, text.byteOffset, text.length).toString('utf8'),
  );
  for (const record of [...decodeSteps(records[0] as string), ...decodeCommands(records[1] as string)]) {
    least = Math.min(least, record.time);
    most = Math.max(most, record.time);
  }
  return [least, most];
}

/** Steps that lie wholly or partly in afterSeq < seq <= upToSeq, oldest first. */
export function* readSteps(database: Database, game: string, afterSeq: number, upToSeq: number): Generator<Step> {
  for (const row of batchRows(database, game, afterSeq, upToSeq, 'body')) {
    for (const step of decodeSteps(stepsText(database, game, row).toString('utf8'))) {
      if (step.lastSeq > afterSeq && step.firstSeq <= upToSeq) yield step;
    }
  }
}

/** The JSON of those rows' steps, in UTF-8. */
export function* readStepTexts(database: Database, game: string, afterSeq: number, upToSeq: number): Generator<Buffer> {
  for (const row of batchRows(database, game, afterSeq, upToSeq, 'body')) yield stepsText(database, game, row);
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

/** Returns how many bytes the rows have, roughly. */
export function writeCommandIndex(database: Database, game: string, commands: readonly CommandEntry[]): number {
  let bytes = 0;
  for (const { seq, tick, time, name, player = null, args } of commands) {
    const text = args === undefined ? null : JSON.stringify(args);
    database.run(
      'INSERT OR REPLACE INTO commands (game, seq, tick, time, name, player, args) VALUES (?, ?, ?, ?, ?, ?, ?)',
      [game, seq, tick, time, name, player, text],
    );
    bytes += ROW_BYTES + (text?.length ?? 0);
  }
  return bytes;
}

/** Of a row of `commands` without its arguments. */
const ROW_BYTES = 64;

const BATCH = {
  body: `SELECT first_seq, last_seq, last_tick, time, codec, body FROM patch_batches WHERE game = ? AND last_seq > ? AND first_seq <= ?
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

export function encodeCommand({ seq, tick, time, name, player, args, nonce }: CommandEntry): string {
  if (nonce !== undefined) {
    return JSON.stringify([seq, tick, time, name, player ?? null, args === undefined ? [] : [args], nonce]);
  }
  return JSON.stringify(
    args === undefined ? [seq, tick, time, name, player ?? null] : [seq, tick, time, name, player ?? null, args],
  );
}

/** Commands from their JSON. */
export function decodeCommands(text: string): CommandEntry[] {
  return entriesOf(text, 'a command').map((entry) => {
    const [seq, tick, time, name, player, args, nonce] = entry;
    if (!isWhole(seq) || !isWhole(tick) || !isWhole(time) || typeof name !== 'string') throw misshapen('a command');
    if (player !== null && typeof player !== 'string') throw misshapen('a command');
    const command = { seq, tick, time, name, player: player ?? undefined };
    // Whoever writes them again would run out of stack on what is nested without end.
    if (args !== undefined) assertJson(args, []);
    if (entry.length < 7) return { ...command, args: args as Json | undefined };
    if (!Array.isArray(args) || args.length > 1 || !isNonce(nonce) || entry.length > 7) throw misshapen('a command');
    return { ...command, args: args[0] as Json | undefined, nonce };
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
