// Driving games at a fixed rate. Before it: a program; after it: engine/loop.ts. Not a method of Orrery, so that
// nothing of the engine can be reached from what users hold: orrery.ts tells here how a loop comes to the games of an
// orrery.

import { OrreryError } from './core/errors.ts';
import { Loop, type LoopGames, type LoopOptions } from './engine/loop.ts';
import type { Orrery } from './orrery.ts';

/** Throws READ_ONLY for an orrery that only looks. */
type GamesOf = () => LoopGames;

/** Of each orrery that was opened. */
const OPENED = new WeakMap<object, GamesOf>();

export function offerToLoops(orrery: object, gamesOf: GamesOf): void {
  OPENED.set(orrery, gamesOf);
}

/** Drives games at a fixed rate: see LoopOptions. The loop runs until it is stopped. */
export function runLoop(orrery: Orrery, options: LoopOptions): Loop {
  const gamesOf = typeof orrery === 'object' && orrery !== null ? OPENED.get(orrery) : undefined;
  if (!gamesOf) throw notOpened();
  return new Loop(gamesOf(), options);
}

function notOpened(): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: 'runLoop was not given an orrery',
    hint: 'Write runLoop(await openOrrery({ directory, games }), { hz: 20 }).',
  });
}
