// Code for objects of one shape. V8 makes copying and comparing an object ten times faster where it always sees the
// same keys at the same place in the program, so each shape gets functions of its own, made from their text. What they
// do is what cloneJson, capture and admit do, and whatever is not exactly of the shape is left to those. Before it:
// shape.ts, which knows the shapes.

import type { cloneJson, Mutable } from './apply.ts';
import type { Json, Patch, PathSegment } from './patch.ts';

export interface ShapeCode {
  /** A mutable deep copy; undefined for what has another shape. */
  readonly clone: (value: object) => Mutable | undefined;
  /** As captureValue, which it falls back on. `base` must fit, and both be objects. */
  readonly capture: Compare;
  /** As captureChild, with the same condition. */
  readonly captureUnder: CompareChild;
  /**
   * A frozen copy of what may enter a state; undefined for what has another shape or may not, for admit to say why.
   * Throws what reading the value throws: a getter that fails, a proxy that has been revoked.
   */
  readonly admit: (value: object) => Json | undefined;
  /** Whether the keys of a value are those of the shape. Of what a state holds that is enough. */
  readonly fits: (value: object) => boolean;
}

/** Compares two values that stand at `path`. */
type Compare = (base: Json, next: unknown, path: PathSegment[], out: Patch[]) => Json;

/** Compares two values that stand under a key of what stands at `path`. */
type CompareChild = (base: Json, next: unknown, key: string, path: PathSegment[], out: Patch[]) => Json;

/** What the code calls. */
export interface Ways {
  readonly cloneJson: typeof cloneJson;
  readonly captureValue: Compare;
  readonly captureChild: CompareChild;
  /** Whether a value that is no object may enter a state. */
  readonly isSound: (value: unknown) => boolean;
}

type Make = (keys: readonly string[], children: readonly (ShapeCode | undefined)[], ways: Ways) => ShapeCode;

/**
 * The functions for objects that have just these keys, in this order. The values under some of them are objects of a
 * shape of their own. Undefined where a program may not make code from text (node
 * --disallow-code-generation-from-strings).
 */
export function compileShape(
  keys: readonly string[],
  children: readonly (ShapeCode | undefined)[],
  ways: Ways,
): ShapeCode | undefined {
  let make: Make;
  try {
    make = new Function('keys', 'children', 'ways', sourceOf(keys, children)) as Make;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
  return make(keys, children, ways);
}

/** Keys stand in the text as JSON strings, which are strings of JavaScript too; everything else is numbered. */
function sourceOf(keys: readonly string[], children: readonly (ShapeCode | undefined)[]): string {
  const all = keys.map((_, at) => at);
  const nested = all.filter((at) => children[at]);
  const name = (at: number): string => JSON.stringify(keys[at]);
  const read = (letter: string, from: string): string =>
    `const ${all.map((at) => `${letter}${at} = ${from}[${name(at)}]`).join(', ')};`;
  const literal = (value: (at: number) => string): string =>
    `{ ${all.map((at) => `${name(at)}: ${value(at)}`).join(', ')} }`;
  const isObject = (value: string): string => `typeof ${value} === 'object' && ${value} !== null`;
  const isEqual = (b: string, n: string): string => `(${n} === ${b} && (${n} !== 0 || 1 / ${n} > 0))`;

  const copied = (at: number): string => {
    const copy = children[at] ? `child${at}.clone(v${at}) ?? cloneJson(v${at})` : `cloneJson(v${at})`;
    return `${isObject(`v${at}`)} ? ${copy} : v${at}`;
  };
  const captured = (at: number): string => {
    const usual = `captureChild(b${at}, n${at}, ${name(at)}, path, out)`;
    if (!children[at]) return `${isEqual(`b${at}`, `n${at}`)} ? b${at} : ${usual}`;
    const objects = `${isObject(`b${at}`)} && ${isObject(`n${at}`)} && child${at}.fits(b${at})`;
    return `${objects} ? child${at}.captureUnder(b${at}, n${at}, ${name(at)}, path, out) : ${usual}`;
  };
  const compared = all.map((at) => `const r${at} = ${captured(at)};`).join('\n      ');
  const result = `if (${all.map((at) => `r${at} === b${at}`).join(' && ')}) return base;
      return ${literal((at) => `r${at}`)};`;
  // A path that is made longer costs more than all the comparing, and most objects inside an entity stay as they are.
  const unchanged = nested.length > 0 ? 'false' : all.map((at) => isEqual(`b${at}`, `n${at}`)).join(' && ');
  const admitted = (at: number): string =>
    children[at]
      ? `let w${at} = v${at};
         if (${isObject(`v${at}`)}) { w${at} = child${at}.admit(v${at}); if (w${at} === undefined) return undefined; }
         else if (!isSound(v${at})) return undefined;`
      : `if (!isSound(v${at})) return undefined;`;

  return `
    'use strict';
    const { cloneJson, captureValue, captureChild, isSound } = ways;
    const { getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, freeze } = Object;
    const plain = Object.prototype;
    ${nested.map((at) => `const child${at} = children[${at}];`).join(' ')}
    function fits(value) {
      let at = 0;
      for (const key in value) if (key !== keys[at++]) return false;
      return at === ${keys.length};
    }
    function isWhole(value) {
      return getPrototypeOf(value) === plain && fits(value) &&
        getOwnPropertyNames(value).length === ${keys.length} && getOwnPropertySymbols(value).length === 0;
    }
    function clone(value) {
      if (!fits(value)) return undefined;
      ${read('v', 'value')}
      return ${literal(copied)};
    }
    function capture(base, next, path, out) {
      if (!isWhole(next)) return captureValue(base, next, path, out);
      ${read('b', 'base')} ${read('n', 'next')}
      ${compared}
      ${result}
    }
    function captureUnder(base, next, key, path, out) {
      if (!isWhole(next)) return captureChild(base, next, key, path, out);
      ${read('b', 'base')} ${read('n', 'next')}
      if (${unchanged}) return base;
      path.push(key);
      ${compared}
      path.pop();
      ${result}
    }
    function admit(value) {
      if (!isWhole(value)) return undefined;
      ${read('v', 'value')}
      ${all.map(admitted).join('\n')}
      return freeze(${literal((at) => (children[at] ? `w${at}` : `v${at}`))});
    }
    return { clone, capture, captureUnder, admit, fits };`;
}
