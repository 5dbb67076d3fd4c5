// One game type in four versions, with everything that changes between versions, and what each makes of the state before by
// hand: the migrations are written once for the type and once more, differently, for the tests.

import { type Commands, defineGame, type GameType, type Migrations, table } from '#index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the tests open the same game with states of several shapes
export type AnyVersion = GameType<any, void, Commands<any>>;

interface First {
  treasury: number;
  systems: { [id: string]: { metal: number } };
  log: string[];
}

export const migrations: Migrations = {
  1(state: First) {
    for (const system of Object.values(state.systems)) Object.assign(system, { crystal: system.metal * 2 });
  },
  2({ treasury, ...rest }: First, { tick }) {
    return { credits: treasury * 100, since: tick, ...rest };
  },
  3(state, { tables }) {
    state.fleets = table({ home: { ships: state.log.length } });
    state.names = Object.fromEntries(Object.keys(state.systems).map((id) => [id, { name: id.toUpperCase() }]));
    tables.add('names');
    delete state.log;
  },
};

/** What a state of version 1 is in each version, as JSON text with tables in their order. */
export function expected(first: First, tick: number, version: number): string {
  const { treasury, systems, log } = first;
  const ids = Object.keys(systems).sort();
  const metal = (id: string): number => (systems[id] as { metal: number }).metal;
  if (version === 1) return JSON.stringify(first);
  const richer = Object.fromEntries(ids.map((id) => [id, { metal: metal(id), crystal: 2 * metal(id) }]));
  if (version === 2) return JSON.stringify({ treasury, systems: richer, log });
  if (version === 3) return JSON.stringify({ credits: 100 * treasury, since: tick, systems: richer, log });
  return JSON.stringify({
    credits: 100 * treasury,
    since: tick,
    systems: richer,
    fleets: { home: { ships: log.length } },
    names: Object.fromEntries(ids.map((id) => [id, { name: id.toUpperCase() }])),
  });
}

/** The type as it was, or is, at a version; with other migrations, invariants or a schema where a test wants them. */
export function galaxyOf(version: number, others: Partial<AnyVersion> = {}): AnyVersion {
  const known = Object.fromEntries(Object.entries(migrations).filter(([from]) => Number(from) < version));
  return defineGame('galaxy', {
    version,
    initial: () => ({ treasury: 10, systems: table({ sol: { metal: 1 }, vega: { metal: 2 } }), log: ['begun'] }),
    commands: {
      mine(draft, { at, metal }: { at: string; metal: number }) {
        const system = draft.systems.get(at);
        if (!system) throw new Error(`no system ${at}`);
        system.metal += metal;
        draft.log?.push(`${at} ${metal}`);
      },
      found(draft, id: string) {
        draft.systems.set(id, { metal: 0 });
      },
    },
    onTick(draft) {
      draft.treasury += 1;
    },
    ...(version > 1 ? { migrations: known } : {}),
    ...others,
  }) as unknown as AnyVersion;
}
