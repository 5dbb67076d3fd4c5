// What every storage knows of a game without its state. store.ts lists it; the history of a game carries it.

import type { Unreadable } from '../core/patch/unreadable.ts';

export interface GameInfo {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly tables: readonly string[];
  readonly created: number;
  readonly seq: number;
  readonly tick: number;
  readonly time: number;
  readonly snapshotSeq: number;
  readonly stateBytes: number;
  readonly patchBytes: number;
  readonly records: number;
  readonly patchesIn: number;
  readonly patchesOut: number;
  /** The game that this one is a fork of, and the seq it was forked at. */
  readonly parent: string | undefined;
  readonly parentSeq: number | undefined;
  /** The oldest seq whose state can be read: 0, unless retention has cut the beginning off. */
  readonly firstSeq: number;
  /**
   * Of a game with records that cannot be read: the rest of the row tells of what comes before them. Absent otherwise.
   */
  readonly unreadable?: Unreadable;
}

/** Seqs that a recovery has given up. They stay in the history. */
export interface Quarantine {
  readonly game: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** When, in milliseconds since 1970. */
  readonly time: number;
  /** The mode of the recovery. */
  readonly mode: string;
  readonly reason: string;
}

/** What a list says of a game whose first record cannot be read. */
export function unknownRow(id: string, unreadable: Unreadable): GameInfo {
  return {
    id,
    type: '',
    version: 0,
    tables: [],
    created: 0,
    seq: -1,
    tick: 0,
    time: 0,
    snapshotSeq: -1,
    stateBytes: 0,
    patchBytes: 0,
    records: 0,
    patchesIn: 0,
    patchesOut: 0,
    parent: undefined,
    parentSeq: undefined,
    firstSeq: 0,
    unreadable,
  };
}
