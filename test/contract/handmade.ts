// Records and batches made by hand, and what a store gives back put together again.

import { expect } from 'vitest';
import type { Json, Patch } from '#core/patch/patch.ts';
import { CREATE, encodeRecord, type Record } from '#core/patch/record.ts';
import type { Batch, Span, StoredGame, StoredMoment } from '#storage/store.ts';

export function create(game: string, state: Json, tables: string[] = [], time = 1000): Record {
  return {
    game,
    seq: 0,
    tick: 0,
    time,
    command: CREATE,
    patches: [{ op: 'replace', path: [], value: state }],
    type: 'kind',
    version: 3,
    tables,
  };
}

export function record(game: string, seq: number, patches: Patch[], more: Partial<Record> = {}): Record {
  return { game, seq, tick: 0, time: 1000 + seq, command: 'act', patches, ...more };
}

export function batchOf(records: readonly Record[]): Batch {
  const spans = new Map<string, Span>();
  for (const { game, seq, firstSeq = seq } of records) {
    spans.set(game, { game, firstSeq: spans.get(game)?.firstSeq ?? firstSeq, lastSeq: seq });
  }
  const text = records.map((each) => `${encodeRecord(each)}\n`).join('');
  return { payload: new TextEncoder().encode(text), count: records.length, spans: [...spans.values()] };
}

/** The state that the pieces make, as JSON text. Entities stand in ascending order of ids, as in a table. */
export function assembled(stored: StoredGame | StoredMoment | undefined): unknown {
  if (!stored) return undefined;
  const pieces = stored.pieces.map(
    (piece) => JSON.parse(new TextDecoder().decode(piece)) as [string | null, { [key: string]: Json }],
  );
  const [[name, plain], ...parts] = pieces as [(typeof pieces)[0], ...typeof pieces];
  expect(name).toBeNull();
  const state: { [key: string]: unknown } = { ...plain };
  for (const [table, entities] of parts) {
    expect(stored.tables).toContain(table);
    state[table as string] = { ...(state[table as string] as object), ...entities };
  }
  for (const table of stored.tables) {
    const entities = state[table] as { [id: string]: Json };
    state[table] = Object.fromEntries(
      Object.keys(entities)
        .sort()
        .map((id) => [id, entities[id]]),
    );
  }
  return JSON.stringify(state);
}
