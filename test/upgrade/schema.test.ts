// Schemas of states: when they are looked at, and what a state that does not fit does.

import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineGame, MemoryStore, type StateSchema, table } from '#index.ts';
import { json, open, refusal, rejection } from '../game/galaxy.ts';

const environment = process.env['NODE_ENV'];
afterEach(() => {
  process.env['NODE_ENV'] = environment;
});

const shape = z.object({
  treasury: z.number().int(),
  systems: z.record(z.string(), z.object({ metal: z.number().nonnegative() })),
});

const galaxyWith = (schema: StateSchema | undefined, version = 1) =>
  defineGame('galaxy', {
    version,
    initial: (metal: number) => ({ treasury: 0, systems: table({ sol: { metal } }) }),
    commands: {
      mine(draft, metal: number) {
        const sol = draft.systems.get('sol');
        if (sol) sol.metal += metal;
      },
      spend(draft, amount: number) {
        draft.treasury -= amount;
      },
    },
    ...(schema ? { schema } : {}),
  });

describe('a schema', () => {
  it('[MG20] is looked at after every command in development; a command that breaks it leaves nothing behind', async () => {
    process.env['NODE_ENV'] = 'development';
    const galaxy = galaxyWith(shape);
    const game = await (await open([galaxy])).open(galaxy, 'andromeda', 5);
    game.dispatch('mine', 2);
    const before = json(game);
    const error = refusal('SCHEMA_FAILED', () => game.dispatch('mine', -8));
    expect(error.context).toMatchObject({ game: 'andromeda', command: 'mine', path: '/systems/sol/metal' });
    expect(refusal('SCHEMA_FAILED', () => game.dispatch('spend', 0.5)).context.path).toBe('/treasury');
    refusal('SCHEMA_FAILED', () => game.update((draft) => Object.assign(draft, { treasury: 'much' })));
    refusal('SCHEMA_FAILED', () => game.save({ treasury: 0.5, systems: {} }));
    expect(json(game)).toBe(before);
    expect(game.seq).toBe(1);
    expect(game.dispatch('mine', 1).seq).toBe(2);
  });

  it.each([
    ['development', 'production', 0],
    ['development', undefined, 1],
    ['development', 'test', 1],
    ['always', 'production', 1],
    ['never', 'development', 0],
    [undefined, 'production', 0],
  ] as const)('[MG20] validate %s with NODE_ENV %s: looked at %i times a command', async (validate, env, times) => {
    if (env === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = env;
    let looks = 0;
    const galaxy = galaxyWith({
      safeParse() {
        looks += 1;
        return { success: true };
      },
    });
    const orrery = await open([galaxy], validate === undefined ? {} : { validate });
    const game = await orrery.open(galaxy, 'andromeda', 5);
    looks = 0;
    for (let count = 0; count < 3; count += 1) game.dispatch('mine', 1);
    game.advance();
    expect(looks).toBe(times * 4);
  });

  it('[MG21] a new game that does not fit is not made, whatever `validate` says', async () => {
    const galaxy = galaxyWith(shape);
    const orrery = await open([galaxy], { validate: 'never' });
    const error = await rejection('SCHEMA_FAILED', orrery.open(galaxy, 'andromeda', -5));
    expect(error.context).toMatchObject({ game: 'andromeda', path: '/systems/sol/metal' });
    expect(await orrery.list()).toEqual([]);
    expect((await orrery.open(galaxy, 'andromeda', 5)).seq).toBe(0);
  });

  it('[MG21] a stored game that does not fit is not opened, whatever `validate` says, and stays as it is', async () => {
    const store = new MemoryStore();
    const loose = galaxyWith(undefined);
    const first = await open([loose], { on: store });
    await (await first.open(loose, 'andromeda', -5)).dispatch('mine', 1).durable;
    await first.close();

    const strict = galaxyWith(shape);
    const second = await open([strict], { on: store, validate: 'never' });
    const error = await rejection('SCHEMA_FAILED', second.open(strict, 'andromeda', 1));
    expect(error.context).toMatchObject({ game: 'andromeda', type: 'galaxy', path: '/systems/sol/metal' });
    expect([...second.loaded()]).toEqual([]);
    await second.close();

    const third = await open([loose], { on: store });
    expect((await third.load(loose, 'andromeda')).state.systems.get('sol')).toEqual({ metal: -4 });
  });

  it('[MG22] sees plain JSON, frozen, with tables as objects by id', async () => {
    const seen: { systems: object }[] = [];
    const galaxy = galaxyWith({
      safeParse(state) {
        seen.push(state as { systems: object });
        return shape.safeParse(state);
      },
    });
    const orrery = await open([galaxy], { validate: 'always' });
    const game = await orrery.open(galaxy, 'andromeda', 5);
    game.dispatch('mine', 1);
    expect(json(game)).toBe('{"treasury":0,"systems":{"sol":{"metal":6}}}');
    expect(seen.map((state) => state.systems)).toEqual([{ sol: { metal: 5 } }, { sol: { metal: 6 } }]);
    const last = seen[1] as { systems: { [id: string]: { metal: number } } };
    expect(Object.isFrozen(last)).toBe(true);
    expect(() => {
      (last.systems['sol'] as { metal: number }).metal = 9;
    }).toThrow(TypeError);
    game.dispatch('mine', 1);
    expect(game.state.systems.get('sol')).toEqual({ metal: 7 });
  });

  it.each<[what: string, schema: StateSchema, path: string]>([
    ['a default', shape.extend({ extra: z.number().default(7) }), '/extra'],
    ['a default within', shape.extend({ map: z.object({ size: z.number().default(1) }) }), '/map/size'],
    ['coercion', shape.extend({ treasury: z.coerce.string() }), '/treasury'],
    ['coercion to what is no JSON', shape.extend({ treasury: z.coerce.date() }), '/treasury'],
    ['trim', shape.extend({ map: z.object({ name: z.string().trim() }) }), '/map/name'],
    ['a transformation', shape.extend({ list: z.array(z.number()).transform((list) => list.slice(1)) }), '/list'],
    ['a catch', shape.extend({ list: z.array(z.string().catch('')) }), '/list/0'],
    [
      'one of an entity',
      shape.extend({ systems: z.record(z.string(), z.object({ owner: z.string().default('') })) }),
      '/systems/sol/owner',
    ],
  ])(
    '[MG23] one that changes the state, by %s, is refused at opening, with the place and the way out',
    async (_what, schema, path) => {
      const store = new MemoryStore();
      const shapeOf = (more: { schema?: StateSchema }) =>
        defineGame('galaxy', {
          version: 1,
          initial: () => ({ treasury: 0, map: { name: ' a ' }, list: [1, 2], systems: table({ sol: { metal: 1 } }) }),
          commands: {},
          ...more,
        });
      const plain = shapeOf({});
      const before = await open([plain], { on: store });
      const text = json(await before.open(plain, 'g'));
      await before.close();
      const type = shapeOf({ schema });
      const orrery = await open([type], { on: store, validate: 'never' });
      for (const id of ['g', 'new']) {
        const error = await rejection('SCHEMA_FAILED', orrery.open(type, id));
        expect(error.context).toMatchObject({ game: id, path });
        expect(error.hint).toContain('`migrations`');
      }
      await orrery.close();
      const after = await open([plain], { on: store });
      expect(json(await after.load(plain, 'g'))).toBe(text);
    },
  );

  it('[MG23] one that leaves the state as it is fits, whatever it knows, allows and leaves out', async () => {
    const loose = z.object({
      treasury: z.union([z.string(), z.number()]),
      name: z.string().optional(),
      systems: z.record(z.string(), z.object({ metal: z.number().default(3) })),
    });
    const galaxy = galaxyWith(loose);
    const orrery = await open([galaxy], { validate: 'always' });
    const game = await orrery.open(galaxy, 'andromeda', 5);
    game.dispatch('mine', 1);
    expect(game.state.systems.get('sol')).toEqual({ metal: 6 });
    const partial = galaxyWith(z.object({ treasury: z.number() }));
    expect((await (await open([partial])).open(partial, 'andromeda', 5)).seq).toBe(0);
  });

  it('[MG23] a command that leaves what the schema would change is refused', async () => {
    const type = defineGame('named', {
      version: 1,
      initial: () => ({ name: 'a' }),
      commands: { rename: (draft, name: string) => void Object.assign(draft, { name }) },
      schema: z.object({ name: z.string().trim() }),
    });
    const game = await (await open([type], { validate: 'always' })).open(type, 'g');
    expect(refusal('SCHEMA_FAILED', () => game.dispatch('rename', ' b ')).context.path).toBe('/name');
    expect(game.state.name).toBe('a');
    game.dispatch('rename', 'b');
  });

  it('[MG24] a command that looks for a key which its game lacks is told that the game is older than its type', async () => {
    const store = new MemoryStore();
    const older = defineGame('fleet', { version: 1, initial: () => ({ n: 0 }), commands: {} });
    const first = await open([older], { on: store });
    await first.open(older, 'g');
    await first.close();
    const newer = defineGame('fleet', {
      version: 1,
      initial: () => ({ n: 0, fuel: 0, ships: table<{ hp: number }>() }),
      commands: {
        launch: (draft, id: string) => void draft.ships.set(id, { hp: 1 }),
        launchLater(draft, id: string) {
          draft.n += 1;
          Object.assign(draft, { other: {} });
          draft.ships.set(id, { hp: 1 });
        },
        burn: (draft) => {
          draft.fuel -= 1;
        },
        fill: (draft) => {
          draft.fuel ??= 5;
          (undefined as never as { x: number }).x = 1;
        },
      },
    });
    const orrery = await open([newer], { on: store });
    const game = await orrery.load(newer, 'g');
    for (const name of ['launch', 'launchLater'] as const) {
      const error = refusal('COMMAND_REFUSED', () => game.dispatch(name, 'a'));
      expect(error.hint).toContain('has no "ships"');
      expect(error.hint).toContain('`migrations`');
    }
    const error = refusal('NOT_PERSISTABLE', () => game.dispatch('burn'));
    expect(error.context.path).toBe('/fuel');
    expect(error.hint).toContain('has no "fuel"');
    // What it gave itself is there.
    expect(refusal('COMMAND_REFUSED', () => game.dispatch('fill')).hint).not.toContain('fuel');
    const fresh = await orrery.open(newer, 'new');
    fresh.dispatch('launch', 'a');
    expect(fresh.state.ships.size).toBe(1);
  });

  it.each<[what: string, schema: StateSchema, says: string]>([
    [
      'throws',
      {
        safeParse: () => {
          throw new Error('no idea');
        },
      },
      'no idea',
    ],
    ['answers with a promise', { safeParse: (async () => ({ success: true })) as never }, 'at once'],
    ['says no without a reason', { safeParse: () => ({ success: false }) }, 'does not fit'],
    ['has an asynchronous refinement', shape.refine(async () => true), 'the schema threw'],
  ])('[MG22] one that %s refuses the state', async (_what, schema, says) => {
    const galaxy = galaxyWith(schema);
    const error = await rejection('SCHEMA_FAILED', (await open([galaxy])).open(galaxy, 'andromeda', 1));
    expect(error.message).toContain(says);
  });

  it('[MG22] a definition whose schema or resolver is none is refused', () => {
    refusal('INVALID_GAME_TYPE', () => galaxyWith({} as StateSchema));
    const good = { version: 1, initial: () => ({ n: 1 }), commands: {} };
    refusal('INVALID_GAME_TYPE', () => defineGame('galaxy', { ...good, resolve: 'ours' as never }));
    refusal('INVALID_GAME_TYPE', () => defineGame('galaxy', { ...good, schema: null as never }));
  });
});
