// Random states, random changes of a mutable state as commands make them, and random patches that fit a state.
import fc from 'fast-check';
import { cloneJson, fold } from '#core/patch/apply.ts';
import type { Json, Patch, PathSegment } from '#core/patch/patch.ts';

export type Loose = { [key: string]: unknown } | unknown[];

const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'd', 'id') },
  { weight: 3, arbitrary: fc.constantFrom('0', '1', '2', '10', '01', '-1', '4294967294', '4294967295', '1e3') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('', '/', '~', '~1', 'a/b', 'length', 'toString', 'hasOwnProperty', '-', 'ünï🚀'),
  },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: 'binary', maxLength: 4 })
      .filter((text) => (text as string & { isWellFormed(): boolean }).isWellFormed() && text !== '__proto__'),
  },
);

const primitive = fc.oneof(
  fc.constantFrom(null, true, false, 0, 1, 2, '', 'x'),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);

const ship = fc.record(
  { id: fc.nat(9), hp: fc.nat(2), pos: fc.tuple(fc.nat(2), fc.nat(2)) },
  { noNullPrototype: true },
);

export const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    primitive,
    fc.dictionary(key, tie('json'), { maxKeys: 6, noNullPrototype: true }),
    fc.array(tie('json'), { maxLength: 6 }),
    fc.array(fc.constantFrom(0, 1, 2), { maxLength: 12 }),
    fc.array(ship, { maxLength: 8 }),
  ),
}));

export const stateOf = fc.dictionary(key, json, { minKeys: 1, maxKeys: 8, noNullPrototype: true });

const mutation = fc.record({
  kind: fc.constantFrom(
    ...['set', 'set', 'delete', 'again', 'again', 'push', 'pop', 'shift', 'unshift', 'shiftPush', 'splice', 'splice'],
    ...['sort', 'reverse', 'copy', 'clear', 'rotate'],
  ),
  where: fc.nat(),
  at: fc.nat(),
  other: fc.nat(),
  key,
  value: json,
});
export type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

export const mutations = fc.array(mutation, { minLength: 1, maxLength: 6 });

function containersOf(value: unknown, found: Loose[] = []): Loose[] {
  if (typeof value !== 'object' || value === null) return found;
  found.push(value as Loose);
  for (const child of Object.values(value)) containersOf(child, found);
  return found;
}

/** One of the things a command does to a mutable state, at a container picked by number. Nothing is shared afterwards. */
export function mutate(root: Loose, { kind, where, at, other, key: name, value: given }: Mutation): void {
  const containers = containersOf(root);
  const container = containers[where % containers.length]!;
  const value = structuredClone(given);
  if (!Array.isArray(container)) {
    const keys = Object.keys(container);
    const picked = keys[at % Math.max(1, keys.length)] ?? name;
    const again = Object.hasOwn(container, picked) ? container[picked] : undefined;
    switch (kind) {
      case 'delete':
      case 'pop':
      case 'shift':
        delete container[picked];
        return;
      case 'again':
      case 'rotate':
        delete container[picked];
        container[picked] = again === undefined || other % 3 === 0 ? value : again;
        return;
      case 'clear':
        for (const each of keys) delete container[each];
        return;
      case 'copy':
        container[name] = structuredClone(again ?? value);
        return;
      case 'push':
      case 'unshift':
        container[name] = value;
        return;
      default:
        container[picked] = value;
        return;
    }
  }
  const index = at % (container.length + 1);
  switch (kind) {
    case 'push':
      container.push(value);
      return;
    case 'pop':
      container.pop();
      return;
    case 'shift':
      container.shift();
      return;
    case 'unshift':
      container.unshift(value, structuredClone(value));
      return;
    case 'shiftPush':
      container.shift();
      container.push(value);
      return;
    case 'delete':
      container.splice(index, 1);
      return;
    case 'splice':
      container.splice(index, other % 4, ...[value, structuredClone(given), 1].slice(at % 4));
      return;
    case 'sort':
      container.sort((some, more) => (JSON.stringify(some) < JSON.stringify(more) ? -1 : 1));
      return;
    case 'reverse':
      container.reverse();
      return;
    case 'rotate':
      container.unshift(...container.splice(index));
      return;
    case 'copy':
      if (container.length > 0) container.splice(index, 0, structuredClone(container[other % container.length]));
      return;
    case 'clear':
      container.length = 0;
      return;
    default:
      if (container.length > 0) container[index % container.length] = value;
      return;
  }
}

export function mutated(state: Json, changes: readonly Mutation[]): Loose {
  const next = cloneJson(state) as Loose;
  for (const change of changes) mutate(next, change);
  return next;
}

/** Patches that fit a state, made without capture: more adds and removes of the same places, less sense. */
export function randomPatches(state: Json, steps: readonly (Mutation & { op: number })[]): Patch[] {
  const live = cloneJson(state) as Loose;
  const patches: Patch[] = [];
  for (const { op, where, at, key: name, value } of steps) {
    const places: [Loose, PathSegment[]][] = [];
    const visit = (container: unknown, path: PathSegment[]): void => {
      if (typeof container !== 'object' || container === null) return;
      places.push([container as Loose, path]);
      for (const each of Object.keys(container)) {
        const segment = Array.isArray(container) ? Number(each) : each;
        visit((container as { [segment: PathSegment]: unknown })[segment], [...path, segment]);
      }
    };
    visit(live, []);
    const [container, path] = places[where % places.length]!;
    const isList = Array.isArray(container);
    const size = Object.keys(container).length;
    let patch: Patch;
    if (op === 0 || size === 0) {
      if (!isList && Object.hasOwn(container, name)) continue;
      patch = { op: 'add', path: [...path, isList ? at % (size + 1) : name], value: value as Json };
    } else {
      const segment = isList ? at % size : Object.keys(container)[at % size]!;
      patch =
        op === 1
          ? { op: 'remove', path: [...path, segment] }
          : { op: 'replace', path: [...path, segment], value: value as Json };
    }
    fold(live, [patch]);
    patches.push(patch);
  }
  return patches;
}

const smallValue = fc.oneof(fc.nat(3), fc.constantFrom({}, [], { a: 1 }, [1, 2], { a: { b: [0] } }));
export const smallState = fc.record({
  a: fc.array(fc.oneof(fc.nat(3), fc.record({ a: fc.nat(2), b: fc.array(fc.nat(2), { maxLength: 3 }) })), {
    maxLength: 5,
  }),
  b: fc.dictionary(fc.constantFrom('a', 'b', 'c', '1', '2'), smallValue, { maxKeys: 4, noNullPrototype: true }),
  1: smallValue,
});
export const steps = fc.array(
  fc.record({
    kind: fc.constant('set'),
    op: fc.nat(2),
    where: fc.nat(),
    at: fc.nat(),
    other: fc.nat(),
    key: fc.constantFrom('a', 'b', 'c', '1', '2'),
    value: smallValue,
  }),
  { maxLength: 60, size: 'max' },
);
