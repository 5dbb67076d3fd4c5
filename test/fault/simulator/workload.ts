// What is done to a shard before the crash: steps, by dice. play.ts does them.

import type { Dice } from '../../programs/script.ts';
import type { Call, Strike } from './recording-files.ts';

/** How many records each game gets, and how many bytes more than need be. */
export interface BatchPlan {
  readonly games: { readonly [game: string]: number };
  readonly filler: number;
}

export type Step =
  | { readonly do: 'commit'; readonly batch: BatchPlan }
  | { readonly do: 'compact' }
  /** With a commit after that slice of it, and a slice of compaction after that one and each later one if it says so. */
  | { readonly do: 'checkpoint'; readonly slice: number; readonly batch: BatchPlan; readonly compactions?: boolean }
  /** In good order, and opened again. */
  | { readonly do: 'close' }
  /** The process is gone, its machine is not; opened again. */
  | { readonly do: 'kill' }
  /**
   * A second process takes the shard over: at the nth call that the first makes while it commits or publishes; or the first
   * does that at the nth call of the second's opening. Then the first tries something more.
   */
  | {
      readonly do: 'takeover';
      readonly deed: 'commit' | 'checkpoint';
      readonly amid: 'deed' | 'opening';
      readonly nth: number;
      readonly batch: BatchPlan;
      readonly afterwards: 'commit' | 'checkpoint' | 'close';
    };

/** Calls to the disk that fail, counted from the first step on, over those that can fail in this way. */
export interface Fault extends Strike {
  readonly nth: number;
  /** Only the nth, or all from there on until the workload has met a few of them. */
  readonly lasting: boolean;
  /** Only these. */
  readonly calls?: readonly Call[];
}

export interface Workload {
  readonly steps: readonly Step[];
  readonly fault: Fault | undefined;
}

const GAMES = ['a', 'b', 'c'];
const READING: readonly Call[] = ['list', 'exists', 'size', 'read', 'openRead', 'readAt', 'identity', 'openFolder'];
const NEEDS_DESCRIPTOR: readonly Call[] = ['createNew', 'openWrite', 'openFolder', 'openRead', 'read', 'syncDirectory'];
const NEEDS_SPACE: readonly Call[] = ['createNew', 'write', 'dataSync', 'sync', 'rename', 'publishNew', 'link'];

/** Some more than once: those get more of the faults. */
const CRUCIAL: readonly Call[] = [
  ...(['write', 'dataSync', 'dataSync', 'dataSync', 'sync', 'createNew'] as const),
  ...(['syncDirectory', 'publishNew', 'exists', 'exists'] as const),
];
const FAULTS: readonly (readonly [errno: string, moment: Strike['moment']])[] = [
  ['EIO', 'before'],
  ['EIO', 'before'],
  ['EIO', 'after'],
  ['EIO', 'half'],
  ['ENOSPC', 'before'],
  ['ENOSPC', 'half'],
  ['EMFILE', 'before'],
  ['EROFS', 'before'],
];

export function canFail(call: Call, { errno, moment, calls }: Fault): boolean {
  if (calls && !calls.includes(call)) return false;
  if (moment === 'half') return call === 'write';
  if (moment === 'after') return !READING.includes(call);
  if (errno === 'EMFILE') return NEEDS_DESCRIPTOR.includes(call);
  if (errno === 'ENOSPC') return NEEDS_SPACE.includes(call);
  if (errno === 'EROFS') return !READING.includes(call) && call !== 'close';
  return true;
}

export function workloadOf(roll: Dice): Workload {
  const steps = Array.from({ length: 1 + roll(8) }, () => stepOf(roll));
  return { steps, fault: roll(5) < 2 ? faultOf(roll) : undefined };
}

/** What an owner does after a recovery, before the next crash. */
export function sequelOf(roll: Dice): Step[] {
  return Array.from({ length: 1 + roll(3) }, () => stepOf(roll));
}

function stepOf(roll: Dice): Step {
  const choice = roll(100);
  if (choice < 48) return { do: 'commit', batch: batchOf(roll) };
  if (choice < 56) return { do: 'compact' };
  if (choice < 74) {
    const slice = 1 + roll(8);
    return { do: 'checkpoint', slice, batch: batchOf(roll), compactions: slice % 2 === 0 };
  }
  if (choice < 82) return { do: 'close' };
  if (choice < 91) return { do: 'kill' };
  const amid = roll(2) === 0 ? 'deed' : 'opening';
  const deed = roll(2) === 0 ? 'commit' : 'checkpoint';
  const reach = amid === 'opening' || deed === 'checkpoint' ? 40 : 6;
  const afterwards = (['commit', 'checkpoint', 'close'] as const)[roll(3)] as 'commit' | 'checkpoint' | 'close';
  return { do: 'takeover', deed, amid, nth: 1 + roll(reach), batch: batchOf(roll), afterwards };
}

function batchOf(roll: Dice): BatchPlan {
  const games: { [game: string]: number } = {};
  for (let some = 1 + roll(2); some > 0; some -= 1) games[GAMES[roll(GAMES.length)] as string] = 1 + roll(2);
  return { games, filler: roll(4) === 0 ? 300 + roll(1200) : roll(60) };
}

/** At any call, or at one of the few that everything rests on. */
function faultOf(roll: Dice): Fault {
  const [errno, moment] = FAULTS[roll(FAULTS.length)] as (typeof FAULTS)[number];
  const lasting = roll(2) === 0;
  if (roll(2) === 0) return { errno, moment, nth: 1 + roll(moment === 'half' ? 30 : 160), lasting };
  const calls = CRUCIAL.filter((call) => canFail(call, { errno, moment, nth: 1, lasting }));
  return { errno, moment, nth: 1 + roll(8), lasting, calls: [calls[roll(calls.length)] as Call] };
}
