// The game type: where the rules of the game meet Orrery. The tables hold what is wide, the commands are the orders of
// players, and onTick does what happens by itself.

import { defineGame, type GameOf, type Receipt, type Table, table } from 'orrery';
import type { AgendaPage } from './agenda.ts';
import type { Order } from './bots.ts';
import { invariants } from './invariants.ts';
import { build, colonise, join, passTick, rename, send } from './orders.ts';
import type { Player } from './player.ts';
import { type GalaxyDraft, newGalaxy, type Setup } from './state.ts';
import type { System } from './system.ts';
import { tables } from './tables.ts';

export type GalaxyState = Omit<GalaxyDraft, 'systems' | 'players' | 'agenda'> & {
  systems: Table<System>;
  players: Table<Player>;
  agenda: Table<AgendaPage>;
};

export const galaxy = defineGame('galaxy', {
  version: 1,
  initial: (setup: Setup): GalaxyState => {
    const { pace, systems, ...rest } = newGalaxy(setup);
    return {
      pace,
      // 5,044 systems in a plain object would be copied at every change. In a table a change costs one entity.
      systems: table(systems, (system) => system.id),
      players: table<Player>(),
      agenda: table<AgendaPage>(),
      ...rest,
    };
  },
  commands: { join, build, colonise, send, rename },
  onTick: passTick,
  invariants,
  projections: tables,
});

/** One open galaxy. */
export type Galaxy = GameOf<typeof galaxy>;

/** Dispatches an order. Throws OrreryError COMMAND_REFUSED, its cause a Refusal, if the rules do not allow it. */
export function give(game: Galaxy, order: Order): Receipt {
  const from = { player: order.player };
  switch (order.command) {
    case 'join':
      return game.dispatch('join', undefined, from);
    case 'build':
      return game.dispatch('build', order.args, from);
    case 'colonise':
      return game.dispatch('colonise', order.args, from);
    case 'send':
      return game.dispatch('send', order.args, from);
    case 'rename':
      return game.dispatch('rename', order.args, from);
  }
}
