// What the players of the test world do: command number `seq` of a game is a pure function of game and seq. So a parent
// that knows how far a child got knows everything the child did.

export type Deed =
  | { readonly kind: 'build'; readonly system: string; readonly metal: number }
  | { readonly kind: 'raze'; readonly system: string }
  | { readonly kind: 'log'; readonly text: string }
  | { readonly kind: 'edit'; readonly at: number; readonly remove: number; readonly lines: readonly string[] }
  | { readonly kind: 'note'; readonly key: string; readonly value: string }
  | { readonly kind: 'forget'; readonly key: string }
  | { readonly kind: 'archive'; readonly letter: string; readonly length: number }
  | { readonly kind: 'pay'; readonly amount: number }
  | { readonly kind: 'save'; readonly treasury: number }
  | { readonly kind: 'tick' };

/** Whole numbers below `below`, the same for the same seed. */
export type Dice = (below: number) => number;

/** Tommy Ettinger's mulberry32. */
export function dice(seed: number): Dice {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below);
  };
}

export function deedAt(game: string, seq: number): Deed {
  let seed = seq * 2654435761;
  for (const character of game) seed = Math.imul(seed ^ (character.codePointAt(0) as number), 16777619);
  const roll = dice(seed);
  const choice = roll(100);
  if (choice < 30) return { kind: 'build', system: `s${roll(30)}`, metal: 1 + roll(9) };
  if (choice < 36) return { kind: 'raze', system: `s${roll(30)}` };
  if (choice < 52) return { kind: 'log', text: `${seq}: ${'é'.repeat(roll(8))}` };
  if (choice < 60) {
    return {
      kind: 'edit',
      at: roll(20),
      remove: roll(3),
      lines: Array.from({ length: roll(3) }, (_, at) => `${seq}.${at}`),
    };
  }
  if (choice < 70) return { kind: 'note', key: `n${roll(12)}`, value: `${seq}` };
  if (choice < 74) return { kind: 'forget', key: `n${roll(12)}` };
  if (choice < 76)
    return { kind: 'archive', letter: 'abcdefgh'.charAt(roll(8)), length: roll(6) === 0 ? 400_000 : roll(2_000) };
  if (choice < 84) return { kind: 'pay', amount: roll(100) };
  if (choice < 88) return { kind: 'save', treasury: roll(1_000) };
  return { kind: 'tick' };
}

/** Games of the world, over all of its shards. */
export const GAMES = ['alpha', 'beta', 'gamma', 'delta', 'Ω mega'] as const;
export const SHARDS = 2;
