// What an exit status means, and how a failure is told. Scripts rely on the numbers.

import { CommanderError } from 'commander';
import { OrreryError, type OrreryErrorCode } from '../core/errors.ts';
import { compactJson, printable } from '../core/printable.ts';
import type { Paint } from './paint.ts';

export const EXIT = { ok: 0, damaged: 1, usage: 2, notFound: 3, alreadyOpen: 4, failed: 5 } as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** For the help of the program. */
export const EXIT_HELP = `Exit status:
  0  done, and nothing is wrong
  1  damage or a difference was found:
       check         the directory or the pack is damaged
       any other     what it had to read is damaged
       accept        a shard is not what was recorded
       salvage       something is lost or cannot be read
       recover       no mode gives a sound state
       verify, try   the outcome differs from what was recorded
       migrate       a game failed, or a rehearsal found a difference
  2  the command line is wrong
  3  no such directory, game, pack or moment; nothing at --path
  4  another process has the directory open
  5  anything else, such as a failing disk or a newer format`;

const STATUS: { readonly [code in OrreryErrorCode]?: ExitStatus } = {
  DAMAGED: EXIT.damaged,
  SHARD_MISSING: EXIT.damaged,
  SHARD_REPLACED: EXIT.damaged,
  SHARD_OLDER: EXIT.damaged,
  PATCH_INVALID: EXIT.damaged,
  GAME_UNREADABLE: EXIT.damaged,
  RECOVERY_FAILED: EXIT.damaged,
  INVALID_OPTION: EXIT.usage,
  INVALID_GAME_ID: EXIT.usage,
  GAMES_MODULE: EXIT.usage,
  INVALID_POINTER: EXIT.usage,
  INVALID_SQL: EXIT.usage,
  GAME_EXISTS: EXIT.usage,
  PACK_EXISTS: EXIT.usage,
  NOT_AN_ORRERY_DIRECTORY: EXIT.notFound,
  GAME_NOT_FOUND: EXIT.notFound,
  PACK_NOT_FOUND: EXIT.notFound,
  PACK_DAMAGED: EXIT.damaged,
  POINTER_NOT_FOUND: EXIT.notFound,
  MOMENT_NOT_KEPT: EXIT.notFound,
  ALREADY_OPEN: EXIT.alreadyOpen,
};

/** A failure as it is shown: what happened, what to do about it, and the status. */
export interface Told {
  readonly status: ExitStatus;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** The page of the code, in the package; undefined for a wrong command line, which has its own help. */
  readonly help: string | undefined;
  readonly context: object;
}

/** `usage` is the command line that explains the one that was wrong. */
export function tell(thrown: unknown, usage: string): Told {
  if (thrown instanceof OrreryError) {
    const { code, hint, help, context } = thrown;
    return { status: STATUS[code] ?? EXIT.failed, code, message: withoutHint(thrown), hint, help, context };
  }
  if (thrown instanceof CommanderError) {
    const message = thrown.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return { status: EXIT.usage, code: 'USAGE', message, hint: `See \`${usage}\`.`, help: undefined, context: {} };
  }
  const what = `an unexpected failure: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
  const hint = 'This is a defect in Orrery: please report it with this message.';
  const { code, help, context } = new OrreryError({ code: 'INTERNAL', what, hint });
  return { status: EXIT.failed, code, message: what, hint, help, context };
}

export function describe(told: Told, json: boolean, paint: Paint): string {
  const { code, message, hint, help, context } = told;
  if (json) return `${compactJson({ error: { code, message, hint, help, context } })}\n`;
  const lines = message.split('\n').map(printable).join('\n');
  const page = help === undefined ? '' : `        See ${help} in the package orrery.\n`;
  return `${paint('red', 'orrery:')} ${lines}\n        ${printable(hint)}\n${page}`;
}

/** The message ends with the remedy, which is shown on a line of its own. */
function withoutHint({ message, hint }: OrreryError): string {
  return message.endsWith(`. ${hint}`) ? message.slice(0, -hint.length - 2) : message;
}
