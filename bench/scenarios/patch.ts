// The pure part of a patch's way: made from two values, merged with others, applied.

import { admit } from '../../src/core/patch/admit.ts';
import { cloneJson, fold } from '../../src/core/patch/apply.ts';
import { capture } from '../../src/core/patch/capture.ts';
import { coalesce } from '../../src/core/patch/coalesce.ts';
import type { Json, JsonArray, Patch, PathSegment } from '../../src/core/patch/patch.ts';
import { idOf, miningTick, plainGalaxy, type System, systemOf, TICK_COMMANDS, visits } from '../galaxy.ts';
import type { Scenario } from '../scenario.ts';

const QUEUE = 10_000;

const captureEntity: Scenario = {
  name: 'patch/capture-entity',
  unit: 'entity',
  operation: 'an entity copied, two of its fields changed, compared with what it was: two patches',
  prepare() {
    const bases = Array.from({ length: TICK_COMMANDS }, (_, index) => admit(systemOf(index), []));
    const ids = bases.map((_, index) => idOf(index));
    let count = 0;
    return {
      operations: bases.length,
      run() {
        count += 1;
        for (const [index, base] of bases.entries()) {
          const patches: Patch[] = [];
          const next = cloneJson(base) as unknown as System;
          next.metal += 3;
          next.mined = count;
          capture(base, next, ['systems', ids[index] as string], patches);
          if (patches.length !== 2) throw new Error(`${patches.length} patches in place of 2`);
        }
      },
    };
  },
};

const captureQueue: Scenario = {
  name: 'patch/capture-queue-10000',
  unit: 'list',
  operation: `a list of ${QUEUE.toLocaleString('en')} orders, one taken from the front and one put behind: two patches`,
  prepare() {
    const order = (number: number): Json => ({ order: number, system: idOf(number % 500), ship: 'scout' });
    let base = admit(
      Array.from({ length: QUEUE }, (_, index) => order(index)),
      [],
    ) as JsonArray;
    let number = QUEUE;
    let next: Json[] = [];
    const path: PathSegment[] = ['orders'];
    return {
      operations: 1,
      before() {
        next = base.slice(1);
        next.push(order(number));
        number += 1;
      },
      run() {
        const patches: Patch[] = [];
        base = capture(base, next, path, patches) as JsonArray;
        if (patches.length !== 2) throw new Error(`${patches.length} patches in place of 2`);
      },
    };
  },
};

const coalesceTick: Scenario = {
  name: 'patch/coalesce-tick',
  unit: 'tick',
  operation: `the patches of a tick of ${TICK_COMMANDS} commands on 100 entities, 1,000 of them, into 200`,
  prepare() {
    const patches = miningTick('andromeda', 1, visits(100)).flatMap((record) => record.patches);
    return {
      operations: 1,
      run() {
        const merged = coalesce(patches);
        if (merged.length !== 200) throw new Error(`${merged.length} patches in place of 200`);
      },
    };
  },
};

const foldTick: Scenario = {
  name: 'patch/fold-tick',
  unit: 'tick',
  operation: `the patches of a tick of ${TICK_COMMANDS} commands, 1,000 of them, applied to a state of 10,000 entities`,
  prepare() {
    let state: unknown = plainGalaxy(10_000);
    const patches = miningTick('andromeda', 1, visits(10_000)).flatMap((record) => record.patches);
    return {
      operations: 1,
      run() {
        state = fold(state, patches);
      },
    };
  },
};

export const patchScenarios: readonly Scenario[] = [captureEntity, captureQueue, coalesceTick, foldTick];
