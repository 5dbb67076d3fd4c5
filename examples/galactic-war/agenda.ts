// What is going to happen, by the tick it is due at, and what happens then. A tick opens its own page of the agenda and
// nothing else, so its cost follows from the events that are due and not from the size of the galaxy.

import { report } from './news.ts';
import { addScore, openPlayer } from './player.ts';
import { type StructureName, travelTicks } from './rules.ts';
import { distance } from './star-map.ts';
import type { GalaxyDraft, Turn } from './state.ts';
import { inWords, type Stock, stockOf } from './stock.ts';
import { accrue, found, raise, type System, scoreOf, unload } from './system.ts';

/** A structure is ready. */
export interface BuiltEvent {
  kind: 'built';
  system: string;
  structure: StructureName;
}

/** A fleet reaches a system of its owner. */
export interface ArrivalEvent {
  kind: 'arrival';
  owner: string;
  from: string;
  to: string;
  cargo: Stock;
}

/** A colony ship reaches a system that was free when it left. */
export interface LandingEvent {
  kind: 'landing';
  owner: string;
  from: string;
  to: string;
  cargo: Stock;
}

export type TimedEvent = BuiltEvent | ArrivalEvent | LandingEvent;

/** All events of one tick, in the order they were ordered. */
export interface AgendaPage {
  tick: number;
  events: TimedEvent[];
}

/** Padded, so that the pages of an agenda are listed in the order of time. */
export function pageId(tick: number): string {
  return String(tick).padStart(12, '0');
}

export function schedule(draft: GalaxyDraft, tick: number, event: TimedEvent): void {
  const id = pageId(tick);
  const page = draft.agenda.get(id);
  if (page) page.events.push(event);
  else draft.agenda.set(id, { tick, events: [event] });
  draft.pending += 1;
}

/** Completes the events of this tick. None of them can add to this tick: whatever begins takes a tick at least. */
export function completeDue(draft: GalaxyDraft, turn: Turn): void {
  const id = pageId(turn.tick);
  const page = draft.agenda.peek(id);
  if (!page) return;
  draft.agenda.delete(id);
  draft.pending -= page.events.length;
  for (const event of page.events) {
    switch (event.kind) {
      case 'built':
        completeBuilding(draft, event, turn.tick);
        break;
      case 'arrival':
        completeArrival(draft, event, turn.tick);
        break;
      case 'landing':
        completeLanding(draft, event, turn.tick);
        break;
    }
  }
}

function completeBuilding(draft: GalaxyDraft, { system: id, structure }: BuiltEvent, tick: number): void {
  const system = openSystem(draft, id);
  if (system.owner === null) throw new Error(`a ${structure} was built in ${id}, which nobody owns`);
  accrue(system, draft.books, tick, draft.pace);
  delete system.building[structure];
  const level = raise(system, draft.books, structure);
  addScore(draft, system.owner, level);
  if (structure === 'colony') report(draft, tick, `${system.name} has a colony of level ${level}`);
}

function completeArrival(draft: GalaxyDraft, { owner, to, cargo }: ArrivalEvent, tick: number): void {
  const system = openSystem(draft, to);
  if (system.owner !== owner) throw new Error(`a fleet of ${owner} arrived in ${to}, which is not ${owner}'s`);
  accrue(system, draft.books, tick, draft.pace);
  unload(system, draft.books, cargo);
  openPlayer(draft, owner).fleets -= 1;
}

function completeLanding(draft: GalaxyDraft, landing: LandingEvent, tick: number): void {
  const { owner, from, to, cargo } = landing;
  const there = draft.systems.peek(to);
  if (there?.owner === owner) {
    // Two ships to one system: the first founded the colony, this one brings it more.
    completeArrival(draft, { kind: 'arrival', owner, from, to, cargo }, tick);
    return;
  }
  if (there && there.owner !== null) {
    turnBack(draft, landing, tick);
    return;
  }
  const system = openSystem(draft, to);
  settle(draft, system, owner, tick);
  unload(system, draft.books, cargo);
  openPlayer(draft, owner).fleets -= 1;
  report(draft, tick, `${owner} founded a colony at ${system.name} with ${inWords(system.stock)}`);
}

function turnBack(draft: GalaxyDraft, { owner, from, to, cargo }: LandingEvent, tick: number): void {
  const [origin, goal] = [peekSystem(draft, from), peekSystem(draft, to)];
  const back = tick + travelTicks(distance(goal, origin), draft.pace);
  schedule(draft, back, { kind: 'arrival', owner, from: to, to: from, cargo: stockOf(cargo) });
  report(draft, tick, `${owner} came too late to ${goal.name} and turns back`);
}

/** A free system becomes a player's, and is no longer one to begin in. */
export function settle(draft: GalaxyDraft, system: System, owner: string, tick: number): void {
  found(system, draft.books, owner, tick);
  const home = draft.homes.indexOf(system.id);
  if (home >= 0) draft.homes.splice(home, 1);
  openPlayer(draft, owner).systems.push(system.id);
  addScore(draft, owner, scoreOf(system));
}

export function openSystem(draft: GalaxyDraft, id: string): System {
  const system = draft.systems.get(id);
  if (!system) throw new Error(`there is no system ${id}`);
  return system;
}

export function peekSystem(draft: GalaxyDraft, id: string): System {
  const system = draft.systems.peek(id);
  if (!system) throw new Error(`there is no system ${id}`);
  return system;
}
