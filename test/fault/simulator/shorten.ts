// Makes what was found short: leaves out steps of the workload, and smaller batches in their place, as long as some promise is
// still broken. What comes out is printed, and becomes a test.

import type { Engine } from './engine.ts';
import { Exploration, type Finding, type Limits } from './explore.ts';
import type { Lie } from './recording-files.ts';
import type { Step, Workload } from './workload.ts';

/** A shorter workload gets no longer than this to fail as well. */
const STATES_A_TRY = 20_000;
const MOST_TRIES = 60;

export function shorten(
  found: Finding,
  engine: Engine,
  limits: Limits,
  lies: ReadonlySet<Lie>,
  prepare: (seed: number) => void,
): Finding {
  let best = found;
  let tries = 0;
  const isBetter = (workload: Workload): boolean => {
    tries += 1;
    prepare(best.seed);
    const exploration = new Exploration(engine, limits, lies, (tally) => tally.states >= STATES_A_TRY);
    exploration.explore(workload, best.seed);
    if (!exploration.finding) return false;
    best = exploration.finding;
    return true;
  };
  for (let better = true; better && tries < MOST_TRIES; ) {
    better = shorterThan(best.workload).some((workload) => tries < MOST_TRIES && isBetter(workload));
  }
  return best;
}

function shorterThan({ steps, fault }: Workload): Workload[] {
  const shorter: Workload[] = fault ? [{ steps, fault: undefined }] : [];
  for (let index = steps.length - 1; index >= 0; index -= 1) {
    shorter.push({ steps: steps.toSpliced(index, 1), fault });
  }
  steps.forEach((step, index) => {
    if (!('batch' in step) || (step.batch.filler === 0 && Object.keys(step.batch.games).length === 1)) return;
    const [game = 'a'] = Object.keys(step.batch.games);
    const smaller: Step = { ...step, batch: { games: { [game]: 1 }, filler: 0 } };
    shorter.push({ steps: steps.with(index, smaller), fault });
  });
  return shorter;
}
