// What the compiler knows. `npx tsc -p tsconfig.json` is the test: an expected error that does not come is an error.

import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type Change,
  type CommandContext,
  type CommandMessage,
  type CommandsOf,
  defineGame,
  type GameOf,
  type Json,
  MemoryStore,
  type Orrery,
  openOrrery,
  type Patch,
  type ReadonlyTable,
  type Receipt,
  type StateOf,
  type Table,
  table,
} from '#index.ts';
import { open, silent } from '../game/galaxy.ts';

interface Star {
  hip: number;
  name: string;
}
interface Sky {
  stars: readonly Star[];
  pace?: 'slow' | 'fast';
}
interface System {
  metal: number;
  queue: { structure: string; level: number }[];
  owner: string | null;
}

const galaxy = defineGame('galaxy', {
  version: 1,
  initial: ({ stars, pace = 'slow' }: Sky, context) => ({
    pace,
    seed: context.random(),
    treasury: 0,
    systems: table(
      stars.map(({ hip }) => ({ hip, system: { metal: 0, queue: [], owner: null } as System })),
      ({ hip }) => String(hip),
    ),
    players: table<{ score: number }>(),
    home: { at: [0, 0] as [number, number], tags: ['a'] },
    note: null as string | null,
  }),
  commands: {
    build(draft, args: { system: string; structure: string }, context) {
      expectTypeOf(draft.treasury).toEqualTypeOf<number>();
      expectTypeOf(draft.players).toEqualTypeOf<Table<{ score: number }>>();
      expectTypeOf(context).toEqualTypeOf<CommandContext>();
      draft.systems.get(args.system)?.system.queue.push({ structure: args.structure, level: 1 });
    },
    rest() {},
    look(draft) {
      void draft;
    },
    produce(_draft, _args: undefined, context) {
      context.random();
    },
    spend(draft, amount: number) {
      draft.treasury -= amount;
    },
    rename(draft, name?: string) {
      draft.note = name ?? null;
    },
    anything(_draft, args) {
      void args;
    },
  },
  onTick(draft, context) {
    draft.treasury += context.tick;
  },
  invariants: {
    noDebt(state) {
      expectTypeOf(state.home).toEqualTypeOf<{
        readonly at: readonly [number, number];
        readonly tags: readonly string[];
      }>();
      return state.treasury >= -1e9;
    },
  },
});

const stars: Star[] = [{ hip: 71683, name: 'Rigil' }];

async function start(): Promise<{ orrery: Orrery; game: Galaxy }> {
  const orrery = await open([galaxy]);
  return { orrery, game: await orrery.open(galaxy, 'andromeda', { stars }) };
}
type Galaxy = GameOf<typeof galaxy>;

/** Never runs: the compiler reads it. */
const compiled = (_only: () => unknown): void => {};

describe('types', () => {
  it('[TY1] names and arguments of commands are inferred; a wrong one is a compile error', async () => {
    const { game } = await start();
    expectTypeOf(game.dispatch('build', { system: '71683', structure: 'mine' })).toEqualTypeOf<Receipt>();
    game.dispatch('spend', 5, { player: 'ada' });
    expect(game.state.treasury).toBe(-5);
    compiled(() => {
      // @ts-expect-error no such command
      game.dispatch('destroy');
      // @ts-expect-error the arguments are missing
      game.dispatch('build');
      // @ts-expect-error one field is missing
      game.dispatch('build', { system: '1' });
      // @ts-expect-error a field is of another type
      game.dispatch('build', { system: 1, structure: 'mine' });
      // @ts-expect-error a field is too many
      game.dispatch('build', { system: '1', structure: 'mine', level: 2 });
      // @ts-expect-error no number
      game.dispatch('spend', '5');
      // @ts-expect-error a player is a string
      game.dispatch('spend', 5, { player: 7 });
      // @ts-expect-error no such option
      game.dispatch('spend', 5, { tick: 7 });
    });
  });

  it('[TY2] a command without arguments takes none, one with an optional argument may be left without', async () => {
    const { game } = await start();
    game.dispatch('rest');
    game.dispatch('look');
    game.dispatch('produce');
    game.dispatch('rest', undefined, { player: 'ada' });
    game.dispatch('rename');
    game.dispatch('rename', 'new');
    game.dispatch('rename', undefined, { player: 'ada' });
    game.dispatch('anything', { whatever: [1] });
    game.dispatch('anything');
    expect(game.seq).toBe(9);
    compiled(() => {
      // @ts-expect-error it takes no arguments
      game.dispatch('rest', 5);
      // @ts-expect-error it takes no arguments
      game.dispatch('produce', {});
      // @ts-expect-error a name is a string
      game.dispatch('rename', 5);
    });
  });

  it('[TY3] the state is read-only, all the way down', async () => {
    const { game } = await start();
    expectTypeOf(game.state.treasury).toEqualTypeOf<number>();
    expectTypeOf(game.state.pace).toEqualTypeOf<'slow' | 'fast'>();
    expectTypeOf(game.state.home.at).toEqualTypeOf<readonly [number, number]>();
    expectTypeOf(game.state.note).toEqualTypeOf<string | null>();
    expectTypeOf(game.state.players).toEqualTypeOf<ReadonlyTable<{ readonly score: number }>>();
    compiled(() => {
      // @ts-expect-error read-only
      game.state = stars as never;
      // @ts-expect-error read-only
      game.state.treasury = 5;
      // @ts-expect-error read-only
      game.state.home.tags.push('b');
      // @ts-expect-error read-only
      game.state.home.at[0] = 5;
      // @ts-expect-error a table of a state has no set
      game.state.players.set('ada', { score: 1 });
      // @ts-expect-error a table of a state has no delete
      game.state.players.delete('ada');
      // @ts-expect-error read-only
      game.state.players.get('ada')!.score = 5;
      // @ts-expect-error there may be none
      game.state.players.get('ada').score;
      // @ts-expect-error read-only
      game.state.systems.get('1')!.system.queue[0]!.level = 5;
      // @ts-expect-error no such key
      game.state.nothing;
    });
  });

  it('[TY4] a draft is what initial returned, with tables to be changed', async () => {
    const { game } = await start();
    game.update((draft, context) => {
      expectTypeOf(draft.systems.get('1')).toEqualTypeOf<{ hip: number; system: System } | undefined>();
      expectTypeOf(draft.systems.peek('1')).toEqualTypeOf<{ hip: number; system: System } | undefined>();
      expectTypeOf(context.player).toEqualTypeOf<string | undefined>();
      expectTypeOf(context.now).toEqualTypeOf<number>();
      draft.home.tags.push('b');
      draft.players.set('ada', { score: 1 });
    });
    compiled(() =>
      game.update((draft, context) => {
        // @ts-expect-error an entity has a score
        draft.players.set('ada', { points: 1 });
        // @ts-expect-error ids are strings
        draft.players.get(7);
        // @ts-expect-error no number
        draft.treasury = '5';
        // @ts-expect-error read-only
        context.tick = 5;
      }),
    );
  });

  it('[TY5] what open takes is what initial takes', async () => {
    const { orrery, game } = await start();
    expectTypeOf(game).toEqualTypeOf<Galaxy>();
    expectTypeOf(orrery.load(galaxy, 'andromeda')).toEqualTypeOf<Promise<Galaxy>>();
    await orrery.open(galaxy, 'two', { stars, pace: 'fast' });
    compiled(() => {
      // @ts-expect-error stars are missing
      void orrery.open(galaxy, 'three');
      // @ts-expect-error no stars
      void orrery.open(galaxy, 'three', { stars: [1] });
      // @ts-expect-error no such pace
      void orrery.open(galaxy, 'three', { stars, pace: 'medium' });
      // @ts-expect-error too many
      void orrery.open(galaxy, 'three', { stars }, 'fast');
      // @ts-expect-error an id is a string
      void orrery.open(galaxy, 7, { stars });
      // @ts-expect-error no game type
      void orrery.open({ name: 'galaxy' }, 'three');
    });
  });

  it('[TY5] an initial that takes nothing, or may go without', async () => {
    const alone = defineGame('alone', { version: 1, initial: (_none, context) => ({ founded: context.now }) });
    const sized = defineGame('sized', { version: 1, initial: (size?: number) => ({ size: size ?? 1 }) });
    const orrery = await open([alone, sized]);
    await orrery.open(alone, 'a');
    await orrery.open(sized, 'b');
    expect((await orrery.open(sized, 'c', 5)).state.size).toBe(5);
    compiled(() => {
      // @ts-expect-error it takes nothing
      void orrery.open(alone, 'a', 5);
      // @ts-expect-error no number
      void orrery.open(sized, 'b', '5');
      defineGame('a', {
        version: 1,
        initial: (_none, context) => {
          // @ts-expect-error a context is read-only
          context.now = 5;
          return { n: 1 };
        },
      });
    });
  });

  it('[TY6] receipts, changes, ticks', async () => {
    const { game } = await start();
    const receipt = game.advance();
    expectTypeOf(receipt.seq).toEqualTypeOf<number>();
    expectTypeOf(receipt.durable).toEqualTypeOf<Promise<void>>();
    const end = game.subscribe((change) => {
      expectTypeOf(change).toEqualTypeOf<Change<ReturnType<typeof galaxy.initial>>>();
      expectTypeOf(change.patches).toEqualTypeOf<readonly Patch[]>();
      expectTypeOf(change.args).toEqualTypeOf<Json | undefined>();
      expectTypeOf(change.state).toEqualTypeOf(game.state);
    });
    expectTypeOf(end).toEqualTypeOf<() => void>();
    compiled(() => {
      // @ts-expect-error read-only
      receipt.seq = 5;
    });
  });

  it('[TY7] save takes states as they are read and as they are written, tables as tables or as objects by id', async () => {
    const { game } = await start();
    const { state } = game;
    const draftLike: ReturnType<typeof galaxy.initial> = {
      ...state,
      ...game.copy(),
      players: table(),
      systems: table(),
    };
    game.save(state);
    game.save({ ...state, treasury: 5 });
    game.save({ ...state, players: table({ ada: { score: 1 } }) });
    game.save({ ...state, players: { ada: { score: 1 } }, home: { at: [1, 1], tags: [] } });
    game.save(draftLike);
    compiled(() => {
      // @ts-expect-error a key is missing
      game.save({ treasury: 5 });
      // @ts-expect-error a value is of another type
      game.save({ ...state, treasury: '5' });
      // @ts-expect-error an entity is of another type
      game.save({ ...state, players: { ada: { points: 1 } } });
    });
  });

  it('[TY8] a definition that does not fit itself is a compile error', () => {
    compiled(() => {
      // @ts-expect-error version is a number
      defineGame('a', { version: '1', initial: () => ({ n: 1 }), commands: {} });
      // @ts-expect-error no such history
      defineGame('a', { version: 1, initial: () => ({ n: 1 }), commands: {}, history: 'all' });
      defineGame('a', {
        version: 1,
        initial: () => ({ n: 1 }),
        commands: {
          wrong(draft) {
            // @ts-expect-error no such key
            draft.m = 1;
          },
        },
        invariants: {
          // @ts-expect-error an invariant says yes or no
          vague: (state) => state.n,
        },
      });
    });
  });

  it('[TY9] options: what is required, what they may be, what there is not', () => {
    expectTypeOf(openOrrery).parameter(0).toHaveProperty('directory');
    const store = () => new MemoryStore();
    compiled(() => [
      openOrrery({ directory: './d', games: [galaxy], store, logger: silent, durability: 'strict', shards: 2 }),
      // @ts-expect-error games are missing
      openOrrery({ directory: './d' }),
      // @ts-expect-error no such durability
      openOrrery({ directory: './d', games: [galaxy], durability: 'always' }),
      // @ts-expect-error no such option
      openOrrery({ directory: './d', games: [galaxy], hz: 60 }),
      // @ts-expect-error a function that makes stores
      openOrrery({ directory: './d', games: [galaxy], store: new MemoryStore() }),
    ]);
  });

  it('[TY10] table() knows its entities, and asks for the function that names those of a list', () => {
    expectTypeOf(table<System>()).toEqualTypeOf<Table<System>>();
    expectTypeOf(table({ a: { n: 1 } })).toEqualTypeOf<Table<{ n: number }>>();
    expectTypeOf(table(stars, ({ hip }) => String(hip))).toEqualTypeOf<Table<Star>>();
    compiled(() => {
      // @ts-expect-error no function
      table(stars);
      // @ts-expect-error ids are strings
      table(stars, ({ hip }) => hip);
      // @ts-expect-error no function
      table(new Map([['a', 1]]));
    });
  });

  it('[TY11] types that follow from a game type', async () => {
    const { game } = await start();
    expectTypeOf<GameOf<typeof galaxy>>().toEqualTypeOf(game);
    expectTypeOf<StateOf<typeof galaxy>>().toEqualTypeOf(game.state);
    expectTypeOf<CommandsOf<typeof galaxy>>().toEqualTypeOf<{
      readonly build: { system: string; structure: string };
      readonly rest: undefined;
      readonly look: undefined;
      readonly produce: undefined;
      readonly spend: number;
      readonly rename: string | undefined;
      // biome-ignore lint/suspicious/noExplicitAny: what the command says
      readonly anything: any;
    }>();
    const receive = (message: CommandMessage<typeof galaxy>): Receipt => game.dispatch(message.command, message.args);
    receive({ command: 'spend', args: 5 });
    receive({ command: 'rest' });
    receive({ command: 'rename' });
    expect(game.state.treasury).toBe(-5);
    compiled(() => {
      // @ts-expect-error no such command
      receive({ command: 'destroy' });
      // @ts-expect-error the arguments are missing
      receive({ command: 'spend' });
      // @ts-expect-error arguments of another command
      receive({ command: 'build', args: 5 });
      // @ts-expect-error it takes no arguments
      receive({ command: 'rest', args: 5 });
      // @ts-expect-error a state is read-only
      (state: StateOf<typeof galaxy>) => (state.treasury = 5);
    });
  });

  it('[TY12] a type without commands has games that dispatch nothing', async () => {
    const plain = defineGame('plain', {
      version: 1,
      initial: () => ({ n: 1 }),
      onTick(draft) {
        draft.n += 1;
      },
    });
    expectTypeOf<CommandsOf<typeof plain>>().toEqualTypeOf<Record<never, never>>();
    const orrery = await open([plain]);
    const game: GameOf<typeof plain> = await orrery.open(plain, 'andromeda');
    game.update((draft) => {
      expectTypeOf(draft.n).toEqualTypeOf<number>();
      draft.n += 1;
    });
    expect(game.state.n).toBe(2);
    compiled(() => {
      // @ts-expect-error it has no commands
      game.dispatch('anything');
    });
  });
});
