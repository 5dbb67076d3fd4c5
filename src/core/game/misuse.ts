// What a command must not do, and the errors that say so. game.ts throws them; then nothing has happened.

import { messageOf, OrreryError } from '../errors.ts';

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as Promise<unknown>).then === 'function';
}

/**
 * A function that is to answer at once may be async: then nobody else looks when it rejects, which would end the
 * process.
 */
export function heed(returned: unknown, rejected: (error: unknown) => void = () => undefined): void {
  if (isPromise(returned)) Promise.resolve(returned).catch(rejected);
}

export function asynchronous(promise: Promise<unknown>): OrreryError {
  // What it does later cannot count.
  heed(promise);
  return new OrreryError({
    code: 'COMMAND_ASYNC',
    what: 'the command returned a promise',
    hint: 'Commands are synchronous: await first, then dispatch a command with what you got.',
  });
}

/** Throws a TypeError, the cause of a refusal, when a promise came in place of an answer. */
export function assertAnswered(returned: unknown): void {
  if (!isPromise(returned)) return;
  heed(returned);
  throw new TypeError('it answered with a promise, and has to answer at once');
}

export function nested(game: string, command: string, within: string): OrreryError {
  return new OrreryError({
    code: 'COMMAND_NESTED',
    what: `a command was dispatched from within a command of the game ${JSON.stringify(within)}`,
    hint: 'Call the function you need directly on the draft, or dispatch after the first command has returned.',
    context: { game, command },
  });
}

/** What V8 says of an object that is frozen. */
const FROZEN = /read only property|is not extensible|^Cannot (?:delete|redefine) property/;

function hintFor(thrown: string): string {
  if (thrown.includes('could not be cloned')) {
    return 'structuredClone and v8.serialize take no drafts: JSON.parse(JSON.stringify(value)) makes a copy of one.';
  }
  if (FROZEN.test(thrown)) {
    return (
      'The arguments of a command, `game.state` and what was read from it are frozen: change the draft, or a copy, ' +
      'such as { ...args } or structuredClone(args).'
    );
  }
  return 'The cause is what the command threw.';
}

/** What may be wrong when a command looks for a key that its game has not got. */
function olderThanType(missing: string): string {
  const key = JSON.stringify(missing);
  return (
    `The state of this game has no ${key}. If \`initial\` makes one by now, the game is older than its type: raise \`version\`, and ` +
    `give older games ${key} in \`migrations\`.`
  );
}

/** A value that came from a key that is not there, such as NaN from a sum. */
export function bornOfMissing({ code, what, context, cause }: OrreryError, missing: string): OrreryError {
  return new OrreryError({ code, what, hint: olderThanType(missing), context, cause });
}

/** What a command threw becomes the cause. Almost anything can be thrown, also what has no text. */
export function refused(
  place: { readonly game: string; readonly command: string },
  thrown: unknown,
  missing?: string,
): OrreryError {
  let cause = thrown;
  let text: string;
  try {
    text = messageOf(thrown);
  } catch {
    text = 'something that cannot be turned into text';
    cause = new Error(text);
  }
  return new OrreryError({
    code: 'COMMAND_REFUSED',
    what: 'the command threw, and nothing changed',
    hint: missing !== undefined && thrown instanceof TypeError ? olderThanType(missing) : hintFor(text),
    context: { ...place, reason: text },
    cause,
  });
}

export function replacement(): OrreryError {
  return new OrreryError({
    code: 'COMMAND_REFUSED',
    what: 'the command returned a new state in place of changing its draft',
    hint:
      'What a command returns is not looked at: change the draft, for example with Object.assign(draft, producer(draft)), ' +
      'or use save() for a whole state.',
  });
}

export function invariantFailed(invariant: string, cause: unknown): OrreryError {
  return new OrreryError({
    code: 'INVARIANT_FAILED',
    what: `the invariant ${JSON.stringify(invariant)} ${cause === undefined ? 'does not hold' : 'threw'} after this command`,
    hint:
      cause instanceof TypeError
        ? 'The command was refused and nothing changed. Should the state lack what the invariant looks for, the game is older than ' +
          'its type: raise `version`, and give older games the key in `migrations`.'
        : 'The command was refused and nothing changed. Check its arguments, or the command itself.',
    context: { invariant },
    cause,
  });
}

export function evicted(game: string): OrreryError {
  return new OrreryError({
    code: 'GAME_EVICTED',
    what: 'the game is not in memory',
    hint: 'It was evicted: `await orrery.open(type, id)` loads it again, into this same object.',
    context: { game },
  });
}
