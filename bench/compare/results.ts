// What came out of a comparison: the figures of every round, their medians, who could not take part, and what failed.
// compare.ts fills it, measures.ts, markdown.ts and chart.ts read it; its toJSON is compare.json.

import type { Machine } from '../machine.ts';
import { median } from '../measure.ts';
import type { Measures } from './measures.ts';
import type { Figures, Trial, Workload } from './workload.ts';

/** Somebody who was to be compared. */
export interface Entrant {
  readonly name: string;
  readonly how: string;
  readonly durable: boolean;
  readonly version?: string;
  /** Why it takes no part here. */
  readonly unavailable?: string;
}

export interface TrialFailure extends Trial {
  readonly round: number;
  readonly message: string;
}

/** One contender on one size of one workload. */
export interface TrialRounds extends Trial {
  readonly rounds: Figures[];
}

export interface RunHeader {
  readonly machine: Machine;
  readonly time: string;
  /** Of the disk under measurement. */
  readonly directory: string;
  /** Then an fsync costs nothing. */
  readonly inMemory: boolean;
  readonly smoke: boolean;
  readonly rounds: number;
  readonly entrants: readonly Entrant[];
}

export class Results {
  readonly header: RunHeader;
  readonly workloads: readonly Workload[];
  readonly failures: TrialFailure[] = [];
  readonly #trials = new Map<string, TrialRounds>();

  constructor(header: RunHeader, workloads: readonly Workload[]) {
    this.header = header;
    this.workloads = workloads;
  }

  add(trial: Trial, figures: Figures): void {
    const key = keyOf(trial);
    const known = this.#trials.get(key);
    if (known) known.rounds.push(figures);
    else this.#trials.set(key, { ...trial, rounds: [figures] });
  }

  fail(failure: TrialFailure): void {
    this.failures.push(failure);
  }

  failed(trial: Trial): boolean {
    return this.failures.some((failure) => keyOf(failure) === keyOf(trial));
  }

  /** The median of each figure over the rounds; undefined if there is none. A trial that failed once has no medians. */
  medians(trial: Trial): Figures | undefined {
    const rounds = this.#trials.get(keyOf(trial))?.rounds;
    if (!rounds || this.failed(trial)) return undefined;
    const names = Object.keys(rounds[0] as Figures);
    return Object.fromEntries(names.map((name) => [name, median(rounds.map((figures) => figures[name] as number))]));
  }

  /** Who has medians for a workload at a size, in the order of the workload's contenders. */
  ranked(workload: Workload, size: number): { readonly contender: string; readonly medians: Figures }[] {
    return workload.contenders(size).flatMap((contender) => {
      const medians = this.medians({ workload: workload.name, contender, size });
      return medians ? [{ contender, medians }] : [];
    });
  }

  toJSON(measures: Measures): object {
    return {
      ...this.header,
      measures,
      workloads: this.workloads.map(({ name, title, sizes, sizeUnit, excused }) => ({
        name,
        title,
        sizes,
        sizeUnit,
        ...(excused ? { excused } : {}),
      })),
      trials: [...this.#trials.values()].map(({ rounds, ...trial }) => ({
        ...trial,
        medians: this.medians(trial) ?? null,
        rounds,
      })),
      failures: this.failures,
    };
  }
}

function keyOf({ workload, contender, size }: Trial): string {
  return `${workload} ${size} ${contender}`;
}
