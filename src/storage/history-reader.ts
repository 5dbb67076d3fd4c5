// One game's whole past, wherever it is kept: what history, blame, difference, replay and re-execution are written
// against. directory-history.ts reads it from a directory or a pack, live-history.ts asks the running owner.

import type { GameSeed } from '../core/game/seed.ts';
import type { JsonObject, Patch } from '../core/patch/patch.ts';
import type { GameInfo } from './game-info.ts';
import type { Opening } from './openings.ts';
import type { CommandEntry } from './steps.ts';

/**
 * A moment of a game: the state after this seq, after the last record up to and including this tick, or after the last
 * record up to and including this time (milliseconds since 1970).
 */
export type Moment =
  | { readonly seq: number; readonly tick?: never; readonly time?: never }
  | { readonly tick: number; readonly seq?: never; readonly time?: never }
  | { readonly time: number; readonly seq?: never; readonly tick?: never };

/** A moment where somebody asks for one: a plain number is a seq. */
export type MomentLike = Moment | number;

export function momentOf(moment: MomentLike): Moment {
  return typeof moment === 'number' ? { seq: moment } : moment;
}

export interface MomentOptions {
  /**
   * Take the last moment that is kept before the one asked for, when that one is not. Default false: MOMENT_NOT_KEPT.
   */
  readonly nearest?: boolean;
}

/** The state of a game at a moment. `State` is its plain JSON. */
export interface StateAt<State = JsonObject> {
  readonly game: string;
  readonly type: string;
  /** The version of the game type whose state this is. */
  readonly version: number;
  readonly seq: number;
  readonly tick: number;
  /** Milliseconds since 1970, of the record that led here. */
  readonly time: number;
  /** The top-level keys that are tables. */
  readonly tables: readonly string[];
  /** Nobody else holds it. Tables are plain objects by id. */
  readonly state: State;
}

/**
 * A visible step with the commands behind it. Of commands that were merged, only the step's patches tell what they did
 * together.
 */
export interface PastStep {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly tick: number;
  readonly time: number;
  /** Oldest first; empty when the step was merged by retention and its commands are not kept. */
  readonly commands: readonly CommandEntry[];
  readonly patches: readonly Patch[];
}

export interface StepRange {
  /** Steps that end at or after this seq. Default: from the oldest kept. */
  readonly fromSeq?: number;
  /** Steps that begin at or before this seq. Default: up to the newest that is durable when the reading begins. */
  readonly toSeq?: number;
  /**
   * Only steps with a record whose tick, and whose time, is in these bounds. Of a step whose records are not known, its
   * end counts.
   */
  readonly fromTick?: number;
  readonly toTick?: number;
  readonly fromTime?: number;
  readonly toTime?: number;
  /** Newest first. Default false. */
  readonly backwards?: boolean;
}

/** A stored whole state. */
export interface SnapshotEntry {
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly version: number;
  readonly reason: string;
}

export interface HistoryReader {
  /** The game as it was when this was opened, or asked last. */
  readonly row: GameInfo;
  /** Throws MOMENT_NOT_KEPT, INVALID_OPTION, DAMAGED. */
  stateAt(moment: Moment, options?: MomentOptions): Promise<StateAt>;
  /** Visible steps from seq 1 on; read as they are asked for. Nobody else holds them. */
  steps(range?: StepRange): AsyncGenerator<PastStep, void, undefined>;
  /** Oldest first. */
  snapshots(): Promise<readonly SnapshotEntry[]>;
  /** The id that the game had at a seq, where it may have been renamed since. Default: the one it has. */
  idAt?(seq: number): string;
  /** What the random numbers of its commands follow from, sealed. Undefined for a game from before there were seeds. */
  readonly seed?: GameSeed | undefined;
  /** Records up to this seq came in from a pack. Default: none. */
  readonly importedSeq?: number;
  /**
   * What surrounded the program when it opened the game's directory, oldest first; empty where nothing is known of it.
   */
  readonly openings?: readonly Opening[];
  close(): Promise<void>;
}
