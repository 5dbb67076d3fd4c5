// What players can do, and what a tick does. Each order looks at everything it needs before it changes anything, and
// refuses in words a player can act on.

import { completeDue, openSystem, schedule, settle } from './agenda.ts';
import { report } from './news.ts';
import { checkNewcomer, enlist, memberOf, openPlayer, playerIdOf } from './player.ts';
import { refuse } from './refusal.ts';
import {
  buildTicks,
  COLONY_CARGO,
  COLONY_HULL,
  COLONY_REACH,
  COMET_EVERY,
  COMET_WATER,
  cost,
  isStructure,
  LEVELS_PER_COLONY_LEVEL,
  MAX_FLEETS,
  MAX_LEVEL,
  type Price,
  STARTING_STOCK,
  STRUCTURES,
  type StructureName,
  travelTicks,
} from './rules.ts';
import { distance } from './star-map.ts';
import type { GalaxyDraft, Turn } from './state.ts';
import { RESOURCES, type Stock, shortfall, stockOf, sumOf } from './stock.ts';
import { accrue, capacityOf, levelOf, load, pay, receive, type SystemView, stockAt } from './system.ts';

export interface BuildArgs {
  readonly system: string;
  readonly structure: StructureName;
}

export interface ColoniseArgs {
  readonly from: string;
  readonly to: string;
}

export interface SendArgs {
  readonly from: string;
  readonly to: string;
  readonly cargo: Readonly<Stock>;
}

export interface RenameArgs {
  readonly system: string;
  readonly name: string;
}

/** A new player gets one of the free bright systems, drawn by lot, with a colony and the starting stock. */
export function join(draft: GalaxyDraft, _args: undefined, turn: Turn): void {
  const id = playerIdOf(turn);
  checkNewcomer(draft, id);
  const home = draft.homes[Math.floor(turn.random() * draft.homes.length)];
  if (home === undefined) refuse('no system is left to begin in');
  enlist(draft, id, turn.tick, home);
  const system = openSystem(draft, home);
  settle(draft, system, id, turn.tick);
  receive(system, draft.books, STARTING_STOCK);
  report(draft, turn.tick, `${id} begins at ${system.name}`);
}

/** Pays for the next level of a structure, which is ready some ticks later. */
export function build(draft: GalaxyDraft, { system: id, structure }: BuildArgs, turn: Turn): void {
  const player = memberOf(draft, turn);
  if (!isStructure(structure)) refuse(`${String(structure)} is not a structure: ${STRUCTURES.join(', ')} are`);
  const site = ownSystem(draft, id, player);
  const why = buildObstacle(site, structure);
  if (why !== undefined) refuse(why);
  const price = cost(structure, levelOf(site, structure) + 1);
  const missing = shortfall(stockAt(site, turn.tick, draft.pace), price);
  if (missing !== undefined) refuse(`${site.name} lacks ${missing} for the next ${structure}`);

  const system = openSystem(draft, id);
  accrue(system, draft.books, turn.tick, draft.pace);
  pay(system, draft.books, price);
  const ready = turn.tick + buildTicks(price, draft.pace);
  system.building[structure] = ready;
  schedule(draft, ready, { kind: 'built', system: id, structure });
}

/** Why a structure cannot be built up here at all, whatever is in store; undefined if only the price is in question. */
export function buildObstacle(system: SystemView, structure: StructureName): string | undefined {
  const level = levelOf(system, structure) + 1;
  const ready = system.building[structure];
  if (ready !== undefined) return `${system.name} is building its ${structure} until tick ${ready}`;
  if (level > MAX_LEVEL) return `the ${structure} of ${system.name} has the highest level there is`;
  const most = levelOf(system, 'colony') * LEVELS_PER_COLONY_LEVEL;
  if (structure !== 'colony' && level > most) {
    return `a ${structure} of level ${level} needs a larger colony at ${system.name}, which allows level ${most}`;
  }
  const price: Price = cost(structure, level);
  const beyond = shortfall(capacityOf(system), price);
  if (beyond !== undefined) return `${system.name} cannot store the price of the next ${structure}: ${beyond} too much`;
  return undefined;
}

/** Sends a colony ship to a free system within reach. Who lands first has it; a ship that comes late turns back. */
export function colonise(draft: GalaxyDraft, { from, to }: ColoniseArgs, turn: Turn): void {
  const player = memberOf(draft, turn);
  const origin = ownSystem(draft, from, player);
  const goal = draft.systems.peek(to);
  if (!goal) refuse(`there is no system ${String(to)}`);
  if (goal.owner !== null) refuse(`${goal.name} belongs to ${goal.owner}`);
  const cells = distance(origin, goal);
  if (cells > COLONY_REACH) {
    refuse(`${goal.name} is ${cells} cells from ${origin.name}, and a colony ship goes ${COLONY_REACH}`);
  }
  checkFleets(draft, player);
  const missing = shortfall(stockAt(origin, turn.tick, draft.pace), sumOf(COLONY_HULL, COLONY_CARGO));
  if (missing !== undefined) refuse(`${origin.name} lacks ${missing} for a colony ship`);

  const system = openSystem(draft, from);
  accrue(system, draft.books, turn.tick, draft.pace);
  pay(system, draft.books, COLONY_HULL);
  load(system, draft.books, COLONY_CARGO);
  openPlayer(draft, player).fleets += 1;
  const due = turn.tick + travelTicks(cells, draft.pace);
  schedule(draft, due, { kind: 'landing', owner: player, from, to, cargo: stockOf(COLONY_CARGO) });
}

/** Sends a fleet with cargo from one own system to another, however far. */
export function send(draft: GalaxyDraft, { from, to, cargo }: SendArgs, turn: Turn): void {
  const player = memberOf(draft, turn);
  const origin = ownSystem(draft, from, player);
  const goal = ownSystem(draft, to, player);
  if (from === to) refuse(`${origin.name} is where the cargo is already`);
  const freight = checkedCargo(cargo);
  checkFleets(draft, player);
  const missing = shortfall(stockAt(origin, turn.tick, draft.pace), freight);
  if (missing !== undefined) refuse(`${origin.name} lacks ${missing} of this cargo`);

  const system = openSystem(draft, from);
  accrue(system, draft.books, turn.tick, draft.pace);
  load(system, draft.books, freight);
  openPlayer(draft, player).fleets += 1;
  const due = turn.tick + travelTicks(distance(origin, goal), draft.pace);
  schedule(draft, due, { kind: 'arrival', owner: player, from, to, cargo: freight });
}

/** Gives an own system another name. */
export function rename(draft: GalaxyDraft, { system: id, name }: RenameArgs, turn: Turn): void {
  const player = memberOf(draft, turn);
  const system = ownSystem(draft, id, player);
  if (typeof name !== 'string' || !/^[^\p{Cc}\p{Cs}]{1,40}$/u.test(name) || name.trim() !== name) {
    refuse('a name has 1 to 40 characters and no space around it');
  }
  if (system.name === name) refuse(`${name} is its name already`);
  openSystem(draft, id).name = name;
}

/** What happens by itself: events fall due, and now and then a comet passes. */
export function passTick(draft: GalaxyDraft, turn: Turn): void {
  completeDue(draft, turn);
  if (draft.ranking.length === 0 || turn.random() * COMET_EVERY >= 1) return;
  const lucky = draft.ranking[Math.floor(turn.random() * draft.ranking.length)]!;
  const home = openSystem(draft, openPlayer(draft, lucky).home);
  accrue(home, draft.books, turn.tick, draft.pace);
  const { water } = receive(home, draft.books, stockOf({ water: 1 + Math.floor(turn.random() * COMET_WATER) }));
  report(draft, turn.tick, `a comet leaves ${water} water at ${home.name}`);
}

function ownSystem(draft: GalaxyDraft, id: string, player: string): SystemView {
  const system = draft.systems.peek(id);
  if (!system) refuse(`there is no system ${String(id)}`);
  if (system.owner !== player) refuse(`${system.name} is not ${player}'s`);
  return system;
}

function checkFleets(draft: GalaxyDraft, player: string): void {
  const under = draft.players.peek(player)?.fleets ?? 0;
  if (under >= MAX_FLEETS)
    refuse(`${player} has ${under} fleets under way, and more than ${MAX_FLEETS} nobody can lead`);
}

function checkedCargo(cargo: Readonly<Stock>): Stock {
  let sum = 0;
  for (const resource of RESOURCES) {
    const amount: unknown = cargo?.[resource];
    if (!Number.isSafeInteger(amount) || (amount as number) < 0) {
      refuse(`a cargo names metal, crew and water as whole numbers; ${resource} is ${String(amount)}`);
    }
    sum += amount as number;
  }
  if (sum === 0) refuse('an empty fleet goes nowhere');
  // Adding 0 turns -0, which no state may hold, into 0.
  return { metal: cargo.metal + 0, crew: cargo.crew + 0, water: cargo.water + 0 };
}
