// What one benchmark is. The files in scenarios/ make them, measure.ts runs them, report.ts shows what came out.

export interface Scenario {
  /** Group and name: `dispatch/table-100`. Stable, because results are compared over time. */
  readonly name: string;
  /** What one operation is, in a sentence. */
  readonly operation: string;
  /** One operation in a word: what every figure of this scenario is for one of. */
  readonly unit: string;
  /** An operation takes so long that a few samples must do. */
  readonly slow?: boolean;
  /** Too large for a smoke run. */
  readonly large?: boolean;
  /** Makes what the operations need. Nothing in here is timed. */
  prepare(setting: Setting): Work | Promise<Work>;
}

export interface Setting {
  /** A short run: smaller histories, fewer samples. */
  readonly smoke: boolean;
  /** Makes a folder on the disk under measurement. It is removed when the scenario has ended, however it ends. */
  folder(): string;
}

export interface Work {
  /** How many operations one call of `run` does: a figure is the time of the call divided by this. */
  readonly operations: number;
  /** Before each call of `run`, not timed. */
  before?(): void | Promise<void>;
  /** Timed. What it returns is awaited when it is a promise and otherwise ignored. */
  run(): unknown;
  /**
   * Milliseconds that the last call took, where that is not the time that passed: processor time of other processes.
   */
  measured?(): number;
  /** After the last call, not timed. */
  close?(): void | Promise<void>;
}

export function groupOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}
