// The numbers of the game and the formulas over them. Starting stock, production, cost and storage by level follow the
// classic configuration of galactic-war by arcuru (MIT, see NOTICE.md); pace, travel, colony ships and comets are ours.

import { RESOURCES, type Stock, stockOf } from './stock.ts';

export const STRUCTURES = ['colony', 'asteroidmine', 'waterharvester', 'hatchery', 'storagedepot'] as const;

export type StructureName = (typeof STRUCTURES)[number];

/** What a level costs: resources at once, and `time` in ticks at classic speed. */
export interface Price extends Stock {
  readonly time: number;
}

/** A multiplier as a fraction, so that a level's number is exact and the same in every language: 1.25 is 5/4. */
interface Ratio {
  readonly up: number;
  readonly down: number;
}

/**
 * Numbers by level. `steps[0]` belongs to level `first`; a level below it has nothing; each level after the last step
 * multiplies that step by `beyond` once more. The product is exact and rounded down once, at the end.
 */
interface Ladder {
  readonly first: number;
  readonly steps: readonly Readonly<Partial<Price>>[];
  readonly beyond: Ratio;
}

interface StructureRule {
  readonly startingLevel: number;
  /** Per hour. */
  readonly production?: Ladder;
  /** How much of each resource this structure adds to what a system can hold. */
  readonly storage?: Ladder;
  /** The price of reaching a level from the one below it. */
  readonly cost: Ladder;
}

const FIVE_FOURTHS: Ratio = { up: 5, down: 4 };
const WORKS_COST: Ladder = {
  first: 1,
  steps: [{ metal: 10, crew: 10, water: 10, time: 100 }],
  beyond: FIVE_FOURTHS,
};

/** No structure is built higher: every number up to here is a safe integer with room to spare. */
export const MAX_LEVEL = 40;

/** A structure other than the colony may be built up to this many times the level of the colony. */
export const LEVELS_PER_COLONY_LEVEL = 3;

/** What a player's first system holds. */
export const STARTING_STOCK: Readonly<Stock> = Object.freeze({ metal: 225, crew: 200, water: 250 });

const RULES: Readonly<Record<StructureName, StructureRule>> = {
  colony: {
    startingLevel: 1,
    production: { first: 1, steps: [{ metal: 6, crew: 5, water: 7 }], beyond: { up: 6, down: 5 } },
    storage: { first: 1, steps: [{ metal: 1000, crew: 1000, water: 1000 }], beyond: { up: 11, down: 10 } },
    // A system has its colony from the start, so the price of level 1 stands here only to give level 2 its place.
    cost: {
      first: 1,
      steps: [
        { metal: 5, crew: 5, water: 5, time: 1 },
        { metal: 5, crew: 5, water: 5, time: 1 },
      ],
      beyond: FIVE_FOURTHS,
    },
  },
  asteroidmine: {
    startingLevel: 0,
    production: { first: 0, steps: [{ metal: 0 }, { metal: 6 }], beyond: FIVE_FOURTHS },
    cost: WORKS_COST,
  },
  waterharvester: {
    startingLevel: 0,
    production: { first: 0, steps: [{ water: 0 }, { water: 7 }], beyond: FIVE_FOURTHS },
    cost: WORKS_COST,
  },
  hatchery: {
    startingLevel: 0,
    production: { first: 0, steps: [{ crew: 0 }, { crew: 5 }], beyond: FIVE_FOURTHS },
    cost: { first: 1, steps: [{ metal: 60, crew: 50, water: 70, time: 100 }], beyond: FIVE_FOURTHS },
  },
  storagedepot: {
    startingLevel: 0,
    storage: {
      first: 0,
      steps: [
        { metal: 0, crew: 0, water: 0 },
        { metal: 1000, crew: 1000, water: 1000 },
      ],
      beyond: FIVE_FOURTHS,
    },
    cost: WORKS_COST,
  },
};

/** How fast a galaxy lives. Both are whole numbers of at least 1. */
export interface Pace {
  /** Ticks in the hour that production is counted by. */
  hourTicks: number;
  /** Building and travelling take this many times less than in the classic game. */
  speed: number;
}

export const PACES = {
  /** A game of months, at one tick a second. */
  classic: { hourTicks: 3600, speed: 1 },
  /** At 20 ticks a second there is something to see at once. */
  blitz: { hourTicks: 10, speed: 20 },
} as const satisfies Record<string, Pace>;

/** The farthest a colony ship goes, in cells of the map (a cell is a tenth of a degree). */
export const COLONY_REACH = 120;
/** What a colony ship is made of. It is gone once the ship is under way. */
export const COLONY_HULL: Readonly<Stock> = Object.freeze({ metal: 100, crew: 20, water: 20 });
/** What a colony ship carries, and so what a new colony begins with. */
export const COLONY_CARGO: Readonly<Stock> = Object.freeze({ metal: 50, crew: 50, water: 50 });
/** How many fleets of one player may be under way. */
export const MAX_FLEETS = 12;
/** Ticks to cross one cell at classic speed. */
const TICKS_PER_CELL = 5;

/** A comet passes about once in so many ticks. */
export const COMET_EVERY = 40;
/** It leaves from 1 to this much water in the home system of one player. */
export const COMET_WATER = 60;

/** What a structure yields per hour. Throws RangeError unless level is a whole number from 0 to MAX_LEVEL. */
export function production(structure: StructureName, level: number): Readonly<Stock> {
  return tables[structure].production[checked(level)]!;
}

/** What a structure adds to what its system can hold. Throws RangeError like production. */
export function storage(structure: StructureName, level: number): Readonly<Stock> {
  return tables[structure].storage[checked(level)]!;
}

/**
 * The price of building a structure up to `level` from the level below. Throws RangeError unless level is 1 or more.
 */
export function cost(structure: StructureName, level: number): Readonly<Price> {
  if (level < 1) throw new RangeError(`level ${level} has no price`);
  return tables[structure].cost[checked(level)]!;
}

export function startingLevel(structure: StructureName): number {
  return RULES[structure].startingLevel;
}

export function isStructure(name: unknown): name is StructureName {
  return (STRUCTURES as readonly unknown[]).includes(name);
}

/** Ticks that building takes, from the price's time. At least one: nothing is ready in the tick it was ordered. */
export function buildTicks(price: Readonly<Price>, pace: Readonly<Pace>): number {
  return Math.max(1, Math.ceil(price.time / pace.speed));
}

export function travelTicks(cells: number, pace: Readonly<Pace>): number {
  return Math.max(1, Math.ceil((cells * TICKS_PER_CELL) / pace.speed));
}

/** Throws RangeError for anything that is not a pace. */
export function checkedPace(pace: Readonly<Pace>): Pace {
  for (const [name, value] of [
    ['hourTicks', pace.hourTicks],
    ['speed', pace.speed],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1 || value > 1_000_000) {
      throw new RangeError(`pace.${name} must be a whole number from 1 to 1,000,000, not ${value}`);
    }
  }
  return { hourTicks: pace.hourTicks, speed: pace.speed };
}

interface Tables {
  readonly production: readonly Readonly<Stock>[];
  readonly storage: readonly Readonly<Stock>[];
  readonly cost: readonly Readonly<Price>[];
}

const tables: Readonly<Record<StructureName, Tables>> = {
  colony: tablesOf(RULES.colony),
  asteroidmine: tablesOf(RULES.asteroidmine),
  waterharvester: tablesOf(RULES.waterharvester),
  hatchery: tablesOf(RULES.hatchery),
  storagedepot: tablesOf(RULES.storagedepot),
};

function tablesOf(rule: StructureRule): Tables {
  const levels = Array.from({ length: MAX_LEVEL + 1 }, (_, level) => level);
  return {
    production: levels.map((level) => Object.freeze(stockAtLevel(rule.production, level))),
    storage: levels.map((level) => Object.freeze(stockAtLevel(rule.storage, level))),
    cost: levels.map((level) =>
      Object.freeze({ ...stockAtLevel(rule.cost, level), time: atLevel(rule.cost, level, 'time') }),
    ),
  };
}

function stockAtLevel(ladder: Ladder | undefined, level: number): Stock {
  const stock = stockOf();
  if (ladder) for (const resource of RESOURCES) stock[resource] = atLevel(ladder, level, resource);
  return stock;
}

function atLevel(ladder: Ladder, level: number, key: keyof Price): number {
  const index = level - ladder.first;
  if (index < 0) return 0;
  const last = ladder.steps.length - 1;
  const base = ladder.steps[Math.min(index, last)]?.[key] ?? 0;
  return index <= last ? base : scaled(base, ladder.beyond, index - last);
}

/** base * (up/down)^times, rounded down. In BigInt, because 1.1 ** 30 is not what a pocket calculator says. */
function scaled(base: number, ratio: Ratio, times: number): number {
  const exponent = BigInt(times);
  return Number((BigInt(base) * BigInt(ratio.up) ** exponent) / BigInt(ratio.down) ** exponent);
}

function checked(level: number): number {
  if (Number.isInteger(level) && level >= 0 && level <= MAX_LEVEL) return level;
  throw new RangeError(`a level is a whole number from 0 to ${MAX_LEVEL}, not ${level}`);
}
