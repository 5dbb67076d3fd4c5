// Every receipt that the library gives, whichever call it comes from: its promise is its own, and settles.

import { describe, expect, it } from 'vitest';
import { defineGame, type OrreryOptions, type Receipt, theirs } from '#index.ts';
import { galaxy, open, rejection } from '../game/galaxy.ts';
import { StagedStore } from './staged-store.ts';

const counter = defineGame('counter', {
  version: 1,
  history: 'commands',
  initial: () => ({ n: 0, m: 0 }),
  commands: {
    add(draft, by: number) {
      draft.n += by;
    },
  },
  resolve: theirs,
});

/** One receipt of each call that gives one, by the name of the call. */
async function receipts(store: StagedStore, options: Partial<OrreryOptions> = {}) {
  const orrery = await open([counter], { on: store, ...options });
  const game = await orrery.open(counter, 'g');
  const given = new Map<string, Receipt>();
  given.set('dispatch', game.dispatch('add', 1));
  given.set(
    'update',
    game.update((draft) => Object.assign(draft, { n: 2 })),
  );
  given.set('save', game.save({ n: 7, m: 0 }));
  given.set('advance', game.advance());
  await orrery.flush();
  const base = { n: 7, m: 0 };
  given.set('submit, as it is', await orrery.submit('g', { state: { n: 8, m: 0 }, baseSeq: game.seq }));
  given.set('submit, nothing new', await orrery.submit('g', { state: base, baseSeq: 4 }));
  given.set('submit, resolved', await orrery.submit('g', { state: { n: 7, m: 9 }, baseSeq: 4 }));
  return { orrery, game, given };
}

function check(name: string, receipt: Receipt): void {
  const own = Object.getOwnPropertyDescriptor(receipt, 'durable');
  expect(own?.value, name).toBeInstanceOf(Promise);
  expect({ ...receipt }.durable, name).toBe(receipt.durable);
  expect([typeof receipt.seq, typeof receipt.tick], name).toEqual(['number', 'number']);
}

describe.each(['group', 'strict', 'relaxed'] as const)('with durability %s', (durability) => {
  it('[O6] every receipt has a promise of its own, which resolves when the disk has it', async () => {
    const store = new StagedStore();
    const { orrery, given } = await receipts(store, { durability, coalescingDelayMs: 5 });
    expect([...given.keys()]).toHaveLength(7);
    for (const [name, receipt] of given) {
      check(name, receipt);
      expect(await receipt.durable, name).toBeUndefined();
    }
    expect([...given].map(([name, receipt]) => [name, (receipt as { resolved?: boolean }).resolved])).toEqual([
      ['dispatch', undefined],
      ['update', undefined],
      ['save', undefined],
      ['advance', undefined],
      ['submit, as it is', false],
      ['submit, nothing new', false],
      ['submit, resolved', true],
    ]);
    expect(store.faults).toEqual([]);
    await orrery.close();
  });

  it('[O6] a receipt settles late, not early, and rejects when the disk can never have it', async () => {
    const store = new StagedStore();
    const { orrery, game } = await receipts(store, { durability, coalescingDelayMs: 5 });
    await orrery.flush();
    store.hold('commit');
    const submitted = await orrery.submit('g', { state: { n: 1, m: 1 }, baseSeq: game.seq });
    let settled = false;
    submitted.durable.then(
      () => (settled = true),
      () => (settled = true),
    );
    void orrery.flush().catch(() => undefined);
    await store.asked('commit');
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    store.release();
    await submitted.durable;
    store.fail('commit', 'STALE_OWNER');
    const lost = game.dispatch('add', 1);
    await rejection('STALE_OWNER', lost.durable);
    check('lost', lost);
  });
});

it('[O6] a receipt of a record that is merged with others at the bound is one like any other', async () => {
  const store = new StagedStore();
  const orrery = await open([galaxy], { on: store, overflow: 'coalesce', commitQueueBytes: 1 });
  const game = await orrery.open(galaxy, 'g');
  const all = [game.dispatch('rest'), game.dispatch('rest'), game.dispatch('rest')];
  for (const [index, receipt] of all.entries()) check(`the ${index + 1}th`, receipt);
  await Promise.all(all.map(({ durable }) => durable));
  expect(store.faults).toEqual([]);
});

it('[O7] of a command that closes the orrery no receipt waits for ever', async () => {
  const store = new StagedStore();
  const orrery = await open([counter], { on: store });
  const game = await orrery.open(counter, 'g');
  let closing: Promise<void> | undefined;
  const { durable } = game.update((draft) => {
    draft.n = 1;
    closing = orrery.close();
  });
  const saved = await durable.then(
    () => ['g:0', 'g:1'],
    ({ code }: { code: string }) => (code === 'CLOSED' ? ['g:0'] : [code]),
  );
  await closing;
  expect(store.batches.flat()).toEqual(saved);
});
