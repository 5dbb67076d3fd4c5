// Whatever is put wherever a state can be reached: it is refused, with the place, and nothing has changed; or it is taken, and
// comes back exactly.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { it } from 'vitest';
import {
  defineGame,
  type GameOf,
  MemoryStore,
  type Orrery,
  OrreryError,
  openOrrery,
  type Table,
  table,
} from '#index.ts';
import { pastOf } from '../contract/pages.ts';
import { silent } from '../game/galaxy.ts';
import { faults, pointer, value } from './hostile.ts';

type Loose = { [key: string]: unknown };

const vault = defineGame('vault', {
  version: 1,
  initial: ({ slot, entity }: { slot: unknown; entity: unknown }): Loose => ({
    n: 0,
    slot,
    deep: { list: [1, { at: slot }] },
    units: table<unknown>({ a: entity, b: { hp: 1 } }),
  }),
  commands: {
    note(draft) {
      draft['n'] = 1;
    },
    keep(draft, args: unknown) {
      draft['slot'] = { kept: args };
    },
  },
});
type Vault = GameOf<typeof vault>;

/** A way into the state. Gives the faults that may be named, and how the error says where the fault is. */
interface Way {
  readonly name: string;
  readonly command: string;
  readonly faults: (given: unknown) => ReadonlySet<string>;
  readonly put: (game: Vault, given: unknown) => unknown;
  /** Where it stands afterwards. */
  readonly read?: (state: Loose) => unknown;
}

const units = (state: Loose): Table<unknown> => state['units'] as Table<unknown>;
const at =
  (...path: (string | number)[]) =>
  (given: unknown) =>
    faults(given, path);

const ways: readonly Way[] = [
  {
    name: 'as the arguments of a command',
    command: 'note',
    faults: (given) => (given === undefined ? new Set() : faults(given, [])),
    put: (game, given) => (game.dispatch as (name: string, args: unknown) => unknown)('note', given),
  },
  {
    name: 'as arguments that a command puts into the state',
    command: 'keep',
    // Arguments are judged on their own; what is too deep only where it is put is at fault there.
    faults: (given) => {
      const own = given === undefined ? new Set<string>() : faults(given, []);
      return own.size > 0 ? own : faults(given, ['slot', 'kept']);
    },
    put: (game, given) => game.dispatch('keep', given),
    read: (state) => (state['slot'] as Loose)['kept'],
  },
  {
    name: 'at a top-level key',
    command: '@update',
    faults: at('slot'),
    put: (game, given) => game.update((draft) => Object.assign(draft, { slot: given })),
    read: (state) => state['slot'],
  },
  {
    name: 'at a new top-level key',
    command: '@update',
    faults: at('new'),
    put: (game, given) =>
      game.update((draft) => {
        delete draft['new'];
        draft['new'] = given;
      }),
    read: (state) => state['new'],
  },
  {
    name: 'deep in the plain part',
    command: '@update',
    faults: at('deep', 'list', 1, 'at'),
    put: (game, given) =>
      game.update((draft) => Object.assign((draft['deep'] as { list: object[] }).list[1]!, { at: given })),
    read: (state) => ((state['deep'] as { list: Loose[] }).list[1] as Loose)['at'],
  },
  {
    name: 'pushed and spliced into a list',
    command: '@update',
    faults: at('deep', 'list', 0),
    put: (game, given) => game.update((draft) => void (draft['deep'] as { list: unknown[] }).list.splice(0, 1, given)),
    read: (state) => (state['deep'] as { list: unknown[] }).list[0],
  },
  {
    name: 'in a field of an entity',
    command: '@update',
    faults: at('units', 'b', 'x'),
    put: (game, given) => game.update((draft) => Object.assign(units(draft).get('b') as object, { x: given })),
    read: (state) => (units(state).get('b') as Loose)['x'],
  },
  {
    name: 'as an entity',
    command: '@update',
    faults: at('units', 'a'),
    put: (game, given) => game.update((draft) => void units(draft).set('a', given)),
    read: (state) => units(state).get('a'),
  },
  {
    name: 'as a new entity',
    command: '@update',
    faults: at('units', 'new'),
    put: (game, given) =>
      game.update((draft) => {
        units(draft).delete('new');
        units(draft).set('new', given);
      }),
    read: (state) => units(state).get('new'),
  },
  {
    name: 'in a state to save',
    command: '@save',
    faults: at('slot'),
    put: (game, given) => game.save({ ...game.state, slot: given }),
    read: (state) => state['slot'],
  },
  {
    name: 'as an entity of a state to save',
    command: '@save',
    faults: at('units', 'a'),
    put: (game, given) => game.save({ ...game.state, units: { ...units(game.state as Loose).toJSON(), a: given } }),
    read: (state) => units(state).get('a'),
  },
];

const topLevel = ['at a top-level key', 'at a new top-level key'];

const isTable = (given: unknown): boolean => {
  try {
    return typeof given === 'object' && given !== null && Symbol.for('orrery.table') in given;
  } catch {
    return false;
  }
};

async function start(store: MemoryStore): Promise<Orrery> {
  return openOrrery({ directory: './n', games: [vault], logger: silent, store: () => store });
}

function checkRefused(error: unknown, command: string, places: ReadonlySet<string>, what: string): void {
  assert(error instanceof OrreryError, error as Error);
  // What is thrown while a command touches the value, before its end, is a refusal of the command.
  if (error.code === 'COMMAND_REFUSED') {
    assert.match(error.message, /revoked/, what);
    return;
  }
  assert.equal(error.code, 'NOT_PERSISTABLE', `${what}: ${error.message}`);
  assert.equal(error.context.game, 'g');
  assert.equal(error.context.command, command);
  assert(
    places.has(error.context.path as string),
    `${what}: ${error.context.path} is none of ${[...places].join(' ')}`,
  );
  assert(error.message.includes('"g"') && error.message.includes(JSON.stringify(error.context.path)));
}

it('[AD1] a value is refused with its path, and nothing has changed; or it is taken, and a restart gives it back exactly', async () => {
  const action = fc.record({ way: fc.nat({ max: ways.length - 1 }), value });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 6 }), async (actions) => {
      const store = new MemoryStore();
      const orrery = await start(store);
      const game = (await orrery.open(vault, 'g', { slot: null, entity: { hp: 1 } })) as Vault;
      const taken: string[] = [];
      for (const { way, value: given } of actions) {
        const { name, put, read, command, faults: faultsAt } = ways[way] as Way;
        const what = `${name}: ${given.what}`;
        const before = { state: game.state, text: JSON.stringify(game.state), seq: game.seq };
        const passed = given.make();
        // That is how a key becomes a table.
        if (isTable(passed) && command === '@update' && topLevel.includes(name)) continue;
        const places = faultsAt(passed);
        let error: unknown;
        try {
          put(game, passed);
        } catch (thrown) {
          error = thrown;
        }
        assert.equal(error !== undefined, places.size > 0, `${what}: ${error ?? 'was taken'}`);
        if (error !== undefined) {
          checkRefused(error, command, places, what);
          assert.equal(game.state, before.state, what);
          assert.deepEqual([JSON.stringify(game.state), game.seq], [before.text, before.seq], what);
          continue;
        }
        assert.equal(game.seq, before.seq + 1);
        taken.push(what);
        if (read) assert.equal(JSON.stringify(read(game.state as Loose)), JSON.stringify(given.make()), what);
        if (command === 'note' && passed !== undefined) {
          await orrery.flush();
          const { commands } = await pastOf(store, 'g', { fromSeq: game.seq });
          assert.equal(JSON.stringify(commands[0]?.args), JSON.stringify(given.make()), what);
        }
      }
      await orrery.flush();
      const again = await start(store);
      const reloaded = (await again.load(vault, 'g')) as Vault;
      assert.equal(JSON.stringify(reloaded.state), JSON.stringify(game.state), taken.join('\n'));
      assert.deepStrictEqual(plainOf(reloaded.state), plainOf(game.state));
      assert.equal(reloaded.seq, game.seq);
      await Promise.all([orrery.close(), again.close()]);
    }),
    { numRuns: 800 },
  );
});

it('[AD2] the same for the initial state: refused with its path and no game made, or taken and given back exactly', async () => {
  await fc.assert(
    fc.asyncProperty(value, value, async (slot, entity) => {
      const [first, second] = [slot.make(), entity.make()];
      const places = new Set([
        ...(isTable(first) ? [] : faults(first, ['slot'])),
        ...faults(first, ['deep', 'list', 1, 'at']),
        ...faults(second, ['units', 'a']),
      ]);
      // table() takes no undefined, and knows no path yet.
      if (second === undefined) return;
      const store = new MemoryStore();
      const orrery = await start(store);
      const error: unknown = await orrery.open(vault, 'g', { slot: first, entity: second }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.equal(error !== undefined, places.size > 0, `${slot.what} and ${entity.what}: ${error ?? 'were taken'}`);
      if (error !== undefined) {
        checkRefused(error, 'initial', places, `${slot.what} and ${entity.what}`);
        assert.deepEqual([...orrery.loaded()], []);
        assert.deepEqual(await orrery.list(), []);
      } else {
        const game = await orrery.load(vault, 'g');
        assert.equal(JSON.stringify(game.state['slot']), JSON.stringify(slot.make()));
        assert.equal(JSON.stringify(units(game.state as Loose).get('a')), JSON.stringify(entity.make()));
        const again = await start(store);
        const reloaded = await again.load(vault, 'g');
        assert.equal(JSON.stringify(reloaded.state), JSON.stringify(game.state));
        assert.deepStrictEqual(plainOf(reloaded.state), plainOf(game.state));
        await again.close();
      }
      await orrery.close();
    }),
    { numRuns: 500 },
  );
});

it('[AD3] keys and ids are judged like values, in every way in', async () => {
  const key = fc.oneof(
    fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      '\ud800',
      'a\udc00',
      '',
      '0',
      'a/b',
      '~0',
      'toString',
      'then',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(key, fc.constantFrom('key', 'id', 'saved key', 'saved id', 'argument'), async (name, way) => {
      const store = new MemoryStore();
      const orrery = await start(store);
      const game = (await orrery.open(vault, 'g', { slot: null, entity: null })) as Vault;
      const before = game.state;
      const object = Object.fromEntries([[name, 1]]);
      const bad = faults(object, []).size > 0;
      const put: { readonly [way: string]: [() => unknown, (string | number)[]] } = {
        key: [() => game.update((draft) => void Reflect.set(draft, name, 1)), [name]],
        id: [() => game.update((draft) => void units(draft).set(name, 1)), ['units', name]],
        'saved key': [() => game.save({ ...game.state, ...object }), [name]],
        'saved id': [() => game.save({ ...game.state, units: object }), ['units', name]],
        argument: [() => game.dispatch('keep', object), [name]],
      };
      const [work, path] = put[way] as [() => unknown, (string | number)[]];
      let error: unknown;
      try {
        work();
      } catch (thrown) {
        error = thrown;
      }
      assert.equal(error !== undefined, bad, `${way} ${JSON.stringify(name)}`);
      if (error instanceof OrreryError) {
        assert.equal(error.code, 'NOT_PERSISTABLE', error.message);
        assert.equal(error.context.path, pointer(path));
        assert.equal(game.state, before);
      } else {
        await orrery.flush();
        const again = await start(store);
        assert.equal(JSON.stringify((await again.load(vault, 'g')).state), JSON.stringify(game.state));
        await again.close();
      }
      assert.equal(({} as { evil?: unknown }).evil, undefined);
      await orrery.close();
    }),
    { numRuns: 300 },
  );
});

/** Tables as objects, for a comparison that goes by values and prototypes. */
function plainOf(state: object): object {
  return Object.fromEntries(
    Object.entries(state).map(([key, each]) => [
      key,
      isTable(each) ? (each as Table<unknown>).toJSON() : (each as unknown),
    ]),
  );
}
