// Every error code with its meaning, causes and remedies. A code without an entry does not compile. Nothing imports
// this at run time: errors.ts names the page of a code by the code alone.

import { COMMANDS } from './commands.ts';
import { DIRECTORY, PACKS, SQL } from './directory.ts';
import type { ErrorGuide } from './entry.ts';
import { LIFE } from './life.ts';
import { PASSED } from './passed.ts';
import { THREADS } from './threads.ts';

export const ERROR_GUIDE: ErrorGuide = {
  ...PASSED,
  ...COMMANDS,
  ...LIFE,
  ...DIRECTORY,
  ...SQL,
  ...PACKS,
  ...THREADS,
};

/** The same in sections, in the order in which a reader meets them. */
export const SECTIONS: readonly (readonly [title: string, entries: Partial<ErrorGuide>])[] = [
  ['What a program or a command line passes', PASSED],
  ['What a command does', COMMANDS],
  ['The life of a game and of an orrery', LIFE],
  ['The directory and its disk', DIRECTORY],
  ['`orrery sql`', SQL],
  ['Packs', PACKS],
  ['Threads, memory and defects', THREADS],
];
