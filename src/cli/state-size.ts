// How large the newest state of a game is. Its row knows only the size of its newest snapshot, which may be far older:
// that of a game that has grown little by little is the one it was made with. Before it: a shard or a pack; after it:
// ls and tune.

import { OrreryError } from '../core/errors.ts';
import type { JsonObject } from '../core/patch/patch.ts';
import type { GameInfo } from '../storage/game-info.ts';
import type { ShardReader } from '../storage/sqlite/recovery/shard-reader.ts';

export interface StateSize {
  /** Of the JSON. */
  readonly bytes: number;
  /** Of which state this is the size: not of the newest, when that cannot be read. */
  readonly seq: number;
}

export function stateSizeIn(reader: ShardReader, row: GameInfo): Promise<StateSize> {
  return stateSize(row, () => reader.past(row.id)?.fold(row.seq).state);
}

/** One game whose state cannot be read must not hide the others. */
export async function stateSize(
  { seq, snapshotSeq, stateBytes }: GameInfo,
  read: () => Promise<JsonObject> | JsonObject | undefined,
): Promise<StateSize> {
  const atSnapshot = { bytes: stateBytes, seq: snapshotSeq };
  if (snapshotSeq === seq) return atSnapshot;
  try {
    const state = await read();
    return state === undefined ? atSnapshot : { bytes: Buffer.byteLength(JSON.stringify(state)), seq };
  } catch (error) {
    if (error instanceof OrreryError) return atSnapshot;
    throw error;
  }
}
