// Players who build. Each decision looks at one player, one of that player's systems and its neighbours, so its cost
// does not depend on how large the galaxy is. Given the same seed and the same galaxy, bots decide the same.

import type { BuildArgs, ColoniseArgs, RenameArgs, SendArgs } from './orders.ts';
import { buildObstacle } from './orders.ts';
import { COLONY_CARGO, COLONY_HULL, COLONY_REACH, cost, MAX_FLEETS, STRUCTURES, type StructureName } from './rules.ts';
import { StarMap } from './star-map.ts';
import type { GalaxyView } from './state.ts';
import { RESOURCES, type Stock, shortfall, stockOf, sumOf } from './stock.ts';
import { levelOf, type SystemView, stockAt } from './system.ts';

/** The arguments of every command of a galaxy. */
export interface OrderArgs {
  join: undefined;
  build: BuildArgs;
  colonise: ColoniseArgs;
  send: SendArgs;
  rename: RenameArgs;
}

export type OrderName = keyof OrderArgs;

/** A command that has not been dispatched yet. */
export type Order<K extends OrderName = OrderName> = {
  [Name in K]: { readonly command: Name; readonly args: OrderArgs[Name]; readonly player: string };
}[K];

/** Numbers from 0 up to 1, the same for the same seed: Tommy Ettinger's mulberry32. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const BOT_NAMES = [
  'ada',
  'brahe',
  'cecilia',
  'dyson',
  'edwin',
  'fraunhofer',
  'galileo',
  'hypatia',
  'ibn yunus',
  'jocelyn',
];

/** Names for so many bots, no two alike. */
export function botNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const name = BOT_NAMES[index % BOT_NAMES.length]!;
    const round = Math.floor(index / BOT_NAMES.length);
    return round === 0 ? name : `${name} ${round + 1}`;
  });
}

/** Who is near whom in a galaxy. Galaxies with the same stars can share one map. */
export function mapOf(state: GalaxyView): StarMap {
  return new StarMap(state.systems.values(), COLONY_REACH);
}

/** One order in thirty or so is given without looking, as people do; the rules refuse what does not work. */
const CARELESS = 0.03;

export interface BotOptions {
  readonly players: readonly string[];
  readonly seed: number;
  /** From mapOf. */
  readonly map: StarMap;
}

export class Bots {
  readonly #players: readonly string[];
  readonly #random: () => number;
  readonly #map: StarMap;
  #turn = 0;

  constructor({ players, seed, map }: BotOptions) {
    this.#players = players;
    this.#random = mulberry32(seed);
    this.#map = map;
  }

  /** What the next player in turn does now; undefined if there is nothing to do but to wait. */
  next(state: GalaxyView, tick: number): Order | undefined {
    const player = this.#players[this.#turn % this.#players.length];
    this.#turn += 1;
    if (player === undefined) return undefined;
    const own = state.players.get(player);
    if (!own) return { command: 'join', args: undefined, player };

    const system = state.systems.get(this.#pick(own.systems))!;
    const mood = this.#random();
    if (mood < CARELESS) return this.#careless(player, own.systems);
    if (mood < CARELESS + 0.02) return this.#rename(player, system);
    const stock = stockAt(system, tick, state.pace);
    const free = own.fleets < MAX_FLEETS;
    const builds = (): Order | undefined => this.#build(player, system, stock);
    const settles = (): Order | undefined => (free ? this.#colonise(player, state, system, stock) : undefined);
    const sends = (): Order | undefined => (free ? this.#send(player, system, own.systems, stock) : undefined);
    if (mood < 0.65) return builds() ?? settles() ?? sends();
    if (mood < 0.8) return settles() ?? builds() ?? sends();
    return sends() ?? builds() ?? settles();
  }

  /** The cheapest structure that can be had, lower levels first; a store when the price is what does not fit. */
  #build(player: string, system: SystemView, stock: Stock): Order | undefined {
    let best: StructureName | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const structure of STRUCTURES) {
      if (buildObstacle(system, structure) !== undefined) continue;
      const price = cost(structure, levelOf(system, structure) + 1);
      const total = price.metal + price.crew + price.water;
      if (total >= least || shortfall(stock, price) !== undefined) continue;
      best = structure;
      least = total;
    }
    return best && { command: 'build', args: { system: system.id, structure: best }, player };
  }

  #colonise(player: string, state: GalaxyView, system: SystemView, stock: Stock): Order | undefined {
    if (shortfall(stock, sumOf(COLONY_HULL, COLONY_CARGO)) !== undefined) return undefined;
    const near = this.#map.neighbours(system.id);
    // Looking at a handful is enough: a colony in a settled region leaves the search to those at its edge.
    for (let look = 0; look < 6; look += 1) {
      const goal = near[Math.floor(this.#random() ** 2 * near.length)];
      if (goal === undefined) return undefined;
      if (state.systems.get(goal)?.owner === null) {
        return { command: 'colonise', args: { from: system.id, to: goal }, player };
      }
    }
    return undefined;
  }

  /** Up to half of what there is most of, to another system of the player. */
  #send(player: string, system: SystemView, own: readonly string[], stock: Stock): Order | undefined {
    const to = this.#pick(own);
    if (to === system.id) return undefined;
    const [most] = [...RESOURCES].sort((one, other) => stock[other] - stock[one]) as [(typeof RESOURCES)[number]];
    const amount = Math.floor((stock[most] * this.#random()) / 2);
    if (amount === 0) return undefined;
    return { command: 'send', args: { from: system.id, to, cargo: stockOf({ [most]: amount }) }, player };
  }

  #rename(player: string, system: SystemView): Order {
    const name = `${player}'s ${this.#pick(['Rest', 'Forge', 'Well', 'Harbour', 'Watch'])} ${system.id}`;
    return { command: 'rename', args: { system: system.id, name }, player };
  }

  #careless(player: string, own: readonly string[]): Order {
    const system = this.#pick(own);
    const to = this.#pick(this.#map.neighbours(system));
    const kind = this.#random();
    if (kind < 0.4 || to === undefined) {
      return { command: 'build', args: { system, structure: this.#pick(STRUCTURES) }, player };
    }
    if (kind < 0.7) return { command: 'colonise', args: { from: system, to }, player };
    return { command: 'send', args: { from: system, to, cargo: stockOf({ crew: 100 }) }, player };
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T;
  }
}
