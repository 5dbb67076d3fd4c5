// The figures that outlive the machine they were measured on: one scenario's median against another's, from
// the same round of the same run.

import { type Measurement, median } from './measure.ts';

export interface Ratio {
  readonly name: string;
  /** The median of the one over the median of the other, round by round, and of these the median. */
  readonly value: number;
  readonly of: string;
  readonly against: string;
}

const RATIOS: readonly (readonly [name: string, of: string, against: string])[] = [
  ['a command in a table of 100,000 entities against 100', 'dispatch/table-100000', 'dispatch/table-100'],
  ['flat Immer against a command in a table, 100 entities', 'dispatch/immer-flat-100', 'dispatch/table-100'],
  ['flat Immer against a command in a table, 10,000 entities', 'dispatch/immer-flat-10000', 'dispatch/table-10000'],
  ['JSON.stringify of a record against its line', 'encode/json-stringify', 'encode/record'],
  ['an awaited command against its write and fdatasync', 'commit/awaited', 'commit/floor-awaited'],
  ['a command in a batch of 500 against its write and fdatasync', 'commit/batch-500', 'commit/floor-batch-500'],
  ['compaction with the command index against without', 'compaction/with-index', 'compaction/without-index'],
  ['opening a crashed shard against JSON.parse of its journal', 'recovery/open-shard', 'recovery/parse-journal'],
  ['loading 5,000 entities against JSON.parse of them', 'recovery/load-5000', 'recovery/parse-5000'],
  ['loading 100,000 entities against JSON.parse of them', 'recovery/load-100000', 'recovery/parse-100000'],
  ['a state of a past of 10,000 records against 1,000', 'past/state-at-10000', 'past/state-at-1000'],
  ['a state of a past of 100,000 records against 10,000', 'past/state-at-100000', 'past/state-at-10000'],
  ['the last change in a past of 100,000 records against 10,000', 'past/blame-100000', 'past/blame-10000'],
  ['a record verified in a past of 100,000 records against 10,000', 'past/verify-100000', 'past/verify-10000'],
  ['a fork of a past of 100,000 records against 10,000', 'past/fork-100000', 'past/fork-10000'],
  ['orrery --version against a Node that does nothing', 'start-up/version', 'start-up/node'],
  ["import 'orrery' against a Node that does nothing", 'start-up/import', 'start-up/node'],
  ['the first durable command against a Node that does nothing', 'start-up/first-command', 'start-up/node'],
];

/** Those whose two scenarios were both measured. */
export function ratiosOf(measurements: readonly Measurement[]): Ratio[] {
  const rounds = new Map(measurements.map(({ name, roundsMicroseconds }) => [name, roundsMicroseconds]));
  return RATIOS.flatMap(([name, of, against]) => {
    const upper = rounds.get(of);
    const lower = rounds.get(against);
    if (!upper || !lower) return [];
    return [{ name, value: median(upper.map((each, round) => each / (lower[round] as number))), of, against }];
  });
}
