import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBooks } from '../../examples/galactic-war/books.ts';
import { PACES, STRUCTURES } from '../../examples/galactic-war/rules.ts';
import { newGalaxy } from '../../examples/galactic-war/state.ts';
import { stockOf } from '../../examples/galactic-war/stock.ts';
import {
  accrue,
  capacityOf,
  found,
  raise,
  ratesOf,
  receive,
  type System,
  scoreOf,
  stockAt,
} from '../../examples/galactic-war/system.ts';
import { smallSetup } from './small-galaxy.ts';

function colony(): System {
  const system = newGalaxy(smallSetup()).systems[0]!;
  found(system, openBooks(), 'ada', 0);
  return system;
}

describe('the stock of a system', () => {
  it('[G9] an hour gives what the structures produce by the hour, and half an hour half of it rounded down', () => {
    const system = colony();
    expect(ratesOf(system)).toEqual({ metal: 6, crew: 5, water: 7 });
    expect(stockAt(system, 3600, PACES.classic)).toEqual({ metal: 6, crew: 5, water: 7 });
    expect(stockAt(system, 1800, PACES.classic)).toEqual({ metal: 3, crew: 2, water: 3 });
    expect(stockAt(system, 599, PACES.classic).metal).toBe(0);
    expect(stockAt(system, 600, PACES.classic).metal).toBe(1);
    expect(stockAt(system, 20, { hourTicks: 10, speed: 1 })).toEqual({ metal: 12, crew: 10, water: 14 });
  });

  it('[G9] the star decides how much of it: the yields are percentages, rounded down on the sum', () => {
    const system = { ...colony(), yields: { metal: 150, crew: 50, water: 99 } };
    expect(ratesOf(system)).toEqual({ metal: 9, crew: 2, water: 6 });
  });

  it('[G9] a free system stays empty', () => {
    const system = newGalaxy(smallSetup()).systems[0]!;
    expect(stockAt(system, 1_000_000, PACES.blitz)).toEqual(stockOf());
    expect(capacityOf(system)).toEqual(stockOf());
  });

  it('[G9] production stops when the stores are full', () => {
    const system = colony();
    const books = openBooks();
    accrue(system, books, 10_000_000, PACES.blitz);
    expect(system.stock).toEqual({ metal: 1000, crew: 1000, water: 1000 });
    expect(books.produced).toEqual(system.stock);
    expect(receive(system, books, stockOf({ water: 5 }))).toEqual(stockOf());
    expect(books.granted).toEqual(stockOf());
  });

  it('[G9] looking often or seldom gives the same stock, at any pace and any level', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5000), { minLength: 1, maxLength: 20 }),
        fc.array(fc.constantFrom(...STRUCTURES), { maxLength: 30 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.nat(2 ** 40),
        (steps, raised, hourTicks, start) => {
          const pace = { hourTicks, speed: 1 };
          const [often, seldom] = [colony(), colony()];
          for (const system of [often, seldom]) {
            system.asOf = start;
            for (const structure of raised) raise(system, openBooks(), structure);
          }
          const books = openBooks();
          let tick = start;
          for (const step of steps) {
            tick += step;
            accrue(often, books, tick, pace);
          }
          accrue(seldom, openBooks(), tick, pace);
          expect(often).toEqual(seldom);
          expect(books.held).toEqual(seldom.stock);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('[G18] a structure at level 4 counts 1 + 2 + 3 + 4', () => {
    const system = colony();
    for (let level = 0; level < 4; level += 1) raise(system, openBooks(), 'hatchery');
    expect(scoreOf(system)).toBe(1 + 10);
  });
});
