// The goals that Orrery is held to, P1 to P11, and what came of them: ratios of medians of this run, in the words of
// the goals. A part whose trials are missing has no value, and is not met.

import type { Figures, Trial } from './workload.ts';

export interface Measure {
  /** Of the part that is nearest to failing, when there are several. Null when it could not be computed. */
  readonly value: number | null;
  /** In words, with its direction. */
  readonly goal: string;
  readonly met: boolean;
  readonly meaning: string;
  readonly unit: string;
  /** The figures the value was computed from, with the medians that stood there. */
  readonly from: string;
  readonly why?: string;
  /** What this machine takes by itself, as measured in the same run. */
  readonly floor?: Floor;
  readonly parts?: readonly MeasurePart[];
}

export interface Floor {
  /** In the unit of the measure. */
  readonly value: number;
  /** What it is the value of. */
  readonly of: string;
}

export interface MeasurePart {
  readonly part: string;
  readonly value: number | null;
  readonly goal: string;
  readonly met: boolean;
  readonly from: string;
  readonly why?: string;
  readonly floor?: Floor;
}

export type Measures = Readonly<Record<string, Measure>>;

/** Looks medians up: Results.medians. */
export type Medians = (trial: Trial) => Figures | undefined;

/** A figure of a trial: workload, contender, size, name. */
type Reading = readonly [workload: string, contender: string, size: number, figure: string];

interface PartGoal {
  readonly part: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly goal: string;
  readonly readings: readonly Reading[];
  readonly value: (...medians: number[]) => number;
  readonly floor?: {
    readonly of: string;
    readonly readings: readonly Reading[];
    readonly value: (...medians: number[]) => number;
  };
}

interface Goal {
  readonly name: string;
  readonly meaning: string;
  readonly unit: string;
  readonly goal: string;
  readonly parts: readonly PartGoal[];
}

const first = (value: number): number => value;
const ratio = (of: number, against: number): number => of / against;
/** What the first adds to the second, against what the third adds to the fourth. */
const ratioOfAdded = (a: number, withoutA: number, b: number, withoutB: number): number =>
  (a - withoutA) / (b - withoutB);

const loopOf = (contender: string, workload: string, size: number): Reading => [
  workload,
  contender,
  size,
  'loopMicroseconds',
];
const rateOf = (contender: string, workload: string, size: number): Reading => [
  workload,
  contender,
  size,
  'commandsPerSecond',
];

const added = (part: string, workload: string, atMost: number, words: string): PartGoal => ({
  part,
  atMost,
  goal: words,
  readings: ['orrery', 'orrery-without', 'better-sqlite3', 'plain'].map((name) => loopOf(name, workload, 10_000)),
  value: ratioOfAdded,
});

/** A command and a second of all processors, if both were always in use. */
const bothCores = (workload: string, contender: string, size: number): Reading => [
  workload,
  contender,
  size,
  'processorMicroseconds',
];
const CORES = 2;

const faster = (part: string, workload: string, size: number, atLeast: number): PartGoal => ({
  part,
  atLeast,
  goal: `at least ${atLeast} times`,
  readings: [rateOf('orrery', workload, size), rateOf('better-sqlite3', workload, size)],
  value: ratio,
});

/** What the work of all threads would come to if nobody ever waited for anybody. */
const withoutWaiting = (workload: string, size: number): NonNullable<PartGoal['floor']> => ({
  of: 'the same work with both cores in use all the time',
  readings: [bothCores(workload, 'orrery', size), rateOf('better-sqlite3', workload, size)],
  value: (processor, rate) => (CORES * 1_000_000) / processor / rate,
});

const cheaperThanImmer = (workload: string, size: number, atLeast: number): PartGoal => ({
  part: `${size.toLocaleString('en')} entities`,
  atLeast,
  goal: `at least ${atLeast.toLocaleString('en')} times cheaper`,
  readings: [loopOf('immer', workload, size), loopOf('orrery', workload, size)],
  value: ratio,
});

const single = (goal: Omit<PartGoal, 'part' | 'goal'>, words: string): readonly PartGoal[] => [
  { ...goal, part: '', goal: words },
];

export const GOALS: readonly Goal[] = [
  {
    name: 'P1',
    meaning: 'one-entity command in a table, game-loop time, 1,000,000 entities against 100',
    unit: 'times',
    goal: 'at most 2 times',
    parts: single(
      { atMost: 2, readings: [loopOf('orrery', 'W3', 1_000_000), loopOf('orrery', 'W2', 100)], value: ratio },
      'at most 2 times',
    ),
  },
  {
    name: 'P2',
    meaning: 'the same command, game-loop time with flat Immer against Orrery',
    unit: 'times cheaper',
    goal: '10,000 entities: at least 500 times cheaper; 100,000: 8,000 times',
    parts: [cheaperThanImmer('W2', 10_000, 500), cheaperThanImmer('W3', 100_000, 8_000)],
  },
  {
    name: 'P3',
    meaning: 'game-loop time that persistence adds to a command, against what better-sqlite3 adds',
    unit: 'times',
    goal: 'W1 at most 1/20, W2 at most 1/3',
    parts: [
      {
        ...added('W1', 'W1', 1 / 20, 'at most 1/20'),
        floor: {
          of: 'a number sent to a thread that makes 200 bytes durable, and one back, without Orrery',
          readings: [
            ['floors', 'round-trip', 0, 'loopMicroseconds'],
            ...['better-sqlite3', 'plain'].map((name) => loopOf(name, 'W1', 10_000)),
          ],
          value: (trip, sqlite, plain) => trip / (sqlite - plain),
        },
      },
      added('W2', 'W2', 1 / 3, 'at most 1/3'),
    ],
  },
  {
    name: 'P3b',
    meaning:
      'all game-loop time of a command in W2, state change and persistence, against a plain mutable object with better-sqlite3',
    unit: 'times',
    goal: 'at most 1/2',
    parts: single(
      {
        atMost: 1 / 2,
        readings: [loopOf('orrery', 'W2', 10_000), loopOf('better-sqlite3', 'W2', 10_000)],
        value: ratio,
        floor: {
          of: 'the change of an immutable state alone, its record dropped',
          readings: [loopOf('orrery-without', 'W2', 10_000), loopOf('better-sqlite3', 'W2', 10_000)],
          value: ratio,
        },
      },
      'at most 1/2',
    ),
  },
  {
    name: 'P4',
    meaning: "durable commands a second against better-sqlite3, Orrery's background work included",
    unit: 'times',
    goal: 'W1 with many callers at least 10 times, W2 3 times, W4 3 times',
    parts: [
      faster('W1 (many callers)', 'W1-many', 10_000, 10),
      { ...faster('W2', 'W2', 10_000, 3), floor: withoutWaiting('W2', 10_000) },
      { ...faster('W4', 'W4', 1_000, 3), floor: withoutWaiting('W4', 1_000) },
    ],
  },
  {
    name: 'P5',
    meaning: 'loop tick p99 in W2 with persistence against without',
    unit: 'times',
    goal: 'at most 1.15',
    parts: single(
      {
        atMost: 1.15,
        readings: [['tick-latency', 'orrery', 10_000, 'ratioP99']],
        value: first,
        floor: {
          of: 'the records written and sent nowhere',
          readings: (['nullTickP99Microseconds', 'withoutTickP99Microseconds'] as const).map(
            (figure) => ['tick-latency', 'orrery', 10_000, figure] as const,
          ),
          value: ratio,
        },
      },
      'at most 1.15',
    ),
  },
  {
    name: 'P6',
    meaning: 'the longest stall of the main thread caused by a checkpoint of a 100 MB image',
    unit: 'ms',
    goal: 'under 2 ms',
    parts: single(
      {
        atMost: 2,
        readings: [['checkpoint-stall', 'orrery', 100_000_000, 'stallMicroseconds']],
        value: (microseconds) => microseconds / 1_000,
        floor: {
          of: 'a thread that copies, writes and reads 100 MB, without Orrery',
          readings: [['floors', 'hundred-megabytes', 0, 'stallMicroseconds']],
          value: (microseconds) => microseconds / 1_000,
        },
      },
      'under 2 ms',
    ),
  },
  {
    name: 'P7',
    meaning: 'recovery in W6 against JSON.parse of the same bytes',
    unit: 'times',
    goal: 'at most 2 times',
    parts: single({ atMost: 2, readings: [['W6', 'orrery', 100_000, 'ratio']], value: first }, 'at most 2 times'),
  },
  {
    name: 'P8',
    meaning: 'bytes written to disk for a command, journal and images together, against better-sqlite3',
    unit: 'times',
    goal: 'at most 1/2',
    parts: single(
      {
        atMost: 1 / 2,
        readings: ['orrery', 'better-sqlite3'].map((name) => ['W2-bytes', name, 10_000, 'bytesPerCommand'] as const),
        value: ratio,
      },
      'at most 1/2',
    ),
  },
  {
    name: 'P9',
    meaning: 'W5: game-loop time of save against JSON.stringify of the state',
    unit: 'times',
    goal: 'at most 1.3 times',
    parts: single({ atMost: 1.3, readings: [['W5', 'orrery', 4_700, 'ratio']], value: first }, 'at most 1.3 times'),
  },
  {
    name: 'P10',
    meaning: 'resident memory for each idle, evicted game of 10,000 known games',
    unit: 'bytes',
    goal: 'under 1 KiB',
    parts: single(
      {
        atMost: 1_024,
        readings: [['evicted-games', 'orrery', 10_000, 'bytesPerGame']],
        value: first,
        floor: {
          of: 'a process that does nothing but have sql.js open the same image',
          readings: [['evicted-games', 'orrery', 10_000, 'sqlBytesPerGame']],
          value: first,
        },
      },
      'under 1 KiB',
    ),
  },
  {
    name: 'P11',
    meaning: 'throughput of W4 from 1 shard to 2, on two cores',
    unit: 'times',
    goal: 'at least 1.5 times',
    parts: single(
      {
        atLeast: 1.5,
        readings: [2, 1].map((size) => ['shards', 'orrery', size, 'commandsPerSecond'] as const),
        value: ratio,
        floor: {
          of: 'the work of one shard with both cores in use all the time',
          readings: [bothCores('shards', 'orrery', 1), ['shards', 'orrery', 1, 'commandsPerSecond']],
          value: (processor, rate) => (CORES * 1_000_000) / processor / rate,
        },
      },
      'at least 1.5 times',
    ),
  },
];

export function measuresOf(medians: Medians): Measures {
  return Object.fromEntries(GOALS.map((goal) => [goal.name, measureOf(goal, medians)]));
}

function measureOf({ meaning, unit, goal, parts }: Goal, medians: Medians): Measure {
  const all = parts.map((part) => ({ strain: Number.POSITIVE_INFINITY, ...partOf(part, medians) }));
  const worst = all.reduce((a, b) => (b.strain > a.strain ? b : a));
  const met = all.every((part) => part.met);
  const { value, from, why } = worst;
  const { floor } = worst;
  const measure = {
    value,
    goal,
    met,
    meaning,
    unit,
    from,
    ...(why === undefined ? {} : { why }),
    ...(floor === undefined ? {} : { floor }),
  };
  if (parts.length === 1) return measure;
  return { ...measure, parts: all.map(({ strain: _strain, ...part }) => part) };
}

/** `strain` is above 1 when the goal is missed, and the larger the further. */
function partOf(goal: PartGoal, medians: Medians): MeasurePart & { readonly strain?: number } {
  const { part, readings, atMost, atLeast } = goal;
  const found = readings.map(([workload, contender, size, figure]) => ({
    name: `${workload} ${contender} ${size.toLocaleString('en')} ${figure}`,
    median: medians({ workload, contender, size })?.[figure],
  }));
  const from = found.map(({ name, median }) => (median === undefined ? name : `${name} ${rounded(median)}`)).join(', ');
  const missing = found.filter(({ median }) => median === undefined).map(({ name }) => name);
  const unmet = { part, value: null, goal: goal.goal, met: false, from };
  if (missing.length > 0) return { ...unmet, why: `this run has no ${missing.join(', no ')}` };
  const value = goal.value(...found.map(({ median }) => median as number));
  if (!Number.isFinite(value)) return { ...unmet, why: 'it cannot be computed from these figures' };
  const strain = atMost !== undefined ? value / atMost : (atLeast as number) / value;
  const floor = floorOf(goal, medians);
  return { part, value, goal: goal.goal, met: strain <= 1, from, strain, ...(floor === undefined ? {} : { floor }) };
}

/** Undefined where there is none, or this run has not measured it. */
function floorOf({ floor }: PartGoal, medians: Medians): Floor | undefined {
  if (!floor) return undefined;
  const found = floor.readings.map(
    ([workload, contender, size, figure]) => medians({ workload, contender, size })?.[figure],
  );
  if (found.includes(undefined)) return undefined;
  const value = floor.value(...(found as number[]));
  return Number.isFinite(value) ? { value, of: floor.of } : undefined;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
