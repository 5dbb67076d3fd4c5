// A game of any past that Orrery writes: tables that come, go and are renamed, migrations, recoveries, records that stand for several,
// clocks that jump and odd texts. The records are made by hand, and what the states are is not asked of src/.

import type { Json, JsonObject, Patch } from '#core/patch/patch.ts';
import { encodeRecord, type Record as GameRecord } from '#core/patch/record.ts';
import type { Dice } from '../programs/script.ts';

const TIME = 1_700_000_000_000;
const YEAR = 31_536_000_000;
const TEXTS = [
  '',
  'ada',
  'a\u0000b',
  '\u0000',
  'Ωmega',
  '\u{1f680}',
  '"\\',
  '__proto__',
  ' ',
  '@merged',
  'x'.repeat(300),
];

export interface AnyPast {
  /** Lines of JSON, and the seqs that each stands for. */
  readonly lines: readonly { readonly text: string; readonly firstSeq: number; readonly lastSeq: number }[];
  /** The newest. */
  readonly state: JsonObject;
}

interface Moment {
  readonly state: JsonObject;
  readonly tables: readonly string[];
  readonly version: number;
  readonly tick: number;
}

export function anyPast(game: string, type: string, records: number, roll: Dice): AnyPast {
  let now: Moment = { state: { count: 0, ships: {} }, tables: ['ships'], version: 1 + roll(3), tick: roll(2) * 7 };
  let time = TIME;
  let seq = 0;
  const moments = new Map<number, Moment>();
  const lines: { text: string; firstSeq: number; lastSeq: number }[] = [];
  const put = (record: Omit<GameRecord, 'game' | 'seq' | 'tick' | 'time'>, first = seq): void => {
    const place = { game, seq, ...(first < seq ? { firstSeq: first } : {}), tick: now.tick, time };
    lines.push({ text: encodeRecord({ ...place, ...record }), firstSeq: first, lastSeq: seq });
    moments.set(seq, structuredClone(now));
  };
  const whole = (): Patch[] => [{ op: 'replace', path: [], value: now.state as Json }];
  put({
    command: '@create',
    type,
    version: now.version,
    tables: now.tables,
    patches: whole(),
    ...(roll(2) === 0 ? {} : { seed: '0a'.repeat(16) }),
    ...(roll(3) === 0 ? { args: { fork: { game: 'parent', seq: roll(9) } } } : {}),
  });
  while (seq < records) {
    seq += 1;
    time = anotherTime(time, seq, roll);
    if (roll(3) === 0) now = { ...now, tick: now.tick + 1 };
    const kind = roll(30);
    if (kind === 0) {
      now = { ...renamed(now, roll), version: now.version + 1 };
      put({ command: '@migrate', version: now.version, tables: now.tables, args: { from: 1 }, patches: whole() });
    } else if (kind === 1) {
      const from = [...moments.keys()][roll(moments.size)] as number;
      now = structuredClone(moments.get(from) as Moment);
      const args = {
        mode: 'latest',
        reason: textOf(roll),
        from,
        ...(from + 1 < seq ? { givenUp: [from + 1, seq - 1] } : {}),
      };
      put({ command: '@recover', version: now.version, tables: now.tables, args: args as Json, patches: whole() });
    } else if (kind === 2) {
      const first = seq;
      seq += roll(4);
      now = { ...now, state: { ...now.state, count: seq } };
      put({ command: '@merged', tables: now.tables, patches: whole() }, first);
    } else if (kind < 5) {
      const before = now;
      now = renamed(now, roll);
      put({ command: 'reshape', tables: now.tables, patches: reshaping(before, now) });
    } else {
      const [state, patches] = changed(now, roll);
      now = { ...now, state };
      put({
        command: roll(9) === 0 ? textOf(roll) : 'play',
        ...(roll(2) === 0 ? {} : { player: textOf(roll) }),
        ...(roll(2) === 0 ? {} : { args: argsOf(roll) }),
        ...(roll(4) === 0 ? { nonce: 1 + roll(2 ** 31) } : {}),
        patches,
      });
    }
  }
  return { lines, state: now.state };
}

function textOf(roll: Dice): string {
  return TEXTS[roll(TEXTS.length)] as string;
}

function argsOf(roll: Dice): Json {
  let args: Json = [textOf(roll), -0.5, null, { [`k${textOf(roll)}`]: 1e300 }];
  for (let depth = roll(40); depth > 0; depth -= 1) args = roll(2) === 0 ? [args] : { a: args };
  return args;
}

function anotherTime(time: number, seq: number, roll: Dice): number {
  switch (roll(40)) {
    case 0:
      return TIME + YEAR;
    case 1:
      return -1 - roll(1000);
    case 2:
      return Number.MAX_SAFE_INTEGER - roll(3);
    case 3:
      return 0;
    default:
      return Math.abs(time - TIME) > YEAR / 2 ? TIME + seq * 10 : time + roll(10);
  }
}

function changed({ state, tables }: Moment, roll: Dice): [JsonObject, Patch[]] {
  const next = structuredClone(state) as { [key: string]: Json };
  const patches: Patch[] = [];
  for (let left = roll(4); left > 0; left -= 1) {
    const table = tables[roll(tables.length)];
    if (table === undefined || roll(3) === 0) {
      next['count'] = roll(1000);
      patches.push({ op: 'replace', path: ['count'], value: next['count'] });
      continue;
    }
    const entities = next[table] as { [id: string]: Json };
    const id = `e${roll(9)}`;
    if (Object.hasOwn(entities, id) && roll(2) === 0) {
      delete entities[id];
      patches.push({ op: 'remove', path: [table, id] });
    } else {
      const op = Object.hasOwn(entities, id) ? 'replace' : 'add';
      entities[id] = { text: textOf(roll), list: [roll(9), roll(9)] };
      patches.push({ op, path: [table, id], value: structuredClone(entities[id]) });
    }
  }
  return [next, patches];
}

/** A table more, one less, or one under another name. */
function renamed(moment: Moment, roll: Dice): Moment {
  const state = structuredClone(moment.state) as { [key: string]: Json };
  let tables = [...moment.tables];
  const fresh = `t${roll(1000)}`;
  const old = tables[roll(tables.length)];
  const kind = roll(3);
  if (old !== undefined && kind > 0) {
    const entities = state[old] as Json;
    delete state[old];
    tables = tables.filter((name) => name !== old);
    if (kind === 1 && !Object.hasOwn(state, fresh)) {
      state[fresh] = entities;
      tables.push(fresh);
    }
  } else if (!Object.hasOwn(state, fresh)) {
    state[fresh] = {};
    tables.push(fresh);
  }
  return { ...moment, state, tables };
}

function reshaping(before: Moment, after: Moment): Patch[] {
  const gone = Object.keys(before.state).filter((key) => !Object.hasOwn(after.state, key));
  const come = Object.keys(after.state).filter((key) => !Object.hasOwn(before.state, key));
  return [
    ...gone.map((key): Patch => ({ op: 'remove', path: [key] })),
    ...come.map((key): Patch => ({ op: 'add', path: [key], value: after.state[key] as Json })),
  ];
}
