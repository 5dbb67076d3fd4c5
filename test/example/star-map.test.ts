import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLONY_REACH } from '../../examples/galactic-war/rules.ts';
import { distance, MAP_HEIGHT, MAP_WIDTH, placeStars, StarMap } from '../../examples/galactic-war/star-map.ts';
import { loadStars, type Star } from '../../examples/galactic-war/stars.ts';

const star = (hip: number, ra: number, dec: number): Star => ({ hip, ra, dec, mag: 1, bv: 1, name: '' });

describe('places', () => {
  it('[G7] no two of the 5,044 stars share a cell, and all are on the map', () => {
    const places = [...placeStars(loadStars()).values()];
    expect(new Set(places.map(({ x, y }) => `${x},${y}`)).size).toBe(5044);
    for (const { x, y } of places) {
      expect(Number.isInteger(x) && x >= 0 && x < MAP_WIDTH).toBe(true);
      expect(Number.isInteger(y) && y >= 0 && y < MAP_HEIGHT).toBe(true);
    }
  });

  it('[G7] a cell is a tenth of a degree, from the south pole up and from -180 degrees eastward', () => {
    const places = placeStars([star(1, -180, -90), star(2, 0, 0), star(3, 179.9, 90), star(4, 10.04, 20.06)]);
    expect([...places]).toEqual([
      [1, { x: 0, y: 0 }],
      [2, { x: 1800, y: 900 }],
      [3, { x: 3599, y: 1800 }],
      [4, { x: 1900, y: 1101 }],
    ]);
  });

  it('[G7] stars at one point get cells of their own, by number and not by the order of the file', () => {
    const crowd = Array.from({ length: 60 }, (_, index) => star(index + 1, 179.99, -90));
    const places = placeStars(crowd);
    expect(new Set([...places.values()].map(({ x, y }) => `${x},${y}`)).size).toBe(60);
    expect(places.get(1)).toEqual({ x: 0, y: 0 });
    expect(new Map(placeStars([...crowd].reverse()))).toEqual(places);
    // The 60 nearest free cells of a half-plane are within six rings of the point.
    for (const place of places.values()) expect(distance({ x: 0, y: 0 }, place)).toBeLessThanOrEqual(9);
  });

  it('[G7] the map is closed from east to west', () => {
    expect(distance({ x: 0, y: 5 }, { x: MAP_WIDTH - 3, y: 9 })).toBe(5);
    expect(distance({ x: 0, y: 0 }, { x: 1, y: 1 })).toBe(2);
    expect(distance({ x: 7, y: 7 }, { x: 7, y: 7 })).toBe(0);
  });
});

describe('neighbours', () => {
  const point = fc.record({ x: fc.nat(MAP_WIDTH - 1), y: fc.nat(MAP_HEIGHT - 1) });

  it('[G8] are exactly the systems within reach, nearest first', () => {
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 1, maxLength: 120 }),
        fc.integer({ min: 1, max: 2500 }),
        (points, reach) => {
          const systems = points.map((place, index) => ({ id: String(index), ...place }));
          const map = new StarMap(systems, reach);
          for (const from of systems.slice(0, 10)) {
            const expected = systems
              .filter((other) => other !== from && distance(from, other) <= reach)
              .sort((one, other) => distance(from, one) - distance(from, other) || (one.id < other.id ? -1 : 1))
              .map((other) => other.id);
            expect(map.neighbours(from.id)).toEqual(expected);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('[G8] almost every real star has one within the reach of a colony ship', () => {
    const places = placeStars(loadStars());
    const map = new StarMap(
      [...places].map(([hip, place]) => ({ id: String(hip), ...place })),
      COLONY_REACH,
    );
    const alone = [...places.keys()].filter((hip) => map.neighbours(String(hip)).length === 0);
    expect(alone.length).toBeLessThan(10);
    expect(() => map.neighbours('0')).toThrow(/no system 0/);
  });
});
