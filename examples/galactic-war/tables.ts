// The SQL tables of a galaxy: what people and tools ask about a war without knowing how its state is laid out. Orrery
// keeps them in the image as the state is; `orrery sql` and any other SQLite tool read them.

import type { Projections } from 'orrery';

const RESOURCES = ['metal', 'crew', 'water'] as const;

type Sums = { [column: string]: { path: string; type: 'INTEGER' } };

/** A column for each resource in what stands at a path, as `held_metal`. */
function eachResource(path: string, prefix = ''): Sums {
  return Object.fromEntries(
    RESOURCES.map((resource) => [`${prefix}${resource}`, { path: `${path}/${resource}`, type: 'INTEGER' as const }]),
  );
}

export const tables: Projections = {
  galaxies: {
    from: '',
    game: 'id',
    columns: {
      hour_ticks: { path: 'pace/hourTicks', type: 'INTEGER' },
      pending: 'INTEGER',
      ranking: 'JSON',
      ...eachResource('books/held', 'held_'),
      ...eachResource('books/travelling', 'travelling_'),
      ...eachResource('books/spent', 'spent_'),
    },
  },
  systems: {
    from: 'systems',
    game: 'galaxy',
    columns: {
      name: 'TEXT',
      x: 'INTEGER',
      y: 'INTEGER',
      owner: 'TEXT',
      // What was here at tick `as_of`: a stock grows by itself, and is brought up to date when somebody touches it.
      as_of: { path: 'asOf', type: 'INTEGER' },
      ...eachResource('stock'),
    },
    unique: [['galaxy', 'x', 'y']],
    references: [{ columns: ['galaxy'], table: 'galaxies' }],
  },
  structures: {
    from: 'systems/*/structures/*',
    game: 'galaxy',
    key: ['system', 'structure'],
    columns: { level: { path: '', type: 'INTEGER' } },
    references: [{ columns: ['galaxy', 'system'], table: 'systems' }],
  },
  /** What is going to happen, by the tick it is due at. */
  events: {
    from: 'agenda/*/events/#',
    game: 'galaxy',
    key: ['page', 'place'],
    columns: {
      kind: 'TEXT',
      owner: 'TEXT',
      system: 'TEXT',
      structure: 'TEXT',
      origin: { path: 'from', type: 'TEXT' },
      goal: { path: 'to', type: 'TEXT' },
      ...eachResource('cargo'),
    },
    references: [
      { columns: ['galaxy', 'system'], table: 'systems' },
      { columns: ['galaxy', 'origin'], table: 'systems' },
      { columns: ['galaxy', 'goal'], table: 'systems' },
    ],
  },
};
