// What the benchmarks measure with: a galaxy of star systems of about 230 bytes of JSON each, and what a game loop does
// to it. Everything is made from counters, so that two runs do the same work.

import { defineGame } from '../src/core/game/define.ts';
import { type Table, table } from '../src/core/game/table.ts';
import type { JsonObject, Patch } from '../src/core/patch/patch.ts';
import { CREATE, encodeRecord, type Record } from '../src/core/patch/record.ts';
import type { Batch } from '../src/storage/store.ts';

/** Commands of one tick of a busy game loop. */
export const TICK_COMMANDS = 500;

/** Any moment will do, as long as it is the same one. */
const EPOCH_MS = 1_700_000_000_000;
const TICK_MS = 50;

export interface System {
  name: string;
  position: { x: number; y: number; z: number };
  class: string;
  owner: string | null;
  metal: number;
  crew: number;
  water: number;
  mined: number;
  structures: { mine: number; farm: number; shipyard: number; shield: number };
  note: string;
}

export interface Galaxy {
  treasury: { metal: number; crew: number; water: number };
  news: string[];
  systems: Table<System>;
}

export interface MineArgs {
  readonly system: string;
  readonly metal: number;
}

export interface CollectArgs {
  readonly metal: number;
}

export function systemOf(index: number): System {
  return {
    name: `Star ${index}`,
    position: { x: (index * 137) % 5000, y: (index * 251) % 5000, z: (index * 419) % 900 },
    class: 'OBAFGKM'[index % 7] as string,
    owner: index % 3 === 0 ? `player-${index % 64}` : null,
    metal: index % 1000,
    crew: index % 100,
    water: index % 500,
    mined: 0,
    structures: { mine: 1 + (index % 5), farm: index % 4, shipyard: index % 2, shield: 0 },
    note: 'charted',
  };
}

/** Not a number as text: JavaScript sorts such keys, and a flat record of them is the slower one for Immer. */
export function idOf(index: number): string {
  return `s${100_000 + index}`;
}

/** Ids in an order without a pattern that a cache could follow. */
export function visits(systems: number): readonly string[] {
  // A stride that shares no divisor with the number of systems comes by each of them.
  const stride = [7919, 7907, 7901].find((prime) => systems % prime !== 0) as number;
  return Array.from({ length: systems }, (_, index) => idOf((index * stride) % systems));
}

function emptyGalaxy(): Omit<Galaxy, 'systems'> {
  return { treasury: { metal: 0, crew: 0, water: 0 }, news: [] };
}

function systemsById(systems: number): { [id: string]: System } {
  return Object.fromEntries(Array.from({ length: systems }, (_, index) => [idOf(index), systemOf(index)]));
}

/** The state of a galaxy as plain JSON, mutable, `systems` as an object by id. */
export function plainGalaxy(systems: number): FlatGalaxy {
  return { ...emptyGalaxy(), systems: systemsById(systems) };
}

export type FlatGalaxy = Omit<Galaxy, 'systems'> & { systems: { [id: string]: System } };

export const galaxy = defineGame('galaxy', {
  version: 1,
  history: 'ticks',
  initial: (systems: number): Galaxy => ({ ...emptyGalaxy(), systems: table(systemsById(systems)) }),
  commands: {
    /** The common command: two fields of one entity. */
    mine(draft: Galaxy, { system, metal }: MineArgs, { tick }) {
      const found = draft.systems.get(system);
      if (!found) throw new Error(`there is no system ${system}`);
      found.metal += metal;
      found.mined = tick;
    },
    /** A command on the plain part of the state. */
    collect(draft: Galaxy, { metal }: CollectArgs) {
      draft.treasury.metal += metal;
    },
  },
});

/** The record that makes a game with this state. */
export function creation(game: string, state: FlatGalaxy): Record {
  return {
    game,
    seq: 0,
    tick: 0,
    time: EPOCH_MS,
    command: CREATE,
    patches: [{ op: 'replace', path: [], value: state as unknown as JsonObject }],
    type: galaxy.name,
    version: galaxy.version,
    tables: ['systems'],
  };
}

/** What `mine` leaves in a record. `ids` are visited one after the other, a tick is TICK_COMMANDS of them. */
export function mining(game: string, seq: number, ids: readonly string[]): Record {
  const system = ids[seq % ids.length] as string;
  const tick = Math.floor((seq - 1) / TICK_COMMANDS);
  const patches: Patch[] = [
    { op: 'replace', path: ['systems', system, 'metal'], value: 1000 + seq },
    { op: 'replace', path: ['systems', system, 'mined'], value: tick },
  ];
  return {
    game,
    seq,
    tick,
    time: EPOCH_MS + tick * TICK_MS,
    command: 'mine',
    args: { system, metal: 3 },
    player: `player-${seq % 64}`,
    patches,
  };
}

/** Records of `mine` with seqs from `firstSeq`. */
export function miningTick(game: string, firstSeq: number, ids: readonly string[], count = TICK_COMMANDS): Record[] {
  return Array.from({ length: count }, (_, index) => mining(game, firstSeq + index, ids));
}

/** Records as the lines that a batch and a frame of the journal carry. */
export function payloadOf(records: readonly Record[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${records.map(encodeRecord).join('\n')}\n`);
}

/** Records of one game, without a gap, as a store takes them. */
export function batchOf(records: readonly Record[]): Batch {
  const first = records[0] as Record;
  const last = records.at(-1) as Record;
  return {
    payload: payloadOf(records),
    count: records.length,
    spans: [{ game: first.game, firstSeq: first.seq, lastSeq: last.seq }],
  };
}
