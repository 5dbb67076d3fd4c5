import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { NEWS_KEPT } from '../../examples/galactic-war/news.ts';
import { PlainGalaxy } from '../../examples/galactic-war/recompute.ts';
import { Refusal } from '../../examples/galactic-war/refusal.ts';
import { PACES, STRUCTURES } from '../../examples/galactic-war/rules.ts';
import { RESOURCES } from '../../examples/galactic-war/stock.ts';
import { advance, audit, galaxyWith, refusalOf, smallSetup, systemOf } from './small-galaxy.ts';

describe('join', () => {
  it('[G10] gives a free bright system with a colony, and the starting stock', () => {
    const { galaxy, home } = galaxyWith('ada');
    expect(systemOf(galaxy, home)).toMatchObject({
      owner: 'ada',
      stock: { metal: 225, crew: 200, water: 250 },
      structures: { colony: 1 },
    });
    expect(galaxy.state.players.peek('ada')).toEqual({
      id: 'ada',
      joined: 0,
      home,
      systems: [home],
      score: 1,
      fleets: 0,
    });
    expect(galaxy.state.homes).not.toContain(home);
    expect(audit(galaxy)).toEqual([]);
  });

  it('[G10] a player joins once, under a legible name, while there is a home', () => {
    const { galaxy } = galaxyWith('ada', smallSetup(4));
    expect(refusalOf(galaxy, 'ada', 'join')).toBe('ada has already joined');
    expect(refusalOf(galaxy, undefined, 'join')).toBe('this command needs a player');
    for (const name of ['', ' x', 'a\nb', '🚀', 'x'.repeat(33), '<b>']) {
      expect(refusalOf(galaxy, name, 'join')).toMatch(/a player is named with 1 to 32 letters/);
    }
    galaxy.dispatch('join', undefined, { player: 'Ἀρίσταρχος' });
    expect(refusalOf(galaxy, 'cecilia', 'join')).toBe('no system is left to begin in');
    expect(audit(galaxy)).toEqual([]);
  });

  it('[G10] homes are the brightest stars, half of them where there are few', () => {
    const setup = smallSetup(6);
    const stars = setup.stars.map((star, index) => ({ ...star, mag: index % 2 === 0 ? 6 : index }));
    expect(new PlainGalaxy('g', { ...setup, stars }).state.homes).toEqual(['2', '4', '6']);
  });
});

describe('build', () => {
  it('[G11] is paid at once and ready at its exact tick', () => {
    const { galaxy, home } = galaxyWith('ada');
    galaxy.dispatch('build', { system: home, structure: 'hatchery' }, { player: 'ada' });
    expect(systemOf(galaxy, home)).toMatchObject({
      stock: { metal: 165, crew: 150, water: 180 },
      building: { hatchery: 5 },
    });
    advance(galaxy, 4);
    expect(systemOf(galaxy, home).structures).toEqual({ colony: 1 });
    advance(galaxy, 1);
    expect(systemOf(galaxy, home)).toMatchObject({ structures: { colony: 1, hatchery: 1 }, building: {} });
    expect(galaxy.state.agenda.size).toBe(0);
    expect(audit(galaxy)).toEqual([]);
  });

  it('[G11] a new level produces from the tick it is ready, not before', () => {
    const { galaxy, home } = galaxyWith('ada', smallSetup(12, { hourTicks: 1, speed: 1000 }));
    const { water } = systemOf(galaxy, home).stock;
    galaxy.dispatch('build', { system: home, structure: 'waterharvester' }, { player: 'ada' });
    advance(galaxy, 1);
    expect(systemOf(galaxy, home).stock.water).toBe(water - 10 + 7);
    advance(galaxy, 1);
    galaxy.dispatch('build', { system: home, structure: 'asteroidmine' }, { player: 'ada' });
    expect(systemOf(galaxy, home).stock.water).toBe(water - 10 + 7 + 14 - 10);
  });

  it('[G11] one build of a structure at a time, and several structures side by side', () => {
    const { galaxy, home } = galaxyWith('ada');
    for (const structure of STRUCTURES) galaxy.dispatch('build', { system: home, structure }, { player: 'ada' });
    expect(refusalOf(galaxy, 'ada', 'build', { system: home, structure: 'hatchery' })).toMatch(
      /is building its hatchery until tick 5/,
    );
    advance(galaxy, 5);
    expect(systemOf(galaxy, home).structures).toEqual({
      colony: 2,
      asteroidmine: 1,
      waterharvester: 1,
      hatchery: 1,
      storagedepot: 1,
    });
    expect(audit(galaxy)).toEqual([]);
  });

  it('[G11] is refused for what is not there, not owned, not affordable, too high or too large to store', () => {
    const { galaxy, home } = galaxyWith('ada');
    const build = (structure: string, system = home, player: string | undefined = 'ada'): string =>
      refusalOf(galaxy, player, 'build', { system, structure });
    galaxy.dispatch('join', undefined, { player: 'brahe' });
    expect(build('palace')).toMatch(/palace is not a structure: colony, asteroidmine/);
    expect(build('colony', '999')).toBe('there is no system 999');
    expect(build('colony', home, 'brahe')).toMatch(/is not brahe's/);
    expect(build('colony', home, 'cecilia')).toBe('cecilia has not joined this galaxy');
    expect(build('colony', galaxy.state.homes[0])).toMatch(/is not ada's/);
    const system = galaxy.state.systems.get(home)!;
    system.structures.storagedepot = 3;
    expect(build('storagedepot')).toMatch(/a storagedepot of level 4 needs a larger colony .* allows level 3/);
    system.structures.colony = 40;
    system.structures.asteroidmine = 40;
    expect(build('asteroidmine')).toMatch(/highest level/);
    system.structures = { colony: 12, hatchery: 30 };
    expect(build('hatchery')).toMatch(/cannot store the price of the next hatchery: \d+ metal, \d+ crew, \d+ water/);
    system.structures = { colony: 3, hatchery: 7 };
    // The price of level 8 is 60, 50 and 70 times 1.25^7 = 4.768...: 286, 238 and 333.
    expect(build('hatchery')).toMatch(/lacks 61 metal, 38 crew, 83 water for the next hatchery$/);
  });
});

describe('rename', () => {
  it('[G14] gives an own system a name of 1 to 40 characters', () => {
    const { galaxy, home } = galaxyWith('ada');
    galaxy.dispatch('rename', { system: home, name: 'Ada\'s 🪐 "Rest"' }, { player: 'ada' });
    expect(systemOf(galaxy, home).name).toBe('Ada\'s 🪐 "Rest"');
    for (const name of ['', ' x', 'x ', 'x'.repeat(41), 'a\u0000b', '\ud800', 7, undefined]) {
      expect(refusalOf(galaxy, 'ada', 'rename', { system: home, name })).toMatch(/a name has 1 to 40 characters/);
    }
    expect(refusalOf(galaxy, 'ada', 'rename', { system: home, name: 'Ada\'s 🪐 "Rest"' })).toMatch(/name already/);
    const free = galaxy.state.homes[0];
    expect(refusalOf(galaxy, 'ada', 'rename', { system: free, name: 'Mine' })).toMatch(/is not ada's/);
  });
});

describe('ticks', () => {
  it('[G19] a tick with nothing due opens no system, no player and no page', () => {
    const { galaxy } = galaxyWith('ada');
    const { systems, players, agenda } = galaxy.state;
    const spies = [systems, players, agenda].flatMap((table) => [vi.spyOn(table, 'get'), vi.spyOn(table, 'set')]);
    let quiet = 0;
    for (let tick = 0; tick < 200; tick += 1) {
      for (const spy of spies) spy.mockClear();
      galaxy.advance();
      const opened = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
      if (opened === 0) quiet += 1;
      // A comet opens its player and the player's home.
      else expect(opened).toBe(2);
    }
    expect(quiet).toBeGreaterThan(180);
    expect(quiet).toBeLessThan(200);
  });

  it('[G20] the news are the last twenty', () => {
    const { galaxy } = galaxyWith('ada', smallSetup(60));
    for (let player = 0; player < 25; player += 1) galaxy.dispatch('join', undefined, { player: `p${player}` });
    expect(galaxy.state.news).toHaveLength(NEWS_KEPT);
    expect(galaxy.state.news[0]!.text).toMatch(/^p5 begins at/);
    expect(galaxy.state.news.at(-1)!.text).toMatch(/^p24 begins at/);
    expect(audit(galaxy)).toEqual([]);
  });
});

describe('refusals', () => {
  const id = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('1', '2', '3', '4', '5') },
    { weight: 1, arbitrary: fc.constantFrom('999', '', '__proto__', 'toString', 7, null, undefined) },
  );
  const amount = fc.oneof(
    { weight: 9, arbitrary: fc.nat(200) },
    { weight: 1, arbitrary: fc.constantFrom(-1, -0, 0.5, Number.NaN, 1e20, '3', null, undefined) },
  );
  const stock = fc.record(Object.fromEntries(RESOURCES.map((resource) => [resource, amount])));
  const order = fc.oneof(
    fc.record({
      command: fc.constant('build'),
      args: fc.record({ system: id, structure: fc.constantFrom(...STRUCTURES, '__proto__') }),
    }),
    fc.record({ command: fc.constant('colonise'), args: fc.record({ from: id, to: id }) }),
    fc.record({ command: fc.constant('send'), args: fc.record({ from: id, to: id, cargo: fc.option(stock) }) }),
    fc.record({ command: fc.constant('rename'), args: fc.record({ system: id, name: fc.string() }) }),
    fc.record({ command: fc.constant('join'), args: fc.constant(undefined) }),
    fc.record({ command: fc.constant('tick'), args: fc.constant(undefined) }),
  );
  const sent = fc.record({
    order,
    player: fc.constantFrom('ada', 'ada', 'ada', 'brahe', 'brahe', 'brahe', 'cecilia', undefined),
  });

  it('[G15] [G16] [G17] any order is carried out whole or refused and changes nothing, and the books agree', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.array(sent, { minLength: 30, maxLength: 90 }), (orders) => {
        const galaxy = new PlainGalaxy('andromeda', smallSetup(5, PACES.blitz));
        for (const player of ['ada', 'brahe']) galaxy.dispatch('join', undefined, { player });
        for (const { order, player } of orders) {
          if (order.command === 'tick') {
            galaxy.advance();
            continue;
          }
          const before = JSON.stringify(galaxy);
          try {
            galaxy.dispatch(order.command, order.args, { player });
            accepted += 1;
          } catch (error) {
            expect(error).toBeInstanceOf(Refusal);
            expect((error as Refusal).message).not.toMatch(/NaN|\[object/);
            expect(JSON.stringify(galaxy)).toBe(before);
            refused += 1;
          }
        }
        expect(audit(galaxy)).toEqual([]);
      }),
      { numRuns: 200 },
    );
    expect(accepted).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(1000);
  });
});
