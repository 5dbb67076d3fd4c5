import { describe, expect, test } from 'vitest';
import { parsePointer, resolvePointer, toJsonPatch, toPointer } from '#core/patch/pointer.ts';

const invalidPointer = expect.objectContaining({ code: 'INVALID_POINTER' });

describe('pointers', () => {
  test.each([
    [[], ''],
    [[''], '/'],
    [['a', 'b'], '/a/b'],
    [['list', 0, 12], '/list/0/12'],
    [['a/b', '~', '~1', '~0/'], '/a~1b/~0/~01/~00~1'],
    [['ünï', '🚀 x', '"\\'], '/ünï/🚀 x/"\\'],
  ] as [(string | number)[], string][])('[P40] the path %j is the pointer %j, and back', (path, pointer) => {
    expect(toPointer(path)).toBe(pointer);
    expect(parsePointer(pointer)).toEqual(path.map(String));
  });

  test.each([['a'], ['a/b'], ['#/a'], ['/a~'], ['/a~2b'], ['/ok/~x']])('[P41] %j is no pointer', (text) => {
    expect(() => parsePointer(text)).toThrow(invalidPointer);
    expect(() => parsePointer(text)).toThrow(JSON.stringify(text));
  });

  test('[P42] the examples of RFC 6901 resolve', () => {
    const state = {
      foo: ['bar', 'baz'],
      '': 0,
      'a/b': 1,
      'c%d': 2,
      'e^f': 3,
      'g|h': 4,
      'i\\j': 5,
      'k"l': 6,
      ' ': 7,
      'm~n': 8,
    };
    const found = ['', '/foo', '/foo/0', '/', '/a~1b', '/c%d', '/e^f', '/g|h', '/i\\j', '/k"l', '/ ', '/m~0n'];
    expect(found.map((pointer) => resolvePointer(state, pointer))).toEqual([
      state,
      state.foo,
      'bar',
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
    ]);
  });

  test('[P42] what is not there is undefined: neither inherited, nor past an end, nor inside a primitive', () => {
    const state = { list: [1, { a: null }], text: 'abc' };
    const missing = [
      '/x',
      '/toString',
      '/__proto__',
      '/constructor/name',
      '/list/2',
      '/list/-',
      '/list/-1',
      '/list/00',
      '/list/1e0',
    ];
    for (const pointer of [
      ...missing,
      '/list/length',
      '/list/ 1',
      '/list/',
      '/text/0',
      '/text/length',
      '/list/1/a/b',
    ]) {
      expect(resolvePointer(state, pointer)).toBeUndefined();
    }
    expect(resolvePointer(state, '/list/1/a')).toBeNull();
  });
});

test('[P43] patches are RFC 6902 operations', () => {
  expect(
    toJsonPatch([
      { op: 'add', path: ['a/b', 0], value: { x: 1 } },
      { op: 'remove', path: ['~'] },
      { op: 'replace', path: [], value: null },
    ]),
  ).toEqual([
    { op: 'add', path: '/a~1b/0', value: { x: 1 } },
    { op: 'remove', path: '/~0' },
    { op: 'replace', path: '', value: null },
  ]);
});
