// What the guard watches: a few of the scenarios of `npm run bench`, short ones, one at least for each hop of a patch's
// way, each with the calibration that its time depends on. measuring.ts measures them, comparison.ts judges.

import type { Scenario } from '../scenario.ts';
import { SCENARIOS } from '../scenarios.ts';
import type { CalibrationName } from './calibration.ts';

export interface Check {
  readonly scenario: Scenario;
  readonly against: CalibrationName;
}

const WATCHED: Readonly<Record<string, CalibrationName>> = {
  'dispatch/table-100': 'cpu',
  'dispatch/table-10000': 'cpu',
  'dispatch/table-100000': 'cpu',
  'encode/record': 'cpu',
  'encode/decode': 'cpu',
  'patch/capture-entity': 'cpu',
  'patch/coalesce-tick': 'cpu',
  'compaction/without-index': 'cpu',
  'commit/batch-500': 'both',
  'commit/awaited': 'disk',
  'checkpoint/image-1mb': 'both',
  'recovery/load-5000': 'cpu',
  'recovery/open-shard': 'cpu',
};

/** Throws when a scenario was renamed: what is not watched any more must not go unnoticed. */
export function checksOf(scenarios: readonly Scenario[] = SCENARIOS): readonly Check[] {
  return Object.entries(WATCHED).map(([name, against]) => {
    const scenario = scenarios.find((each) => each.name === name);
    if (!scenario) throw new Error(`there is no scenario ${name} any more: bench/guard/checks.ts names it`);
    return { scenario, against };
  });
}
