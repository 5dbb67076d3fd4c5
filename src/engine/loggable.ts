// An error as a log gets it. Serializers such as pino's put the messages of all causes behind the message, which has
// them already.

import { OrreryError } from '../core/errors.ts';

/** The same error without its cause, whose stack stands below its own. Anything else as it is. */
export function loggable(error: unknown): unknown {
  if (!(error instanceof OrreryError) || error.cause === undefined) return error;
  return Object.create(error, {
    cause: { value: undefined },
    message: { value: error.message },
    stack: { value: stackOf(error) },
  });
}

/** As deep as anybody reads. A cause may lead back to itself. */
const DEPTH = 5;

function stackOf(error: Error): string {
  const stacks: string[] = [];
  let cause: unknown = error;
  while (cause instanceof Error && stacks.length < DEPTH) {
    stacks.push(String(cause.stack));
    cause = cause.cause;
  }
  return stacks.join('\ncaused by: ');
}
