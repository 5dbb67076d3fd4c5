// What a command costs the game loop, whatever the store does with it afterwards: command, patches, record, line,
// batch. The store takes everything at once, so no disk and no thread is in these figures. Beside it, what an Immer
// state in a flat record pays for the state change and the patches alone.

import { enablePatches, freeze, produceWithPatches } from 'immer';
import { type GameOf, openOrrery } from '../../src/index.ts';
import { galaxy, plainGalaxy, TICK_COMMANDS, visits } from '../galaxy.ts';
import { NullStore } from '../null-store.ts';
import type { Scenario, Work } from '../scenario.ts';

type GalaxyGame = GameOf<typeof galaxy>;

/** A galaxy on a store that keeps nothing. One operation is one call of `command`, which gets 0, 1, 2, ... */
async function onNullStore(systems: number, commandOf: (game: GalaxyGame) => (count: number) => void): Promise<Work> {
  const orrery = await openOrrery({ directory: 'unused', games: [galaxy], store: () => new NullStore() });
  const game = await orrery.open(galaxy, 'andromeda', systems);
  const command = commandOf(game);
  let count = 0;
  return {
    operations: TICK_COMMANDS,
    async run() {
      for (let each = 0; each < TICK_COMMANDS; each += 1) command(count++);
      // Reading the state is when the changes of a tick reach the persistent table: it belongs to the price.
      if (game.state.systems.size !== systems) throw new Error('a system got lost');
      await orrery.flush();
    },
    close: () => orrery.close(),
  };
}

function inTable(systems: number): Scenario {
  return {
    name: `dispatch/table-${systems}`,
    unit: 'command',
    operation: `a command that changes two fields of one of ${systems.toLocaleString('en')} entities of a table; 500 a tick, state read once a tick`,
    prepare: () =>
      onNullStore(systems, (game) => {
        const ids = visits(systems);
        return (count) => game.dispatch('mine', { system: ids[count % systems] as string, metal: 3 });
      }),
  };
}

function inTableRead(systems: number): Scenario {
  return {
    name: `dispatch/table-${systems}-read`,
    unit: 'command',
    operation: 'the same, with the state read after each command',
    prepare: () =>
      onNullStore(systems, (game) => {
        const ids = visits(systems);
        return (count) => {
          const system = ids[count % systems] as string;
          game.dispatch('mine', { system, metal: 3 });
          if (game.state.systems.get(system) === undefined) throw new Error('a system got lost');
        };
      }),
  };
}

const plainPart: Scenario = {
  name: 'dispatch/plain-part',
  unit: 'command',
  operation: 'a command that changes one number two levels deep in the plain part of a state; 500 a tick',
  prepare: () => onNullStore(10_000, (game) => () => game.dispatch('collect', { metal: 3 })),
};

function flatImmer(systems: number): Scenario {
  return {
    name: `dispatch/immer-flat-${systems}`,
    unit: 'command',
    operation: `Immer's produceWithPatches for the same change, ${systems.toLocaleString('en')} entities in a plain record; nothing is recorded`,
    prepare() {
      enablePatches();
      const ids = visits(systems);
      let state = freeze(plainGalaxy(systems), true);
      let count = 0;
      const operations = systems > 1_000 ? 1 : TICK_COMMANDS;
      return {
        operations,
        run() {
          for (let each = 0; each < operations; each += 1) {
            const id = ids[count % systems] as string;
            const [next, patches] = produceWithPatches(state, (draft) => {
              const system = draft.systems[id];
              if (!system) throw new Error(`there is no system ${id}`);
              system.metal += 3;
              system.mined = count;
            });
            if (patches.length !== (count === 0 ? 1 : 2)) throw new Error(`Immer made ${patches.length} patches`);
            state = next;
            count += 1;
          }
        },
      };
    },
  };
}

export const dispatchScenarios: readonly Scenario[] = [
  inTable(100),
  inTable(10_000),
  inTable(100_000),
  inTableRead(10_000),
  plainPart,
  flatImmer(100),
  flatImmer(10_000),
];
