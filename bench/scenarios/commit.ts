// From dispatch to durable, on a real directory with a real owner thread, and beside it the floor: the same bytes
// written and fdatasync'ed by plain node:fs on this thread, with nothing around it.

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openOrrery, type Receipt } from '../../src/index.ts';
import { FRAME_HEADER_BYTES } from '../../src/storage/sqlite/journal/frame.ts';
import { batchOf, galaxy, miningTick, TICK_COMMANDS, visits } from '../galaxy.ts';
import type { Scenario } from '../scenario.ts';

const SYSTEMS = 10_000;

function durable(name: string, commands: number, operation: string): Scenario {
  return {
    name: `commit/${name}`,
    unit: 'command',
    operation,
    async prepare(setting) {
      const orrery = await openOrrery({ directory: setting.folder(), games: [galaxy] });
      const game = await orrery.open(galaxy, 'andromeda', SYSTEMS);
      const ids = visits(SYSTEMS);
      let count = 0;
      return {
        operations: commands,
        async run() {
          let last: Receipt | undefined;
          for (let each = 0; each < commands; each += 1) {
            last = game.dispatch('mine', { system: ids[count % SYSTEMS] as string, metal: 3 }, { player: 'ada' });
            count += 1;
          }
          await last?.durable;
        },
        close: () => orrery.close(),
      };
    },
  };
}

function floor(name: string, commands: number, operation: string): Scenario {
  return {
    name: `commit/${name}`,
    unit: 'command',
    operation,
    prepare(setting) {
      const { payload } = batchOf(miningTick('andromeda', 1, visits(SYSTEMS), commands));
      const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
      const file = openSync(join(setting.folder(), 'floor'), 'wx');
      return {
        operations: commands,
        run() {
          if (writeSync(file, bytes) !== bytes.length) throw new Error('the disk took only a part');
          fdatasyncSync(file);
        },
        close: () => closeSync(file),
      };
    },
  };
}

export const commitScenarios: readonly Scenario[] = [
  durable('awaited', 1, 'a command dispatched and awaited until it is durable, one at a time'),
  floor('floor-awaited', 1, 'the bytes of such a command appended to a file and fdatasync, on this thread'),
  durable(
    'batch-500',
    TICK_COMMANDS,
    `one of ${TICK_COMMANDS} commands dispatched together, until the last is durable`,
  ),
  floor(
    'floor-batch-500',
    TICK_COMMANDS,
    `one of ${TICK_COMMANDS} commands, whose bytes are appended in one write and fdatasync`,
  ),
];
