// What every store must do, whatever it is made of. A store that survives the end of the process is asked more.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Patch } from '#core/patch/patch.ts';
import { MERGED, type Record } from '#core/patch/record.ts';
import type { Store } from '#index.ts';
import type { StoredGame } from '#storage/store.ts';
import { assembled, batchOf, create, record } from './handmade.ts';
import { knownSeqsContract } from './known-seqs.contract.ts';
import { pastOf } from './pages.ts';

/** A store that is not open yet. `reopen` closes it and gives another, not open, over the same data. */
export interface StoreUnderTest {
  readonly store: Store;
  reopen(): Promise<Store>;
  cleanup(): Promise<void>;
}

export function storeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  knownSeqsContract(name, make);

  describe(`${name} as a store`, () => {
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

    it('[S1] a game that nobody created is not there', async () => {
      expect(await store.load('none')).toBeUndefined();
      expect(await store.list()).toEqual([]);
      expect(await store.past('none', {}, 99)).toBeUndefined();
    });

    it('[S2] a loaded game is the fold of its records, with type, version, seq, tick and tables', async () => {
      await commit(
        create('g', { n: 1, t: { b: { hp: 2 }, a: { hp: 1 } }, list: [1] }, ['t']),
        record('g', 1, [
          { op: 'replace', path: ['n'], value: 2 },
          { op: 'add', path: ['t', 'c'], value: { hp: 3 } },
        ]),
      );
      await commit(
        record(
          'g',
          2,
          [
            { op: 'add', path: ['list', 0], value: 'first' },
            { op: 'remove', path: ['t', 'a'] },
          ],
          { tick: 4 },
        ),
      );
      const stored = (await store.load('g')) as StoredGame;
      expect(stored).toMatchObject({ id: 'g', type: 'kind', version: 3, seq: 2, tick: 4, tables: ['t'] });
      expect(assembled(stored)).toBe('{"n":2,"t":{"b":{"hp":2},"c":{"hp":3}},"list":["first",1]}');
      // With more of the same, and after some background work.
      await store.compact();
      await commit(record('g', 3, [{ op: 'remove', path: ['list', 1] }], { tick: 5 }));
      expect(await stateOf('g')).toBe('{"n":2,"t":{"b":{"hp":2},"c":{"hp":3}},"list":["first"]}');
    });

    it('[S2] what load gives is not changed by what is committed afterwards, nor the other way round', async () => {
      await commit(create('g', { deep: { list: [{ n: 1 }] } }));
      const before = (await store.load('g')) as StoredGame;
      await commit(record('g', 1, [{ op: 'replace', path: ['deep', 'list', 0, 'n'], value: 2 }]));
      expect(assembled(before)).toBe('{"deep":{"list":[{"n":1}]}}');
      before.pieces[0]?.fill(0);
      expect(await stateOf('g')).toBe('{"deep":{"list":[{"n":2}]}}');
    });

    it('[S3] the order of keys is kept, and tables that come, go and are replaced are followed', async () => {
      await commit(
        create('g', { z: 1, a: { y: 1, x: 2 }, t: { k: 1 } }, ['t']),
        record('g', 1, [
          { op: 'remove', path: ['z'] },
          { op: 'add', path: ['z'], value: 1 },
        ]),
        record('g', 2, [
          { op: 'remove', path: ['a', 'y'] },
          { op: 'add', path: ['a', 'y'], value: 1 },
        ]),
        record(
          'g',
          3,
          [
            { op: 'replace', path: ['t'], value: [1] },
            { op: 'add', path: ['u'], value: { p: { q: 1 } } },
          ],
          { tables: ['u'] },
        ),
      );
      const stored = (await store.load('g')) as StoredGame;
      expect(stored.tables).toEqual(['u']);
      expect(assembled(stored)).toBe('{"a":{"x":2,"y":1},"t":[1],"z":1,"u":{"p":{"q":1}}}');
    });

    it('[S6] a record may stand for several seqs: a state sent whole', async () => {
      await commit(
        create('g', { n: 0, t: { a: 1 } }, ['t']),
        record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }]),
      );
      await commit(
        record('g', 5, [{ op: 'replace', path: [], value: { t: [], n: 5, u: { b: 2 } } }], {
          firstSeq: 2,
          tick: 2,
          command: MERGED,
          tables: ['u'],
        }),
      );
      await commit(record('g', 6, [{ op: 'add', path: ['u', 'c'], value: 3 }], { tick: 2 }));
      expect(await store.load('g')).toMatchObject({ seq: 6, tick: 2, tables: ['u'] });
      expect(await stateOf('g')).toBe('{"t":[],"n":5,"u":{"b":2,"c":3}}');
      expect((await pastOf(store, 'g')).commands.map(({ seq, name }) => [seq, name])).toEqual([
        [1, 'act'],
        [5, MERGED],
        [6, 'act'],
      ]);
    });

    it('[S7] lists every game by id, with what is known of it', async () => {
      await commit(create('b', { n: 1 }), create('a', { n: 1 }), create('B', {}), create('é', {}, [], 7));
      await commit(record('a', 1, [], { tick: 3, time: 1234 }), record('a', 2, [], { tick: 4, time: 1235 }));
      const rows = await store.list();
      expect(rows.map(({ id }) => id)).toEqual(['B', 'a', 'b', 'é']);
      expect(rows[1]).toMatchObject({
        id: 'a',
        type: 'kind',
        version: 3,
        created: 1000,
        seq: 2,
        tick: 4,
        time: 1235,
        tables: [],
      });
      expect(rows[3]).toMatchObject({ seq: 0, tick: 0, created: 7, time: 7 });
    });

    it('[S8] the past: from one seq on and up to another, oldest first, in pages no longer than asked for', async () => {
      await commit(create('g', { n: 0 }), create('other', { n: 0 }));
      for (let seq = 1; seq <= 10; seq += 1) {
        await commit(
          record('g', seq, [{ op: 'replace', path: ['n'], value: seq }], {
            tick: seq,
            args: { by: seq },
            player: `p${seq}`,
            time: seq,
          }),
          record('other', seq, []),
        );
      }
      const seqs = async (after: number, upTo: number, limit: number): Promise<number[]> =>
        (await pastOf(store, 'g', { fromSeq: after + 1, toSeq: upTo }, limit)).commands.map(({ seq }) => seq);
      expect(await seqs(0, 99, 99)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(await seqs(3, 6, 99)).toEqual([4, 5, 6]);
      expect(await seqs(3, 99, 2)).toEqual([4, 5, 6, 7, 8, 9, 10]);
      expect((await store.past('g', { fromSeq: 4 }, 2))?.steps.map(({ lastSeq }) => lastSeq)).toEqual([4, 5]);
      expect(await seqs(10, 99, 5)).toEqual([]);
      expect(await seqs(5, 5, 5)).toEqual([]);
      const [command] = (await pastOf(store, 'g', { fromSeq: 7, toSeq: 7 }, 1)).commands;
      expect(command).toEqual({ seq: 7, tick: 7, time: 7, name: 'act', args: { by: 7 }, player: 'p7' });
      const bare = (await pastOf(store, 'other', { toSeq: 1 }, 1)).commands[0];
      expect([bare?.args, bare?.player]).toEqual([undefined, undefined]);
    });

    it('[S9] the steps of a page lead without a gap from where it begins to where its commands end', async () => {
      await commit(create('g', { n: 0, list: [] }));
      for (let seq = 1; seq <= 8; seq += 1) {
        await commit(record('g', seq, [{ op: 'add', path: ['list', 0], value: seq }], { tick: seq }));
      }
      const { steps } = await pastOf(store, 'g');
      expect(steps[0]?.firstSeq).toBe(1);
      expect(steps.at(-1)?.lastSeq).toBe(8);
      for (const [index, step] of steps.entries()) {
        if (index > 0) expect(step.firstSeq).toBe((steps[index - 1]?.lastSeq ?? 0) + 1);
      }
      expect(steps.flatMap(({ patches }) => patches).length).toBe(8);
    });

    it('[S10] a checkpoint reports in the end, and changes nothing that can be read', async () => {
      await commit(create('g', { n: 0 }), record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }]));
      const before = [await store.list().then((rows) => rows.map(({ id, seq }) => [id, seq])), await stateOf('g')];
      for (let slice = 0; ; slice += 1) {
        const report = await store.checkpoint();
        if (report) {
          expect(report.durationMs).toBeGreaterThanOrEqual(0);
          break;
        }
        expect(slice).toBeLessThan(10_000);
      }
      expect([await store.list().then((rows) => rows.map(({ id, seq }) => [id, seq])), await stateOf('g')]).toEqual(
        before,
      );
      await commit(record('g', 2, []));
      expect((await pastOf(store, 'g')).commands.map(({ seq }) => seq)).toEqual([1, 2]);
    });

    it('[S11] a wide table comes in pieces that are JSON each, and together are all of it', async () => {
      const wide = Object.fromEntries(
        Array.from({ length: 5000 }, (_, index) => [
          `id-${index}`,
          { index, text: 'x'.repeat(40), odd: '"\\\n\u2028é😀' },
        ]),
      );
      await commit(create('g', { before: 1, wide, none: {}, after: 2 }, ['wide', 'none']));
      const stored = (await store.load('g')) as StoredGame;
      expect(stored.pieces.length).toBeGreaterThan(1);
      expect(JSON.parse(assembled(stored) as string)).toEqual({ before: 1, wide, none: {}, after: 2 });
      expect(stored.stateBytes).toBeGreaterThan(5000 * 40);
      const ahead: Uint8Array[] = [];
      const early = {
        take: (piece: Uint8Array) => ahead.push(piece),
        discard: () => {
          ahead.length = 0;
        },
      };
      const again = (await store.load('g', early)) as StoredGame;
      expect(await store.load('none', early)).toBeUndefined();
      expect(assembled({ ...again, pieces: [...ahead, ...again.pieces] })).toBe(assembled(stored));
      expect(again.stateBytes).toBe(stored.stateBytes);
    });

    it('[S12] ids, keys and texts of every script, and those that could be mistaken for something else, come back', async () => {
      const ids = ['Туманность', '仙女座', "it's", '__proto__', 'constructor', 'x'.repeat(256)];
      const odd = { '': 1, 'a/b~c': 2, toString: 3, '10': 4, '9': 5, '😀': '\u0000\u2028' };
      await commit(...ids.map((id) => create(id, { odd })));
      for (const id of ids) expect(await stateOf(id)).toBe(JSON.stringify({ odd }));
      expect((await store.list()).map(({ id }) => id)).toEqual([...ids].sort());
    });

    it('[S13] capabilities and stats are told truly', async () => {
      expect(store.capabilities).toEqual({ durable: expect.any(Boolean), images: expect.any(Boolean) });
      const before = await store.stats();
      await commit(create('g', {}));
      const after = await store.stats();
      expect([after.frames - before.frames, after.records - before.records]).toEqual([1, 1]);
      expect(after.journalBytesWritten).toBeGreaterThan(before.journalBytesWritten);
    });

    it('[S18] the seed of a game comes with it and with its past, nonces with the commands; no list has the seed', async () => {
      const seed = '00112233445566778899aabbccddeeff';
      await commit({ ...create('g', { n: 0 }), seed }, create('old', { n: 0 }));
      const patches: Patch[] = [{ op: 'replace', path: ['n'], value: 1 }];
      await commit(
        record('g', 1, patches, { nonce: 2 ** 32 - 1 }),
        record('g', 2, patches, { nonce: 7, args: null, player: 'ada' }),
        record('g', 3, patches, { args: [1] }),
        record('g', 4, patches, { nonce: 1, command: 'é' }),
      );
      const look = async (): Promise<void> => {
        const loaded = [await store.load('g'), await store.load('old')];
        expect(loaded.map((game) => [game?.id, game?.seed])).toEqual([
          ['g', seed],
          ['old', undefined],
        ]);
        expect((await store.past('g', {}, 9))?.seed).toBe(seed);
        expect((await store.past('old', {}, 9))?.seed).toBeUndefined();
        const { commands } = await pastOf(store, 'g');
        expect(commands.map(({ args, nonce }) => [args, nonce])).toEqual([
          [undefined, 2 ** 32 - 1],
          [null, 7],
          [[1], undefined],
          [undefined, 1],
        ]);
        expect('nonce' in (commands[2] as object)).toBe(false);
        const told = [await store.list(), await store.stats(), await store.snapshots('g'), await store.quarantine('g')];
        expect(JSON.stringify(told)).not.toContain(seed);
      };
      await look();
      while ((await store.checkpoint()) === undefined);
      await look();
      if (!store.capabilities.durable) return;
      store = await under.reopen();
      await store.open();
      await look();
    });

    it('[S14] what was acknowledged is there when the store is opened again, closed in order or not', async ({
      skip,
    }) => {
      if (!store.capabilities.durable) skip();
      await commit(create('g', { n: 0, t: { a: { hp: 1 } } }, ['t']), create('h', { n: 5 }));
      const newest = record('g', 1, [{ op: 'add', path: ['t', 'b'], value: { hp: 2 } }], { args: [1], player: 'ada' });
      await commit(newest);
      const before = [await stateOf('g'), await stateOf('h'), await pastOf(store, 'g')];
      for (let round = 0; round < 3; round += 1) {
        store = await under.reopen();
        const report = await store.open();
        expect(report.created).toBe(false);
        expect([await stateOf('g'), await stateOf('h'), await pastOf(store, 'g')]).toEqual(before);
      }
      // A batch that was acknowledged before is known after.
      await commit(newest);
      await commit(record('g', 2, [{ op: 'remove', path: ['t', 'b'] }]));
      expect(await stateOf('g')).toBe('{"n":0,"t":{"a":{"hp":1}}}');
    });
  });
}
