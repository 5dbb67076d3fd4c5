// Games whose rows are damaged in an image that is whole otherwise: whatever is left of them is gone on from, and nobody else
// notices. The states follow from the seq alone.

import { beforeAll, expect, it } from 'vitest';
import { defineGame, type Orrery, openOrrery } from '#index.ts';
import { open, rejection, silent } from '../game/galaxy.ts';
import { ask } from '../history/ask.ts';
import { MemoryFolder } from '../recovery/memory-folder.ts';
import { asked, changedBy, OwnerStore } from './owner-store.ts';

const blob = (n: number): string => `${n};`.repeat(8000);

const vault = defineGame('vault', {
  version: 1,
  initial: () => ({ n: 0, blob: blob(0) }),
  commands: {
    put(draft, n: number) {
      draft.n = n;
      draft.blob = blob(n);
    },
  },
  history: 'commands',
});

const RECORDS = 59;
/** Two games of as many records each, with snapshots in between, in one image. */
let whole: MemoryFolder;
/** Seqs of the snapshots of game a, and first and last seq of its rows. */
let snapshots: number[];
let rows: (readonly [number, number])[];

beforeAll(async () => {
  whole = new MemoryFolder();
  // Of a hook, not of a test: it is closed here.
  const orrery = await openOrrery({ directory: 'unused', games: [vault], logger: silent, store: () => storeOn(whole) });
  for (const id of ['a', 'b']) {
    const game = await orrery.open(vault, id);
    for (let n = 1; n <= RECORDS; n += 1) await game.dispatch('put', n).durable;
  }
  await orrery.close();
  snapshots = (await asked(whole, "SELECT seq FROM snapshots WHERE game = 'a' ORDER BY seq")).map(([seq]) =>
    Number(seq),
  );
  const batches = await asked(
    whole,
    "SELECT first_seq, last_seq FROM patch_batches WHERE game = 'a' ORDER BY last_seq",
  );
  rows = batches.map(([first, last]) => [Number(first), Number(last)]);
  expect(snapshots.length).toBeGreaterThan(5);
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.at(-1)?.[0]).toBeGreaterThan(snapshots.at(-1) as number);
});

function storeOn(folder: MemoryFolder): OwnerStore {
  return new OwnerStore(folder, { granularities: new Map([['vault', 'commands']]) });
}

function on(folder: MemoryFolder): Promise<Orrery> {
  return open([vault], { on: storeOn(folder) });
}

const snapshotAt = (seq: number) => ["UPDATE snapshots SET body = x'00' WHERE game = 'a' AND seq = ?", seq] as const;
const rowWith = (seq: number) =>
  ["UPDATE patch_batches SET body = x'78' WHERE game = 'a' AND first_seq <= ?1 AND last_seq >= ?1", seq] as const;

/** The game goes on from n, also after a restart, and its neighbour is what it was. */
async function expectAt(folder: MemoryFolder, orrery: Orrery, n: number, seq: number): Promise<void> {
  const game = await orrery.load(vault, 'a');
  expect([game.seq, game.state.n, game.state.blob]).toEqual([seq, n, blob(n)]);
  game.dispatch('put', 1000);
  await orrery.close();
  const again = await on(folder);
  const reopened = await again.load(vault, 'a');
  expect([reopened.seq, reopened.state.n, reopened.state.blob]).toEqual([seq + 1, 1000, blob(1000)]);
  const neighbour = await again.load(vault, 'b');
  expect([neighbour.seq, neighbour.state.n, neighbour.state.blob]).toEqual([RECORDS, RECORDS, blob(RECORDS)]);
}

it('[FR1] [FR15] a damaged snapshot: the steps from the one before lead to the same, and nothing is given up', async () => {
  const folder = await changedBy(whole, snapshotAt(snapshots.at(-1) as number));
  const orrery = await on(folder);
  await rejection('DAMAGED', orrery.load(vault, 'a'));
  const result = await ask(orrery, 'a').recover({ mode: 'latest' });
  expect(result).toMatchObject({ used: 'latest', tried: [], written: true, seq: RECORDS + 1, givenUp: undefined });
  expect(result.reason).toContain('cannot be inflated');
  expect(await ask(orrery, 'a').quarantine()).toEqual([]);
  await expectAt(folder, orrery, RECORDS, RECORDS + 1);
});

it('[FR4] [FR15] a damaged row: to the record before it, by the fallback', async () => {
  const [firstSeq] = rows.at(-1) as readonly [number, number];
  const folder = await changedBy(whole, rowWith(firstSeq));
  const orrery = await on(folder);
  await rejection('DAMAGED', orrery.load(vault, 'a'));
  const result = await ask(orrery, 'a').recover({ mode: 'latest', fallback: ['before-error'] });
  expect(result).toMatchObject({
    used: 'before-error',
    tried: [{ mode: 'latest', error: { code: 'DAMAGED' } }],
    from: { seq: firstSeq - 1 },
    givenUp: { firstSeq, lastSeq: RECORDS, count: RECORDS - firstSeq + 1 },
    firstUnsound: { seq: firstSeq },
  });
  await expectAt(folder, orrery, firstSeq - 1, RECORDS + 1);
});

it('[FR2] [FR15] damaged rows and snapshots: the newest snapshot that is whole', async () => {
  const [older, newer, newest] = snapshots.slice(-3) as [number, number, number];
  const folder = await changedBy(whole, snapshotAt(newer), snapshotAt(newest), rowWith(older + 1));
  const orrery = await on(folder);
  const failed = await rejection('RECOVERY_FAILED', ask(orrery, 'a').recover({ mode: 'latest' }));
  expect(failed.context['tried']).toMatchObject([{ mode: 'latest', code: 'DAMAGED' }]);
  const result = await ask(orrery, 'a').recover({ mode: 'snapshot', reason: 'the disk was bad' });
  expect(result).toMatchObject({ from: { seq: older }, givenUp: { firstSeq: older + 1, lastSeq: RECORDS } });
  expect(result.reason).toMatch(/^the disk was bad \(.*inflated\)$/);
  expect(await ask(orrery, 'a').quarantine()).toMatchObject([
    { firstSeq: older + 1, mode: 'snapshot', reason: result.reason },
  ]);
  await expectAt(folder, orrery, older, RECORDS + 1);
});

it('[FR15] of a game of which nothing is left nothing is written, and the others play on', async () => {
  const folder = await changedBy(whole, ["UPDATE snapshots SET body = x'00' WHERE game = 'a'"]);
  const orrery = await on(folder);
  const modes = ['snapshot', 'before-error', { to: { seq: 30 } }] as const;
  await rejection('RECOVERY_FAILED', ask(orrery, 'a').recover({ mode: 'latest', fallback: modes }));
  const neighbour = await orrery.load(vault, 'b');
  await neighbour.dispatch('put', 5).durable;
  expect((await orrery.list()).map(({ id, seq }) => [id, seq])).toEqual([
    ['a', RECORDS],
    ['b', RECORDS + 1],
  ]);
});

it('[FR9] [FR15] a game that is in memory is whole, whatever became of its rows: that is what goes on', async () => {
  const store = storeOn(whole.copy());
  const orrery = await open([vault], { on: store });
  const game = await orrery.load(vault, 'a');
  const { load } = store;
  store.load = async () => {
    // What comes while it is looked into is not lost either.
    game.dispatch('put', 77);
    store.load = load;
    return { pieces: [Buffer.from('[null, {"n": -0}]')], tables: [] } as never;
  };
  const result = await ask(orrery, 'a').recover({ mode: 'latest' });
  expect(result).toMatchObject({ written: true, from: { seq: RECORDS + 1 }, seq: RECORDS + 2, givenUp: undefined });
  expect([game.seq, game.state.n]).toEqual([RECORDS + 2, 77]);
  await game.dispatch('put', 78).durable;
});
