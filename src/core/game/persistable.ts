// What TypeScript can tell of a state that cannot be persisted, before the program runs. Before it: define.ts, which
// holds the state of `initial` against it. What TypeScript cannot tell (undefined in a list, NaN, a class that has
// nothing but fields) patch/admit.ts refuses while the program runs.

import type { ReadonlyTable, Table } from './table.ts';

type Primitive = null | undefined | boolean | number | string;

/**
 * Whoever has such a method is a table: asked first, because comparing every object with every table takes the compiler
 * long.
 */
interface AnyTable {
  ids(): readonly string[];
}

/** By a depth, the next one. From the last on nothing is looked at: a type may go on for ever. */
type Deeper = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12];
type Deepest = 12;

/**
 * T as it may stand in a state. What may not has a text in its place that says so, which nothing but that text fits: so
 * the compiler shows it beside the property. Types of which nothing is known (any, unknown, a type parameter) may stand
 * anywhere.
 */
export type Persistable<T, Depth extends number = 0> = 0 extends 1 & T
  ? T
  : unknown extends T
    ? T
    : Depth extends Deepest
      ? T
      : T extends Primitive
        ? T
        : T extends readonly unknown[]
          ? { [K in keyof T]: Persistable<T[K], Deeper[Depth]> }
          : T extends AnyTable
            ? PersistableTable<T, Depth>
            : T extends object
              ? PersistableObject<T, Depth>
              : T extends bigint
                ? 'a BigInt cannot be persisted: store String(value)'
                : 'a symbol cannot be persisted: store a string';

type PersistableTable<T, Depth extends number> =
  T extends Table<infer E>
    ? Table<Persistable<E, Deeper[Depth]>>
    : T extends ReadonlyTable<infer E>
      ? ReadonlyTable<Persistable<E, Deeper[Depth]>>
      : T;

type PersistableObject<T extends object, Depth extends number> = T extends Date
  ? 'a Date cannot be persisted: store value.getTime()'
  : // biome-ignore lint/complexity/noBannedTypes: anything that can be called or constructed
    T extends Function
    ? 'a function cannot be persisted: store data, and choose the behaviour by a name'
    : T extends ReadonlyMap<unknown, unknown>
      ? 'a Map cannot be persisted: use a table, or an object by id'
      : T extends ReadonlySet<unknown>
        ? 'a Set cannot be persisted: store a list, [...value]'
        : T extends RegExp
          ? 'a RegExp cannot be persisted: store its source and flags'
          : T extends PromiseLike<unknown>
            ? 'a promise cannot be persisted: await it before the command'
            : T extends ArrayBufferView | ArrayBufferLike
              ? 'bytes cannot be persisted: store a list of numbers, or a text in base64'
              : { [K in keyof T]: Persistable<T[K], Deeper[Depth]> };

/**
 * What a definition has to be besides, so that its state can be persisted: nothing more, or an `initial` that gives
 * what may stand in a state. It asks whether nothing fits: of a type parameter that is never certain, so functions that
 * have one compile.
 */
export type PersistableState<S> = [Fitting<S>] extends [never]
  ? { readonly initial: (...all: never[]) => Persistable<S> }
  : unknown;

type Fitting<S> = [S] extends [Persistable<S>] ? true : never;
