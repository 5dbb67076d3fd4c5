// A record on its way out of the game loop: into the bytes of a line, and lines into a batch. And the way back.

import { decodeRecord, encodeRecord } from '../../src/core/patch/record.ts';
import { RecordWriter } from '../../src/core/patch/record-writer.ts';
import { Queue } from '../../src/engine/batch-queue.ts';
import { DEFAULTS } from '../../src/options.ts';
import { miningTick, TICK_COMMANDS, visits } from '../galaxy.ts';
import type { Scenario } from '../scenario.ts';

const encoder = new TextEncoder();

const records = () => miningTick('andromeda', 1, visits(10_000));

const toLine: Scenario = {
  name: 'encode/record',
  unit: 'record',
  operation: 'one record of two patches into the bytes of its line',
  prepare() {
    const given = records();
    const writer = new RecordWriter();
    return {
      operations: given.length,
      run() {
        for (const record of given) {
          writer.write(record);
          writer.keep();
        }
        return writer.take().length;
      },
    };
  },
};

const stringify: Scenario = {
  name: 'encode/json-stringify',
  unit: 'record',
  operation: 'the same record as a line by JSON.stringify, and the lines as bytes by an encoder, for comparison',
  prepare() {
    const given = records();
    return {
      operations: given.length,
      run() {
        return encoder.encode(`${given.map((record) => JSON.stringify(record)).join('\n')}\n`).length;
      },
    };
  },
};

const toPayload: Scenario = {
  name: 'encode/batch-500',
  unit: 'batch',
  operation: `a batch of ${TICK_COMMANDS} records, from an empty queue to the payload`,
  prepare() {
    const given = records();
    const queue = new Queue(DEFAULTS.batchBytes);
    return {
      operations: 1,
      run() {
        for (const record of given) queue.add(record, queue.encode(record));
        const { length } = queue.send().payload;
        queue.shift();
        return length;
      },
    };
  },
};

const fromLine: Scenario = {
  name: 'encode/decode',
  unit: 'record',
  operation: 'one line back into a record, checked',
  prepare() {
    const lines = records().map(encodeRecord);
    return {
      operations: lines.length,
      run() {
        let patches = 0;
        for (const line of lines) patches += decodeRecord(line).patches.length;
        return patches;
      },
    };
  },
};

export const encodeScenarios: readonly Scenario[] = [toLine, stringify, toPayload, fromLine];
