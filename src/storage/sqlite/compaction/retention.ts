// How much of a game's past its type keeps, as plain data: it comes with the owner's options, or from the table `types`
// of an image where nobody has the game type's code. thinning.ts and compaction apply it.

import { isObject } from '../../../core/patch/plain.ts';

/** The same words as in a game type (game/persistence.ts), where they are explained and checked. */
export interface Retention {
  readonly strategy: 'hybrid' | 'events' | 'snapshot';
  readonly snapshotEvery: { readonly records: number | null; readonly ms: number | null };
  readonly keepSnapshots: number | null;
  readonly keepRecords: number | null;
  readonly compactAt: number;
  readonly tiers: readonly RetentionTier[];
}

export interface RetentionTier {
  readonly every: Resolution;
  readonly forMs: number | 'ever';
}

export type Resolution = 'step' | 'tick' | { readonly ms: number };

/** Keeps everything. */
export const KEEP_ALL: Retention = Object.freeze({
  strategy: 'hybrid',
  snapshotEvery: Object.freeze({ records: null, ms: null }),
  keepSnapshots: null,
  keepRecords: null,
  compactAt: 2,
  tiers: Object.freeze([]),
});

/** Whether anything a game has is ever to go. */
export function thins({ strategy, keepSnapshots, keepRecords, tiers }: Retention): boolean {
  return (
    strategy === 'snapshot' ||
    keepSnapshots !== null ||
    keepRecords !== null ||
    tiers.some(({ every, forMs }) => every !== 'step' || forMs !== 'ever')
  );
}

/** A retention as an image has it; undefined when it is not one: then everything is kept. */
export function decodeRetention(text: string): Retention | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(raw)) return undefined;
  const { strategy, snapshotEvery, keepSnapshots, keepRecords, compactAt, tiers } = raw;
  if (strategy !== 'hybrid' && strategy !== 'events' && strategy !== 'snapshot') return undefined;
  if (!isObject(snapshotEvery) || !isCountOrNone(snapshotEvery['records']) || !isCountOrNone(snapshotEvery['ms']))
    return undefined;
  if (!isCountOrNone(keepSnapshots) || !isCountOrNone(keepRecords)) return undefined;
  if (typeof compactAt !== 'number' || !(compactAt > 0)) return undefined;
  if (!Array.isArray(tiers) || !tiers.every(isTier)) return undefined;
  return raw as unknown as Retention;
}

function isTier(tier: unknown): tier is RetentionTier {
  if (!isObject(tier)) return false;
  const { every, forMs } = tier;
  const isKnown = every === 'step' || every === 'tick' || (isObject(every) && isCount(every['ms']));
  return isKnown && (forMs === 'ever' || isCount(forMs));
}

function isCountOrNone(value: unknown): value is number | null {
  return value === null || isCount(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
