// What an exploration has come past: how many states, of which kinds, so that a run can say what it covered.

import type { Operation } from './disk-image.ts';
import type { Mark, Play } from './play.ts';
import type { Workload } from './workload.ts';

/** Counts by name. Plain data, so that it can cross from a thread. */
export type Counts = { [what: string]: number };

export interface TallyData {
  readonly states: number;
  readonly points: number;
  readonly workloads: number;
  readonly counts: { readonly [about: string]: Counts };
}

export class Tally {
  states = 0;
  points = 0;
  workloads = 0;
  readonly counts: { [about: string]: Counts } = {};

  workload({ steps, fault }: Workload, { faultsMet, degraded }: Play): void {
    this.workloads += 1;
    for (const each of degraded) this.count('degraded openings', each);
    for (const step of steps)
      this.count('steps', step.do === 'takeover' ? `takeover, ${step.deed} amid ${step.amid}` : step.do);
    if (fault && faultsMet > 0) {
      this.count('faults', `${fault.errno} ${fault.moment}, ${fault.lasting ? 'lasting' : 'once'}`);
      if (fault.calls) this.count('faults of one call', fault.calls.join());
    }
  }

  point(last: Operation | undefined, { doing }: Mark, depth: number, exhaustive: boolean): void {
    this.points += 1;
    this.count('crashed after', last?.kind ?? 'nothing');
    this.count('crashed while', doing);
    this.count('crash points', `crash ${depth}, ${exhaustive ? 'all states' : 'some states'}`);
  }

  state({ recovery }: Play, depth: number): void {
    this.states += 1;
    this.count('states', `after crash ${depth}`);
    if (!recovery) return;
    if (recovery.created) this.count('recoveries', 'of a shard that was not finished being made');
    else if (recovery.replayedFrames > 0) this.count('recoveries', 'that replayed');
    else this.count('recoveries', 'with nothing to replay');
    if (recovery.tornBytes > 0) this.count('recoveries', 'that cut a torn tail');
  }

  damage(kind: string, outcome: string): void {
    this.states += 1;
    this.count('damage', `${kind}: ${outcome}`);
  }

  count(about: string, what: string): void {
    this.counts[about] ??= {};
    const counts = this.counts[about];
    counts[what] = (counts[what] ?? 0) + 1;
  }

  data(): TallyData {
    const { states, points, workloads, counts } = this;
    return { states, points, workloads, counts };
  }
}

export function addTallies(parts: readonly TallyData[]): TallyData {
  const counts: { [about: string]: Counts } = {};
  for (const part of parts) {
    for (const [about, some] of Object.entries(part.counts)) {
      counts[about] ??= {};
      const sums = counts[about];
      for (const [what, count] of Object.entries(some)) sums[what] = (sums[what] ?? 0) + count;
    }
  }
  const sum = (of: (part: TallyData) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    states: sum((part) => part.states),
    points: sum((part) => part.points),
    workloads: sum((part) => part.workloads),
    counts,
  };
}
