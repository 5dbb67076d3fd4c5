// A small game type that uses everything, and an orrery over a store in memory to play it in.

import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { fold } from '#core/patch/apply.ts';
import type { Json, Patch } from '#core/patch/patch.ts';
import {
  type Change,
  type Commands,
  defineGame,
  type Game,
  type GameType,
  MemoryStore,
  type Orrery,
  OrreryError,
  type OrreryErrorCode,
  type OrreryOptions,
  openOrrery,
  type Store,
  table,
} from '#index.ts';

export interface System {
  metal: number;
  queue: string[];
  orbit?: { radius: number; moons: string[] };
}

export const system = (metal: number): System => ({ metal, queue: [], orbit: { radius: metal, moons: ['m'] } });

export const galaxy = defineGame('galaxy', {
  version: 1,
  initial: () => ({
    treasury: 100,
    systems: table({ sol: system(1), vega: system(2), altair: system(3) }),
    home: { x: 1, y: { z: 2 } },
    log: [] as string[],
    fleets: table<{ ships: number }>(),
    ticks: 0,
  }),
  commands: {
    build(draft, { at, metal }: { at: string; metal: number }) {
      const found = draft.systems.get(at);
      if (!found) throw new Error(`no system ${at}`);
      found.metal += metal;
      draft.treasury -= metal;
      draft.log.push(`built at ${at}`);
    },
    spend(draft, amount: number) {
      draft.treasury -= amount;
    },
    found(draft, { id, ships }: { id: string; ships: number }) {
      draft.fleets.set(id, { ships });
    },
    rest() {},
  },
  onTick(draft, context) {
    draft.ticks = context.tick;
  },
  invariants: { noDebt: (state) => state.treasury >= 0 },
});

/** A type without commands, for tests that write their own recipes. */
export function sandbox<S extends object>(initial: () => S, name = 'sandbox') {
  return defineGame(name, { version: 1, initial });
}

export const silent = pino({ level: 'silent' });

/** An orrery that is closed when the test ends. */
export async function open(
  games: OrreryOptions['games'],
  options: Partial<OrreryOptions> & { readonly on?: Store } = {},
): Promise<Orrery> {
  const { on = new MemoryStore(), ...others } = options;
  const orrery = await openOrrery({ directory: './not-used', games, logger: silent, store: () => on, ...others });
  onTestFinished(async () => {
    await orrery.close({ timeoutMs: 50 }).catch(() => undefined);
  });
  return orrery;
}

/** One game of a type, alone in an orrery. */
export async function play<S extends object, C extends Commands<S>>(
  type: GameType<S, void, C>,
  options: Partial<OrreryOptions> = {},
): Promise<{ orrery: Orrery; store: MemoryStore; game: Game<S, void, C> }> {
  const store = new MemoryStore();
  const orrery = await open([type], { ...options, on: store });
  return { orrery, store, game: await orrery.open(type, 'andromeda') };
}

/** The state that a restart gives back. */
export async function reloaded<S extends object, A, C extends Commands<S>>(
  store: Store,
  type: GameType<S, A, C>,
  id = 'andromeda',
): Promise<Game<S, A, C>> {
  const orrery = await open([type], { on: store });
  return orrery.load(type, id);
}

/** A game with an entity whose id is the name of a member of a table: there may be some that are older than this rule. */
export async function withMemberName() {
  const store = new MemoryStore();
  const entities = { a: { hp: 1 }, b: { hp: 2 }, '7': { hp: 3 }, get: { hp: 5 } };
  const older = defineGame('older', { version: 1, initial: () => ({ units: entities }), commands: {} });
  const orrery = await open([older], { on: store });
  await (await orrery.open(older, 'andromeda')).update(() => {}).durable;
  await orrery.close();
  const newer = defineGame('older', {
    version: 2,
    initial: () => ({ units: table<{ hp: number }>() }),
    commands: {},
    migrations: { 1: (_state, context) => void context.tables.add('units') },
  });
  return { game: await reloaded(store, newer), store };
}

/** The state as JSON text: with the order of keys, and a table as an object by id. */
export const json = (game: { readonly state: unknown }): string => JSON.stringify(game.state);

/** Plain JSON of a state, that a fold may change. */
export const plain = (state: unknown): Json => JSON.parse(JSON.stringify(state)) as Json;

/**
 * What patches make of a state, as JSON text to compare with that of `after`. The order of entities is no part of a table, so
 * the tables of `after` say which keys are to be put in their order.
 */
export function folded(before: Json, patches: readonly Patch[], after: unknown): string {
  const state = fold(before, patches) as { [key: string]: { [id: string]: Json } };
  for (const [key, value] of Object.entries(after as object)) {
    if (!isTable(value)) continue;
    const entities = state[key] as { [id: string]: Json };
    state[key] = Object.fromEntries(
      Object.keys(entities)
        .sort()
        .map((id) => [id, entities[id] as Json]),
    );
  }
  return JSON.stringify(state);
}

/** Whether a value of a state is one of its tables. Nothing else that a state holds can be iterated but a list. */
export function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Symbol.iterator in value;
}

/** Everything a game announces, in order. */
export function changesOf<S extends object>(game: {
  subscribe(listener: (change: Change<S>) => void): unknown;
}): Change<S>[] {
  const changes: Change<S>[] = [];
  game.subscribe((change) => changes.push(change));
  return changes;
}

/** The error that `work` throws, which must be an OrreryError with this code. */
export function refusal(code: OrreryErrorCode, work: () => unknown): OrreryError {
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  return checked(code, thrown);
}

export async function rejection(code: OrreryErrorCode, work: Promise<unknown>): Promise<OrreryError> {
  return checked(
    code,
    await work.then(
      () => undefined,
      (error: unknown) => error ?? new Error('rejected with nothing'),
    ),
  );
}

function checked(code: OrreryErrorCode, thrown: unknown): OrreryError {
  if (!(thrown instanceof OrreryError)) throw new Error(`expected an OrreryError ${code}`, { cause: thrown });
  if (thrown.code !== code)
    throw new Error(`expected ${code}, got ${thrown.code}: ${thrown.message}`, { cause: thrown });
  if (!thrown.hint.endsWith('.')) throw new Error(`a hint is a sentence: ${thrown.hint}`);
  return thrown;
}

export function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const children =
    Symbol.iterator in value && !Array.isArray(value)
      ? [...(value as Iterable<[string, unknown]>)].map(([, child]) => child)
      : Object.values(value);
  return Object.isFrozen(value) && children.every(isDeeplyFrozen);
}
