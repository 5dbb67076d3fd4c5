// The worker of a shard that kills its whole process at an operation on the disk: in the middle of a recovery, a checkpoint, the
// sweep after it or a close, where a kill after so many milliseconds rarely lands. What it is told stands in its environment.

import { writeSync } from 'node:fs';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { Owner } from '#storage/sqlite/worker/owner.ts';
import { DOOM, type Doom } from './doom.ts';

const doom = JSON.parse(process.env[DOOM] ?? 'null') as Doom | null;
let doing: Doom['during'] | undefined;
let operations = 0;

function isDue(operation: string, path: string): boolean {
  if (doom === null || doing === undefined) return false;
  if (doom.during === 'sweep') {
    // What a checkpoint makes unnecessary: journal, images and manifests of generations before.
    if (operation !== 'remove' || !/(segment|image|MANIFEST)-[^.]*(\.journal|\.sqlite)?$/.test(path)) return false;
  } else if (doing !== doom.during) {
    return false;
  }
  operations += 1;
  return operations >= doom.nth;
}

const OPERATIONS = ['createNew', 'write', 'dataSync', 'sync', 'publishNew', 'syncDirectory', 'link', 'remove'] as const;
for (const operation of OPERATIONS) {
  const work = nodeFiles[operation] as (...args: unknown[]) => unknown;
  Object.assign(nodeFiles, {
    [operation]: (...args: unknown[]) => {
      const [subject] = args as [string | { readonly path: string }];
      if (isDue(operation, typeof subject === 'string' ? subject : subject.path)) {
        writeSync(1, `doomed ${JSON.stringify(doom?.during)}\n`);
        process.kill(process.pid, 'SIGKILL');
      }
      return work(...args);
    },
  });
}

/** What an owner is doing when it comes to the disk. */
for (const deed of ['commit', 'checkpoint', 'close'] as const) {
  const work = Owner.prototype[deed] as (this: Owner, ...args: unknown[]) => unknown;
  Object.assign(Owner.prototype, {
    [deed](this: Owner, ...args: unknown[]): unknown {
      const before = doing;
      // A close publishes too.
      doing ??= deed;
      try {
        return work.apply(this, args);
      } finally {
        doing = before;
      }
    },
  });
}
const open = Owner.open;
Owner.open = async (...args) => {
  doing = 'open';
  try {
    return await open.apply(Owner, args);
  } finally {
    doing = undefined;
  }
};

export * from '#workers/shard-owner.ts';
export { default } from '#workers/shard-owner.ts';
