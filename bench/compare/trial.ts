// A program: one trial in a process of its own, so that none inherits another's heap, compiled code or caches.
// compare.ts starts it with what to do as JSON; its last line of output is the figures, or what went wrong.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Figures, Trial } from './workload.ts';
import { WORKLOADS } from './workloads.ts';

/** What the process is told. */
export interface TrialOrder extends Trial {
  /** An empty folder. */
  readonly folder: string;
  readonly smoke: boolean;
}

/** What the process answers. */
export type TrialAnswer = { readonly figures: Figures } | { readonly error: string };

async function run(order: TrialOrder): Promise<TrialAnswer> {
  const { workload: name, contender, size, folder, smoke } = order;
  const workload = WORKLOADS.find((each) => each.name === name);
  if (!workload) return { error: `there is no workload ${name}` };
  try {
    const figures = await workload.run({ workload: name, contender, size }, { folder, smoke });
    const wrong = Object.entries(figures).find(([, value]) => !Number.isFinite(value));
    return wrong ? { error: `${wrong[0]} is ${wrong[1]}` } : { figures };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

// Until the event loop has had its first turn, it does not tell how busy it was.
await nextTurn();
const answer = await run(JSON.parse(process.argv[2] as string) as TrialOrder);
// Some packages keep the process alive after they were closed; all that counts has been done.
process.stdout.write(`\n${JSON.stringify(answer)}\n`, () => process.exit('figures' in answer ? 0 : 1));
