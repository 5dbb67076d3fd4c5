// A record on its way out of the game loop: into a line, and lines into the payload of a batch. And the way back.

import { PendingBatch } from '../../src/outbox/batch.ts';
import { decodeRecord, encodeRecord } from '../../src/patch/record.ts';
import { miningTick, TICK_COMMANDS, visits } from '../galaxy.ts';
import type { Scenario } from '../scenario.ts';

const records = () => miningTick('andromeda', 1, visits(10_000));

const toLine: Scenario = {
  name: 'encode/record',
  unit: 'record',
  operation: 'one record of two patches into its line of JSON',
  prepare() {
    const given = records();
    return {
      operations: given.length,
      run() {
        let length = 0;
        for (const record of given) length += encodeRecord(record).length;
        return length;
      },
    };
  },
};

const stringify: Scenario = {
  name: 'encode/json-stringify',
  unit: 'record',
  operation: 'JSON.stringify of the same record, for comparison',
  prepare() {
    const given = records();
    return {
      operations: given.length,
      run() {
        let length = 0;
        for (const record of given) length += JSON.stringify(record).length;
        return length;
      },
    };
  },
};

const toPayload: Scenario = {
  name: 'encode/batch-500',
  unit: 'batch',
  operation: `a batch of ${TICK_COMMANDS} lines into its payload of bytes`,
  prepare() {
    const given = records();
    const lines = given.map(encodeRecord);
    return {
      operations: 1,
      run() {
        const batch = new PendingBatch();
        for (const [index, line] of lines.entries()) batch.add('andromeda', index + 1, index + 1, line);
        return batch.encode().payload.length;
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
