// A state with tables that changes at random, and the patches of each change, made by hand: what stands after them is not
// asked of src/.

import type { Json, Patch, PathSegment } from '#core/patch/patch.ts';
import type { Dice } from '../programs/script.ts';

type Entity = { [key: string]: Json };

const KEYS = ['metal', 'crew', 'ö', 'with "quotes"', 'a/b', '7', 'owner'];
const IDS = ['s1', 's2', 's3', '10', '9', 'née', '仙女座', 'quo"te', 'a\\b', 'tab\t'];
const TEXTS = ['', 'plain', '"}],{', '\\', '\n', '😀', '\u2028'];

export interface Wide {
  name: string;
  counts: { [key: string]: Json };
  systems: { [id: string]: Entity };
  fleets: { [id: string]: Entity };
}

export const TABLES = ['systems', 'fleets'] as const;

export function wideState(roll: Dice): Wide {
  const table = (): { [id: string]: Entity } =>
    Object.fromEntries(IDS.filter(() => roll(3) > 0).map((id) => [id, entity(roll)]));
  return { name: 'first', counts: { ships: 0, '3': 1 }, systems: table(), fleets: table() };
}

/** Changes the state in place and says how. `onlyValues` leaves keys, lists and entities as they are. */
export function changeWide(state: Wide, roll: Dice, onlyValues: boolean): Patch[] {
  if (roll(8) === 0) {
    const key = Object.keys(state.counts)[0] as string;
    state.counts[key] = roll(1000);
    return [{ op: 'replace', path: ['counts', key], value: state.counts[key] }];
  }
  const table = TABLES[roll(2)] as (typeof TABLES)[number];
  const ids = Object.keys(state[table]);
  const id = ids[roll(ids.length)];
  if (!onlyValues && roll(6) === 0) return changeTable(state, table, roll);
  if (id === undefined) return [];
  return changeInside(state[table][id] as Entity, [table, id], roll, onlyValues);
}

function changeTable(state: Wide, table: 'systems' | 'fleets', roll: Dice): Patch[] {
  const id = IDS[roll(IDS.length)] as string;
  const value = entity(roll);
  const path = [table, id];
  if (!Object.hasOwn(state[table], id)) {
    state[table][id] = value;
    return [{ op: 'add', path, value: structuredClone(value) }];
  }
  if (roll(2) === 0) {
    state[table][id] = value;
    return [{ op: 'replace', path, value: structuredClone(value) }];
  }
  delete state[table][id];
  return [{ op: 'remove', path }];
}

function changeInside(inside: Entity, path: PathSegment[], roll: Dice, onlyValues: boolean): Patch[] {
  if (!onlyValues && roll(3) === 0) {
    const list = inside['list'] as Json[];
    const at = roll(list.length + 1);
    if (roll(2) === 0) {
      list.splice(at, 0, roll(100));
      return [{ op: 'add', path: [...path, 'list', at], value: list[at] as Json }];
    }
    if (at < list.length) {
      list.splice(at, 1);
      return [{ op: 'remove', path: [...path, 'list', at] }];
    }
    const key = KEYS[roll(KEYS.length)] as string;
    if (!Object.hasOwn(inside, key)) {
      inside[key] = roll(100);
      return [{ op: 'add', path: [...path, key], value: inside[key] }];
    }
    delete inside[key];
    return [{ op: 'remove', path: [...path, key] }];
  }
  switch (roll(4)) {
    case 0: {
      const list = inside['list'] as Json[];
      if (list.length === 0) return [];
      const at = roll(list.length);
      list[at] = TEXTS[roll(TEXTS.length)] as string;
      return [{ op: 'replace', path: [...path, 'list', at], value: list[at] }];
    }
    case 1: {
      const deep = inside['deep'] as { inner: { [key: string]: Json } };
      deep.inner['text'] = TEXTS[roll(TEXTS.length)] as string;
      return [{ op: 'replace', path: [...path, 'deep', 'inner', 'text'], value: deep.inner['text'] }];
    }
    case 2: {
      inside['deep'] = { inner: { text: roll(9), more: null } };
      return [{ op: 'replace', path: [...path, 'deep'], value: structuredClone(inside['deep']) }];
    }
    default: {
      const key = Object.keys(inside).filter((each) => each !== 'list' && each !== 'deep')[0];
      if (key === undefined) return [];
      inside[key] = roll(2) === 0 ? roll(1000) / 4 : (TEXTS[roll(TEXTS.length)] as string);
      return [{ op: 'replace', path: [...path, key], value: inside[key] }];
    }
  }
}

function entity(roll: Dice): Entity {
  return {
    ...Object.fromEntries(KEYS.filter(() => roll(2) === 0).map((key) => [key, roll(100)])),
    list: Array.from({ length: roll(4) }, () => roll(10)),
    deep: { inner: { text: TEXTS[roll(TEXTS.length)] as string } },
  };
}
