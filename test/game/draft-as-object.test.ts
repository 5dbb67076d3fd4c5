// biome-ignore-all lint/suspicious/noAssignInExpressions: each operation is one expression
// biome-ignore-all lint/suspicious/noExplicitAny: operations of every kind, on whatever there is
// Every operation there is on an object, done to each kind of object that a command can hold and to a plain object: both answer
// the same or both throw, and the command leaves what the plain object is as JSON, or is refused where that may not enter a state.

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { admit } from '#core/patch/admit.ts';
import type { Json } from '#core/patch/patch.ts';
import { OrreryError, table } from '#index.ts';
import { json, play, reloaded, sandbox } from './galaxy.ts';

type Loose = { [key: PropertyKey]: any };

const object = (): Loose => ({ n: 1, text: 'x', inner: { y: 2, deep: { z: 3 } }, list: [1, { w: 4 }], gone: null });
const list = (): any[] => [{ n: 1, inner: { y: 2 } }, 5, [6, { w: 7 }], null, 'x'];
const state = () => ({ ...object(), object: object(), list: list(), nest: { object: object(), list: list() } });

const withTable = () => sandbox(() => ({ ...state(), units: table<Loose>({ a: object() }) }) as Loose);
const withoutTable = () => sandbox(() => state() as Loose);

/** Where the operation is done, from the root of a state. */
const objects: [string, (root: Loose) => Loose][] = [
  ['the draft of the state', (root) => root],
  ['an object at a key', (root) => root['object']],
  ['an object further inside', (root) => root['nest'].object],
  ['an object in a list', (root) => root['list'][0]],
  ['an entity', (root) => (root['units'].get ? root['units'].get('a') : root['units'].a)],
];
const lists: [string, (root: Loose) => any[]][] = [
  ['a list at a key', (root) => root['list']],
  ['a list further inside', (root) => root['nest'].list],
  ['a list in a list', (root) => root['list'][2]],
  ['a list of an entity', (root) => (root['units'].get ? root['units'].get('a') : root['units'].a).list],
];

const symbol = Symbol('mark');
const ordinary = { writable: true, enumerable: true, configurable: true };

/** What answers may differ in by right: who they are is not compared, what they hold is. */
const objectOperations: [string, (o: Loose) => unknown][] = [
  [
    'get',
    (o) => [
      o['n'],
      o['none'],
      o['toString'] === Object.prototype.toString,
      Reflect.get(o, '__proto__') === Object.prototype,
    ],
  ],
  ['get of symbols', (o) => [o[symbol], o[Symbol.toPrimitive], o[Symbol.iterator], o[Symbol.toStringTag]]],
  ['to text', (o) => [String(o), `${o['n']}`, o['toLocaleString']()]],
  ['set of what is there', (o) => void Object.assign(o, { n: 2, text: { now: 1 } })],
  ['set of what is new', (o) => void Object.assign(o, { fresh: { v: 1 }, 7: 'index' })],
  ['set of the same', (o) => void Object.assign(o, { n: 1, inner: o['inner'] })],
  ['set to undefined', (o) => void Object.assign(o, { fresh: undefined })],
  ['set of what is inherited, to what is inherited', (o) => void Object.assign(o, { toString: o['toString'] })],
  ['set of what is inherited, to data', (o) => void Object.assign(o, { valueOf: 1 })],
  ['set of a symbol', (o) => void Object.assign(o, { [symbol]: 1 })],
  ['set of -0 where 0 was', (o) => void Object.assign(o, { n: -0 })],
  ['Reflect.set', (o) => [Reflect.set(o, 'n', 5), Reflect.set(o, 'new', 6)]],
  [
    'Reflect.set on another object',
    (o) => {
      const other = { n: 0 };
      return [Reflect.set(o, 'n', 9, other), other, o['n']];
    },
  ],
  [
    'an object that inherits from it',
    (o) => {
      const child = Object.create(o);
      child.n = 9;
      return [Object.keys(child), child.text, o['n']];
    },
  ],
  ['has', (o) => ['n' in o, 'none' in o, 'toString' in o, symbol in o, Reflect.has(o, 'inner')]],
  ['Object.hasOwn', (o) => [Object.hasOwn(o, 'n'), Object.hasOwn(o, 'toString'), Object.hasOwn(o, 'n')]],
  ['delete', (o) => [delete o['n'], delete o['inner'], delete o['none'], delete o[symbol]]],
  ['Reflect.deleteProperty', (o) => [Reflect.deleteProperty(o, 'text'), Reflect.deleteProperty(o, 'none')]],
  [
    'delete and add again',
    (o) => {
      const { n } = o;
      delete o['n'];
      o['n'] = n;
      return Object.keys(o);
    },
  ],
  ['keys', (o) => [Object.keys(o), Reflect.ownKeys(o), Object.getOwnPropertySymbols(o)]],
  ['values and entries', (o) => [Object.values(o), Object.entries(o)]],
  ['spread and rest', (o) => [{ ...o }, (({ n: _n, ...rest }) => rest)(o)]],
  [
    'for in',
    (o) => {
      const keys = [];
      for (const key in o) keys.push(key);
      return keys;
    },
  ],
  [
    'getOwnPropertyDescriptor',
    (o) => [Object.getOwnPropertyDescriptor(o, 'n'), Object.getOwnPropertyDescriptor(o, 'q')],
  ],
  ['getOwnPropertyDescriptors', (o) => Object.getOwnPropertyDescriptors(o)],
  [
    'a change of what a descriptor gave',
    (o) => {
      const { value } = Object.getOwnPropertyDescriptor(o, 'inner') ?? {};
      if (value) value.y = 77;
    },
  ],
  ['defineProperty: a value', (o) => void Object.defineProperty(o, 'n', { value: { v: 5 } })],
  ['defineProperty: nothing', (o) => void Object.defineProperty(o, 'n', {})],
  ['defineProperty: new and ordinary', (o) => void Object.defineProperty(o, 'new', { value: [1], ...ordinary })],
  [
    'Object.defineProperties',
    (o) => void Object.defineProperties(o, { n: { value: 3 }, q: { value: 4, ...ordinary } }),
  ],
  ['Reflect.defineProperty', (o) => Reflect.defineProperty(o, 'n', { value: 8 })],
  ['getPrototypeOf', (o) => [Object.getPrototypeOf(o) === Object.prototype, o instanceof Object, Array.isArray(o)]],
  ['setPrototypeOf, the same', (o) => Object.setPrototypeOf(o, Object.prototype) === o],
  ['isExtensible, isFrozen, isSealed', (o) => [Object.isExtensible(o), Object.isFrozen(o), Object.isSealed(o)]],
  ['JSON.stringify', (o) => JSON.stringify(o)],
  ['an object put in twice, and changed', (o) => o['inner'] && ((o['twin'] = o['inner']).y = 50)],
  [
    'an object put in, and changed after it',
    (o) => {
      const fresh: Loose = { v: 1 };
      o['fresh'] = fresh;
      fresh['v'] = 2;
      o['fresh'].more = 3;
    },
  ],
  [
    'an object taken out, changed, and put elsewhere',
    (o) => {
      const { inner } = o;
      delete o['inner'];
      if (inner) inner.deep = 'changed';
      o['elsewhere'] = { deep: [inner ?? null] };
    },
  ],
  ['an object put inside itself', (o) => void ((o['inner'] ??= {}).self = o['inner'])],
  ['a call', (o) => (o as never as () => void)()],
  ['a construction', (o) => new (o as never as new () => object)()],
];

/** Not for the draft of the state, which stands for keys that are tables and has to be open. */
const insideOperations: [string, (o: Loose) => unknown][] = [
  [
    'defineProperty: hidden',
    (o) => void Object.defineProperty(o, 'hidden', { value: 1, writable: true, configurable: true }),
  ],
  ['defineProperty: no longer enumerable', (o) => void Object.defineProperty(o, 'n', { enumerable: false })],
  ['defineProperty: no longer writable', (o) => void Object.defineProperty(o, 'n', { writable: false })],
  [
    'defineProperty: not writable, then written',
    (o) => void (Object.defineProperty(o, 'n', { writable: false })['n'] = 2),
  ],
  [
    'defineProperty: not configurable, then deleted',
    (o) => delete Object.defineProperty(o, 'n', { configurable: false })['n'],
  ],
  ['defineProperty: a getter', (o) => Object.defineProperty(o, 'g', { get: () => 5, enumerable: true })['g']],
  ['defineProperty: a setter', (o) => void Object.defineProperty(o, 'n', { set() {} })],
  [
    'preventExtensions, then changed and added to',
    (o) => {
      Object.preventExtensions(o)['n'] = 2;
      o['inner'].y = 3;
      o['new'] = 1;
    },
  ],
  [
    'seal, then changed inside',
    (o) => {
      Object.seal(o)['n'] = 2;
      o['inner'].y = 3;
      return [Object.isSealed(o), Reflect.deleteProperty(o, 'n'), Object.isExtensible(o)];
    },
  ],
  ['freeze, then written', (o) => void ((Object.freeze(o) as Loose)['n'] = 2)],
  [
    'freeze, then changed inside',
    (o) => {
      Object.freeze(o);
      o['inner'].y = 9;
      return [Object.isFrozen(o), Object.getOwnPropertyDescriptor(o, 'n'), Reflect.set(o, 'n', 5), Object.keys(o)];
    },
  ],
  ['setPrototypeOf: none', (o) => [Object.getPrototypeOf(Object.setPrototypeOf(o, null)), 'toString' in o]],
  ['setPrototypeOf: another', (o) => Object.getPrototypeOf(Object.setPrototypeOf(o, { evil: 1 }))],
  ['__proto__: another', (o) => Reflect.set(o, '__proto__', { evil: 1 }) && o['evil']],
  ['__proto__: nothing', (o) => Reflect.set(o, '__proto__', 5)],
];

const listOperations: [string, (l: any[]) => unknown][] = [
  ['get', (l) => [l[0], l[9], l.at(-1), l.length, (l as Loose)['foo'], l[-1]]],
  ['get of symbols', (l) => [typeof l[Symbol.iterator], (l as Loose)[symbol], Object.prototype.toString.call(l)]],
  ['set', (l) => void ([l[0], l[1]] = [{ v: 1 }, 2])],
  ['set at the end', (l) => void (l[l.length] = { v: 1 })],
  ['set far behind the end', (l) => void (l[l.length + 5] = 1)],
  ['set of undefined', (l) => void (l[0] = undefined)],
  ['set of an extra key', (l) => void ((l as Loose)['foo'] = 1)],
  ['set of a key that begins like a number', (l) => void ((l as Loose)['1abc'] = 1)],
  ['set at a negative index', (l) => void (l[-1] = 1)],
  ['set of a symbol', (l) => void ((l as Loose)[symbol] = 1)],
  ['length = 0', (l) => void (l.length = 0)],
  ['length = 0, then filled', (l) => (l.length = 0) + l.push({ v: 1 })],
  ['length shorter', (l) => void (l.length = 1)],
  ['length longer', (l) => void (l.length += 3)],
  ['length that is none', (l) => void (l.length = -1)],
  ['length by descriptor', (l) => void Object.defineProperty(l, 'length', { value: 1 })],
  ['length that is fixed', (l) => Object.defineProperty(l, 'length', { writable: false }).push(1)],
  ['delete of an element', (l) => delete l[0]],
  ['delete of the last element', (l) => delete l[l.length - 1]],
  ['delete behind the end', (l) => [delete l[99], l.length]],
  ['delete of what is no element', (l) => delete (l as Loose)['foo']],
  ['delete of length', (l) => Reflect.deleteProperty(l, 'length')],
  ['has', (l) => [0 in l, 99 in l, 'length' in l, 'push' in l, 'foo' in l]],
  ['keys', (l) => [Object.keys(l), Reflect.ownKeys(l), Object.entries(l)]],
  [
    'getOwnPropertyDescriptor',
    (l) => [Object.getOwnPropertyDescriptor(l, 0), Object.getOwnPropertyDescriptor(l, 'length')],
  ],
  ['getOwnPropertyDescriptors', (l) => Object.getOwnPropertyDescriptors(l)],
  ['defineProperty: an element', (l) => void Object.defineProperty(l, 0, { value: 8 })],
  ['freeze, then pushed', (l) => (Object.freeze(l) as any[]).push(1)],
  ['freeze, then sorted', (l) => (Object.freeze(l) as any[]).sort()],
  ['freeze, then read', (l) => [Object.isFrozen(l), l.map((x) => x), [...l], l.includes(5), l.length]],
  ['seal, then popped', (l) => Object.seal(l).pop()],
  ['preventExtensions, then pushed', (l) => Object.preventExtensions(l).push(1)],
  ['setPrototypeOf: none', (l) => Object.getPrototypeOf(Object.setPrototypeOf(l, null))],
  ['setPrototypeOf: that of a subclass', (l) => void Object.setPrototypeOf(l, class extends Array {}.prototype)],
  ['is an array', (l) => [Array.isArray(l), Object.getPrototypeOf(l) === Array.prototype]],
  ['an array of a subclass put in', (l) => void l.push(class extends Array {}.from([1]))],
  ['itself put in', (l) => void l.push(l)],
  ['JSON.stringify and String', (l) => [JSON.stringify(l), String(l), l.join('-')]],
  [
    'spread and destructuring',
    (l) => [[...l], (([a, ...rest]) => [a, rest])(l), Array.from(l), Math.max(...l.map(Number))],
  ],
  ['an iterator', (l) => [[...l.keys()], [...l.values()], [...l.entries()]]],
];

interface Outcome {
  readonly answer: string | undefined;
  readonly threw: boolean;
}

function outcome(operation: () => unknown): Outcome {
  try {
    // inspect tells undefined from null, and holes, and shows getters: JSON would not.
    return { answer: inspect(copied(operation()), { depth: 9 }), threw: false };
  } catch {
    return { answer: undefined, threw: true };
  }
}

/** A copy that is plain all the way down, made by reading, so that drafts and plain objects look the same. */
function copied(value: unknown, above: unknown[] = []): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return 'a cycle';
  const inside = [...above, value];
  if (Array.isArray(value)) return Array.from(value, (each) => copied(each, inside));
  return Object.fromEntries(Reflect.ownKeys(value).map((key) => [key, copied((value as Loose)[key], inside)]));
}

async function compare(
  isRoot: boolean,
  place: (root: Loose) => any,
  operation: (target: any) => unknown,
): Promise<void> {
  const shape = isRoot ? withoutTable() : withTable();
  const { game, store } = await play(shape);
  const before = json(game);
  const model: Loose = isRoot ? state() : { ...state(), units: { a: object() } };
  const expected = outcome(() => operation(place(model)));
  let stored: Json;
  try {
    stored = admit(model, []);
  } catch {
    expect(() => game.update((draft) => void operation(place(draft)))).toThrow(OrreryError);
    expect([game.seq, json(game)]).toEqual([0, before]);
    return;
  }
  let found: Outcome | undefined;
  await game.update((draft) => {
    found = outcome(() => operation(place(draft)));
  }).durable;
  expect(found).toEqual(expected);
  expect(json(game)).toBe(JSON.stringify(stored));
  expect(json(await reloaded(store, shape))).toBe(json(game));
}

describe.each(objects)('%s is used as the object it stands for', (what, place) => {
  const isRoot = what === 'the draft of the state';
  const operations = isRoot ? objectOperations : [...objectOperations, ...insideOperations];
  it.each(operations)('[D49] %s', (_name, operation) => compare(isRoot, place, operation));
});

describe.each(lists)('%s is used as the array it stands for', (_what, place) => {
  it.each(listOperations)('[D49] %s', (_name, operation) => compare(false, place, operation));
});
