// A small workload for one shard without threads, and what must be found afterwards. Every state follows from the seq
// alone: no code of src/ is asked what is right.

import { expect } from 'vitest';
import type { Files } from '#storage/sqlite/files.ts';
import { Owner } from '#storage/sqlite/worker/owner.ts';
import type { OwnerOptions } from '#storage/sqlite/worker/protocol.ts';
import type { Batch, Span } from '#storage/store.ts';
import { readPast } from '../contract/pages.ts';

export const SHARD = '/disk/shard-00';

/** Opens a shard; background work goes one step at a time. */
export function openOwner(files: Files, options: Partial<OwnerOptions> = {}): Promise<Owner> {
  return Owner.open(files, {
    directory: SHARD,
    shard: 0,
    granularities: new Map([['counter', 'ticks']]),
    sliceMs: 0,
    checkpointBytes: 1 << 20,
    maxImageBytes: 1 << 26,
    commandIndex: false,
    ...options,
  });
}

/** What was handed to an owner, and what it said is durable. */
export interface Told {
  readonly sent: Map<string, number>;
  readonly acknowledged: Map<string, number>;
  /** Sent and not acknowledged: it comes again, as it was, before anything else. */
  unsettled: readonly Span[] | undefined;
}

export function toldNothing(): Told {
  return { sent: new Map(), acknowledged: new Map(), unsettled: undefined };
}

export type Step =
  | { readonly do: 'commit'; readonly games: { readonly [game: string]: number } }
  | { readonly do: 'compact' }
  /** Slices of a checkpoint, with a commit after the second. */
  | { readonly do: 'checkpoint'; readonly games: { readonly [game: string]: number } }
  | { readonly do: 'close' };

/** Commits before, during and after two checkpoints; numbers are how many records a game adds. */
export const SCRIPT: readonly Step[] = [
  { do: 'commit', games: { a: 1 } },
  { do: 'commit', games: { a: 2, b: 3 } },
  { do: 'compact' },
  { do: 'commit', games: { b: 1 } },
  { do: 'checkpoint', games: { a: 2 } },
  { do: 'commit', games: { a: 1, c: 2 } },
  { do: 'compact' },
  { do: 'checkpoint', games: { b: 1, c: 1 } },
  { do: 'commit', games: { a: 1, b: 1, c: 1 } },
  { do: 'close' },
];

/** The records of a batch by hand, as docs/FORMAT.md says. */
export function batchOf(spans: readonly Span[]): Batch {
  const lines: string[] = [];
  for (const { game, firstSeq, lastSeq } of spans) {
    for (let seq = firstSeq; seq <= lastSeq; seq += 1) lines.push(lineOf(game, seq));
  }
  const payload = new Uint8Array(new TextEncoder().encode(`${lines.join('\n')}\n`));
  return { payload, count: lines.length, spans };
}

function lineOf(game: string, seq: number): string {
  const head = `{"g":"${game}","s":${seq},"k":${Math.floor(seq / 3)},"t":${1_700_000_000_000 + seq}`;
  if (seq === 0)
    return `${head},"c":"@create","y":"counter","v":1,"b":[],"d":[["=",[],${JSON.stringify(stateAt(0))}]]}`;
  const patches: unknown[] = [
    ['=', ['n'], seq],
    ['+', ['log', Math.min(seq - 1, 3)], `at ${seq}`],
  ];
  if (seq > 3) patches.push(['-', ['log', 0]]);
  return `${head},"c":"count","a":{"to":${seq}},"d":${JSON.stringify(patches)}}`;
}

export function stateAt(seq: number): unknown {
  return { n: seq, log: [seq - 2, seq - 1, seq].filter((each) => each > 0).map((each) => `at ${each}`) };
}

/** Does one step. What it throws, it throws before anything more is acknowledged. */
export function perform(owner: Owner, step: Step, told: Told): void {
  switch (step.do) {
    case 'commit':
      commit(owner, step.games, told);
      return;
    case 'compact':
      owner.compact();
      return;
    case 'checkpoint':
      for (let slice = 1; owner.checkpoint() === undefined; slice += 1)
        if (slice === 2) commit(owner, step.games, told);
      return;
    case 'close':
      owner.close();
  }
}

/** One batch, after the one that is unsettled. */
export function commit(owner: Owner, games: { readonly [game: string]: number }, told: Told): void {
  if (told.unsettled) send(owner, told.unsettled, told);
  const spans = Object.entries(games).map(([game, count]) => {
    const firstSeq = (told.acknowledged.get(game) ?? -1) + 1;
    return { game, firstSeq, lastSeq: firstSeq + count - 1 };
  });
  send(owner, spans, told);
}

function send(owner: Owner, spans: readonly Span[], told: Told): void {
  told.unsettled = spans;
  for (const { game, lastSeq } of spans) told.sent.set(game, lastSeq);
  owner.commit(batchOf(spans));
  for (const { game, lastSeq } of spans) told.acknowledged.set(game, lastSeq);
  told.unsettled = undefined;
}

/** Acknowledged is in what is recovered, that is a prefix of what was sent, and nothing is there twice. */
export function expectRecovered(owner: Owner, told: Told, story: string): void {
  told.unsettled = undefined;
  const rows = new Map(owner.list().map((row) => [row.id, row]));
  for (const [game, sent] of told.sent) {
    const acknowledged = told.acknowledged.get(game) ?? -1;
    const row = rows.get(game);
    const seq = row?.seq ?? -1;
    expect(seq, `${story}: seq of ${game}`).toBeGreaterThanOrEqual(acknowledged);
    expect(seq, `${story}: seq of ${game}`).toBeLessThanOrEqual(sent);
    told.sent.set(game, seq);
    told.acknowledged.set(game, seq);
    if (!row) continue;
    const stored = owner.load(game);
    const [first] = stored?.pieces ?? [];
    expect(new TextDecoder().decode(first), `${story}: state of ${game}`).toBe(JSON.stringify([null, stateAt(seq)]));
    expect(row.tick, `${story}: tick of ${game}`).toBe(Math.floor(seq / 3));
    const { commands, steps } = readPast((range) => owner.past(game, range, 1000));
    const wanted = Array.from({ length: seq }, (_, at) => at + 1);
    expect(
      commands.map((command) => command.seq),
      `${story}: history of ${game}`,
    ).toEqual(wanted);
    expect(
      steps.flatMap(({ firstSeq, lastSeq }) =>
        Array.from({ length: lastSeq - firstSeq + 1 }, (_, at) => firstSeq + at),
      ),
      `${story}: steps of ${game}`,
    ).toEqual(wanted);
  }
}
