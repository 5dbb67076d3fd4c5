// Small galaxies for the tests of the example, and an audit that looks at everything the invariants take on trust.

import { PlainGalaxy } from '../../examples/galactic-war/recompute.ts';
import { Refusal } from '../../examples/galactic-war/refusal.ts';
import { PACES } from '../../examples/galactic-war/rules.ts';
import type { Star } from '../../examples/galactic-war/stars.ts';
import type { Setup } from '../../examples/galactic-war/state.ts';
import { addTo, RESOURCES, stockOf } from '../../examples/galactic-war/stock.ts';
import { capacityOf, type System, scoreOf } from '../../examples/galactic-war/system.ts';

/** Stars in a row, 50 cells apart, of the Sun's colour: yields of 100 percent, but 110 of crew by their magnitude. */
export function rowOfStars(count: number): Star[] {
  return Array.from({ length: count }, (_, index) => ({
    hip: index + 1,
    ra: index * 5 - 170,
    dec: 0,
    mag: 3,
    bv: 0.65,
    name: index === 0 ? 'Alpha' : '',
  }));
}

export function smallSetup(count = 12, pace: Setup['pace'] = PACES.blitz): Setup {
  return { stars: rowOfStars(count), pace };
}

/** A galaxy with one player, and the id of that player's home. */
export function galaxyWith(player: string, setup = smallSetup()): { galaxy: PlainGalaxy; home: string } {
  const galaxy = new PlainGalaxy('andromeda', setup);
  galaxy.dispatch('join', undefined, { player });
  return { galaxy, home: galaxy.state.players.peek(player)!.home };
}

export function systemOf(galaxy: PlainGalaxy, id: string): System {
  return galaxy.state.systems.peek(id)!;
}

export function advance(galaxy: PlainGalaxy, ticks: number): void {
  for (let tick = 0; tick < ticks; tick += 1) galaxy.advance();
}

/** The words of a refusal; throws if the order was accepted, or failed in any other way. */
export function refusalOf(galaxy: PlainGalaxy, player: string | undefined, command: string, args?: unknown): string {
  try {
    galaxy.dispatch(command, args, { player });
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  throw new Error(`${command} was accepted`);
}

/** Everything that is wrong with a galaxy, each in a sentence. Costs as much as the galaxy is large. */
export function audit(galaxy: PlainGalaxy): string[] {
  const { state, tick } = galaxy;
  const wrong: string[] = [];
  const [held, travelling, capacity] = [stockOf(), stockOf(), stockOf()];
  const due: string[] = [];
  for (const system of state.systems.values()) {
    const room = capacityOf(system);
    addTo(held, system.stock);
    addTo(capacity, room);
    if (system.asOf > tick) wrong.push(`${system.id} is ahead of its time`);
    for (const resource of RESOURCES) {
      const amount = system.stock[resource];
      if (!Number.isSafeInteger(amount) || amount < 0) wrong.push(`${system.id} holds ${amount} ${resource}`);
      if (amount > room[resource]) wrong.push(`${system.id} holds ${amount} ${resource}, more than ${room[resource]}`);
    }
    if (system.owner === null && Object.keys(system.structures).length > 0) wrong.push(`free ${system.id} is built`);
    for (const [structure, ready] of Object.entries(system.building)) due.push(`${ready} ${system.id} ${structure}`);
  }
  const built: string[] = [];
  const fleets = new Map<string, number>();
  let events = 0;
  for (const page of state.agenda.values()) {
    if (page.tick <= tick) wrong.push(`the agenda holds a page of tick ${page.tick} at tick ${tick}`);
    for (const event of page.events) {
      events += 1;
      if (event.kind === 'built') {
        built.push(`${page.tick} ${event.system} ${event.structure}`);
        continue;
      }
      addTo(travelling, event.cargo);
      fleets.set(event.owner, (fleets.get(event.owner) ?? 0) + 1);
    }
  }
  if (due.sort().join() !== built.sort().join()) wrong.push('what is being built is not what the agenda holds');
  if (events !== state.pending) wrong.push(`${state.pending} events are counted and ${events} are there`);
  const same = (name: 'held' | 'travelling' | 'capacity', found: typeof held): void => {
    for (const resource of RESOURCES) {
      const booked = state.books[name][resource];
      if (booked !== found[resource])
        wrong.push(`books.${name}.${resource} is ${booked}, and ${found[resource]} is there`);
    }
  };
  same('held', held);
  same('travelling', travelling);
  same('capacity', capacity);
  const players = state.players.values();
  for (const player of players) {
    const systems = player.systems.map((id) => systemOf(galaxy, id));
    if (systems.some((system) => system.owner !== player.id))
      wrong.push(`${player.id} lists a system of somebody else`);
    const score = systems.reduce((sum, system) => sum + scoreOf(system), 0);
    if (score !== player.score) wrong.push(`${player.id} has score ${player.score} and should have ${score}`);
    if (player.fleets !== (fleets.get(player.id) ?? 0)) wrong.push(`${player.id} counts ${player.fleets} fleets`);
  }
  const owned = state.systems.values().filter((system) => system.owner !== null).length;
  const listed = players.reduce((sum, player) => sum + player.systems.length, 0);
  if (owned !== listed) wrong.push(`${owned} systems are owned and ${listed} are listed`);
  const ranked = [...players]
    .sort((one, other) => other.score - one.score || (one.id < other.id ? -1 : 1))
    .map((player) => player.id);
  if (ranked.join() !== state.ranking.join()) wrong.push(`the ranking is ${state.ranking} and should be ${ranked}`);
  if (state.homes.some((id) => systemOf(galaxy, id).owner !== null)) wrong.push('a home that is offered is not free');
  return wrong;
}
