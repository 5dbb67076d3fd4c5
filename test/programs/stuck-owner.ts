// The worker of a shard whose disk does not answer for as long as a named pipe stands beside the shard's folder: every sync waits in
// a system call that nothing interrupts, until somebody opens the other end. That is how a thread sits in fdatasync on a dead disk.

import { closeSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { REACHED, STUCK } from './stuck-disk.ts';

for (const operation of ['dataSync', 'sync'] as const) {
  const work = nodeFiles[operation] as Files['sync'];
  Object.assign(nodeFiles, {
    [operation]: (handle: Parameters<Files['sync']>[0]) => {
      const place = dirname(dirname(handle.path));
      try {
        writeFileSync(join(place, REACHED), operation, { flag: 'r+' });
        closeSync(openSync(join(place, STUCK), 'r'));
      } catch (error) {
        // The disk answers.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      work(handle);
    },
  });
}

export * from '#workers/shard-owner.ts';
export { default } from '#workers/shard-owner.ts';
