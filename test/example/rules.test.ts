import { describe, expect, it } from 'vitest';
import {
  buildTicks,
  checkedPace,
  cost,
  MAX_LEVEL,
  PACES,
  production,
  STARTING_STOCK,
  STRUCTURES,
  storage,
  travelTicks,
} from '../../examples/galactic-war/rules.ts';

describe('the numbers by level', () => {
  it('[G1] a colony produces 6, 5 and 7 an hour, a fifth more with each level', () => {
    expect(production('colony', 0)).toEqual({ metal: 0, crew: 0, water: 0 });
    expect(production('colony', 1)).toEqual({ metal: 6, crew: 5, water: 7 });
    // 6 * 1.2 = 7.2, 5 * 1.2 = 6, 7 * 1.2 = 8.4
    expect(production('colony', 2)).toEqual({ metal: 7, crew: 6, water: 8 });
    // 1.44: 8.64, 7.2, 10.08
    expect(production('colony', 3)).toEqual({ metal: 8, crew: 7, water: 10 });
    // 1.2^9 = 5.159780352: 30.95..., 25.79..., 36.11...
    expect(production('colony', 10)).toEqual({ metal: 30, crew: 25, water: 36 });
  });

  it('[G1] works produce one resource each from level 1 on, a quarter more with each level', () => {
    expect(production('asteroidmine', 0)).toEqual({ metal: 0, crew: 0, water: 0 });
    expect(production('asteroidmine', 1)).toEqual({ metal: 6, crew: 0, water: 0 });
    expect(production('asteroidmine', 2)).toEqual({ metal: 7, crew: 0, water: 0 }); // 7.5
    expect(production('asteroidmine', 4)).toEqual({ metal: 11, crew: 0, water: 0 }); // 11.71875
    expect(production('waterharvester', 1)).toEqual({ metal: 0, crew: 0, water: 7 });
    expect(production('waterharvester', 3)).toEqual({ metal: 0, crew: 0, water: 10 }); // 10.9375
    expect(production('hatchery', 1)).toEqual({ metal: 0, crew: 5, water: 0 });
    expect(production('hatchery', 5)).toEqual({ metal: 0, crew: 12, water: 0 }); // 12.207...
    expect(production('storagedepot', 7)).toEqual({ metal: 0, crew: 0, water: 0 });
  });

  it('[G1] a colony stores 1,000 of each and a tenth more with each level, a depot 1,000 and a quarter more', () => {
    const each = (amount: number) => ({ metal: amount, crew: amount, water: amount });
    expect(storage('colony', 1)).toEqual(each(1000));
    expect(storage('colony', 2)).toEqual(each(1100));
    expect(storage('colony', 3)).toEqual(each(1210));
    expect(storage('colony', 6)).toEqual(each(1610)); // 1610.51
    expect(storage('storagedepot', 0)).toEqual(each(0));
    expect(storage('storagedepot', 1)).toEqual(each(1000));
    expect(storage('storagedepot', 3)).toEqual(each(1562)); // 1562.5
    expect(storage('hatchery', 9)).toEqual(each(0));
  });

  it('[G1] a price list names the level that is reached, and goes on by a quarter', () => {
    expect(cost('colony', 2)).toEqual({ metal: 5, crew: 5, water: 5, time: 1 });
    expect(cost('colony', 3)).toEqual({ metal: 6, crew: 6, water: 6, time: 1 }); // 6.25, 1.25
    expect(cost('colony', 6)).toEqual({ metal: 12, crew: 12, water: 12, time: 2 }); // 12.2..., 2.44...
    expect(cost('hatchery', 1)).toEqual({ metal: 60, crew: 50, water: 70, time: 100 });
    expect(cost('hatchery', 2)).toEqual({ metal: 75, crew: 62, water: 87, time: 125 }); // 62.5, 87.5
    expect(cost('hatchery', 3)).toEqual({ metal: 93, crew: 78, water: 109, time: 156 }); // 93.75, 78.125, 109.375
    for (const works of ['asteroidmine', 'waterharvester', 'storagedepot'] as const) {
      expect(cost(works, 1)).toEqual({ metal: 10, crew: 10, water: 10, time: 100 });
      expect(cost(works, 4)).toEqual({ metal: 19, crew: 19, water: 19, time: 195 }); // 19.53..., 195.3125
    }
  });

  it('[G1] the product is exact: 1,000 * 1.1^30 is 17449.4..., whatever floating point makes of it', () => {
    expect(storage('colony', 31).metal).toBe(17449);
    // 1.1^3 is 1.3310000000000004 in floating point; 1.1^20 * 1000 = 6727.49994932560009201
    expect(storage('colony', 21).metal).toBe(6727);
    for (const structure of STRUCTURES) {
      expect(Number.isSafeInteger(cost(structure, MAX_LEVEL).metal * 1e6)).toBe(true);
    }
  });

  it('[G1] a player begins with 225 metal, 200 crew and 250 water', () => {
    expect(STARTING_STOCK).toEqual({ metal: 225, crew: 200, water: 250 });
  });

  it('[G2] there are levels from 0 to 40 and no others, and none below 1 has a price', () => {
    for (const level of [-1, 0.5, MAX_LEVEL + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => production('colony', level)).toThrow(RangeError);
      expect(() => storage('colony', level)).toThrow(RangeError);
      expect(() => cost('colony', level)).toThrow(RangeError);
    }
    expect(() => cost('hatchery', 0)).toThrow(RangeError);
    expect(cost('hatchery', MAX_LEVEL).time).toBeGreaterThan(cost('hatchery', MAX_LEVEL - 1).time);
  });
});

describe('time', () => {
  it('[G3] building and travelling take less with speed, rounded up, and never less than a tick', () => {
    const price = cost('hatchery', 2);
    expect(buildTicks(price, PACES.classic)).toBe(125);
    expect(buildTicks(price, { hourTicks: 1, speed: 20 })).toBe(7); // 6.25
    expect(buildTicks(price, { hourTicks: 1, speed: 1000 })).toBe(1);
    expect(travelTicks(36, PACES.classic)).toBe(180);
    expect(travelTicks(36, { hourTicks: 1, speed: 25 })).toBe(8); // 7.2
    expect(travelTicks(0, PACES.classic)).toBe(1);
  });

  it('[G3] a pace is two whole numbers from 1 to a million', () => {
    expect(checkedPace({ hourTicks: 1, speed: 1_000_000 })).toEqual({ hourTicks: 1, speed: 1_000_000 });
    for (const bad of [0, -1, 1.5, Number.NaN, 1_000_001]) {
      expect(() => checkedPace({ hourTicks: bad, speed: 1 })).toThrow(/pace.hourTicks must be a whole number/);
      expect(() => checkedPace({ hourTicks: 1, speed: bad })).toThrow(/pace.speed must be a whole number/);
    }
  });
});
