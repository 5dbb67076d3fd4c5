// The search: one option at a time from the defaults, every value in alternating rounds, and what is recommended
// measured once more, all of it together. Before it: tune.ts with the workload; after it: report.ts.

import { type Figures, medianFigures } from './figures.ts';
import { type Candidate, type Load, openingOf, type Setting, type Tuned } from './options.ts';
import type { Effort, Trials } from './trial.ts';
import { isConfirmed, judge, type Measured, told, type Verdict } from './verdict.ts';

export interface SearchPlan {
  readonly options: readonly Tuned[];
  /** At least 3: of two nobody knows which is the odd one. */
  readonly rounds: number;
  readonly pacedMs: number;
  /** What a loop that does not wait should take, about. */
  readonly shortMs: number;
  readonly longMs: number;
  /** Journal that a long trial should write, if it can in that time. */
  readonly longBytes: number;
  /**
   * What one thread should take to verify the history, about: a thread needs up to a second before its first record.
   */
  readonly historyMs: number;
}

export const FULL_PLAN = {
  rounds: 3,
  pacedMs: 600,
  shortMs: 250,
  longMs: 2_500,
  longBytes: 20 * 2 ** 20,
  historyMs: 5_000,
};
export const QUICK_PLAN = { rounds: 3, pacedMs: 60, shortMs: 20, longMs: 40, longBytes: 2 ** 18, historyMs: 0 };

export interface Tried {
  readonly tuned: Tuned;
  readonly measured: readonly Measured[];
  readonly verdict: Verdict;
}

export interface Found {
  readonly tried: readonly Tried[];
  /** What is recommended, with the reason for each option. Empty when the defaults stay. */
  readonly recommended: readonly { readonly tuned: Tuned; readonly setting: Setting; readonly reason: string }[];
  /** The defaults and all that was better together, measured afresh with each load that matters. */
  readonly confirmations: readonly Confirmation[];
}

export interface Confirmation {
  readonly load: Load;
  readonly standard: Measured;
  readonly together: Measured;
}

type Trial = () => Promise<Figures>;
type TrialOf = (load: Load, setting: Setting) => Trial;

interface Task {
  readonly candidate: Candidate;
  readonly trial: Trial;
  readonly rounds: Figures[];
}

export async function search(trials: Trials, plan: SearchPlan, progress: (text: string) => void): Promise<Found> {
  const { of, trialOf } = await measure(trials, plan, progress);
  const tried = plan.options.map((tuned) => {
    const measured = of.get(tuned) as readonly Measured[];
    return { tuned, measured, verdict: judge(tuned, measured) };
  });
  return confirm(plan, tried, trialOf, progress);
}

/** All rounds of all values, the default's first. */
export async function measure(
  trials: Trials,
  plan: SearchPlan,
  progress: (text: string) => void,
): Promise<{ readonly of: ReadonlyMap<Tuned, readonly Measured[]>; readonly trialOf: TrialOf }> {
  progress('warming up');
  await trials.run({}, { pacedMs: plan.pacedMs / 2, commands: 1_000, unpacedMs: plan.shortMs, steady: false });
  const first = await trials.run({}, { pacedMs: 0, commands: Infinity, unpacedMs: plan.shortMs, steady: false });
  const effortOf = (load: Load, { coalescingDelayMs = 0 }: Setting): Effort => {
    const long = load !== 'short';
    const ms = long ? plan.longMs : plan.shortMs;
    const fitting = (first.compactedPerSecond * ms) / 1_000;
    return {
      // With 'relaxed' a batch or two of the paced loop must have come to its time.
      pacedMs: Math.max(long ? plan.pacedMs / 2 : plan.pacedMs, coalescingDelayMs * 2.2),
      commands: Math.ceil(long ? Math.min(fitting, plan.longBytes / first.bytesPerCommand) : fitting),
      unpacedMs: ms * 2,
      steady: load === 'steady',
    };
  };
  const trialOf: TrialOf = (load, setting) => {
    const parts = openingOf(setting);
    if (load === 'verify') return () => trials.verify(parts.threads, plan.historyMs);
    const effort = effortOf(load, setting);
    return () => trials.run(parts.opening, effort);
  };
  const of = new Map<Tuned, readonly Measured[]>();
  // Options whose trials are alike share those of the default, and their rounds.
  for (const group of groupsOf(plan.options)) {
    const [head] = group as readonly [Tuned, ...Tuned[]];
    const [candidate] = head.candidates as readonly [Candidate, ...Candidate[]];
    const standard = taskOf(candidate, head.load, trialOf);
    const tasks = [standard];
    for (const tuned of group) {
      const own = tuned.candidates.slice(1).map((each) => taskOf(each, tuned.load, trialOf));
      tasks.push(...own);
      of.set(tuned, [{ candidate: tuned.candidates[0] as Candidate, rounds: standard.rounds }, ...own]);
    }
    const names = group.map(({ option }) => option).join(', ');
    await alternate(tasks, plan.rounds, (round) => progress(`${names}: round ${round} of ${plan.rounds}`));
  }
  return { of, trialOf };
}

async function confirm(
  plan: SearchPlan,
  tried: readonly Tried[],
  trialOf: TrialOf,
  progress: (text: string) => void,
): Promise<Found> {
  const better = tried.filter(({ verdict }) => verdict.chosen !== undefined);
  const setting: Setting = Object.assign({}, ...better.map(({ verdict }) => verdict.chosen?.setting));
  const confirmations: Confirmation[] = [];
  for (const load of new Set(better.map(({ tuned }) => tuned.load))) {
    const standard = taskOf({ label: 'defaults', setting: {} }, load, trialOf);
    const together = taskOf({ label: 'recommended', setting }, load, trialOf);
    await alternate([standard, together], plan.rounds, (round) =>
      progress(`together: round ${round} of ${plan.rounds}`),
    );
    confirmations.push({ load, standard, together });
  }
  const judged = tried.map((each): Tried => {
    const { chosen } = each.verdict;
    const { aim, load } = each.tuned;
    const again = confirmations.find((confirmation) => confirmation.load === load);
    if (!chosen || !again || aim === undefined || isConfirmed(aim, again.standard, again.together)) return each;
    const figures = told(aim, medianFigures(again.standard.rounds), medianFigures(again.together.rounds));
    const reason = `${chosen.label} was better, but not when measured again: ${figures}`;
    return { ...each, verdict: { chosen: undefined, reason } };
  });
  const recommended = judged.flatMap(({ tuned, verdict }) =>
    verdict.chosen ? [{ tuned, setting: verdict.chosen.setting, reason: verdict.reason }] : [],
  );
  return { tried: judged, recommended, confirmations };
}

/**
 * Every round begins with another task: what comes first in a round has no advantage, and other work meets them all.
 */
async function alternate(tasks: readonly Task[], rounds: number, begin: (round: number) => void): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    begin(round + 1);
    for (let each = 0; each < tasks.length; each += 1) {
      const { trial, rounds: done } = tasks[(each + round) % tasks.length] as Task;
      done.push(await trial());
    }
  }
}

function taskOf(candidate: Candidate, load: Load, trialOf: TrialOf): Task {
  return { candidate, trial: trialOf(load, candidate.setting), rounds: [] };
}

function groupsOf(options: readonly Tuned[]): readonly (readonly Tuned[])[] {
  const loads: readonly Load[] = ['short', 'flood', 'steady', 'verify'];
  return loads.map((load) => options.filter((tuned) => tuned.load === load)).filter((group) => group.length > 0);
}
