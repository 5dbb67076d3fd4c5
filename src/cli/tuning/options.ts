// Which options are tried with which values, what each is for, and what must not get worse for it. search.ts measures
// them, verdict.ts judges.

import { byteSize } from '../../core/printable.ts';
import { usualThreads } from '../../history/rerun/threads.ts';
import type { FigureName, Figures } from './figures.ts';

/** What a trial may pass to openOrrery. */
export interface Opening {
  readonly shards?: number;
  readonly flushIntervalMs?: number;
  readonly batchBytes?: number;
  readonly compactionLagBytes?: number;
  readonly checkpointBytes?: number;
  readonly durability?: 'group' | 'relaxed';
  readonly coalescingDelayMs?: number;
}

/** Helper threads of a verification; without any it is done on the thread that asks for it. */
export type Threads = number | 'none';

/** What a trial may set: options of openOrrery, and one of `verify`. */
export interface Setting extends Opening {
  readonly threads?: Threads;
}

export type TunedOption =
  | 'shards'
  | 'flushIntervalMs'
  | 'batchBytes'
  | 'compactionLagBytes'
  | 'checkpointBytes'
  | 'durability'
  | 'threads';

/**
 * What a trial does after its paced loop. 'short' and 'flood': a loop that does not wait, for a moment or until it has
 * left everything behind; 'steady': one that leaves the owner its gaps for compaction and checkpoints, for long enough
 * to need some. 'verify': no loop at all, but a history that is run again.
 */
export type Load = 'short' | 'flood' | 'steady' | 'verify';

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
  compactionLagBytes: 16 * MIB,
  checkpointBytes: 8 * MIB,
  durability: 'group',
  coalescingDelayMs: 1_000,
} as const;

/** A crash must not leave more than this to replay, about, for the sake of fewer bytes. */
export const MOST_REPLAY_MS = 1_000;

/**
 * A tenth of a tick at 20 Hz: a game loop beside a verification must not be later than this for the sake of its speed.
 */
export const MOST_LATENESS = 5_000;

/** Values besides the default. */
export interface Values {
  readonly shards: readonly number[];
  readonly flushIntervalMs: readonly number[];
  readonly batchBytes: readonly number[];
  readonly compactionLagBytes: readonly number[];
  readonly checkpointBytes: readonly number[];
  readonly coalescingDelayMs: readonly number[];
  /** The default may be among these: it depends on the machine. */
  readonly threads: readonly Threads[];
}

/** On so many cores. Owner threads beside the game loop: more of them than cores only take turns. */
export function usualValues(cores: number): Values {
  return {
    shards: [2, 4, 8].filter((shards) => shards <= Math.max(2, cores)),
    flushIntervalMs: [5, 100],
    batchBytes: [MIB / 16, MIB],
    compactionLagBytes: [MIB, 4 * MIB],
    checkpointBytes: [2 * MIB, 16 * MIB],
    coalescingDelayMs: [100, 1_000],
    threads: ['none', ...threadsUpTo(Math.max(2, cores))],
  };
}

/** 1, 2, 4 and so on, and as many as there are processors. */
function threadsUpTo(processors: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log2(processors)) }, (_, power) => 2 ** power);
  return [...powers, processors];
}

export const QUICK_VALUES: Values = {
  shards: [2],
  flushIntervalMs: [100],
  batchBytes: [MIB / 16],
  compactionLagBytes: [MIB],
  checkpointBytes: [MIB / 16],
  coalescingDelayMs: [20],
  threads: ['none', 1, 2],
};

/** For work with so many games, on a machine with so many cores: this one, unless that is said. */
export function tunedOptions(values: Values, games: number, cores?: number): readonly Tuned[] {
  const { shards, flushIntervalMs, batchBytes, compactionLagBytes, checkpointBytes } = TUNED_DEFAULTS;
  const threads = usualThreads(cores);
  return [
    {
      option: 'shards',
      aim: 'compactedPerSecond',
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
      guards: ['compactedPerSecond', 'replayBytes'],
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
      option: 'compactionLagBytes',
      aim: 'durablePerSecond',
      guards: ['durableP99'],
      load: 'flood',
      candidates: [
        { label: byteSize(compactionLagBytes), setting: {} },
        ...values.compactionLagBytes.map((value) => ({
          label: byteSize(value),
          setting: { compactionLagBytes: value },
        })),
      ],
      reached: (standard, figures, setting) =>
        standard.largestLagBytes >= compactionLagBytes ||
        figures.largestLagBytes >= (setting.compactionLagBytes ?? compactionLagBytes),
      unreached: 'compaction never fell that far behind',
    },
    {
      option: 'checkpointBytes',
      aim: 'bytesPerCommand',
      guards: ['compactedPerSecond'],
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
    {
      option: 'threads',
      aim: 'verifiedPerSecond',
      // Not a guard: from a tenth of a millisecond to twice that is no reason to wait twice as long.
      guards: [],
      ceiling: { figure: 'lateP99', most: MOST_LATENESS },
      load: 'verify',
      candidates: [
        { label: String(threads), setting: {} },
        ...values.threads
          .filter((value) => value !== threads)
          .map((value) => ({ label: String(value), setting: { threads: value } })),
      ],
      reached: () => true,
      unreached: '',
    },
  ];
}

/** A setting in two: what openOrrery takes, and the number of threads. */
export function openingOf({ threads, ...opening }: Setting): { readonly opening: Opening; readonly threads?: Threads } {
  return threads === undefined ? { opening } : { opening, threads };
}

/** A setting as the lines of an object literal, without its braces. */
export function settingAsCode(setting: Opening): readonly string[] {
  return Object.entries(setting).map(([name, value]) => {
    if (typeof value === 'string') return `${name}: '${value}'`;
    return `${name}: ${name.endsWith('Bytes') ? bytesAsCode(value as number) : value.toLocaleString('en').replaceAll(',', '_')}`;
  });
}

function bytesAsCode(bytes: number): string {
  if (bytes % MIB === 0) return `${bytes / MIB} * 1024 * 1024`;
  return bytes % 1024 === 0 ? `${bytes / 1024} * 1024` : String(bytes);
}
