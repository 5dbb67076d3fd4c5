// How much of its past a type of game keeps: what a user may ask for, checked. define.ts takes it into the game type;
// the owner of a shard gets it as plain data and applies it (compaction/retention.ts, compaction/thinning.ts).

import { OrreryError } from '../errors.ts';

/**
 * 'hybrid': steps, and a snapshot whenever they outweigh the state. 'events': steps alone, on the snapshot of the
 * beginning. 'snapshot': snapshots alone; the steps behind the newest one stay until the next.
 */
export type Strategy = 'hybrid' | 'events' | 'snapshot';

/** Which moments stay: the end of every visible step, of every tick, or of every stretch of so many milliseconds. */
export type Resolution = 'step' | 'tick' | { readonly ms: number };

export interface Tier {
  readonly every: Resolution;
  /**
   * Up to which age this holds, in milliseconds before the time of the last two records, the earlier one; 'ever' for
   * everything older. What is older than the last tier's age goes.
   */
  readonly forMs: number | 'ever';
}

/**
 * What a game type may say; null is the same as leaving it out. Ages and intervals are of the times of records, never
 * of the clock of who cleans up: a game in which nothing happens loses nothing.
 */
export interface Persistence {
  /** Default 'hybrid'. */
  readonly strategy?: Strategy;
  /**
   * A snapshot at the next end of a step once there have been so many records, or so many milliseconds, since the last.
   */
  readonly snapshotEvery?: { readonly records?: number | null; readonly ms?: number | null };
  /**
   * How many of the newest snapshots are kept besides the one that the oldest step needs, and those of migrations and
   * recoveries. Default: all; with 'snapshot' 10, and there older moments go with them.
   */
  readonly keepSnapshots?: number | null;
  /**
   * How many of the newest records are kept at least; older ones go, at a checkpoint, once they are more than a quarter
   * of this too many. Default: all.
   */
  readonly keepRecords?: number | null;
  /** A snapshot is due when the patches since the last outweigh the state so many times. Default 2. */
  readonly compactAt?: number;
  /** From fine to coarse. Default: every step, for ever. */
  readonly tiers?: readonly Tier[];
}

/** The same with everything said; plain JSON. */
export interface CheckedPersistence {
  readonly strategy: Strategy;
  readonly snapshotEvery: { readonly records: number | null; readonly ms: number | null };
  readonly keepSnapshots: number | null;
  readonly keepRecords: number | null;
  readonly compactAt: number;
  readonly tiers: readonly Tier[];
}

const STRATEGIES: readonly unknown[] = ['hybrid', 'events', 'snapshot'];
const KEYS: readonly string[] = ['strategy', 'snapshotEvery', 'keepSnapshots', 'keepRecords', 'compactAt', 'tiers'];
const MOST_TIERS = 16;
const DEFAULT_TIMES = 2;
const MOST_TIMES = 1000;
const KEPT_BY_SNAPSHOT = 10;

/** Throws INVALID_GAME_TYPE. */
export function checkPersistence(type: string, given: unknown): CheckedPersistence {
  const refuse = (what: string, hint: string): never => {
    throw new OrreryError({ code: 'INVALID_GAME_TYPE', what: `\`persistence\`: ${what}`, hint, context: { type } });
  };
  const persistence = given === undefined ? {} : given;
  if (!isPlain(persistence)) return refuse('it is not an object', "Write persistence: { strategy: 'hybrid' }.");
  for (const key of Object.keys(persistence)) {
    if (!KEYS.includes(key)) refuse(`there is no option ${JSON.stringify(key)}`, `The options are ${KEYS.join(', ')}.`);
  }
  const { strategy = 'hybrid', snapshotEvery = {}, compactAt = DEFAULT_TIMES, tiers = [] } = persistence;
  if (!STRATEGIES.includes(strategy)) {
    refuse(`the strategy ${JSON.stringify(strategy)} is unknown`, "Use 'hybrid', 'events' or 'snapshot'.");
  }
  if (!isPlain(snapshotEvery) || Object.keys(snapshotEvery).some((key) => key !== 'records' && key !== 'ms')) {
    return refuse(
      'snapshotEvery is not { records, ms }',
      'Give one of the two, or both: whichever comes first counts.',
    );
  }
  const count = (name: string, value: unknown): number | null => {
    if (value === undefined || value === null) return null;
    if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
    return refuse(`${name} is ${String(value)}`, 'It must be a whole number from 1.');
  };
  if (typeof compactAt !== 'number' || !(compactAt > 0 && compactAt <= MOST_TIMES)) {
    refuse(`compactAt is ${String(compactAt)}`, `It must be a number above 0 and up to ${MOST_TIMES}.`);
  }
  const checked: CheckedPersistence = {
    strategy: strategy as Strategy,
    snapshotEvery: Object.freeze({
      records: count('snapshotEvery.records', snapshotEvery['records']),
      ms: count('snapshotEvery.ms', snapshotEvery['ms']),
    }),
    keepSnapshots:
      count('keepSnapshots', persistence['keepSnapshots']) ?? (strategy === 'snapshot' ? KEPT_BY_SNAPSHOT : null),
    keepRecords: count('keepRecords', persistence['keepRecords']),
    compactAt: compactAt as number,
    tiers: Object.freeze(checkTiers(tiers, refuse)),
  };
  checkTogether(checked, refuse);
  return Object.freeze(checked);
}

type Refuse = (what: string, hint: string) => never;

function checkTiers(given: unknown, refuse: Refuse): Tier[] {
  if (!Array.isArray(given) || given.length > MOST_TIERS) {
    return refuse(
      `tiers are not a list of at most ${MOST_TIERS}`,
      "Write tiers: [{ every: 'step', forMs: 3_600_000 }].",
    );
  }
  const tiers: Tier[] = [];
  for (const tier of given as readonly unknown[]) {
    if (!isPlain(tier) || Object.keys(tier).some((key) => key !== 'every' && key !== 'forMs')) {
      return refuse('a tier is not { every, forMs }', "Write { every: 'tick', forMs: 86_400_000 }.");
    }
    const { every, forMs } = tier;
    if (every !== 'step' && every !== 'tick' && !isMs(every)) {
      return refuse('a tier keeps every what?', "Use every: 'step', 'tick' or { ms: 60_000 }.");
    }
    if (forMs !== 'ever' && !isPositive(forMs)) {
      return refuse(`forMs is ${String(forMs)}`, "It must be a whole number of milliseconds from 1, or 'ever'.");
    }
    const before = tiers.at(-1);
    if (before) {
      if (before.forMs === 'ever' || (forMs !== 'ever' && (forMs as number) <= before.forMs)) {
        return refuse(
          'a tier ends before the one before it',
          "Ages rise from tier to tier; only the last may be 'ever'.",
        );
      }
      if (!isCoarser(every as Resolution, before.every)) {
        return refuse(
          'a tier is not a coarser one than the one before it',
          'Steps, then ticks, then milliseconds; and each number of milliseconds is a multiple of the one before.',
        );
      }
    }
    tiers.push(
      Object.freeze({
        every: isMs(every) ? Object.freeze({ ms: every.ms }) : every,
        forMs,
      }) as Tier,
    );
  }
  return tiers;
}

/** Stretches that are not made of whole finer ones would end at moments that are gone. */
function isCoarser(every: Resolution, before: Resolution): boolean {
  if (before === 'step') return every !== 'step';
  if (before === 'tick') return typeof every === 'object';
  return typeof every === 'object' && every.ms > before.ms && every.ms % before.ms === 0;
}

function checkTogether(
  { strategy, snapshotEvery, keepSnapshots, keepRecords, compactAt, tiers }: CheckedPersistence,
  refuse: Refuse,
): void {
  const counts = snapshotEvery.records !== null || snapshotEvery.ms !== null;
  if (strategy === 'events' && (counts || keepSnapshots !== null || compactAt !== DEFAULT_TIMES)) {
    refuse(
      "the strategy 'events' makes no snapshots",
      "Take snapshotEvery, keepSnapshots and compactAt out, or use 'hybrid'.",
    );
  }
  if (strategy === 'snapshot' && (keepRecords !== null || tiers.length > 0)) {
    refuse(
      "the strategy 'snapshot' keeps no records",
      "Use keepSnapshots in place of keepRecords and tiers, or 'hybrid'.",
    );
  }
}

function isPlain(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMs(every: unknown): every is { readonly ms: number } {
  return isPlain(every) && Object.keys(every).length === 1 && isPositive(every['ms']);
}

function isPositive(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
