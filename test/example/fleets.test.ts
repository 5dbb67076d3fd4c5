import { describe, expect, it } from 'vitest';
import { PlainGalaxy } from '../../examples/galactic-war/recompute.ts';
import { MAX_FLEETS } from '../../examples/galactic-war/rules.ts';
import { advance, audit, galaxyWith, refusalOf, smallSetup, systemOf } from './small-galaxy.ts';

/** The stars of rowOfStars are 50 cells apart: at blitz speed that is 50 * 5 / 20 = 12.5 ticks. */
const HOP = 13;

function neighbourOf(home: string): string {
  return home === '1' ? '2' : String(Number(home) - 1);
}

describe('colonise', () => {
  it('[G12] spends the hull, carries the cargo, and founds a colony at its exact tick', () => {
    const { galaxy, home } = galaxyWith('ada');
    const goal = neighbourOf(home);
    galaxy.dispatch('colonise', { from: home, to: goal }, { player: 'ada' });
    expect(systemOf(galaxy, home).stock).toEqual({ metal: 75, crew: 130, water: 180 });
    expect(galaxy.state.books).toMatchObject({
      spent: { metal: 100, crew: 20, water: 20 },
      travelling: { metal: 50, crew: 50, water: 50 },
    });
    advance(galaxy, HOP - 1);
    expect(systemOf(galaxy, goal).owner).toBeNull();
    advance(galaxy, 1);
    expect(systemOf(galaxy, goal)).toMatchObject({
      owner: 'ada',
      asOf: HOP,
      stock: { metal: 50, crew: 50, water: 50 },
      structures: { colony: 1 },
    });
    expect(galaxy.state.players.peek('ada')).toMatchObject({ systems: [home, goal], score: 2, fleets: 0 });
    expect(audit(galaxy)).toEqual([]);
  });

  it('[G12] who lands first has the system; a later ship turns back with its cargo', () => {
    const galaxy = new PlainGalaxy('andromeda', smallSetup(3, { hourTicks: 3600, speed: 20 }));
    galaxy.state.homes.splice(0, 2, '1', '3');
    galaxy.dispatch('join', undefined, { player: 'ada' });
    galaxy.dispatch('join', undefined, { player: 'brahe' });
    const [ada, brahe] = ['ada', 'brahe'].map((id) => galaxy.state.players.peek(id)!.home) as [string, string];
    galaxy.dispatch('colonise', { from: ada, to: '2' }, { player: 'ada' });
    advance(galaxy, 2);
    galaxy.dispatch('colonise', { from: brahe, to: '2' }, { player: 'brahe' });
    advance(galaxy, HOP);
    expect(systemOf(galaxy, '2').owner).toBe('ada');
    expect(galaxy.state.players.peek('brahe')).toMatchObject({ systems: [brahe], fleets: 1 });
    expect(galaxy.state.news.at(-1)?.text).toBe('brahe came too late to HIP 2 and turns back');
    const before = { ...systemOf(galaxy, brahe).stock };
    advance(galaxy, HOP);
    expect(galaxy.state.players.peek('brahe')!.fleets).toBe(0);
    expect(systemOf(galaxy, brahe).stock.crew).toBe(before.crew + 50);
    expect(audit(galaxy)).toEqual([]);
  });

  it('[G12] a second ship of the same player brings the new colony its cargo', () => {
    const { galaxy, home } = galaxyWith('ada', smallSetup(3, { hourTicks: 3600, speed: 20 }));
    const goal = neighbourOf(home);
    galaxy.state.systems.get(home)!.stock.metal += 300;
    galaxy.state.books.held.metal += 300;
    galaxy.state.books.granted.metal += 300;
    for (let ship = 0; ship < 2; ship += 1) galaxy.dispatch('colonise', { from: home, to: goal }, { player: 'ada' });
    advance(galaxy, HOP);
    expect(systemOf(galaxy, goal).stock).toEqual({ metal: 100, crew: 100, water: 100 });
    expect(galaxy.state.players.peek('ada')).toMatchObject({ systems: [home, goal], fleets: 0 });
    expect(audit(galaxy)).toEqual([]);
  });

  it('[G12] a free home that is colonised is no longer one to begin in', () => {
    const { galaxy } = galaxyWith('ada', smallSetup(3, { hourTicks: 1, speed: 1000 }));
    galaxy.state.homes.splice(0, 9, ...['1', '2', '3'].filter((id) => systemOf(galaxy, id).owner === null));
    const from = galaxy.state.players.peek('ada')!.home;
    const to = neighbourOf(from);
    galaxy.dispatch('colonise', { from, to }, { player: 'ada' });
    advance(galaxy, 2);
    expect(systemOf(galaxy, to).owner).toBe('ada');
    expect(galaxy.state.homes).not.toContain(to);
  });

  it('[G12] is refused out of reach, for a system with an owner, and for want of stock or leaders', () => {
    const { galaxy, home } = galaxyWith('ada');
    const colonise = (to: string, from = home): string => refusalOf(galaxy, 'ada', 'colonise', { from, to });
    const far = Number(home) <= 6 ? '12' : '1';
    expect(colonise(far)).toMatch(/is \d+ cells from .* and a colony ship goes 120/);
    expect(colonise('none')).toBe('there is no system none');
    expect(colonise(home)).toMatch(/belongs to ada/);
    expect(colonise(neighbourOf(home), far)).toMatch(/is not ada's/);
    galaxy.dispatch('colonise', { from: home, to: neighbourOf(home) }, { player: 'ada' });
    expect(colonise(neighbourOf(home))).toMatch(/lacks 75 metal for a colony ship/);
    galaxy.state.players.get('ada')!.fleets = MAX_FLEETS;
    expect(colonise(neighbourOf(home))).toMatch(/ada has 12 fleets under way/);
  });
});

describe('send', () => {
  function twoSystems(): { galaxy: PlainGalaxy; home: string; other: string } {
    const { galaxy, home } = galaxyWith('ada', smallSetup(12, { hourTicks: 3600, speed: 20 }));
    const other = neighbourOf(home);
    galaxy.dispatch('colonise', { from: home, to: other }, { player: 'ada' });
    advance(galaxy, HOP);
    return { galaxy, home, other };
  }

  it('[G13] takes the cargo at once and delivers it at its exact tick', () => {
    const { galaxy, home, other } = twoSystems();
    galaxy.dispatch('send', { from: home, to: other, cargo: { metal: 5, crew: 0, water: 7 } }, { player: 'ada' });
    expect(systemOf(galaxy, home).stock).toMatchObject({ metal: 70, water: 173 });
    advance(galaxy, HOP - 1);
    expect(systemOf(galaxy, other).stock).toEqual({ metal: 50, crew: 50, water: 50 });
    advance(galaxy, 1);
    expect(systemOf(galaxy, other).stock).toEqual({ metal: 55, crew: 50, water: 57 });
    expect(galaxy.state.players.peek('ada')!.fleets).toBe(0);
    expect(audit(galaxy)).toEqual([]);
  });

  it('[G13] what does not fit is lost, and the books say so', () => {
    const { galaxy, home, other } = twoSystems();
    const goal = galaxy.state.systems.get(other)!;
    goal.stock.crew += 945;
    galaxy.state.books.held.crew += 945;
    galaxy.state.books.granted.crew += 945;
    galaxy.dispatch('send', { from: home, to: other, cargo: { metal: 0, crew: 20, water: 0 } }, { player: 'ada' });
    advance(galaxy, HOP);
    expect(goal.stock.crew).toBe(1000);
    expect(galaxy.state.books.spilled).toEqual({ metal: 0, crew: 15, water: 0 });
    expect(audit(galaxy)).toEqual([]);
  });

  it.each([
    [{ metal: 0, crew: 0, water: 0 }, /an empty fleet/],
    [{ metal: -1, crew: 2, water: 0 }, /metal is -1/],
    [{ metal: 1, crew: 0.5, water: 0 }, /crew is 0.5/],
    [{ metal: 1, crew: 1 }, /water is undefined/],
    [{ metal: '1', crew: 1, water: 1 }, /whole numbers/],
    [null, /metal is undefined/],
    [undefined, /metal is undefined/],
    [{ metal: 1e300, crew: 0, water: 0 }, /metal is 1e\+300/],
    [{ metal: 100_000, crew: 0, water: 0 }, /lacks 99925 metal of this cargo/],
  ])('[G13] a cargo of %j is refused', (cargo, message) => {
    const { galaxy, home, other } = twoSystems();
    expect(refusalOf(galaxy, 'ada', 'send', { from: home, to: other, cargo })).toMatch(message);
  });

  it('[G13] goes only between own systems, and not to itself', () => {
    const { galaxy, home, other } = twoSystems();
    const cargo = { metal: 1, crew: 0, water: 0 };
    const free = ['1', '2', '3', '4'].find((id) => systemOf(galaxy, id).owner === null)!;
    expect(refusalOf(galaxy, 'ada', 'send', { from: home, to: free, cargo })).toMatch(/is not ada's/);
    expect(refusalOf(galaxy, 'ada', 'send', { from: free, to: home, cargo })).toMatch(/is not ada's/);
    expect(refusalOf(galaxy, 'ada', 'send', { from: other, to: other, cargo })).toMatch(
      /is where the cargo is already/,
    );
    for (let fleet = 0; fleet < MAX_FLEETS; fleet += 1) {
      galaxy.dispatch('send', { from: home, to: other, cargo }, { player: 'ada' });
    }
    expect(refusalOf(galaxy, 'ada', 'send', { from: home, to: other, cargo })).toMatch(/more than 12 nobody can lead/);
    expect(audit(galaxy)).toEqual([]);
  });
});
