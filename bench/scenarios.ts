// Every scenario there is, in the order in which they run and are shown. Scenarios that are compared with each other
// stand side by side, so that a machine whose other work comes and goes treats them alike.

import type { Scenario } from './scenario.ts';
import { checkpointScenarios } from './scenarios/checkpoint.ts';
import { commitScenarios } from './scenarios/commit.ts';
import { compactionScenarios } from './scenarios/compaction.ts';
import { dispatchScenarios } from './scenarios/dispatch.ts';
import { encodeScenarios } from './scenarios/encode.ts';
import { pastScenarios } from './scenarios/past.ts';
import { patchScenarios } from './scenarios/patch.ts';
import { recoveryScenarios } from './scenarios/recovery.ts';
import { startUpScenarios } from './scenarios/start-up.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...dispatchScenarios,
  ...encodeScenarios,
  ...patchScenarios,
  ...commitScenarios,
  ...compactionScenarios,
  ...checkpointScenarios,
  ...recoveryScenarios,
  ...pastScenarios,
  ...startUpScenarios,
];
