// Which objects are proxies and of which built-in class, where the platform does not say.

import vm from 'node:vm';
import { createDraft } from 'immer';
import { expect, it } from 'vitest';
import { builtInOf, isArguments, isModule } from '#core/patch/built-in.ts';
import { isProxy as isProxyAnywhere } from '#core/patch/proxies.ts';
import { defineGame, table } from '#index.ts';
import { isProxy as isProxyInNode } from '#node-proxies.ts';
import { play } from '../game/galaxy.ts';

it('[BR1] what Orrery and Immer give out as a proxy is known for one without Node, and no other object is', async () => {
  const given: unknown[] = [createDraft({ a: 1 })];
  const world = defineGame('world', {
    version: 1,
    initial: () => ({ plain: { list: [1] }, ships: table({ a: { hp: 1 } }) }),
    commands: {
      look(draft) {
        given.push(draft, draft.plain, draft.plain.list, draft.ships);
      },
    },
  });
  const { game } = await play(world);
  game.dispatch('look');
  // Those of the command are over.
  given.push(game.state.ships);
  game.update((draft) => {
    const open = [draft, draft.plain, draft.plain.list, draft.ships];
    for (const each of open) expect([isProxyAnywhere(each), isProxyInNode(each)]).toEqual([true, true]);
  });
  for (const each of given) expect([isProxyAnywhere(each), isProxyInNode(each)]).toEqual([true, true]);
  const named = { [Symbol.for('immer-state')]: {} };
  for (const each of [1, null, undefined, 'a', {}, [], new Map(), Object.create(null), named, game.state, () => 1]) {
    expect([isProxyAnywhere(each), isProxyInNode(each)]).toEqual([false, false]);
  }
  // The difference that docs/BUNDLING.md tells of.
  expect(isProxyAnywhere(new Proxy({}, {}))).toBe(false);
});

it('[A21] built-in classes are known in any realm, whatever an object says of itself', () => {
  const made = (code: string): readonly object[] => [
    vm.runInNewContext(code) as object,
    vm.runInThisContext(code) as object,
  ];
  const kinds: readonly (readonly [string, string | undefined])[] = [
    ['new Date(1)', 'Date'],
    ['new Map()', 'Map'],
    ['new Set()', 'Set'],
    ['new WeakMap()', 'weak'],
    ['new WeakSet()', 'weak'],
    ['/a/', 'RegExp'],
    ['new TypeError("a")', 'Error'],
    ['Promise.resolve()', 'Promise'],
    ['new Uint8Array(1)', 'typed array'],
    ['new DataView(new ArrayBuffer(1))', 'DataView'],
    ['new ArrayBuffer(1)', 'ArrayBuffer'],
    ['new SharedArrayBuffer(1)', 'ArrayBuffer'],
    ['Object("a")', 'boxed text'],
    ['Object(1)', 'boxed'],
    ['Object(true)', 'boxed'],
    ['Object(1n)', 'boxed'],
    ['Object(Symbol())', 'boxed'],
    ['({})', undefined],
    ['[]', undefined],
    ['({ [Symbol.toStringTag]: "Map" })', undefined],
    ['({ [Symbol.toStringTag]: "Error" })', undefined],
    ['({ [Symbol.toStringTag]: "RegExp" })', undefined],
    ['new Proxy(new Map(), {})', undefined],
    ['new Proxy(new Error("a"), {})', undefined],
  ];
  for (const [code, kind] of kinds) for (const each of made(`(${code})`)) expect(builtInOf(each), code).toBe(kind);
  for (const each of made('(function () { return arguments; })()')) expect(isArguments(each)).toBe(true);
  for (const each of made('({ [Symbol.toStringTag]: "Arguments" })')) expect(isArguments(each)).toBe(false);
  const named = (fields: PropertyDescriptor): object =>
    Object.defineProperty(Object.create(null), Symbol.toStringTag, { value: 'Module', ...fields }) as object;
  expect([isModule(named({})), isModule(named({ enumerable: true })), isModule(named({ configurable: true }))]).toEqual(
    [...[true, false, false]],
  );
  expect([isModule({}), isModule(Object.create(null) as object)]).toEqual([false, false]);
});
