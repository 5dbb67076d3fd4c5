import { describe, expect, it } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { admit, MAX_LIST_LENGTH } from '#core/patch/admit.ts';
import type { Path } from '#core/patch/patch.ts';
import { MOST_PLACES, withAllPlaces } from '#core/patch/refusals.ts';

/** What admit throws, with all places. */
function refusalOf(value: unknown, path: Path = [], base?: unknown): OrreryError {
  try {
    admit(value, path);
  } catch (thrown) {
    return withAllPlaces(thrown, (refusals) => refusals.look(value, path, base)) as OrreryError;
  }
  throw new Error('it was admitted');
}

const pathsOf = (value: unknown, path?: Path, base?: unknown): unknown => refusalOf(value, path, base).context['paths'];

const REFUSED = {
  code: 'NOT_PERSISTABLE',
  what: 'undefined cannot be persisted',
  hint: 'Store null.',
  context: { path: '/x' },
} as const;

class Ship {
  hull = 1;
}

describe('all places of a refusal', () => {
  it('[A40] all places are told, in the order of the value, the first in path', () => {
    const value = {
      born: new Date(0),
      fine: { deep: [1, 'a', null] },
      seen: new Map([['a', 1]]),
      ship: { of: [new Ship(), { speed: Number.NaN }] },
      gone: undefined,
      list: [1, undefined, () => 1, Number.NEGATIVE_INFINITY],
      ['constructor']: 1,
    };
    const error = refusalOf(value, ['at']);
    expect(error.code).toBe('NOT_PERSISTABLE');
    expect(error.context['path']).toBe(error.context['paths']?.[0]);
    expect(new Set(error.context['paths'])).toEqual(
      new Set([
        '/at/born',
        '/at/seen',
        '/at/ship/of/0',
        '/at/ship/of/1/speed',
        '/at/gone',
        '/at/list/1',
        '/at/list/2',
        '/at/list/3',
        '/at/constructor',
      ]),
    );
    expect(error.message).toContain('"/at/seen" (a Map)');
    expect(error.message).toContain('"/at/list/2" (a function)');
    expect(error.message).toContain('"/at/ship/of/1/speed" (NaN)');
  });

  it('[A40] what JSON brings back as it is is no place of a refusal', () => {
    const error = withAllPlaces(new OrreryError(REFUSED), (refusals) => {
      for (const fine of ['text', 1, true, null]) refusals.look(fine, ['fine']);
      refusals.look(undefined, ['x']);
    }) as OrreryError;
    expect(error.context['paths']).toEqual(['/x']);
  });

  it('[A40] one place alone has the message it always had', () => {
    const error = refusalOf({ a: 1, b: new Date(0) });
    expect(error.context).toEqual({ path: '/b', paths: ['/b'] });
    expect(error.what).toBe('a Date cannot be persisted');
    expect(refusalOf(undefined, ['x']).context['paths']).toEqual(['/x']);
    expect(refusalOf(new Ship(), ['x']).context['paths']).toEqual(['/x']);
  });

  it('[A40] symbol keys, hidden properties, holes, extra keys, cycles and depth are among them', () => {
    const marked = { [Symbol('mark')]: 1, inner: Number.NaN };
    const hidden = Object.defineProperty({ n: 1n }, 'secret', { value: 1, enumerable: false });
    const sparse: unknown[] = [1];
    sparse[2] = 2;
    sparse[3] = new Set();
    const extra = Object.assign([-0], { name: 'x' });
    const circular: { self?: unknown; bad: unknown } = { bad: Symbol('s') };
    circular.self = circular;
    let deep: unknown = 1;
    for (let level = 0; level < 70; level += 1) deep = { deep };
    expect(pathsOf({ marked, hidden, sparse, extra, circular })).toEqual([
      '/marked',
      '/marked/inner',
      '/hidden/secret',
      '/hidden/n',
      '/sparse/1',
      '/sparse/3',
      '/extra/name',
      '/extra/0',
      '/circular/bad',
      '/circular/self',
    ]);
    const [first, second] = pathsOf([deep, 1n]) as string[];
    expect(first).toHaveLength(2 + '/deep'.length * 63);
    expect(second).toBe('/1');
  });

  it('[A40] what throws when it is read does not hide the others', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const getter = {
      get now(): number {
        throw new Error('not now');
      },
    };
    const long = { list: new Array(MAX_LIST_LENGTH + 1) };
    const error = refusalOf({ getter, dead: [proxy], long, bad: 1n });
    expect(error.context['paths']).toEqual(['/bad', '/getter/now', '/dead/0', '/long/list'].sort(byOrder(error)));
    expect(error.cause).toBeInstanceOf(Error);
  });

  it(`[A41] at most ${MOST_PLACES} places are told, and that there are more`, () => {
    const many = Array.from({ length: 1000 }, () => ({ at: new Date(0) }));
    const error = refusalOf(many);
    expect(error.context['paths']).toEqual(Array.from({ length: MOST_PLACES }, (_, index) => `/${index}/at`));
    expect(error.message).toContain('and more');
    const exactly = refusalOf(many.slice(0, MOST_PLACES));
    expect(exactly.context['paths']).toHaveLength(MOST_PLACES);
    expect(exactly.message).not.toContain('and more');
  });

  it('[A42] what the state before has at the same place is not looked at', () => {
    let reads = 0;
    const kept = {
      get n(): number {
        reads += 1;
        return 1;
      },
    };
    const base = { kept, list: [kept], other: 1 };
    const error = withAllPlaces(
      new OrreryError({ code: 'NOT_PERSISTABLE', what: 'x', hint: 'y', context: { path: '/bad' } }),
      (refusals) => {
        refusals.look({ kept, list: [kept, 1n], other: { n: 2n }, bad: 3n }, [], base);
        refusals.look(kept, ['again'], kept);
      },
    ) as OrreryError;
    expect(error.context['paths']).toEqual(['/bad', '/list/1', '/other/n']);
    expect(reads).toBe(0);
  });

  it('[A43] other errors stay as they are, and a look that throws takes nothing away', () => {
    const other = new OrreryError({ code: 'COMMAND_REFUSED', what: 'x', hint: 'y', context: { path: '/a' } });
    const noPlace = new OrreryError({ code: 'NOT_PERSISTABLE', what: 'x', hint: 'y' });
    for (const error of [other, noPlace, new TypeError('z')]) {
      expect(withAllPlaces(error, () => expect.fail('it looked'))).toBe(error);
    }
    const first = new OrreryError({ code: 'NOT_PERSISTABLE', what: 'x', hint: 'y', context: { path: '/a' } });
    const error = withAllPlaces(first, (refusals) => {
      refusals.look(1n, ['b']);
      throw new Error('a trap');
    }) as OrreryError;
    expect(error.context['paths']).toEqual(['/a', '/b']);
  });
});

/** The first refusal stands first, whatever the order of keys. */
function byOrder(error: OrreryError): (a: string, b: string) => number {
  const paths = error.context['paths'] as readonly string[];
  return (a, b) => paths.indexOf(a) - paths.indexOf(b);
}
