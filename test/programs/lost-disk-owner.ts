// The worker of a shard whose disk is gone for as long as a file says so: every operation fails with EIO, as it does when a
// volume is detached under a running process. The file stands beside the shard's folder, where the test that makes it and
// the owner's own files do not meet.

import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OrreryError } from '#core/errors.ts';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { GONE } from './lost-disk.ts';

function isGone(path: string): boolean {
  const shard = /^shard-\d+$/.test(basename(path)) ? path : dirname(path);
  return existsSync(join(dirname(shard), GONE));
}

const operations = Object.keys(nodeFiles) as (keyof Files)[];
for (const operation of operations) {
  const work = nodeFiles[operation] as (...args: unknown[]) => unknown;
  Object.assign(nodeFiles, {
    [operation]: (...args: unknown[]) => {
      const [subject] = args as [string | { readonly path: string }];
      const path = typeof subject === 'string' ? subject : subject.path;
      if (!isGone(path)) return work(...args);
      // A close that fails has closed all the same.
      if (operation === 'close') work(...args);
      throw new OrreryError({
        code: 'IO_FAILED',
        what: `could not ${operation}: the disk is gone`,
        hint: 'Attach the disk again.',
        context: { file: path, errno: 'EIO' },
      });
    },
  });
}

export * from '#workers/shard-owner.ts';
export { default } from '#workers/shard-owner.ts';
