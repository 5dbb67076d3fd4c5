// What is an object, and what stands at a path: own keys and indexes alone.

import { expect, it } from 'vitest';
import { isContainer, isObject, valueAt } from '#core/patch/plain.ts';

const state = { units: { u1: { hp: 5, tags: ['a', { deep: null }] } }, none: null, list: [[1, 2]] };

it('[P53] what stands at a path is found through own keys and indexes, and through nothing else', () => {
  expect(valueAt(state, [])).toBe(state);
  expect(valueAt(state, ['units', 'u1', 'hp'])).toBe(5);
  expect(valueAt(state, ['units', 'u1', 'tags', 1, 'deep'])).toBeNull();
  expect(valueAt(state, ['list', 0, 1])).toBe(2);
  expect(valueAt(state, ['nowhere', 'list', 0], 1)).toEqual([1, 2]);
  for (const path of [
    ['units', 'u2'],
    ['units', 'constructor'],
    ['units', '__proto__', 'hp'],
    ['list', 'length'],
    ['list', '0'],
    ['list', 7, 0],
    ['none', 'x'],
    ['units', 'u1', 'hp', 'toFixed'],
  ]) {
    expect(valueAt(state, path), path.join()).toBeUndefined();
  }
  expect(valueAt(undefined, ['x'])).toBeUndefined();
  expect(valueAt(undefined, [])).toBeUndefined();
});

it('[P53] a list is a container and no object, and null is neither', () => {
  expect([{}, [], null, 'text', 5, undefined].map(isObject)).toEqual([true, false, false, false, false, false]);
  expect([{}, [], null, 'text', 5, undefined].map(isContainer)).toEqual([true, true, false, false, false, false]);
});
