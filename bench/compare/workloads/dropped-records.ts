// Orrery without persistence: a game whose records are dropped before they are encoded. What is left to measure is the
// change of the state, with all that belongs to it: draft, patches, checks, freezing.

import { GameActor } from '../../../src/game/actor.ts';
import type { Game } from '../../../src/game/game.ts';
import { galaxy } from '../../galaxy.ts';
import { DroppingSink } from '../contenders/orrery.ts';

export type GalaxyGame = Game<
  Parameters<typeof galaxy.commands.mine>[0],
  Parameters<typeof galaxy.initial>,
  typeof galaxy.commands
>;

export function withoutRecords(systems: number): GalaxyGame {
  const actor = new GameActor('andromeda', galaxy, new DroppingSink('andromeda'));
  actor.create([systems]);
  return actor.game;
}
