// What the comparison is made of: a workload is one kind of work, a contender is one way of doing it durably, a trial
// is one contender doing one workload once, in a process of its own. compare.ts chooses and alternates the trials,
// trial.ts is the process, measures.ts makes the table of goals from the medians.

/**
 * Figures of one trial by name. The unit is the end of the name: `loopMicroseconds`, `bytesPerCommand`,
 * `commandsPerSecond`.
 */
export type Figures = Readonly<Record<string, number>>;

/** One contender on one size of one workload: what a trial process is told to do. */
export interface Trial {
  readonly workload: string;
  readonly contender: string;
  /**
   * Which size of the workload; for a workload that has but one, 0. In systems, games or bytes, as the workload says.
   */
  readonly size: number;
}

export interface Setting {
  /** An empty folder on the disk under measurement. */
  readonly folder: string;
  /** A short trial, to see that everything works: its figures mean nothing. */
  readonly smoke: boolean;
}

export interface Workload {
  /** `W1`. */
  readonly name: string;
  /** What is done, in a sentence for the table of results. */
  readonly title: string;
  /** The sizes at which it is done, smallest first; [0] when there is but one. */
  readonly sizes: readonly number[];
  /** What a size counts: 'systems'. */
  readonly sizeUnit: string;
  /** Names of those who can do it, at this size. Some cannot in any reasonable time: `excused` says so. */
  contenders(size: number): readonly string[];
  /** Why a contender is not among them at a size, for a footnote. */
  readonly excused?: Readonly<Record<string, string>>;
  /** So many rounds are enough, however many the others have: memory does not vary as time does. */
  readonly rounds?: number;
  /**
   * Does the work, checks that it was done (durable, readable, history kept), and gives the figures. Throws otherwise.
   */
  run(trial: Trial, setting: Setting): Promise<Figures>;
}
