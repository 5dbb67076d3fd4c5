// Orrery without persistence: a game whose records are dropped before they are encoded. What is left to measure is the
// change of the state, with all that belongs to it: draft, patches, checks, freezing.

import { GameActor } from '../../../src/core/game/actor.ts';
import type { GameOf } from '../../../src/core/game/type-of.ts';
import { galaxy } from '../../galaxy.ts';
import { DroppingSink } from '../contenders/orrery.ts';

export type GalaxyGame = GameOf<typeof galaxy>;

export function withoutRecords(systems: number): GalaxyGame {
  const actor = new GameActor('andromeda', galaxy, new DroppingSink('andromeda'));
  actor.create(systems);
  return actor.game;
}
