// The checks of documents and options: what passes, what is told of what does not.

import { expect, it } from 'vitest';
import {
  boolean,
  byDefault,
  checked,
  listOf,
  objectOf,
  oneOf,
  optional,
  such,
  text,
  uuid,
  whole,
} from '#core/fields.ts';

interface Ship {
  readonly id: string;
  readonly crew: number;
  readonly mode: 'sail' | 'anchor';
  readonly cargo: readonly { readonly tons: number }[];
  readonly armed: boolean;
  readonly name?: string | undefined;
}

const fields = {
  id: uuid,
  crew: whole(1, 500),
  mode: byDefault(oneOf('sail', 'anchor'), 'sail'),
  cargo: listOf(objectOf<{ readonly tons: number }>({ tons: whole(0) }), 1, 2),
  armed: byDefault(boolean, false),
  name: optional(text('text of at most 5 characters', ({ length }) => length <= 5)),
};
const ship = objectOf<Ship>(fields);
const good = { id: 'f0e1d2c3-0000-4000-8000-00000000000a', crew: 3, cargo: [{ tons: 0 }] };

it('[OP10] what fits comes back with its defaults, and without fields that nobody asked for', () => {
  expect(checked(ship, { ...good, other: 1, name: undefined })).toEqual({
    value: { ...good, mode: 'sail', armed: false },
  });
  expect(checked(ship, { ...good, mode: 'anchor', armed: true, name: 'Argo' }).value).toMatchObject({ name: 'Argo' });
  expect(checked(objectOf<Ship>(fields, 'refused'), { ...good, crews: 3 }).fault).toBe('it has no field "crews"');
});

it('[OP10] everything that is wrong is told at once, each with its place and what it is', () => {
  const wrong = {
    id: 'no',
    crew: 501,
    mode: 'drift',
    cargo: [{ tons: -1 }, { tons: 0.5 }],
    armed: null,
    name: 'a name that is much longer than anybody would like to read',
  };
  expect(checked(ship, wrong).fault?.split('; ')).toEqual([
    '`id` must be a UUID, and is "no"',
    '`crew` must be a whole number from 1 to 500, and is 501',
    '`mode` must be "sail" or "anchor", and is "drift"',
    '`cargo[0].tons` must be a whole number of at least 0, and is -1',
    '`cargo[1].tons` must be a whole number of at least 0, and is 0.5',
    '`armed` must be true or false, and is null',
    '`name` must be text of at most 5 characters, and is "a name that is much longer than anybody ..."',
  ]);
});

it.each([
  [undefined, 'it must be an object, and is missing'],
  [null, 'it must be an object, and is null'],
  ['x', 'it must be an object, and is "x"'],
  [[1, 2], 'it must be an object, and is a list of 2'],
  [() => 1, 'it must be an object, and is a function'],
])('[OP10] %j is no object', (value, fault) => {
  expect(checked(ship, value)).toEqual({ fault });
});

it('[OP10] what is missing, too long, too short or of another kind', () => {
  expect(checked(ship, {}).fault).toBe(
    '`id` must be a UUID, and is missing; `crew` must be a whole number from 1 to 500, and is missing; ' +
      '`cargo` must be a list of 1 to 2, and is missing',
  );
  for (const cargo of [[], [{}, {}, {}], {}, 'ab'])
    expect(checked(ship, { ...good, cargo }).fault).toContain('`cargo` must');
  expect(checked(listOf(boolean), 1).fault).toBe('it must be a list, and is 1');
  expect(checked(listOf(boolean, 1), []).fault).toBe('it must be a list of at least 1, and is a list of 0');
  // A hole is nothing, not something to pass over.
  expect(checked(listOf(boolean), new Array(1)).fault).toBe('`[0]` must be true or false, and is missing');
  expect(
    checked(
      such('a URL', (value) => value instanceof URL),
      {},
    ).fault,
  ).toBe('it must be a URL, and is an object');
  for (const value of [NaN, Infinity, 2 ** 53, '1', 1n])
    expect(checked(whole(), value).fault).toContain('must be a whole number, and is');
});

it('[OP10] what an object only inherits is not one of its fields', () => {
  const inherited = Object.create(good) as object;
  expect(checked(ship, inherited).fault).toContain('`id` must be a UUID, and is missing');
  expect(checked(objectOf<Ship>(fields, 'refused'), { ...good, constructor: 1 }).fault).toBe(
    'it has no field "constructor"',
  );
});

it('[OP10] of thousands of faults the first twenty are told', () => {
  const { fault } = checked(
    listOf(boolean),
    Array.from({ length: 5_000 }, () => 0),
  );
  expect(fault?.split('; ')).toHaveLength(21);
  expect(fault).toMatch(/; and 4980 more$/);
});
