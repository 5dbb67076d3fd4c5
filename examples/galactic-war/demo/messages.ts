// What the demo's processes say to each other, as JSON over the pipe that fork() makes. Lists are in the order of the
// galaxies, which parent and child both know.

/** How a child is told what to do: its one argument, as JSON. */
export interface ChildTask {
  readonly directory: string;
  /** Ids of the galaxies. */
  readonly galaxies: readonly string[];
  /** A star file, or undefined for the one that comes with the example. */
  readonly stars: string | undefined;
  /** What the bots decide follows from this. */
  readonly seed: number;
}

export interface StopwatchTask extends ChildTask {
  /** Ticks of each variant that count, and ticks before those that only warm up. */
  readonly ticks: number;
  readonly warmUp: number;
  /** Seconds after which no new round is begun. */
  readonly patience: number;
}

/**
 * Orders of a galaxy that are durable: up to and including `seq`, `checksum` being that of all orders since the start.
 */
export interface Acknowledgement {
  readonly seq: number;
  readonly checksum: number;
}

/** What a playing child says. */
export type ChildMessage =
  /** Every galaxy is open, and nothing has been given to any of them yet. */
  | { readonly kind: 'ready'; readonly milliseconds: number; readonly seqs: readonly number[] }
  /** The seqs after a tick. Accepted means in memory, and no more than that. */
  | {
      readonly kind: 'accepted';
      readonly seqs: readonly number[];
      readonly ticks: number;
      readonly skipped: number;
    }
  /** Sent only after the receipts have said so. */
  | { readonly kind: 'acknowledged'; readonly galaxies: readonly Acknowledgement[] }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly why: string };

/** What is said to a playing child. */
export type ParentMessage = { readonly kind: 'stop' };

/** How long ticks took, in milliseconds. */
export interface TickTimes {
  readonly ticks: number;
  readonly p50: number;
  readonly p99: number;
}

export const VARIANTS = ['disk', 'nowhere', 'plain'] as const;

/** Orrery as it is; Orrery with a store that forgets everything; the same game without Orrery. */
export type Variant = (typeof VARIANTS)[number];

/** What a measuring child says. */
export type StopwatchMessage =
  | { readonly kind: 'round'; readonly done: number; readonly of: number }
  | { readonly kind: 'times'; readonly times: Readonly<Record<Variant, TickTimes>>; readonly same: boolean }
  | { readonly kind: 'failed'; readonly why: string };
