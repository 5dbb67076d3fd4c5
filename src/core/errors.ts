/**
 * Every failure a user can meet has one of these codes. Codes are stable; messages may be reworded. What each means:
 * error-guide/.
 */
export type OrreryErrorCode =
  // what a user passed
  | 'INVALID_OPTION'
  | 'INVALID_GAME_ID'
  | 'INVALID_GAME_TYPE'
  | 'INVALID_POINTER'
  | 'POINTER_NOT_FOUND'
  | 'MOMENT_NOT_KEPT'
  | 'GAME_TYPE_MISMATCH'
  | 'GAMES_MODULE'
  | 'UNKNOWN_COMMAND'
  | 'NOT_PERSISTABLE'
  // what a command did
  | 'COMMAND_REFUSED'
  | 'COMMAND_NESTED'
  | 'COMMAND_ASYNC'
  | 'INVARIANT_FAILED'
  | 'RECORD_TOO_LARGE'
  | 'STATE_TOO_LARGE'
  | 'TABLE_READ_ONLY'
  | 'PATCH_TEST_FAILED'
  | 'CLOCK_INVALID'
  // the life of a game and of an orrery
  | 'GAME_NOT_FOUND'
  | 'GAME_EXISTS'
  | 'GAME_EVICTED'
  | 'GAME_VERSION'
  | 'SEQ_CONFLICT'
  | 'GAME_UNREADABLE'
  | 'MIGRATION_MISSING'
  | 'MIGRATION_FAILED'
  | 'SCHEMA_FAILED'
  | 'CONFLICT'
  | 'RECOVERY_FAILED'
  | 'CHECK_FAILED'
  | 'CLOSED'
  | 'CLOSE_TIMEOUT'
  | 'OPEN_TIMEOUT'
  | 'STALLED'
  | 'BACKPRESSURE'
  | 'READ_ONLY'
  // the directory
  | 'NOT_AN_ORRERY_DIRECTORY'
  | 'DIRECTORY_UNUSABLE'
  | 'ALREADY_OPEN'
  | 'SHARD_COUNT_MISMATCH'
  | 'FORMAT_TOO_NEW'
  | 'DAMAGED'
  | 'SHARD_MISSING'
  | 'SHARD_REPLACED'
  | 'SHARD_OLDER'
  | 'STALE_OWNER'
  | 'IMAGE_TOO_LARGE'
  | 'DISK_FULL'
  | 'IO_FAILED'
  // orrery sql
  | 'INVALID_SQL'
  | 'SQL_TIMEOUT'
  // a pack
  | 'PACK_NOT_FOUND'
  | 'PACK_EXISTS'
  | 'PACK_DAMAGED'
  // threads and the unforeseen
  | 'OWNER_DIED'
  | 'BUNDLED'
  | 'OUT_OF_MEMORY'
  | 'PATCH_INVALID'
  | 'INTERNAL';

/** What an error is about. Every field is optional; `path` is an RFC 6901 pointer into the state. */
export interface OrreryErrorContext {
  readonly game?: string;
  readonly type?: string;
  readonly command?: string;
  readonly path?: string;
  /** All places that were found, up to 20, the one in `path` first. */
  readonly paths?: readonly string[];
  /** The index of an operation in a JSON patch. */
  readonly operation?: number;
  readonly seq?: number;
  readonly tick?: number;
  /** A frame of the journal: docs/FORMAT.md. */
  readonly frame?: number;
  readonly shard?: number;
  readonly directory?: string;
  readonly file?: string;
  readonly pid?: number;
  readonly [detail: string]: unknown;
}

export interface OrreryErrorParts {
  readonly code: OrreryErrorCode;
  /** What happened, one sentence without a full stop. */
  readonly what: string;
  /** What to do about it, one or two sentences. */
  readonly hint: string;
  readonly context?: OrreryErrorContext;
  readonly cause?: unknown;
}

/**
 * The only error class Orrery throws. `message` reads: what happened, where (game, command, path, file), why, and the
 * remedy; `code` is for programs; `hint` is the remedy alone; `help` names the page of the code; `cause` is the
 * original failure when there was one.
 */
export class OrreryError extends Error {
  override readonly name = 'OrreryError';
  readonly code: OrreryErrorCode;
  readonly hint: string;
  readonly context: OrreryErrorContext;
  /** The page about `code`, a file of the package `orrery`: what happened, how one gets there, what to do. */
  readonly help: string;
  /** What happened, without the place and the remedy: kept apart so that an error can cross a thread and be rebuilt. */
  readonly what: string;

  constructor(parts: OrreryErrorParts) {
    const context = parts.context ?? {};
    super(compose(parts, context), parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.hint = parts.hint;
    this.context = context;
    this.help = `docs/errors/${parts.code}.md`;
    this.what = parts.what;
  }

  /** The same error with more of the place filled in: a patch knows its path, only the game knows its own id. */
  within(context: OrreryErrorContext): OrreryError {
    return new OrreryError({
      code: this.code,
      what: this.what,
      hint: this.hint,
      context: { ...context, ...this.context },
      cause: this.cause,
    });
  }
}

/** An error as plain data: names and codes do not survive a throw across threads, so errors cross as values. */
export interface ErrorData {
  readonly code: OrreryErrorCode;
  readonly what: string;
  readonly hint: string;
  readonly context: OrreryErrorContext;
  readonly cause?: string;
}

export function errorToData(error: unknown): ErrorData {
  if (error instanceof OrreryError) {
    const data = { code: error.code, what: error.what, hint: error.hint, context: error.context };
    return error.cause === undefined ? data : { ...data, cause: messageOf(error.cause) };
  }
  return {
    code: 'INTERNAL',
    what: 'an unexpected failure inside Orrery',
    hint: 'This is a defect in Orrery: please report it with this message.',
    context: {},
    cause: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

export function errorFromData(data: ErrorData): OrreryError {
  return new OrreryError(data);
}

/** Whether a thread ended, or refused its work, for want of memory. */
export function isOutOfMemory(error: unknown): boolean {
  const { code, context } = (error ?? {}) as { code?: unknown; context?: { outOfMemory?: unknown } };
  return code === 'ERR_WORKER_OUT_OF_MEMORY' || code === 'OUT_OF_MEMORY' || context?.outOfMemory === true;
}

/** The message of anything that was thrown: sql.js throws strings, Node throws Errors. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}

/** The same as a part of a sentence: what comes next has its own full stop, or is in brackets. */
export function reason(thrown: unknown): string {
  return withoutStop(messageOf(thrown));
}

/** A text that goes on, as a part of a sentence or before a colon. */
function withoutStop(text: string): string {
  return text.replace(/(?<!\.)\.\s*$/, '').trimEnd();
}

/** A whole sentence, however it ended. */
function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

const places = [
  ['game', 'game'],
  ['type', 'type'],
  ['command', 'command'],
  ['path', 'path'],
  ['operation', 'operation'],
  ['seq', 'seq'],
  ['frame', 'frame'],
  ['shard', 'shard'],
  ['directory', 'directory'],
  ['file', 'file'],
] as const;

function compose(parts: OrreryErrorParts, context: OrreryErrorContext): string {
  const where: string[] = [];
  for (const [key, label] of places) {
    const value = context[key];
    if (value !== undefined) where.push(`${label} ${typeof value === 'number' ? value : JSON.stringify(value)}`);
  }
  const place = where.length > 0 ? ` [${where.join(', ')}]` : '';
  const why = parts.cause === undefined ? '' : `: ${reason(parts.cause)}`;
  return `${sentence(`${withoutStop(parts.what)}${place}${why}`)} ${sentence(parts.hint)}`;
}
