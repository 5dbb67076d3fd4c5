// Plain objects of more than 128 keys, which are compared in a way of their own, and what else may stand in place of a
// value that was there: hidden properties, proxies that do not keep their word, tables.

import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit } from '#core/patch/admit.ts';
import { fold } from '#core/patch/apply.ts';
import { capture } from '#core/patch/capture.ts';
import { coalesce } from '#core/patch/coalesce.ts';
import { TABLE } from '#core/patch/drafted.ts';
import { equal } from '#core/patch/equal.ts';
import type { Json, Patch } from '#core/patch/patch.ts';

import { change } from './captured.ts';

type Wide = { [key: string]: unknown };

function wide(count = 300): Wide {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, { n: at }]));
}

function refused(base: unknown, next: unknown): OrreryError {
  const out: Patch[] = [];
  try {
    capture(admit(base, []), next, [], out);
  } catch (error) {
    expect(out).toEqual([]);
    if (error instanceof OrreryError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a wide object', () => {
  it('[P1] that did not change is the base itself, also as a copy', () => {
    const { patches, base, now } = change(wide(), structuredClone(wide()));
    expect(patches).toEqual([]);
    expect(now).toBe(base);
  });

  it('[P2] [P6] changed under a few keys is a replace for each, and all else stays, from version to version', () => {
    let base = admit(wide(), []);
    for (let round = 0; round < 5; round += 1) {
      const next = { ...(base as Wide), [`k${round}`]: { n: -1 - round }, k299: round, k7: { n: 7 } };
      const out: Patch[] = [];
      const now = capture(base, next, [], out) as Wide;
      expect(JSON.stringify(now)).toBe(JSON.stringify(next));
      expect(out).toEqual([
        { op: 'replace', path: [`k${round}`, 'n'], value: -1 - round },
        { op: 'replace', path: ['k299'], value: round },
      ]);
      expect(now['k250']).toBe((base as Wide)['k250']);
      expect(now['k7']).toBe((base as Wide)['k7']);
      base = now as Json;
    }
  });

  it('[P3] [P4] with keys that came, went and moved', () => {
    const { k5: _, ...without } = wide();
    expect(change(wide(), without).patches).toEqual([{ op: 'remove', path: ['k5'] }]);
    expect(change(wide(), { ...wide(), fresh: 1 }).patches).toEqual([{ op: 'add', path: ['fresh'], value: 1 }]);
    expect(change(wide(), { ...without, k5: { n: 5 } }).patches).toEqual([
      { op: 'remove', path: ['k5'] },
      { op: 'add', path: ['k5'], value: { n: 5 } },
    ]);
  });

  it('[P18] with what JSON would lose is refused by its path', () => {
    expect(refused(wide(), { ...wide(), [Symbol('mark')]: 1 }).what).toContain('symbol');
    const hidden = Object.defineProperty(wide(), 'k9', { enumerable: false, value: 1 });
    expect(refused(wide(), hidden).context).toEqual({ path: '/k9' });
    const more = Object.defineProperty(wide(), 'k300', { enumerable: false, value: 1 });
    expect(refused(wide(), more).context).toEqual({ path: '/k300' });
    const zero = { ...wide(), k3: 0 };
    expect(refused(zero, { ...zero, k3: -0 }).context).toEqual({ path: '/k3' });
  });

  it('[P12] in a list is found equal exactly when it is', () => {
    const list = [wide(), 1, wide(200), 2];
    expect(change(list, [wide(), 0, 1, wide(200), 2]).patches).toEqual([{ op: 'add', path: [1], value: 0 }]);
    for (const other of [
      { ...wide(), k299: 'other' },
      { ...wide(), more: 1 },
      Object.fromEntries(Object.entries(wide()).reverse()),
      Object.defineProperty(wide(), 'hidden', { enumerable: false, value: 1 }),
      Object.assign(Object.create({ inherited: 1 }) as object, wide()),
      { ...wide(), [Symbol('mark')]: 1 },
    ]) {
      expect(equal(wide() as Json, other)).toBe(false);
    }
    expect(equal(wide() as Json, wide())).toBe(true);
    const shared = wide();
    expect(equal(shared as Json, { ...shared })).toBe(true);
    const numbers = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`k${at}`, 0]));
    expect(equal(numbers, { ...numbers })).toBe(true);
    expect(equal(numbers, { ...numbers, k150: -0 })).toBe(false);
  });
});

describe('an object that is not what it seems', () => {
  const inherited = (own: object): object => Object.assign(Object.create(Object.create(null) as object) as object, own);

  it('[P18] properties that are not enumerable are refused by their path, first, last or in the middle', () => {
    for (const key of ['a', 'b', 'c']) {
      const next = Object.defineProperty({ a: 1, b: 2, c: 3 }, key, { enumerable: false });
      expect(refused({ a: 1, b: 2, c: 3 }, next).context).toEqual({ path: `/${key}` });
      expect(equal({ a: 1, b: 2, c: 3 }, next)).toBe(false);
    }
  });

  it('[P12] inherited keys are not its own', () => {
    const prototype = Object.assign(Object.create(null) as object, { inherited: 1 });
    expect(equal({ a: 1 }, Object.assign(Object.create(prototype) as object, { a: 1 }))).toBe(false);
    expect(equal({ a: 1 }, inherited({ a: 1 }))).toBe(false);
  });

  it('[P18] an Object.prototype of another realm that lends keys is passed over: only own ones count', () => {
    const realm = runInNewContext('Object.prototype.lent = 1; ({ own: { a: 1, b: 2 } })') as { own: object };
    expect(change({ a: 1, b: 3 }, realm.own).patches).toEqual([{ op: 'replace', path: ['b'], value: 2 }]);
    expect(equal({ a: 1, b: 2 }, realm.own)).toBe(true);
  });

  it('[P18] a list that says it is a table is refused as one', () => {
    class Strange extends Array<number> {
      get [TABLE](): true {
        return true;
      }
    }
    const plain = Object.assign([1, 2], { [TABLE]: true });
    expect(refused([1], Strange.of(1, 2)).what).toBe(refused([1], plain).what);
    expect(refused([1], Strange.of(1, 2)).what).toContain('table');
    class StrangeObject {
      readonly a = 1;
      get [TABLE](): true {
        return true;
      }
    }
    expect(refused({ inner: { a: 1 } }, { inner: new StrangeObject() }).context).toEqual({ path: '/inner' });
    expect(refused({ inner: { a: 1 } }, { inner: new StrangeObject() }).what).toContain('table');
    expect(() => admit(plain, [])).toThrow(expect.objectContaining({ code: 'NOT_PERSISTABLE' }));
  });

  it('[A19] what throws on one reading alone is refused at its container', () => {
    let readings = 0;
    const fickle = {
      get once(): number {
        readings += 1;
        if (readings === 1) throw new Error('not now');
        return 1;
      },
    };
    expect(() => admit({ fickle }, [])).toThrow(
      expect.objectContaining({ code: 'NOT_PERSISTABLE', context: { path: '/fickle' } }),
    );
  });
});

describe('patches', () => {
  it('[P36] a list of a class in place of a plain one is refused', () => {
    class Numbers extends Array<number> {}
    const patches = [{ op: 'replace', path: [], value: { list: Numbers.of(1) } }] as unknown as Patch[];
    expect(() => fold({}, patches)).toThrow(expect.objectContaining({ code: 'PATCH_INVALID' }));
  });

  it('[P36] an error that is none of ours comes out of fold and coalesce as it is', () => {
    const broken = (): Patch => ({
      op: 'replace',
      path: ['a'],
      get value(): Json {
        throw new RangeError('not a patch at all');
      },
    });
    expect(() => fold({ a: 1 }, [broken()])).toThrow(RangeError);
    expect(() => coalesce([{ op: 'replace', path: ['a'], value: { b: 1 } }, broken()])).toThrow(RangeError);
  });
});
