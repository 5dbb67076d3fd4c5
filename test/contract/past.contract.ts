// What every store must tell of the past of its games, whatever it is made of.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Patch } from '#core/patch/patch.ts';
import { MERGED, MIGRATE, type Record } from '#core/patch/record.ts';
import type { Moment, StepRange } from '#storage/history-reader.ts';
import type { PastPage, Store, StoredMoment } from '#storage/store.ts';
import { assembled, batchOf, create, record } from './handmade.ts';
import type { StoreUnderTest } from './store.contract.ts';

/** What the types say is not to be changed. */
interface Changeable {
  readonly patches: { readonly path: (string | number)[]; readonly value: { seq: number } }[];
  readonly commands: { readonly args: { seq: number } }[];
}

export function pastContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} and the past`, () => {
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

    it('[S15] a moment is the state that was, with its type, version, tick, time and tables, by seq, tick and time', async () => {
      await commit(create('g', { n: 0, t: { a: 1 } }, ['t']));
      const records = [
        record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }], { tick: 1, time: 2000 }),
        record('g', 2, [{ op: 'add', path: ['t', 'b'], value: { deep: [1] } }], { tick: 3, time: 1500 }),
        record('g', 3, [{ op: 'add', path: ['u'], value: { k: 1 } }], { tick: 3, time: 3000, tables: ['t', 'u'] }),
        record('g', 4, [{ op: 'add', path: ['t', 'b', 'deep', 0], value: 0 }], { tick: 4, time: 3500 }),
        record('g', 9, [{ op: 'replace', path: [], value: { n: 9, t: {}, u: 0 } }], {
          firstSeq: 5,
          tick: 9,
          time: 5000,
          command: MERGED,
          tables: ['t'],
        }),
        record('g', 10, [{ op: 'add', path: ['t', 'z'], value: 1 }], { tick: 9, time: 5001 }),
      ];
      await commit(...records.slice(0, 3));
      while ((await store.checkpoint()) === undefined);
      await commit(...records.slice(3));
      const at = async (moment: Moment, nearest = false): Promise<unknown[]> => {
        const found = (await store.stateAt('g', moment, nearest)) as StoredMoment;
        expect([found.type, found.version]).toEqual(['kind', 3]);
        return [found.seq, found.tick, found.time, found.tables, assembled(found)];
      };
      const states: { readonly [seq: number]: unknown[] } = {
        0: [0, 0, 1000, ['t'], '{"n":0,"t":{"a":1}}'],
        1: [1, 1, 2000, ['t'], '{"n":1,"t":{"a":1}}'],
        2: [2, 3, 1500, ['t'], '{"n":1,"t":{"a":1,"b":{"deep":[1]}}}'],
        3: [3, 3, 3000, ['t', 'u'], '{"n":1,"t":{"a":1,"b":{"deep":[1]}},"u":{"k":1}}'],
        4: [4, 4, 3500, ['t', 'u'], '{"n":1,"t":{"a":1,"b":{"deep":[0,1]}},"u":{"k":1}}'],
        9: [9, 9, 5000, ['t'], '{"n":9,"t":{},"u":0}'],
        10: [10, 9, 5001, ['t'], '{"n":9,"t":{"z":1},"u":0}'],
      };
      for (const [seq, state] of Object.entries(states)) expect(await at({ seq: Number(seq) })).toEqual(state);
      for (const [tick, seq] of Object.entries({ 0: 0, 1: 1, 2: 1, 3: 3, 4: 4, 9: 10 })) {
        expect(await at({ tick: Number(tick) }), `tick ${tick}`).toEqual(states[seq]);
      }
      // The clock has jumped back: the last record that is not later counts.
      for (const [time, seq] of Object.entries({ 1000: 0, 1499: 0, 1500: 2, 2999: 2, 3500: 4, 5000: 9, 9999: 10 })) {
        expect(await at({ time: Number(time) }), `time ${time}`).toEqual(states[seq]);
      }
      const missed: [Moment, number | undefined, number | undefined][] = [
        [{ seq: 6 }, 4, 9],
        [{ seq: 11 }, 10, undefined],
        [{ tick: 7 }, 4, 9],
        [{ tick: 10 }, 10, undefined],
        [{ time: 999 }, undefined, 0],
        [{ time: 4000 }, 4, 9],
      ];
      for (const [moment, before, after] of missed) {
        await expect(store.stateAt('g', moment, false), JSON.stringify(moment)).rejects.toMatchObject({
          code: 'MOMENT_NOT_KEPT',
          context: { game: 'g', ...moment, before, after },
        });
        if (before !== undefined) expect(await at(moment, true)).toEqual(states[before]);
        else await expect(store.stateAt('g', moment, true)).rejects.toMatchObject({ code: 'MOMENT_NOT_KEPT' });
      }
      await expect(store.stateAt('g', {} as Moment, false)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
      expect(await store.stateAt('none', { seq: 0 }, false)).toBeUndefined();
    });

    it('[S16] the past comes in pages of steps with their commands, either way, within bounds, and leaves the store as it was', async () => {
      await commit(create('g', { list: [] }));
      for (let seq = 1; seq <= 9; seq += 1) {
        const patches: Patch[] = [{ op: 'add', path: ['list', 0], value: { seq } }];
        await commit(record('g', seq, patches, { tick: Math.ceil(seq / 2), args: { seq }, player: `p${seq}` }));
        if (seq === 5) while ((await store.checkpoint()) === undefined);
      }
      const whole = (await store.past('g', {}, 99)) as PastPage;
      expect(whole.row).toMatchObject({ id: 'g', seq: 9 });
      expect(whole.next).toBeUndefined();
      expect(whole.steps).toEqual(
        Array.from({ length: 9 }, (_, index) => {
          const seq = index + 1;
          const [tick, time] = [Math.ceil(seq / 2), 1000 + seq];
          return {
            firstSeq: seq,
            lastSeq: seq,
            tick,
            time,
            commands: [{ seq, tick, time, name: 'act', player: `p${seq}`, args: { seq } }],
            patches: [{ op: 'add', path: ['list', 0], value: { seq } }],
          };
        }),
      );
      const paged = async (range: StepRange, limit: number): Promise<number[]> => {
        const seqs: number[] = [];
        for (let rest = range; ; ) {
          const page = (await store.past('g', rest, limit)) as PastPage;
          expect(page.steps.length).toBeLessThanOrEqual(limit);
          seqs.push(...page.steps.map(({ lastSeq }) => lastSeq));
          if (page.next === undefined) return seqs;
          rest = range.backwards ? { ...range, toSeq: page.next } : { ...range, fromSeq: page.next };
        }
      };
      for (const limit of [1, 2, 4, 99]) {
        expect(await paged({}, limit)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(await paged({ backwards: true }, limit)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
        expect(await paged({ fromSeq: 3, toSeq: 7 }, limit)).toEqual([3, 4, 5, 6, 7]);
        expect(await paged({ fromSeq: 3, toSeq: 7, backwards: true }, limit)).toEqual([7, 6, 5, 4, 3]);
        expect(await paged({ fromTick: 2, toTick: 3 }, limit)).toEqual([3, 4, 5, 6]);
        expect(await paged({ fromTime: 1004, toTime: 1006, backwards: true }, limit)).toEqual([6, 5, 4]);
        expect(await paged({ fromSeq: 10 }, limit)).toEqual([]);
      }
      // What was given may be changed: it is nobody else's.
      const before = JSON.stringify((await store.past('g', {}, 99))?.steps);
      for (const step of whole.steps as unknown as Changeable[]) {
        for (const { path, value } of step.patches) {
          path.push('elsewhere');
          path[0] = 'nowhere';
          value.seq = 99;
        }
        for (const { args } of step.commands) args.seq = 99;
        step.patches.length = 0;
        step.commands.length = 0;
      }
      expect(JSON.stringify((await store.past('g', {}, 99))?.steps)).toBe(before);
      expect((await store.load('g'))?.seq).toBe(9);
      expect(await store.past('none', {}, 9)).toBeUndefined();
    });

    it('[S17] the whole states that are kept are listed, the first of them that of the beginning', async () => {
      await commit(create('g', { n: 0 }), record('g', 1, [{ op: 'replace', path: ['n'], value: 1 }]));
      expect(await store.snapshots('g')).toEqual([{ seq: 0, tick: 0, time: 1000, version: 3, reason: 'create' }]);
      const whole: Patch[] = [{ op: 'replace', path: [], value: { n: 'two' } }];
      await commit(record('g', 2, whole, { command: MIGRATE, version: 4, tables: [], tick: 1 }), record('g', 3, []));
      expect((await store.snapshots('g'))?.at(-1)).toEqual({
        seq: 2,
        tick: 1,
        time: 1002,
        version: 4,
        reason: 'migrate',
      });
      expect(await store.stateAt('g', { seq: 1 }, false)).toMatchObject({ seq: 1, version: 3 });
      expect(await store.stateAt('g', { seq: 3 }, false)).toMatchObject({ seq: 3, version: 4 });
      expect(await store.snapshots('none')).toBeUndefined();
    });
  });
}
