// The engine under test as the simulator sees it: opens a shard at once, without waiting, and says what is in it. Before it:
// play.ts; after it: src/storage/sqlite/worker/owner.ts of the copy of the project that variant.ts has made, which has no await left.

import type { Retention } from '#storage/sqlite/compaction/retention.ts';
import type { Files } from '#storage/sqlite/files.ts';
import { Owner } from '#storage/sqlite/worker/owner.ts';
import type { Batch } from '#storage/store.ts';
import { readPast } from '../../contract/pages.ts';
import type { Dialect, Line, Standing, Standings } from './chain.ts';
import { fullDialect, THINNED, tickAt } from './full-dialect.ts';
import type { PlainRow } from './plain-compaction.ts';
import { plainDialect } from './plain-dialect.ts';

export const SHARD = '/disk/shard-00';

export type EngineKind = 'plain' | 'full';

export interface Engine {
  readonly kind: EngineKind;
  readonly dialect: Dialect;
  open(files: Files): Owner;
  /** What an owner holds, game by game. Throws when the parts of it do not agree. */
  look(owner: Owner): Standings;
}

export function engineOf(kind: EngineKind): Engine {
  return kind === 'plain'
    ? { kind, dialect: plainDialect, open: openNow, look: lookAtRows }
    : { kind, dialect: fullDialect, open: openNow, look: lookAtStates };
}

/** A record is a millisecond: what is older than two of them goes together by threes, and what is older than four for good. */
const FORGETFUL: Retention = {
  strategy: 'hybrid',
  snapshotEvery: { records: 5, ms: null },
  keepSnapshots: 1,
  keepRecords: null,
  compactAt: 2,
  tiers: [
    { every: 'step', forMs: 2 },
    { every: { ms: 3 }, forMs: 4 },
  ],
};

function openNow(files: Files): Owner {
  const owner: unknown = Owner.open(files, {
    directory: SHARD,
    shard: 0,
    recording: { directory: 'simulated' },
    granularities: new Map([
      ['counter', 'ticks'],
      [THINNED.type, 'commands'],
    ]),
    retentions: new Map([[THINNED.type, FORGETFUL]]),
    sliceMs: 0,
    checkpointBytes: 1 << 20,
    maxImageBytes: 1 << 26,
    commandIndex: false,
  });
  if (owner instanceof Owner) return owner;
  throw new Error('this engine opens later: the simulator runs in a copy of the project that variant.ts has made');
}

function lookAtRows(owner: Owner): Standings {
  const rows = owner.list() as unknown as readonly PlainRow[];
  return new Map(rows.map(({ id, seq, fold }) => [id, { seq, fold }]));
}

function lookAtStates(owner: Owner): Standings {
  const standings = new Map<string, Standing>();
  for (const row of owner.list()) {
    const { id, seq, tick } = row;
    const stored = owner.load(id);
    const [first] = stored?.pieces ?? [];
    const text = new TextDecoder().decode(first);
    if (stored?.seq !== seq || stored.tick !== tick || tick !== tickAt(seq)) {
      throw new Error(
        `${id} is listed at seq ${seq}, tick ${tick}, and loads at seq ${stored?.seq}, tick ${stored?.tick}`,
      );
    }
    if (id === THINNED.game) assertLeadsOn(owner, id, row);
    else assertWhole(owner, id, seq);
    // [null, state]
    standings.set(id, { seq, fold: text.slice('[null,'.length, -1) });
  }
  return standings;
}

/** Every seq is in the history, once, in commands and in steps. */
function assertWhole(owner: Owner, id: string, seq: number): void {
  const { commands, steps } = readPast((range) => owner.past(id, range, 1000));
  let expected = 1;
  for (const command of commands) {
    if (command.seq !== expected) throw new Error(`the commands of ${id} go from ${expected - 1} to ${command.seq}`);
    expected += 1;
  }
  if (expected !== seq + 1) throw new Error(`the commands of ${id} end at ${expected - 1} in place of ${seq}`);
  let next = 1;
  for (const { firstSeq, lastSeq } of steps) {
    if (firstSeq !== next) throw new Error(`the steps of ${id} go from ${next - 1} to ${firstSeq}`);
    next = lastSeq + 1;
  }
  if (next !== seq + 1) throw new Error(`the steps of ${id} end at ${next - 1} in place of ${seq}`);
}

/** Steps lead from the first moment that is kept to the newest, and what is young is all there. */
function assertLeadsOn(owner: Owner, id: string, { firstSeq, seq }: { firstSeq: number; seq: number }): void {
  const { steps } = readPast((range) => owner.past(id, range, 1000));
  let next = firstSeq + 1;
  for (const step of steps) {
    if (step.firstSeq !== next) throw new Error(`the steps of ${id} go from ${next - 1} to ${step.firstSeq}`);
    if (step.firstSeq < step.lastSeq && step.lastSeq > seq - 2)
      throw new Error(`the young step ${step.lastSeq} is merged`);
    next = step.lastSeq + 1;
  }
  if (next !== seq + 1) throw new Error(`the steps of ${id} end at ${next - 1} in place of ${seq}`);
  if (firstSeq > Math.max(0, seq - 4))
    throw new Error(`the past of ${id} begins at ${firstSeq}, and it has come to ${seq}`);
}

export function batchOf(lines: readonly Line[], dialect: Dialect): Batch {
  const payload = new Uint8Array(new TextEncoder().encode(`${lines.map((line) => dialect.write(line)).join('\n')}\n`));
  const spans: { game: string; firstSeq: number; lastSeq: number }[] = [];
  for (const { game, seq } of lines) {
    const last = spans.at(-1);
    if (last?.game === game) last.lastSeq = seq;
    else spans.push({ game, firstSeq: seq, lastSeq: seq });
  }
  return { payload, count: lines.length, spans };
}
