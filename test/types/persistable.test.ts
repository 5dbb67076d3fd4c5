// What the compiler says of a state that cannot be persisted. `npx tsc -p tsconfig.json` is the test: an expected error that does
// not come is an error.

import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Persistable } from '#core/game/persistable.ts';
import { defineGame, type Json, type JsonObject, type ReadonlyTable, type Table, table } from '#index.ts';

class Ship {
  hull = 1;
  move(): void {
    this.hull += 1;
  }
}

interface Node {
  name: string;
  children: Node[];
  parent?: Node | null;
  byName: { [name: string]: Node };
}
/** It goes on for ever: each level has a type that none had before. */
interface Box<T> {
  value: T;
  inner?: Box<Box<T>>;
}
interface Point {
  x: number;
  y: number;
}
type Id = string & { readonly __brand: 'id' };
declare enum Colour {
  Red,
  Blue,
}

interface Good {
  id: Id;
  colour: Colour;
  tree: Node;
  box: Box<Point>;
  json: Json;
  object: JsonObject;
  // biome-ignore lint/suspicious/noExplicitAny: it may stand in a state type
  any: any;
  unknown: unknown;
  list: readonly Point[];
  tuple: [number, string?, ...boolean[]];
  fixed: Readonly<Point>;
  optional?: { a?: string | undefined };
  union: { kind: 'a'; x: number } | { kind: 'b'; y: string[] } | null;
  named: { name: string; message: string };
  sized: { size: number; byteLength: number };
  record: Record<string, Point[]>;
  part: Partial<Record<Id, number>>;
  systems: Table<Node>;
  maybe: Table<Point> | null;
  view: ReadonlyTable<Point>;
  empty: never[];
}

/** Never runs: the compiler reads it. */
const compiled = (_only: () => unknown): void => {};

describe('types of states', () => {
  it('[TY13] what cannot be persisted is a compile error at the property of initial', () => {
    compiled(() => {
      // @ts-expect-error a Date
      defineGame('a', { version: 1, initial: () => ({ born: new Date() }) });
      // @ts-expect-error a Map, deep inside
      defineGame('a', { version: 1, initial: () => ({ n: 1, deep: { list: [{ at: new Map([['a', 1]]) }] } }) });
      // @ts-expect-error a Set, in a union
      defineGame('a', { version: 1, initial: () => ({ tags: null as Set<string> | null }) });
      // @ts-expect-error a class with methods, in a table
      defineGame('a', { version: 1, initial: () => ({ fleet: table<{ ship: Ship }>() }) });
      // @ts-expect-error a function
      defineGame('a', { version: 1, initial: () => ({ act: () => 1 }) });
      // @ts-expect-error a BigInt
      defineGame('a', { version: 1, initial: () => ({ n: 1n }) });
      // @ts-expect-error bytes
      defineGame('a', { version: 1, initial: () => ({ bytes: new Uint8Array(1) }) });
      // @ts-expect-error also with an argument, a context and commands
      defineGame('a', { version: 1, initial: (n: number, c) => ({ n, at: new Date(c.now) }), commands: { a() {} } });
    });
    expectTypeOf<Persistable<{ at: Date; ship: Ship }>>().toEqualTypeOf<{
      at: 'a Date cannot be persisted: store value.getTime()';
      ship: { hull: number; move: 'a function cannot be persisted: store data, and choose the behaviour by a name' };
    }>();
    expectTypeOf<Persistable<symbol>>().toEqualTypeOf<'a symbol cannot be persisted: store a string'>();
    expectTypeOf<
      Persistable<Promise<number>>
    >().toEqualTypeOf<'a promise cannot be persisted: await it before the command'>();
    expectTypeOf<Persistable<RegExp[]>>().toEqualTypeOf<'a RegExp cannot be persisted: store its source and flags'[]>();
    expect(new Ship().hull).toBe(1);
  });

  it('[TY14] everything else compiles, and drafts have the types of the state', () => {
    const made = defineGame('good', {
      version: 1,
      initial: (): Good => null as unknown as Good,
      commands: {
        add(draft, n: number) {
          expectTypeOf(draft).toEqualTypeOf<Good>();
          draft.record['a'] = [{ x: n, y: 1 }];
        },
      },
    });
    expect(made.name).toBe('good');
    defineGame('literals', {
      version: 1,
      initial: () => ({ pace: 'slow', n: 0, on: true, list: ['a'], pair: [1, 'a'] as const }),
      commands: {
        look(draft) {
          type Expected = { pace: string; n: number; on: boolean; list: string[]; pair: readonly [1, 'a'] };
          expectTypeOf(draft).toEqualTypeOf<Expected>();
        },
      },
    });
    // biome-ignore lint/suspicious/noExplicitAny: a state of which nothing is known
    expect(defineGame('any', { version: 1, initial: (): any => ({}) }).version).toBe(1);
  });

  it('[TY14] functions that have a type parameter for the state, or for a part of it, compile', () => {
    const whole = <S extends object>(initial: () => S) => defineGame('whole', { version: 1, initial });
    const part = <T>(value: T) =>
      defineGame('part', {
        version: 1,
        initial: () => ({ value, all: table<T>() }),
        commands: {
          count(draft, next: number) {
            draft.all.delete(String(next));
          },
        },
      });
    expect([whole(() => ({ n: 1 })).name, part('a').name]).toEqual(['whole', 'part']);
  });
});
