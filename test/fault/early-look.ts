// An owner that looks for newer claims just before one comes. What it does between that look and the next is what tests of two
// owners are about.

import type { Files } from '#storage/sqlite/files.ts';

export interface EarlyLook {
  /** The disk as that owner sees it. */
  readonly files: Files;
  /** While this holds it sees no newer claim, and it holds until the owner has begun its next segment. */
  early: boolean;
}

export function earlyLook(disk: Files): EarlyLook {
  const look: EarlyLook = {
    early: false,
    files: new Proxy(disk, {
      get(_disk, operation: keyof Files) {
        const work = (disk[operation] as (...args: unknown[]) => unknown).bind(disk);
        if (operation === 'exists') return (path: string) => !(look.early && path.includes('/OWNER-')) && work(path);
        if (operation !== 'publishNew') return work;
        return (from: string, to: string) => {
          work(from, to);
          if (to.includes('/segment-')) look.early = false;
        };
      },
    }),
  };
  return look;
}
