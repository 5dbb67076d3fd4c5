// A game that is played in Node and in a bundle for the browser, and everything that comes out of it as text. It gets `orrery/core`
// as an argument, so that it imports no value itself.

import type * as Core from '#core/index.ts';

/** What to do: the name of a move and a number for it. */
export type Move = readonly [name: string, n: number];

export const SEED = '000102030405060708090a0b0c0d0e0f';

class Ship {
  name = 'ship';
}

/** Values that no state may hold, made where the game runs. */
const REFUSED: readonly (() => unknown)[] = [
  () => new Map([['a', 1]]),
  () => new Map([[1, 2]]),
  () => new Set([1]),
  () => new WeakMap(),
  () => new Date(5),
  () => new Date(Number.NaN),
  () => /a/g,
  () => new RangeError('no'),
  () => Promise.resolve(1),
  () => Uint8Array.of(1, 2),
  () => Float64Array.of(Number.NaN),
  () => BigInt64Array.of(5n),
  () => new DataView(new ArrayBuffer(2)),
  () => new ArrayBuffer(2),
  () => Object('text'),
  () => Object(5),
  () => new Ship(),
  () => [1, undefined],
  () => Object.assign([], { 1: 2 }),
  () => Number.NaN,
  () => 5n,
  () => Symbol('s'),
  () => () => 1,
  () => ({ [Symbol('s')]: 1 }),
  () => ({ text: '\ud800' }),
  () => Object.defineProperty({}, 'hidden', { value: 1 }),
  () => {
    const ring: { self?: unknown } = {};
    ring.self = ring;
    return ring;
  },
  () => Proxy.revocable({}, {}).proxy,
];

/** Plays the moves. One line for each record, each error and each thing that a subscriber saw, and the last state. */
export function play(core: typeof Core, moves: readonly Move[], isNonceKnown: boolean): string[] {
  const lines: string[] = [];
  const { applyPatches, decodeRecord, defineGame, encodeRecord, runGame, table, toJsonPatch } = core;
  let kept: { log: string[] } | undefined;
  const galaxy = defineGame('galaxy', {
    version: 1,
    initial: (_args: { readonly name: string }, { random }) => ({
      systems: table<{ metal: number; names: string[] }>({ sol: { metal: 1, names: ['Sol', 'Соль'] } }),
      log: [] as string[],
      deep: { list: [{ n: 1 }, { n: 2 }] as { n: number }[] },
      luck: random(),
      held: null as unknown,
    }),
    commands: {
      mine(draft, n: number, { random, now, seq }) {
        const id = `s${Math.floor(random() * 5)}`;
        const system = draft.systems.get(id) ?? { metal: 0, names: [] };
        system.metal += n;
        system.names.push(`${id} 😀 "${seq}" ${now}`);
        draft.systems.set(id, system);
      },
      push(draft, n: number) {
        draft.deep.list.push({ n });
        if (n % 3 === 0) draft.deep.list.shift();
        draft.log.push('x'.repeat(n % 70));
      },
      move(draft, n: number) {
        const [first] = draft.deep.list;
        if (first) draft.deep.list = [...draft.deep.list.slice(1), { n: first.n + n }];
      },
      hold(draft, n: number) {
        draft.held = REFUSED[n % REFUSED.length]?.();
      },
      fail(_draft, n: number) {
        throw new Error(`no ${n}`);
      },
      give(draft) {
        return draft as never;
      },
      replace(draft, n: number) {
        return { ...draft, log: [String(n)] } as never;
      },
      keep(draft) {
        kept = draft;
      },
      late(draft) {
        draft.held = kept as never;
      },
      remove(draft) {
        draft.systems.delete('s1');
        draft.systems.get('sol')?.names.reverse();
      },
    },
    onTick(draft, { random }) {
      draft.luck = random();
    },
    invariants: { short: (state) => state.log.length < 12 },
  });
  let state: unknown;
  let time = 1_700_000_000_000;
  const told = (what: string, error: unknown): void => {
    const { code, message, hint, context } = error as Core.OrreryError;
    lines.push(JSON.stringify([what, error instanceof core.OrreryError, code, message, hint, context]));
  };
  const game = runGame(
    galaxy,
    {
      id: 'andromeda',
      seed: SEED,
      now: () => time++,
      onRecord(record) {
        const line = encodeRecord(record);
        // A nonce is a secret that nobody can foresee: it is all that may differ.
        lines.push(isNonceKnown ? line : line.replace(/"n":\d+,/, ''));
        state = applyPatches(state, decodeRecord(line).patches);
      },
    },
    { name: 'x' },
  );
  game.subscribe(({ seq, patches }) => lines.push(JSON.stringify([seq, toJsonPatch(patches)])));
  for (const [name, n] of moves) {
    try {
      if (name === 'tick') game.advance();
      else if (name === 'save') game.save({ ...game.copy(), luck: n });
      else if (name === 'patch') game.patch([{ op: 'add', path: '/deep/list/0', value: { n } }]);
      else if (name === 'badPatch') game.patch([{ op: 'test', path: '/luck', value: 'none' }]);
      else game.dispatch(name as 'mine', n, n % 2 === 0 ? { player: `p${n}` } : {});
    } catch (error) {
      told(name, error);
    }
  }
  try {
    runGame(galaxy, { id: 'no/id' }, { name: 'x' });
  } catch (error) {
    told('id', error);
  }
  lines.push(JSON.stringify(game.state), JSON.stringify(state), `${game.seq} ${game.tick}`);
  return lines;
}
