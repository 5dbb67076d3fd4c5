// Proxies that a command holds in place of objects of the state, as admission and capture see them: what stands behind counts.

import assert from 'node:assert/strict';
import { expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit } from '#core/patch/admit.ts';
import { capture } from '#core/patch/capture.ts';
import { Drafted } from '#core/patch/drafted.ts';
import type { Json, Patch } from '#core/patch/patch.ts';

/** A proxy that shows nothing of what stands behind it, so that whoever reads the proxy itself is found out. */
class Behind extends Drafted {
  readonly proxy: object;
  readonly content: object;

  constructor(content: object) {
    super();
    this.content = content;
    this.proxy = new Proxy(Array.isArray(content) ? [] : {}, {
      get: (_, key) => (key === Drafted.BEHIND ? this : 'lie'),
    });
  }
}
const draftOf = (content: object): object => new Behind(content).proxy;

function captured(base: Json, next: unknown): { value: Json; patches: Patch[] } {
  const patches: Patch[] = [];
  return { value: capture(base, next, ['at'], patches), patches };
}

it('[A5] a draft of a command is admitted as what stands behind it, also inside of others', () => {
  expect(admit({ a: draftOf({ list: draftOf([1, draftOf({ n: 2 })]) }) }, [])).toEqual({ a: { list: [1, { n: 2 }] } });
});

it('[A5] a proxy over a draft, or one that answers to any key, is no draft', () => {
  const base = { n: 1 };
  expect(Drafted.of(new Proxy(draftOf(base), {}))).toBeUndefined();
  expect(Drafted.of(new Proxy({}, { get: () => ({}) }))).toBeUndefined();
});

it('[P16] lists that hold drafts are compared by what stands behind them', () => {
  const base = admit([{ n: 1 }, { n: 2 }, { n: 3 }], []) as Json[];
  assert.equal(captured(base, [draftOf(base[0] as object), draftOf({ n: 2 }), base[2]]).value, base);
  const { value, patches } = captured(base, [new Proxy({ n: 1 }, {}), base[1], draftOf({ n: 4 })]);
  expect(value).toEqual([{ n: 1 }, { n: 2 }, { n: 4 }]);
  expect(patches).toEqual([{ op: 'replace', path: ['at', 2, 'n'], value: 4 }]);
});

it('[P18] what else such a list is or has is refused', () => {
  const base = admit([{ n: 1 }], []);
  const lists = [Object.assign([draftOf({ n: 1 })], { extra: 1 }), class extends Array {}.from([draftOf({ n: 1 })])];
  for (const list of lists) expect(() => captured(base, list)).toThrow(OrreryError);
});
