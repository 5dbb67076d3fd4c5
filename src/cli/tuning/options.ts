// Which options are tried with which values, what each is for, and what must not get worse for it. search.ts measures
// them, verdict.ts judges.

import { byteSize } from '../printable.ts';
import type { FigureName, Figures } from './figures.ts';

/** What a trial may pass to openOrrery. */
export interface Setting {
  readonly shards?: number;
  readonly flushIntervalMs?: number;
  readonly batchBytes?: number;
  readonly digestLagBytes?: number;
  readonly checkpointBytes?: number;
  readonly durability?: 'group' | 'relaxed';
  readonly coalescingDelayMs?: number;
}

export type TunedOption =
  | 'shards'
  | 'flushIntervalMs'
  | 'batchBytes'
  | 'digestLagBytes'
  | 'checkpointBytes'
  | 'durability';

/**
 * What a trial does after its paced loop. 'short' and 'flood': a loop that does not wait, for a moment or until it has left
 * everything behind; 'steady': one that leaves the owner its gaps for digest and checkpoints, for long enough to need some.
 */
export type Load = 'short' | 'flood' | 'steady';

export interface Candidate {
  readonly label: string;
  /** Empty for the default. */
  readonly setting: Setting;
}

export interface Tuned {
  readonly option: TunedOption;
  /** What the option is for: a candidate has to be better in this. Undefined when it is not for a machine to choose. */
  readonly aim: FigureName | undefined;
  /** What must not get worse meanwhile. */
  readonly guards: readonly FigureName[];
  /** What a figure must not exceed, however much better the aim is. */
  readonly ceiling?: { readonly figure: FigureName; readonly most: number };
  readonly load: Load;
  /** The default first. */
  readonly candidates: readonly Candidate[];
  /** Whether the trials came as far as the option reaches. Where they did not, there is nothing to compare. */
  readonly reached: (standard: Figures, figures: Figures, setting: Setting) => boolean;
  readonly unreached: string;
}

const MIB = 2 ** 20;

/** What openOrrery takes when nothing is said. A test compares this with src/options.ts. */
export const TUNED_DEFAULTS = {
  shards: 1,
  flushIntervalMs: 20,
  batchBytes: 4 * MIB,
  digestLagBytes: 16 * MIB,
  checkpointBytes: 8 * MIB,
  durability: 'group',
  coalescingDelayMs: 1_000,
} as const;

/** A crash must not leave more than this to replay, about, for the sake of fewer bytes. */
export const MOST_REPLAY_MS = 1_000;

/** Values besides the default. */
export interface Values {
  readonly shards: readonly number[];
  readonly flushIntervalMs: readonly number[];
  readonly batchBytes: readonly number[];
  readonly digestLagBytes: readonly number[];
  readonly checkpointBytes: readonly number[];
  readonly coalescingDelayMs: readonly number[];
}

/** On so many cores. Owner threads beside the game loop: more of them than cores only take turns. */
export function usualValues(cores: number): Values {
  return {
    shards: [2, 4, 8].filter((shards) => shards <= Math.max(2, cores)),
    flushIntervalMs: [5, 100],
    batchBytes: [MIB / 16, MIB],
    digestLagBytes: [MIB, 4 * MIB],
    checkpointBytes: [2 * MIB, 16 * MIB],
    coalescingDelayMs: [100, 1_000],
  };
}

export const QUICK_VALUES: Values = {
  shards: [2],
  flushIntervalMs: [100],
  batchBytes: [MIB / 16],
  digestLagBytes: [MIB],
  checkpointBytes: [MIB / 16],
  coalescingDelayMs: [20],
};

/** For work with so many games. */
export function tunedOptions(values: Values, games: number): readonly Tuned[] {
  const { shards, flushIntervalMs, batchBytes, digestLagBytes, checkpointBytes } = TUNED_DEFAULTS;
  return [
    {
      option: 'shards',
      aim: 'digestedPerSecond',
      guards: ['durableP99'],
      load: 'flood',
      candidates: [
        { label: String(shards), setting: {} },
        ...values.shards.map((value) => ({ label: String(value), setting: { shards: value } })),
      ],
      reached: () => games > 1,
      unreached: 'one game belongs to one shard',
    },
    {
      option: 'flushIntervalMs',
      aim: 'waitP99',
      // Slices that are too short lose to a loop that leaves no gaps: then no checkpoint gets done.
      guards: ['digestedPerSecond', 'replayBytes'],
      load: 'steady',
      candidates: [
        { label: `${flushIntervalMs} ms`, setting: {} },
        ...values.flushIntervalMs.map((value) => ({ label: `${value} ms`, setting: { flushIntervalMs: value } })),
      ],
      reached: (standard, figures) => standard.waitP99 > 0 && figures.waitP99 > 0,
      unreached: 'no loop waited in these trials',
    },
    {
      option: 'batchBytes',
      aim: 'durablePerSecond',
      guards: ['durableP99'],
      load: 'short',
      candidates: [
        { label: byteSize(batchBytes), setting: {} },
        ...values.batchBytes.map((value) => ({ label: byteSize(value), setting: { batchBytes: value } })),
      ],
      reached: (standard, figures, setting) =>
        standard.largestBatchBytes >= batchBytes || figures.largestBatchBytes >= (setting.batchBytes ?? batchBytes),
      unreached: 'no batch grew that large',
    },
    {
      option: 'digestLagBytes',
      aim: 'durablePerSecond',
      guards: ['durableP99'],
      load: 'flood',
      candidates: [
        { label: byteSize(digestLagBytes), setting: {} },
        ...values.digestLagBytes.map((value) => ({ label: byteSize(value), setting: { digestLagBytes: value } })),
      ],
      reached: (standard, figures, setting) =>
        standard.largestLagBytes >= digestLagBytes ||
        figures.largestLagBytes >= (setting.digestLagBytes ?? digestLagBytes),
      unreached: 'the digest never fell that far behind',
    },
    {
      option: 'checkpointBytes',
      aim: 'bytesPerCommand',
      guards: ['digestedPerSecond'],
      ceiling: { figure: 'replayMs', most: MOST_REPLAY_MS },
      load: 'steady',
      candidates: [
        { label: byteSize(checkpointBytes), setting: {} },
        ...values.checkpointBytes.map((value) => ({ label: byteSize(value), setting: { checkpointBytes: value } })),
      ],
      // A trial without a checkpoint has written no image, and has only put off what it costs.
      reached: (standard, figures) => standard.checkpoints > 0 && figures.checkpoints > 0,
      unreached: 'no checkpoint came due',
    },
    {
      option: 'durability',
      aim: undefined,
      guards: [],
      load: 'short',
      candidates: [
        { label: "'group'", setting: {} },
        ...values.coalescingDelayMs.map((value) => ({
          label: `'relaxed', ${value} ms`,
          setting: { durability: 'relaxed' as const, coalescingDelayMs: value },
        })),
      ],
      reached: () => true,
      unreached: '',
    },
  ];
}

/** A setting as the lines of an object literal, without its braces. */
export function settingAsCode(setting: Setting): readonly string[] {
  return Object.entries(setting).map(([name, value]) => {
    if (typeof value === 'string') return `${name}: '${value}'`;
    return `${name}: ${name.endsWith('Bytes') ? bytesAsCode(value as number) : value.toLocaleString('en').replaceAll(',', '_')}`;
  });
}

function bytesAsCode(bytes: number): string {
  if (bytes % MIB === 0) return `${bytes / MIB} * 1024 * 1024`;
  return bytes % 1024 === 0 ? `${bytes / 1024} * 1024` : String(bytes);
}
