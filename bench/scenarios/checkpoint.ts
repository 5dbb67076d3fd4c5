// Publishing an image: exported from SQLite, written, read back, checked, named, and the manifest that makes it count.
// Straight on the owner's code, without its thread.

import { createHash } from 'node:crypto';
import { nodeFiles } from '../../src/storage/sqlite/files.ts';
import { Owner } from '../../src/storage/sqlite/worker/owner.ts';
import { batchOf, creation, mining, plainGalaxy, visits } from '../galaxy.ts';
import { ownerOptions } from '../owner-options.ts';
import type { Scenario } from '../scenario.ts';

const MEGABYTE = 2 ** 20;

/** Text that deflates to about `bytes`: hashes in hex shrink to half, and this has twice as much. */
function incompressible(bytes: number): string {
  const pieces: string[] = [];
  for (let length = 0, number = 0; length < bytes * 2; length += 64, number += 1) {
    pieces.push(createHash('sha256').update(String(number)).digest('hex'));
  }
  return pieces.join('');
}

function publishing(megabytes: number): Scenario {
  return {
    name: `checkpoint/image-${megabytes}mb`,
    unit: 'image',
    operation: `an image of about ${megabytes} MB published after one command`,
    slow: true,
    large: megabytes > 1,
    async prepare(setting) {
      const owner = await Owner.open(nodeFiles, ownerOptions(setting.folder()));
      const ids = visits(100);
      const state = { ...plainGalaxy(ids.length), news: [incompressible(megabytes * MEGABYTE * 0.97)] };
      owner.commit(batchOf([creation('andromeda', state)]));
      let seq = 0;
      return {
        operations: 1,
        before() {
          seq += 1;
          owner.commit(batchOf([mining('andromeda', seq, ids)]));
        },
        run() {
          let report = owner.checkpoint();
          while (!report) report = owner.checkpoint();
          if (report.imageBytes < megabytes * MEGABYTE * 0.9) throw new Error(`an image of ${report.imageBytes} bytes`);
        },
        close: () => owner.abandon(),
      };
    },
  };
}

export const checkpointScenarios: readonly Scenario[] = [publishing(1), publishing(10)];
