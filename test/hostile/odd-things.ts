// What an attack throws with: dice that fall the same for the same seed, and values that a call may not expect.

/** A small seeded generator (xorshift): the same everywhere. */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }
  below(bound: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % bound;
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** Values of every kind, among them some that make sense to some call. */
export function oddThings(id: string): unknown[] {
  return [
    undefined,
    null,
    0,
    -1,
    Number.NaN,
    1e308,
    3,
    '',
    id,
    id,
    '__proto__',
    'mark',
    'constructor',
    ['mark'],
    { toString: () => 'mark' },
    Symbol('odd'),
    10n,
    {},
    [],
    () => undefined,
    new Date(0),
    { seq: 1 },
    { at: 1, as: 'b' },
    { mode: 'latest' },
    { player: 'x' },
    { player: {} },
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('a trap');
        },
      },
    ),
    (given: object) => void Object.assign(given, { last: 'odd' }),
  ];
}

/** Entities of a table have no order. */
export function sorted(state: unknown): string {
  const { units = {}, ...plain } = state as { units?: { [id: string]: unknown } };
  return JSON.stringify([
    plain,
    Object.keys(units)
      .sort()
      .map((id) => [id, units[id]]),
  ]);
}
