// What the guard measures the machine with: work that no change of Orrery can make faster or slower. A figure of
// checks.ts is divided by the time of one of these, measured right beside it.

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Scenario } from '../scenario.ts';

export type CalibrationName = 'cpu' | 'disk' | 'both';

const ENTITIES = 2_000;
const SLICES = 20;
const DISK_BYTES = 64 * 1024;

/** Of the one for each of the other: about what a batch of 500 commands and an image of 1 MB have. */
const MIXES_A_WRITE = 20;

interface Entity {
  readonly id: string;
  readonly name: string;
  readonly amounts: { readonly metal: number; readonly water: number };
  readonly tags: readonly string[];
}

function entityOf(index: number): Entity {
  return {
    id: `e${100_000 + index}`,
    name: `Entity ${index}`,
    amounts: { metal: index % 997, water: index % 499 },
    tags: [`t${index % 7}`, `t${index % 11}`],
  };
}

/**
 * JSON out and in, a Map filled and read, objects copied and walked: what most of Orrery's time goes into, in a fixed
 * mix.
 */
const cpu: Scenario = {
  name: 'calibration/cpu',
  unit: 'mix',
  operation: 'a fixed mix of JSON, Map and object work on the main thread',
  prepare() {
    const entities = Array.from({ length: ENTITIES }, (_, index) => entityOf(index));
    const map = new Map<string, Entity>();
    let count = 0;
    return {
      operations: 1,
      run() {
        let sum = 0;
        for (let index = count % SLICES; index < ENTITIES; index += SLICES) {
          const text = JSON.stringify(entities[index]);
          const entity = JSON.parse(text) as Entity;
          const changed = {
            ...entity,
            amounts: { ...entity.amounts, metal: count },
            tags: [...entity.tags, text.slice(0, 9)],
          };
          map.set(entity.id, changed);
          sum += text.length + changed.tags.length;
        }
        for (const { amounts, name } of map.values()) sum += amounts.metal + amounts.water + name.length;
        count += 1;
        return sum;
      },
    };
  },
};

/** The floor under every commit, in one size. */
const disk: Scenario = {
  name: 'calibration/disk',
  unit: 'write',
  operation: `${DISK_BYTES / 1024} KiB appended to a file and fdatasync`,
  prepare(setting) {
    const file = openSync(join(setting.folder(), 'floor'), 'wx');
    const bytes = new Uint8Array(DISK_BYTES).fill(120);
    return {
      operations: 1,
      run() {
        if (writeSync(file, bytes) !== bytes.length) throw new Error('the disk took only a part');
        fdatasyncSync(file);
      },
      close: () => closeSync(file),
    };
  },
};

/** For what keeps a processor busy and waits for the disk as well. */
const both: Scenario = {
  name: 'calibration/both',
  unit: 'turn',
  operation: `${MIXES_A_WRITE} of the one and one of the other`,
  async prepare(setting) {
    const mix = await cpu.prepare(setting);
    const write = await disk.prepare(setting);
    return {
      operations: 1,
      run() {
        for (let count = 0; count < MIXES_A_WRITE; count += 1) mix.run();
        write.run();
      },
      close: () => write.close?.(),
    };
  },
};

export const CALIBRATIONS: Readonly<Record<CalibrationName, Scenario>> = { cpu, disk, both };
