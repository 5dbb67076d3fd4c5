// What a game hands on and what it gets back: records of commands or of whole states go to a sink, a receipt comes
// back. game.ts makes them here; the orrery gives each game its sink.

import type { OrreryError } from '../errors.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { CREATE, type MIGRATE, type RECOVER, type Record } from '../patch/record.ts';
import type { AnyGameType } from './define.ts';
import type { Finished } from './draft.ts';
import type { Randomness } from './randomness.ts';

/**
 * What a command was given: it is accepted, in memory. `durable` resolves when it is on disk and survives kill -9 and
 * power loss, and rejects with an OrreryError if it can never become so.
 */
export interface Receipt {
  readonly seq: number;
  readonly tick: number;
  readonly durable: Promise<void>;
}

/** Where the records of one game go. */
export interface RecordSink {
  /** Throws BACKPRESSURE or CLOSED when no record can be taken now; asked before a command runs. */
  ready(): void;
  /** CLOSED, once everything is closed and no state is in memory any more. */
  ended?(): OrreryError | undefined;
  /** Throws RECORD_TOO_LARGE, STATE_TOO_LARGE or NOT_PERSISTABLE; then the command is taken back. */
  append(record: Record): Receipt;
  /** Whether subscribers hear of a change when it is accepted or only when it is durable. */
  readonly notifyWhen: 'accepted' | 'durable';
  /** Whether the schema of the game type is looked at after every command. */
  readonly checksSchema?: boolean;
  /** A subscriber threw. It cannot stop the game. */
  subscriberFailed(error: unknown): void;
  /** Milliseconds since 1970, a whole number. Throws CLOCK_INVALID. */
  now(): number;
  /** Where the random numbers of the game's commands come from. */
  readonly randomness: Randomness;
}

/** What a record that carries a whole state says besides: see Game.adopt. */
export interface WholeRecord {
  readonly command: typeof CREATE | typeof MIGRATE | typeof RECOVER;
  /** Of this record: 0 for a new game. */
  readonly seq: number;
  readonly tick: number;
  /** Of the game type, whose state it is. Default: the type's. */
  readonly version?: number;
  /** Milliseconds since 1970. Default: what the sink says. */
  readonly time?: number;
  readonly args?: Json;
  /** Only with @create: what `Randomness.begin` said. */
  readonly seed?: string | undefined;
}

/** Keys are set one by one: spreading what is not there makes an object for each. */
export function recordOf(
  game: string,
  seq: number,
  tick: number,
  time: number,
  command: string,
  args: Json | undefined,
  player: string | undefined,
  nonce: number | undefined,
  { patches, tables }: Finished,
): Record {
  const record: { -readonly [K in keyof Record]: Record[K] } = { game, seq, tick, time, command, patches };
  if (args !== undefined) record.args = args;
  if (player !== undefined) record.player = player;
  if (nonce !== undefined) record.nonce = nonce;
  if (tables !== undefined) record.tables = tables;
  return record;
}

/** The record of a whole state, as JSON with its tables. */
export function wholeRecordOf(
  type: AnyGameType,
  game: string,
  time: number,
  state: { readonly tableNames: readonly string[]; toJSON(): JsonObject },
  { command, seq, tick, version = type.version, args, seed }: WholeRecord,
): Record {
  const record: { -readonly [K in keyof Record]: Record[K] } = {
    game,
    seq,
    tick,
    time,
    command,
    patches: [{ op: 'replace', path: [], value: state.toJSON() }],
    version,
    tables: state.tableNames,
  };
  if (command === CREATE) record.type = type.name;
  if (seed !== undefined) record.seed = seed;
  if (args !== undefined) record.args = args;
  return record;
}
