// A game that is not what was asked for: the errors of open() and load(). orrery.ts throws them.

import { OrreryError } from '../errors.ts';
import type { GameActor } from './actor.ts';
import type { AnyGameType } from './define.ts';

export function checkedType(actor: GameActor, type: AnyGameType): GameActor {
  if (actor.type !== type) throw typeMismatch(actor.id, actor.type.name, type.name);
  return actor;
}

export function typeMismatch(game: string, stored: string, asked: string): OrreryError {
  return new OrreryError({
    code: 'GAME_TYPE_MISMATCH',
    what: `the game is of type ${JSON.stringify(stored)}, not ${JSON.stringify(asked)}`,
    hint: 'Open it with its own type, or choose another id.',
    context: { game, type: asked },
  });
}

/** Of a game, or of a state that somebody brings, that is newer than the program. */
export function tooNew(game: string, stored: number, asked: number): OrreryError {
  return new OrreryError({
    code: 'GAME_VERSION',
    what: `the game was saved with version ${stored} of its type, and this program has version ${asked}`,
    hint: 'Use the newer program: a game is never taken back to an older version.',
    context: { game, stored, asked },
  });
}

export function notFound(game: string, type: string): OrreryError {
  return new OrreryError({
    code: 'GAME_NOT_FOUND',
    what: 'there is no such game',
    hint: 'Use `open` to create it, or `list` to see what there is.',
    context: { game, type },
  });
}

export function unknownType(game: string, type: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_GAME_TYPE',
    what: 'the game type was not given to openOrrery',
    hint: 'Put it into the list `games` of the options.',
    context: { game, type },
  });
}

/** JavaScript does not count arguments, and one that nobody reads is a mistake. */
export function manyArguments(id: string, type: string): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: '`open` was given more than one argument for `initial`',
    hint: 'Pass one object: open(type, id, { stars, pace }), which `initial` takes apart.',
    context: { game: id, type },
  });
}
