// A random game made by hand, and everything that was ever true of it: the state after each record as text, its tick and time.
// The clock jumps back now and then, and some records stand for several. What was when is never asked of src/.

import type { Patch } from '#core/patch/patch.ts';
import { encodeRecord } from '#core/patch/record.ts';
import { Compaction } from '#storage/sqlite/compaction/compaction.ts';
import type { Granularity } from '#storage/sqlite/compaction/pending-row.ts';
import { KEEP_ALL } from '#storage/sqlite/compaction/retention.ts';
import { DirectoryPast } from '#storage/sqlite/directory-history.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import type { Dice } from '../programs/script.ts';

export interface State {
  count: number;
  list: { n: number; tags: string[] }[];
  notes: { [key: string]: unknown };
  systems: { [id: string]: { metal: number; owner?: string; log: string[] } };
}

export interface Told {
  readonly firstSeq: number;
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly name: string;
  readonly player: string | undefined;
  readonly args: number | undefined;
  readonly state: State;
}

export interface Chronicle {
  /** The first is the record that creates the game. */
  readonly records: readonly Told[];
  readonly lines: readonly string[];
}

export const GAME = 'g';
export const VERSION = 3;
const BEGAN = 1_700_000_000_000;
const PLAYERS = [undefined, 'ada', 'bob', 'eve'] as const;

export function chronicle(roll: Dice, length: number): Chronicle {
  const state: State = {
    count: 0,
    list: [],
    notes: {},
    systems: { s0: { metal: 5, log: [] }, '7': { metal: 1, log: [] } },
  };
  let [seq, tick, time] = [0, 0, BEGAN];
  const told = (firstSeq: number, name: string, player?: string, args?: number): Told => {
    return { firstSeq, seq, tick, time, name, player, args, state: structuredClone(state) };
  };
  const records = [told(0, '@create')];
  const whole = (): Patch => ({ op: 'replace', path: [], value: structuredClone(state) as never });
  const lines = [encode(records[0] as Told, [whole()], { type: 'kind', version: VERSION, tables: ['systems'] })];
  while (records.length <= length) {
    const firstSeq = seq + 1;
    const isMerged = roll(25) === 0;
    seq += isMerged ? 1 + roll(4) : 1;
    const isTick = roll(4) === 0 || isMerged;
    if (isTick) tick += 1 + (isMerged ? roll(3) : 0);
    time += roll(12) === 0 ? -roll(500) : roll(60);
    const patches = Array.from({ length: roll(4) }, () => change(state, roll)).flat();
    const name = isMerged ? '@merged' : isTick ? '@tick' : ['build', 'trade', 'raze'][roll(3)];
    const player = isTick ? undefined : PLAYERS[roll(4)];
    const record = told(firstSeq, name as string, player, isTick ? undefined : seq);
    records.push(record);
    lines.push(encode(record, isMerged ? [whole()] : patches, isMerged ? { tables: ['systems'] } : {}));
  }
  return { records, lines };
}

function encode(record: Told, patches: readonly Patch[], more: object): string {
  const { firstSeq, seq, tick, time, name: command, player, args } = record;
  return encodeRecord({
    game: GAME,
    seq,
    tick,
    time,
    command,
    patches,
    ...(firstSeq === seq ? {} : { firstSeq }),
    ...(player === undefined ? {} : { player }),
    ...(args === undefined ? {} : { args }),
    ...more,
  });
}

/** Changes the state and says how. */
function change(state: State, roll: Dice): Patch[] {
  const at = roll(state.list.length + 1);
  const id = ['s0', '7', 's~1', 'a/b', 's4'][roll(5)] as string;
  const system = state.systems[id];
  switch (roll(11)) {
    case 0:
      state.count += 1;
      return [{ op: 'replace', path: ['count'], value: state.count }];
    case 1:
      state.list.splice(at, 0, { n: roll(9), tags: [] });
      return [{ op: 'add', path: ['list', at], value: structuredClone(state.list[at]) as never }];
    case 2:
      if (at === state.list.length) return [];
      state.list.splice(at, 1);
      return [{ op: 'remove', path: ['list', at] }];
    case 3: {
      const element = state.list[at];
      if (!element) return [];
      element.tags.unshift(`t${roll(5)}`);
      return [{ op: 'add', path: ['list', at, 'tags', 0], value: element.tags[0] as string }];
    }
    case 4: {
      const key = `k${roll(3)}`;
      const op = Object.hasOwn(state.notes, key) ? 'replace' : 'add';
      const value = roll(2) === 0 ? roll(3) : { deep: [roll(3)] };
      state.notes[key] = structuredClone(value);
      return [{ op, path: ['notes', key], value }];
    }
    case 5: {
      const key = `k${roll(3)}`;
      if (!Object.hasOwn(state.notes, key)) return [];
      delete state.notes[key];
      return [{ op: 'remove', path: ['notes', key] }];
    }
    case 6: {
      const value = roll(3) === 0 ? {} : { k0: 1 };
      state.notes = structuredClone(value);
      return [{ op: 'replace', path: ['notes'], value }];
    }
    case 7: {
      if (system) {
        delete state.systems[id];
        return [{ op: 'remove', path: ['systems', id] }];
      }
      state.systems[id] = { metal: roll(9), log: [] };
      return [{ op: 'add', path: ['systems', id], value: structuredClone(state.systems[id]) as never }];
    }
    case 8:
      if (!system) return [];
      system.log.push(`l${roll(3)}`);
      return [{ op: 'add', path: ['systems', id, 'log', system.log.length - 1], value: system.log.at(-1) as string }];
    default:
      if (!system) return [];
      // Now and then what was there: a change that changes nothing.
      system.metal = roll(4);
      return [{ op: 'replace', path: ['systems', id, 'metal'], value: system.metal }];
  }
}

/** Taken in by batches of random length, with rows closed and snapshots made now and then, or `often` and at the end. */
export async function compacted(
  { lines }: Chronicle,
  granularity: Granularity,
  roll: Dice,
  often = false,
): Promise<{ readonly past: DirectoryPast; readonly compaction: Compaction; readonly database: Database }> {
  const database = await Database.open();
  const snapshotEvery = { records: often ? 20 : 120, ms: null };
  const options = {
    granularityOf: () => granularity,
    retentionOf: () => ({ ...KEEP_ALL, snapshotEvery }),
    commandIndex: false,
  };
  const compaction = new Compaction(database, options, { frame: 0, chain: 0 });
  for (let from = 0, frame = 1; from < lines.length; frame += 1) {
    const to = Math.min(lines.length, from + 1 + roll(25));
    const payload = Buffer.from(`${lines.slice(from, to).join('\n')}\n`, 'utf8');
    const taking = compaction.take(payload, { frame, chain: frame });
    while (!taking.next().done);
    from = to;
    if (roll(10) < 3) compaction.flush({});
  }
  const stored = compaction.past(GAME);
  if (!stored) throw new Error('there is no game');
  return { compaction, database, past: new DirectoryPast(stored, () => database.close()) };
}

/** As text that is the same for equal values: the order of keys says nothing here. */
export function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
