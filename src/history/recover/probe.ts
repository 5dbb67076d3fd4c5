// Looks at single moments of a past that may be damaged, and says of each whether a game could go on from it. Before
// it: storage/history-reader.ts; after it: before-error.ts and plan.ts, which choose the moments.

import { OrreryError, type OrreryErrorCode } from '../../core/errors.ts';
import { fold } from '../../core/patch/apply.ts';
import type { JsonObject } from '../../core/patch/patch.ts';
import type { GameInfo } from '../../storage/game-info.ts';
import type { HistoryReader, SnapshotEntry, StateAt } from '../../storage/history-reader.ts';
import type { Lineage } from './lineage.ts';

/** What is wrong with a state; undefined when nothing is. Throws nothing. */
export type Soundness = (state: StateAt) => OrreryError | undefined;

export interface Sound {
  readonly state: StateAt;
  /** The state could not be read the ordinary way: a snapshot is damaged, and an older one led here. */
  readonly rebuilt: boolean;
  readonly problem?: undefined;
}

export interface Unsound {
  /** It could be read, but the game cannot go on from it. */
  readonly state?: StateAt;
  readonly problem: OrreryError;
}

/**
 * Failures that say something about the moment. Any other says something about the disk or the program, and is thrown.
 */
const DAMAGE: ReadonlySet<OrreryErrorCode> = new Set<OrreryErrorCode>([
  'DAMAGED',
  'PATCH_INVALID',
  'MOMENT_NOT_KEPT',
  // A row can be damaged in such a way that whoever reads it stumbles instead of complaining.
  'INTERNAL',
]);

/** Snapshots whose own record carries the whole state as well. */
const WHOLE_STATE_RECORDS: ReadonlySet<string> = new Set(['migrate', 'recover']);

export class Probe {
  readonly #past: HistoryReader;
  /** Finds moments inside merged steps. What is damaged is read from the past as it is kept. */
  readonly #expanded: HistoryReader;
  readonly #soundness: Soundness;
  /** As the game was when this was made. */
  readonly #row: GameInfo;
  readonly lineage: Lineage;
  /** Oldest first, of the lineage alone. */
  readonly snapshots: readonly SnapshotEntry[];

  constructor(
    { past, expanded }: { readonly past: HistoryReader; readonly expanded: HistoryReader },
    soundness: Soundness,
    lineage: Lineage,
    snapshots: readonly SnapshotEntry[],
  ) {
    this.#past = past;
    this.#expanded = expanded;
    this.#soundness = soundness;
    this.#row = past.row;
    this.lineage = lineage;
    this.snapshots = snapshots.filter(({ seq }) => lineage.placeOf(seq) !== undefined);
  }

  problemOf(state: StateAt): OrreryError | undefined {
    return this.#soundness(state);
  }

  /** The kept moment at or before a seq of the lineage. */
  async at(seq: number): Promise<Sound | Unsound> {
    let rebuilt = false;
    let state: StateAt;
    try {
      state = await this.#expanded.stateAt({ seq }, { nearest: true });
    } catch (error) {
      if (!isDamage(error)) throw error;
      const otherwise = await this.#rebuild(seq);
      if (!otherwise) return { problem: error };
      rebuilt = true;
      state = otherwise;
    }
    const problem = this.#soundness(state);
    return problem ? { state, problem } : { state, rebuilt };
  }

  /**
   * From the newest snapshot that can be read and the steps after it, where the way by the newest of all is damaged.
   * Undefined when there is none, or the steps do not lead on from it.
   */
  async #rebuild(seq: number): Promise<StateAt | undefined> {
    for (const snapshot of this.snapshots.filter((each) => each.seq <= seq).reverse()) {
      try {
        const base = await this.#stored(snapshot);
        if (base) return await this.#onwards(base, seq);
      } catch (error) {
        if (!isDamage(error)) throw error;
        // A snapshot that can be read and steps that cannot: older snapshots would come by the same steps.
        return undefined;
      }
    }
    return undefined;
  }

  async #stored(snapshot: SnapshotEntry): Promise<StateAt | undefined> {
    const { seq } = snapshot;
    try {
      const state = await this.#past.stateAt({ seq });
      return state.seq === seq ? state : undefined;
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    return WHOLE_STATE_RECORDS.has(snapshot.reason) ? this.#carried(snapshot) : undefined;
  }

  /** The state that a record of its own carries. Undefined when that cannot be read either. */
  async #carried({ seq, tick, time, version }: SnapshotEntry): Promise<StateAt | undefined> {
    const { id: game, type, tables } = this.#row;
    try {
      for await (const { lastSeq, patches } of this.#past.steps({ fromSeq: seq, toSeq: seq })) {
        if (lastSeq !== seq) continue;
        const state = fold(undefined, patches, 'owned') as JsonObject;
        return { game, type, version, seq, tick, time, tables: existing(tables, state), state };
      }
    } catch (error) {
      if (!isDamage(error)) throw error;
    }
    return undefined;
  }

  async #onwards(base: StateAt, upToSeq: number): Promise<StateAt> {
    let { seq, tick, time } = base;
    let state: unknown = base.state;
    for (const range of this.lineage.within(base.seq, upToSeq)) {
      for await (const step of this.#past.steps({ fromSeq: range.firstSeq, toSeq: range.lastSeq })) {
        if (step.lastSeq > upToSeq) break;
        if (step.lastSeq <= seq) continue;
        state = fold(state, step.patches, 'owned');
        ({ lastSeq: seq, tick, time } = step);
      }
    }
    // Which keys are tables is written down with snapshots and for the newest state alone.
    const tables = existing(seq === this.#row.seq ? this.#row.tables : base.tables, state as JsonObject);
    return { ...base, seq, tick, time, tables, state: state as JsonObject };
  }
}

function existing(tables: readonly string[], state: JsonObject): readonly string[] {
  return tables.filter((table) => {
    const value = Object.hasOwn(state, table) ? state[table] : undefined;
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  });
}

export function isDamage(error: unknown): error is OrreryError {
  return error instanceof OrreryError && DAMAGE.has(error.code);
}
