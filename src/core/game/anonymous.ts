// Game types for whoever has a directory but not the program's code: the name is known, what its games can do is not.
// Such games can be moved, forked and brought back, and that is all.

import { OrreryError } from '../errors.ts';
import type { AnyGameType, History } from './define.ts';

/** A type of this name and version without commands. Its games are never made by it, only taken over. */
export function anonymousType(name: string, version: number, history: History): AnyGameType {
  return Object.freeze({
    name,
    version,
    history,
    commands: Object.freeze({}),
    initial: (): never => {
      throw new OrreryError({
        code: 'INVALID_GAME_TYPE',
        what: `the code of the game type ${JSON.stringify(name)} is not here`,
        hint: 'Open the directory from the program that defines it.',
        context: { type: name },
      });
    },
  });
}
