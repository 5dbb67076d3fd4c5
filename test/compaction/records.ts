// Records of a random game made by hand, with the state after each: lists that are pushed, shifted and spliced, objects
// whose keys come and go, all patches as docs/FORMAT.md says. What the states are is not asked of src/.

import type { Patch } from '#core/patch/patch.ts';
import { encodeRecord } from '#core/patch/record.ts';
import type { Dice } from '../programs/script.ts';

interface State {
  count: number;
  list: string[];
  notes: { [key: string]: string };
  deep: { inner: { text: string } };
}

export interface Past {
  /** Lines of JSON, the first is the record that creates the game. */
  readonly lines: readonly string[];
  /** JSON of the state at each seq. */
  readonly states: readonly string[];
  readonly ticks: readonly number[];
  readonly patches: number;
}

export const TIME = 1_700_000_000_000;

/** `width` bounds the texts, and with them the size of patches. */
export function randomPast(game: string, type: string, commands: number, roll: Dice, width: number): Past {
  const state: State = { count: 0, list: ['first'], notes: {}, deep: { inner: { text: '' } } };
  const states = [JSON.stringify(state)];
  const ticks = [0];
  const first: Patch = { op: 'replace', path: [], value: structuredClone(state) as never };
  const lines = [
    encodeRecord({
      game,
      seq: 0,
      tick: 0,
      time: TIME,
      command: '@create',
      type,
      version: 3,
      tables: ['notes'],
      patches: [first],
    }),
  ];
  let patchCount = 0;
  for (let seq = 1; seq <= commands; seq += 1) {
    const tick = (ticks.at(-1) as number) + (roll(4) === 0 ? 1 : 0);
    const patches = Array.from({ length: roll(5) }, () => change(state, roll, width)).flat();
    patchCount += patches.length;
    const player = roll(2) === 0 ? {} : { player: 'ada' };
    lines.push(
      encodeRecord({ game, seq, tick, time: TIME + seq, command: `c${seq % 7}`, args: { seq }, ...player, patches }),
    );
    states.push(JSON.stringify(state));
    ticks.push(tick);
  }
  return { lines, states, ticks, patches: patchCount };
}

/** Changes the state and says how. */
function change(state: State, roll: Dice, width: number): Patch[] {
  const text = String.fromCharCode(97 + roll(26)).repeat(roll(width)) + roll(1000);
  const at = roll(state.list.length + 1);
  const key = `k${roll(6)}`;
  switch (roll(8)) {
    case 0:
      state.count += 1;
      return [{ op: 'replace', path: ['count'], value: state.count }];
    case 1:
      state.list.splice(at, 0, text);
      return [{ op: 'add', path: ['list', at], value: text }];
    case 2:
      if (at === state.list.length) return [];
      state.list.splice(at, 1);
      return [{ op: 'remove', path: ['list', at] }];
    case 3:
      if (at === state.list.length) return [];
      state.list[at] = text;
      return [{ op: 'replace', path: ['list', at], value: text }];
    case 4: {
      const op = Object.hasOwn(state.notes, key) ? 'replace' : 'add';
      state.notes[key] = text;
      return [{ op, path: ['notes', key], value: text }];
    }
    case 5: {
      if (!Object.hasOwn(state.notes, key)) return [];
      delete state.notes[key];
      const gone: Patch = { op: 'remove', path: ['notes', key] };
      if (roll(2) === 0) return [gone];
      state.notes[key] = text;
      return [gone, { op: 'add', path: ['notes', key], value: text }];
    }
    case 6:
      state.deep.inner.text = text;
      return [{ op: 'replace', path: ['deep', 'inner', 'text'], value: text }];
    default:
      state.deep = { inner: { text } };
      return [{ op: 'replace', path: ['deep'], value: { inner: { text } } }];
  }
}
