// What every store says to a batch with a seq that is stored already, or that comes too early. Before it: store.contract.ts, which
// has every store asked this, too.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MERGED, type Record, TICK } from '#core/patch/record.ts';
import { OrreryError, type Store } from '#index.ts';
import { assembled, batchOf, create, record } from './handmade.ts';
import { pastOf } from './pages.ts';
import type { StoreUnderTest } from './store.contract.ts';

export function knownSeqsContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store of known seqs`, () => {
    let under: StoreUnderTest;
    let store: Store;

    beforeEach(async () => {
      under = await make();
      store = under.store;
      await store.open();
    });

    afterEach(async () => {
      await store.close().catch(() => undefined);
      await under.cleanup();
    });

    const commit = (...records: Record[]): Promise<unknown> => store.commit(batchOf(records));
    const stateOf = async (id: string): Promise<unknown> => assembled(await store.load(id));

    it('[S4] the newest batch may come again: it is acknowledged and not stored again', async () => {
      const first = [
        create('g', { n: 0 }),
        record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }]),
        create('h', { n: 9 }),
      ];
      await commit(...first);
      await commit(...first);
      const next = [record('g', 2, [{ op: 'replace', path: ['n'], value: 2 }]), record('h', 1, [])];
      await commit(...next);
      await commit(...next);
      expect((await pastOf(store, 'g')).commands.map(({ seq }) => seq)).toEqual([1, 2]);
      expect(await stateOf('g')).toBe('{"n":2}');
      expect(await store.stats()).toMatchObject({ frames: 2, records: 5 });
    });

    it('[S19] any other batch with a seq that is stored is refused whole, with the game, and the store goes on', async () => {
      const newest = [record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }]), create('h', { n: 9 })];
      await commit(create('g', { n: 0 }));
      await commit(...newest);
      const refused: readonly (readonly [game: string, ...records: Record[]])[] = [
        // Other content: in the last digit, in a time, in length.
        ['g', record('g', 1, [{ op: 'replace', path: ['n'], value: 2 }]), create('h', { n: 9 })],
        ['g', record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }], { time: 5 }), create('h', { n: 9 })],
        ['g', record('g', 1, []), create('h', { n: 9 })],
        // A part of the newest batch, more than it, or its records in another order.
        ['g', newest[0] as Record],
        ['h', newest[1] as Record],
        ['g', ...newest, record('h', 1, [])],
        ['g', ...newest, create('i', {})],
        ['h', ...newest.toReversed()],
        // An older batch, a game that is created a second time, a whole state for seqs of which some are stored.
        ['g', create('g', { n: 0 })],
        ['h', create('h', { n: 0 })],
        ['g', record('g', 3, [{ op: 'replace', path: [], value: {} }], { firstSeq: 1, command: MERGED, tables: [] })],
        // One game of several.
        ['h', record('g', 2, []), create('h', { n: 8 }), create('i', {})],
      ];
      for (const [game, ...records] of refused) {
        const what = batchOf(records);
        await expect(store.commit(what), new TextDecoder().decode(what.payload)).rejects.toMatchObject({
          code: 'SEQ_CONFLICT',
          context: { game },
        });
      }
      expect(await store.stats()).toMatchObject({ frames: 2, records: 3 });
      // A refusal has changed nothing of what is known.
      await commit(...newest);
      await commit(record('g', 2, [{ op: 'replace', path: ['n'], value: 2 }]), record('h', 1, []));
      expect((await store.list()).map(({ id, seq }) => [id, seq])).toEqual([
        ['g', 2],
        ['h', 1],
      ]);
      expect([await stateOf('g'), await stateOf('h')]).toEqual(['{"n":2}', '{"n":9}']);
    });

    it('[S19] [S4] so it is behind checkpoints, compacts and another opening', async ({ skip }) => {
      const newest = [record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }]), create('h', { n: 9 })];
      const other = [record('g', 1, [{ op: 'replace', path: ['n'], value: 7 }]), create('h', { n: 9 })];
      await commit(create('g', { n: 0 }));
      await commit(...newest);
      const check = async (): Promise<void> => {
        await expect(commit(...other)).rejects.toMatchObject({ code: 'SEQ_CONFLICT', context: { game: 'g' } });
        await commit(...newest);
      };
      await check();
      while ((await store.compact()).compactionLagBytes > 0);
      await check();
      for (let round = 0; round < 3; round += 1) {
        while ((await store.checkpoint()) === undefined);
        await check();
      }
      expect(await stateOf('g')).toBe('{"n":1}');
      if (!store.capabilities.durable) skip();
      for (let round = 0; round < 3; round += 1) {
        store = await under.reopen();
        await store.open();
        await check();
      }
      await commit(record('g', 2, []));
      expect((await store.list()).map(({ id, seq }) => [id, seq])).toEqual([
        ['g', 2],
        ['h', 0],
      ]);
    });

    it('[S5] a batch that leaves a gap is refused whole, and the store goes on', async () => {
      await commit(create('g', { n: 0 }));
      for (const records of [
        [record('g', 2, [])],
        [record('g', 1, []), record('h', 0, [], { command: TICK }), record('i', 5, [])],
        [create('h', {}), record('g', 7, [])],
        [record('none', 1, [])],
      ]) {
        const thrown: unknown = await commit(...records).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(thrown).toBeInstanceOf(OrreryError);
        expect(thrown).toMatchObject({
          code: 'SEQ_CONFLICT',
          context: { game: expect.any(String), seq: expect.any(Number) },
        });
      }
      await commit(record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }]));
      expect((await store.list()).map(({ id, seq }) => [id, seq])).toEqual([['g', 1]]);
    });
  });
}
