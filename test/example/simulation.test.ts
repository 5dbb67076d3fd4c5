import { describe, expect, it } from 'vitest';
import { Bots, botNames, mapOf, type Order } from '../../examples/galactic-war/bots.ts';
import { invariants } from '../../examples/galactic-war/invariants.ts';
import { PlainGalaxy } from '../../examples/galactic-war/recompute.ts';
import { Refusal } from '../../examples/galactic-war/refusal.ts';
import { PACES } from '../../examples/galactic-war/rules.ts';
import { loadStars } from '../../examples/galactic-war/stars.ts';
import type { GalaxyView } from '../../examples/galactic-war/state.ts';
import { levelOf } from '../../examples/galactic-war/system.ts';
import { audit, smallSetup } from './small-galaxy.ts';

/** What should happen, noted when it was ordered: at `tick` the structure has one level more than before. */
interface Expected {
  readonly tick: number;
  readonly what: string;
}

describe('a long game', () => {
  it('[G25] [G17] [G18] 10,000 ticks of six bots among 5,044 stars keep every rule, and every event is on time', () => {
    const galaxy = new PlainGalaxy('andromeda', { stars: loadStars(), pace: PACES.blitz });
    const bots = new Bots({ players: botNames(6), seed: 42, map: mapOf(galaxy.state) });
    const expected: Expected[] = [];
    const happened: Expected[] = [];
    const count: Record<string, number> = {};
    for (let tick = 1; tick <= 10_000; tick += 1) {
      const due = galaxy.state.agenda.peek(String(tick).padStart(12, '0'));
      const before = due?.events.map((event) => ({ event, level: event.kind === 'built' ? built(galaxy, event) : 0 }));
      galaxy.advance();
      for (const { event, level } of before ?? []) {
        if (event.kind !== 'built') continue;
        expect(built(galaxy, event)).toBe(level + 1);
        happened.push({ tick, what: `${event.system} ${event.structure} ${level + 1}` });
      }
      for (let turn = 0; turn < 3; turn += 1) {
        const order = bots.next(galaxy.state, tick);
        if (!order) continue;
        try {
          galaxy.dispatch(order.command, order.args, { player: order.player });
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
          count['refused'] = (count['refused'] ?? 0) + 1;
          continue;
        }
        count[order.command] = (count[order.command] ?? 0) + 1;
        if (order.command === 'build') {
          const system = galaxy.state.systems.peek(order.args.system)!;
          const { structure } = order.args;
          const what = `${system.id} ${structure} ${levelOf(system, structure) + 1}`;
          expected.push({ tick: system.building[structure]!, what });
        }
        for (const [name, holds] of Object.entries(invariants)) expect(holds(galaxy.state), name).toBe(true);
      }
      if (tick % 1000 === 0) expect(audit(galaxy)).toEqual([]);
    }
    const inOrder = (one: Expected, other: Expected): number =>
      one.tick - other.tick || (one.what < other.what ? -1 : 1);
    expect(happened.sort(inOrder)).toEqual(expected.filter(({ tick }) => tick <= 10_000).sort(inOrder));
    expect(count['build']).toBeGreaterThan(5_000);
    expect(count['colonise']).toBeGreaterThan(300);
    expect(count['send']).toBeGreaterThan(1_000);
    expect(count['refused']).toBeGreaterThan(10);
    expect(galaxy.state.books.spilled.metal + galaxy.state.books.spilled.water).toBeGreaterThan(0);
  });

  it('[G17] the audit itself hears of a stock, a total, a score, a fleet and an event that are wrong', () => {
    const harm: ((galaxy: PlainGalaxy) => void)[] = [
      ({ state }) => (state.systems.get('1')!.stock.metal = 7),
      ({ state }) => (state.systems.get('1')!.stock.metal = -1),
      ({ state }) => (state.books.held.water += 1),
      ({ state }) => (state.players.get('ada')!.score += 1),
      ({ state }) => (state.players.get('ada')!.fleets += 1),
      ({ state }) => (state.pending += 1),
      ({ state }) => state.ranking.reverse(),
      ({ state }) => state.homes.push(state.players.peek('ada')!.home),
      ({ state }) => state.agenda.set('000000000000', { tick: 0, events: [] }),
    ];
    for (const break_ of harm) {
      const galaxy = new PlainGalaxy('andromeda', smallSetup());
      for (const player of ['ada', 'brahe']) galaxy.dispatch('join', undefined, { player });
      expect(audit(galaxy)).toEqual([]);
      break_(galaxy);
      expect(audit(galaxy)).not.toEqual([]);
    }
  });

  it('[G17] the invariants hear of totals that do not fit together', () => {
    const harm: [keyof typeof invariants, (galaxy: PlainGalaxy) => void][] = [
      ['booksBalance', ({ state }) => (state.books.held.metal += 1)],
      ['nothingNegative', ({ state }) => (state.books.travelling.crew = -1)],
      ['heldFitsStores', ({ state }) => (state.books.capacity.water = 1)],
      ['everyPlayerIsRanked', ({ state }) => state.ranking.pop()],
      ['agendaIsCounted', ({ state }) => (state.pending = 1)],
    ];
    expect(harm.map(([name]) => name)).toEqual(Object.keys(invariants));
    for (const [name, break_] of harm) {
      const galaxy = new PlainGalaxy('andromeda', smallSetup());
      galaxy.dispatch('join', undefined, { player: 'ada' });
      expect(invariants[name](galaxy.state)).toBe(true);
      break_(galaxy);
      expect(invariants[name](galaxy.state)).toBe(false);
    }
  });
});

describe('bots', () => {
  function play(galaxy: PlainGalaxy, bots: Bots, ticks: number, view: GalaxyView = galaxy.state): Order[] {
    const orders: Order[] = [];
    for (let tick = 0; tick < ticks; tick += 1) {
      galaxy.advance();
      const order = bots.next(view, galaxy.tick);
      if (!order) continue;
      orders.push(order);
      try {
        galaxy.dispatch(order.command, order.args, { player: order.player });
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    }
    return orders;
  }

  it('[G21] with one seed give the same orders, with another seed others', () => {
    const run = (seed: number): Order[] => {
      const galaxy = new PlainGalaxy('andromeda', smallSetup(30));
      return play(galaxy, new Bots({ players: botNames(3), seed, map: mapOf(galaxy.state) }), 300);
    };
    expect(run(5)).toEqual(run(5));
    expect(run(6)).not.toEqual(run(5));
    expect(new Set(run(5).map((order) => order.command))).toEqual(
      new Set(['join', 'build', 'colonise', 'send', 'rename']),
    );
  });

  it('[G21] go on with a galaxy they find, and only read it', () => {
    const galaxy = new PlainGalaxy('andromeda', smallSetup(30));
    play(galaxy, new Bots({ players: botNames(3), seed: 1, map: mapOf(galaxy.state) }), 100);
    const found = JSON.stringify(galaxy);
    const bots = new Bots({ players: botNames(3), seed: 2, map: mapOf(galaxy.state) });
    for (let turn = 0; turn < 100; turn += 1) bots.next(galaxy.state, galaxy.tick);
    expect(JSON.stringify(galaxy)).toBe(found);
    expect(play(galaxy, bots, 100).every((order) => order.command !== 'join')).toBe(true);
  });

  it('[G21] look at a handful of systems for a decision, however large the galaxy is', () => {
    const galaxy = new PlainGalaxy('andromeda', { stars: loadStars(), pace: PACES.blitz });
    const bots = new Bots({ players: botNames(3), seed: 3, map: mapOf(galaxy.state) });
    let looks = 0;
    const { systems, players } = galaxy.state;
    const look = <T>(found: T): T => {
      looks += 1;
      return found;
    };
    const counted: GalaxyView = {
      ...galaxy.state,
      systems: { size: systems.size, has: (id) => systems.has(id), get: (id) => look(systems.get(id)), values: never },
      players: { size: 0, has: (id) => players.has(id), get: (id) => look(players.get(id)), values: never },
    };
    for (let tick = 0; tick < 500; tick += 1) {
      looks = 0;
      play(galaxy, bots, 1, counted);
      expect(looks).toBeLessThanOrEqual(8);
    }
  });

  it('[G21] have names of their own, however many they are', () => {
    expect(new Set(botNames(57)).size).toBe(57);
    expect(botNames(11).at(-1)).toBe('ada 2');
  });
});

function built(galaxy: PlainGalaxy, event: { system: string; structure: Parameters<typeof levelOf>[1] }): number {
  return levelOf(galaxy.state.systems.peek(event.system)!, event.structure);
}

function never(): never {
  throw new Error('a bot listed a whole table');
}
