// Clocks and chance, watched while a command runs: what it takes from them is different when it is run again. Before
// it: explanation.ts, which runs a command that came out differently once more; after it: the names of what it used.

import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/** What a command used that is not recorded, such as `Math.random()` and `Date.now()`, in the order of first use. */
export interface Watched {
  readonly used: readonly string[];
}

type Holder = { [name: string]: unknown };

/** Functions that give another answer each time. Objects by the name that a message calls them. */
const FUNCTIONS: readonly (readonly [holder: Holder, name: string, called: string])[] = [
  [Math as unknown as Holder, 'random', 'Math.random()'],
  [performance as unknown as Holder, 'now', 'performance.now()'],
  [process as unknown as Holder, 'hrtime', 'process.hrtime()'],
  [process as unknown as Holder, 'uptime', 'process.uptime()'],
  [globalThis.crypto as unknown as Holder, 'randomUUID', 'crypto.randomUUID()'],
  [globalThis.crypto as unknown as Holder, 'getRandomValues', 'crypto.getRandomValues()'],
  [crypto as unknown as Holder, 'randomUUID', 'crypto.randomUUID()'],
  [crypto as unknown as Holder, 'randomBytes', 'crypto.randomBytes()'],
  [crypto as unknown as Holder, 'randomInt', 'crypto.randomInt()'],
];

/**
 * Runs something synchronous with clocks and chance replaced by ones that say when they are used, and give what they
 * always give. What `work` throws is thrown on. A function that a module took hold of before, as in `const { random } =
 * Math`, is not seen.
 */
export function watchNondeterminism(work: () => void): Watched {
  const used = new Set<string>();
  const undo: (() => void)[] = [];
  const replace = (holder: Holder, name: string, by: unknown): void => {
    const own = Object.getOwnPropertyDescriptor(holder, name);
    Object.defineProperty(holder, name, {
      value: by,
      configurable: true,
      writable: true,
      enumerable: own?.enumerable ?? false,
    });
    undo.push(() => {
      if (own) Object.defineProperty(holder, name, own);
      else Reflect.deleteProperty(holder, name);
    });
  };
  try {
    for (const [holder, name, called] of FUNCTIONS) {
      const original = Reflect.get(holder, name) as (...args: unknown[]) => unknown;
      replace(
        holder,
        name,
        noting(original, holder, () => used.add(called)),
      );
    }
    replace(globalThis as unknown as Holder, 'Date', notingDate(globalThis.Date, used));
    // Names imported from node:crypto and node:process follow their objects only when told to.
    syncBuiltinESMExports();
    work();
  } finally {
    for (const restore of undo.reverse()) restore();
    syncBuiltinESMExports();
  }
  return { used: [...used] };
}

function noting(
  original: (...args: unknown[]) => unknown,
  holder: Holder,
  note: () => void,
): (...args: unknown[]) => unknown {
  // A proxy keeps what hangs on the function: process.hrtime.bigint.
  return new Proxy(original, {
    apply: (target, _self, args) => {
      note();
      return Reflect.apply(target, holder, args) as unknown;
    },
    get: (target, key) => {
      const value = Reflect.get(target, key) as unknown;
      if (key === 'bigint') note();
      return value;
    },
  });
}

function notingDate(original: DateConstructor, used: Set<string>): DateConstructor {
  return new Proxy(original, {
    construct: (target, args, newTarget) => {
      if (args.length === 0) used.add('new Date()');
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply: (target, self, args) => {
      used.add('Date()');
      return Reflect.apply(target, self, args) as unknown;
    },
    get: (target, key, receiver) => {
      if (key === 'now') {
        return () => {
          used.add('Date.now()');
          return target.now();
        };
      }
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}
