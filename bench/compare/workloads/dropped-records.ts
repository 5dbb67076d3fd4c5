// Orrery without persistence: a game whose records are dropped before they are encoded. What is left to measure is the
// change of the state, with all that belongs to it: draft, patches, checks, freezing.

import { Game, type Receipt, type RecordSink } from '../../../src/game/game.ts';
import type { Record } from '../../../src/patch/record.ts';
import { galaxy } from '../../galaxy.ts';

export type GalaxyGame = Game<
  Parameters<typeof galaxy.commands.mine>[0],
  Parameters<typeof galaxy.initial>,
  typeof galaxy.commands
>;

const NEVER_WAITED_FOR = Promise.resolve();

class DroppingSink implements RecordSink {
  readonly notifyWhen = 'accepted';

  ready(): void {}

  append({ seq, tick }: Record): Receipt {
    return { seq, tick, durable: NEVER_WAITED_FOR };
  }

  subscriberFailed(error: unknown): void {
    throw error;
  }

  now(): number {
    return Date.now();
  }
}

export function withoutRecords(systems: number): GalaxyGame {
  const game: GalaxyGame = new Game('andromeda', galaxy, new DroppingSink());
  game.create([systems]);
  return game;
}
