// One star system. Its stock is brought up to date only when somebody touches it: a galaxy of 5,044 systems costs a
// tick nothing. Production is counted from the tick number alone, so looking often or seldom gives the same stock.

import { type Books, bookCapacity, bookGranted, bookLoaded, bookProduced, bookSpent, bookUnloaded } from './books.ts';
import { type Pace, production, STRUCTURES, type StructureName, startingLevel, storage } from './rules.ts';
import { addTo, leastOf, RESOURCES, type Stock, stockOf, sumOf, takeFrom } from './stock.ts';

export interface System {
  /** The star's Hipparcos number. */
  id: string;
  name: string;
  x: number;
  y: number;
  /** Percent of the usual production, by the star's colour and magnitude. */
  yields: Stock;
  owner: string | null;
  /** What was here at tick `asOf`. Use stockAt for what is here now. */
  stock: Stock;
  asOf: number;
  /** Levels. A structure that is not named has level 0. */
  structures: Partial<Record<StructureName, number>>;
  /** Structures that are being built, with the tick when each is ready. */
  building: Partial<Record<StructureName, number>>;
}

/** A system as readers get it, frozen or not. */
export type SystemView = Readonly<Omit<System, 'yields' | 'stock' | 'structures' | 'building'>> & {
  readonly yields: Readonly<Stock>;
  readonly stock: Readonly<Stock>;
  readonly structures: Readonly<System['structures']>;
  readonly building: Readonly<System['building']>;
};

export function levelOf(system: SystemView, structure: StructureName): number {
  return system.structures[structure] ?? 0;
}

/** What a system makes per hour. */
export function ratesOf(system: SystemView): Stock {
  const rates = stockOf();
  for (const structure of STRUCTURES) addTo(rates, production(structure, levelOf(system, structure)));
  for (const resource of RESOURCES) rates[resource] = Math.floor((rates[resource] * system.yields[resource]) / 100);
  return rates;
}

/** The most a system can hold of each resource. */
export function capacityOf(system: SystemView): Stock {
  const capacity = stockOf();
  for (const structure of STRUCTURES) addTo(capacity, storage(structure, levelOf(system, structure)));
  return capacity;
}

/** What a system holds at `tick`, which is not before the tick it was last brought up to date. */
export function stockAt(system: SystemView, tick: number, pace: Readonly<Pace>): Stock {
  if (system.owner === null) return stockOf(system.stock);
  const rates = ratesOf(system);
  const made = stockOf();
  for (const resource of RESOURCES) {
    made[resource] = madeBy(tick, rates[resource], pace) - madeBy(system.asOf, rates[resource], pace);
  }
  return leastOf(sumOf(system.stock, made), capacityOf(system));
}

/** The score of a system: a structure at level 4 counts 1 + 2 + 3 + 4. */
export function scoreOf(system: SystemView): number {
  let score = 0;
  for (const structure of STRUCTURES) {
    const level = levelOf(system, structure);
    score += (level * (level + 1)) / 2;
  }
  return score;
}

/** Everything a rate makes from tick 0 up to `tick`. Hours and rest apart keep the products within exact integers. */
function madeBy(tick: number, rate: number, { hourTicks }: Readonly<Pace>): number {
  return rate * Math.floor(tick / hourTicks) + Math.floor((rate * (tick % hourTicks)) / hourTicks);
}

/** Brings the stock of a system up to date. Comes before every other change of its stock or its structures. */
export function accrue(system: System, books: Books, tick: number, pace: Readonly<Pace>): void {
  const now = stockAt(system, tick, pace);
  const made = stockOf(now);
  takeFrom(made, system.stock);
  bookProduced(books, made);
  system.stock = now;
  system.asOf = tick;
}

/** Makes a free system a player's, with a colony and nothing in store. */
export function found(system: System, books: Books, owner: string, tick: number): void {
  if (system.owner !== null) throw new Error(`system ${system.id} is ${system.owner}'s already`);
  system.owner = owner;
  system.asOf = tick;
  for (const structure of STRUCTURES) {
    if (startingLevel(structure) > 0) system.structures[structure] = startingLevel(structure);
  }
  bookCapacity(books, capacityOf(system));
}

/** Adds a level. The stock must be up to date, for it grew at the old rate until now. */
export function raise(system: System, books: Books, structure: StructureName): number {
  const level = levelOf(system, structure) + 1;
  const before = capacityOf(system);
  system.structures[structure] = level;
  const added = capacityOf(system);
  takeFrom(added, before);
  bookCapacity(books, added);
  return level;
}

export function pay(system: System, books: Books, price: Readonly<Stock>): void {
  takeFrom(system.stock, price);
  bookSpent(books, price);
}

/** Takes a cargo aboard a fleet. */
export function load(system: System, books: Books, cargo: Readonly<Stock>): void {
  takeFrom(system.stock, cargo);
  bookLoaded(books, cargo);
}

/** Puts a fleet's cargo in store. What there is no room for is lost, and returned. */
export function unload(system: System, books: Books, cargo: Readonly<Stock>): Stock {
  const stored = leastOf(cargo, roomIn(system));
  const spilled = stockOf(cargo);
  takeFrom(spilled, stored);
  addTo(system.stock, stored);
  bookUnloaded(books, stored, spilled);
  return spilled;
}

/** A gift, as far as there is room for it. What was taken is returned. */
export function receive(system: System, books: Books, gift: Readonly<Stock>): Stock {
  const taken = leastOf(gift, roomIn(system));
  addTo(system.stock, taken);
  bookGranted(books, taken);
  return taken;
}

function roomIn(system: System): Stock {
  const room = capacityOf(system);
  takeFrom(room, system.stock);
  return room;
}
