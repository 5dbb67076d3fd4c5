// The past of a game whose records are a list: moments and pages of steps, by the plainest means. memory.ts asks; where
// the records come from is its affair.

import { cloneJson, fold } from '../../core/patch/apply.ts';
import type { JsonObject, Patch } from '../../core/patch/patch.ts';
import { CREATE, RECOVER, type Record } from '../../core/patch/record.ts';
import type { Quarantine } from '../game-info.ts';
import type { Moment, PastStep, StepRange } from '../history-reader.ts';
import { lastPoint, measured, momentNotKept, type Neighbours } from '../moment.ts';

/** The record that led to a moment. Throws MOMENT_NOT_KEPT, INVALID_OPTION. */
export function recordAt(records: readonly Record[], moment: Moment, nearest: boolean): Record {
  const first = records[0] as Record;
  const { by, at } = measured(first.game, moment);
  const found = by === 'seq' ? seqAmong(records, at) : throughPoints(records, by, at);
  const seq = typeof found === 'number' ? found : nearest ? found.before : undefined;
  const record = records.find((each) => each.seq === seq);
  if (record) return record;
  const times = { first: first.time, last: (records.at(-1) as Record).time };
  throw momentNotKept(first.game, moment, { ...(found as Neighbours), times });
}

function seqAmong(records: readonly Record[], at: number): number | Neighbours {
  const before = records.findLast(({ seq }) => seq <= at)?.seq;
  return before === at ? at : { before, after: records.find(({ seq }) => seq > at)?.seq };
}

function throughPoints(records: readonly Record[], by: 'tick' | 'time', at: number): number | Neighbours {
  const first = records[0] as Record;
  const last = records.at(-1) as Record;
  if (by === 'tick' && at > last.tick) {
    const isGivenUp = records.some(({ tick }) => tick >= at);
    const givenUp = isGivenUp ? records.findLast(({ tick }) => tick > last.tick && tick <= at)?.seq : undefined;
    return { before: last.seq, after: undefined, givenUp };
  }
  const points = records.map(({ firstSeq, seq, tick, time }) => ({ firstSeq: firstSeq ?? seq, seq, tick, time }));
  return lastPoint(points.reverse(), by, at) ?? { before: undefined, after: first.seq };
}

/** The steps of a range, in the order asked for, and where the next page begins. */
export function pageOf(
  records: readonly Record[],
  range: StepRange,
  limit: number,
): { readonly steps: readonly PastStep[]; readonly next: number | undefined } {
  const { fromSeq = 0, toSeq = Number.POSITIVE_INFINITY, fromTick = 0, toTick = Number.POSITIVE_INFINITY } = range;
  const { fromTime = Number.NEGATIVE_INFINITY, toTime = Number.POSITIVE_INFINITY } = range;
  const found = records.filter(
    ({ command, firstSeq, seq, tick, time }) =>
      command !== CREATE &&
      seq >= fromSeq &&
      (firstSeq ?? seq) <= toSeq &&
      tick >= fromTick &&
      tick <= toTick &&
      time >= fromTime &&
      time <= toTime,
  );
  if (range.backwards) found.reverse();
  const beyond = found[limit];
  const next = range.backwards ? beyond?.seq : (beyond?.firstSeq ?? beyond?.seq);
  return { steps: found.slice(0, limit).map(stepOf), next };
}

/** Whoever reads the past may change what it is given. */
function stepOf({ firstSeq, seq, tick, time, command: name, player, args, nonce, patches }: Record): PastStep {
  const fresh = args === undefined ? undefined : cloneJson(args);
  const command = { seq, tick, time, name, player, args: fresh, ...(nonce === undefined ? {} : { nonce }) };
  return { firstSeq: firstSeq ?? seq, lastSeq: seq, tick, time, commands: [command], patches: patches.map(freshPatch) };
}

/** The state after the last of these. The records stay as they are: a fold copies what it takes. */
export function foldRecords(records: readonly Record[]): JsonObject {
  let state: unknown;
  for (const { patches } of records) state = fold(state, patches, 'copied');
  return state as JsonObject;
}

function freshPatch(patch: Patch): Patch {
  const path = [...patch.path];
  return patch.op === 'remove' ? { ...patch, path } : { ...patch, path, value: cloneJson(patch.value) };
}

/** What recoveries have given up, as their records say. */
export function quarantineIn(records: readonly Record[]): Quarantine[] {
  return records.flatMap(({ command, game, time, args }) => {
    if (command !== RECOVER) return [];
    const { mode, reason, givenUp } = args as { mode: string; reason: string; givenUp?: [number, number] };
    return givenUp ? [{ game, firstSeq: givenUp[0], lastSeq: givenUp[1], time, mode, reason }] : [];
  });
}
