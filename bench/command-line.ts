// The flags of a run of the scenarios.

import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run bench -- [options]
       npm run bench -- compare [options]    Orrery beside what you might pick instead
       npm run bench -- guard [options]      what has moved since the committed baseline

Runs the benchmark scenarios and prints a table. Times are for one operation of the
scenario; --list says what that is.

  --smoke        run each scenario briefly, the large ones not at all
  --only NAME    only the scenario NAME, or those whose names contain NAME; may be given
                 several times
  --dir DIR      measure the disk that the folder DIR is on (default: the system's
                 temporary folder)
  --json FILE    also write the results to FILE
  --list         print the scenarios and what one operation of each is, and stop
  --help         print this, and stop

Exit status: 0 if every scenario ran, 1 if one threw, 2 if the options make no sense.

Examples:
  npm run bench
  npm run bench -- --only dispatch --only encode
  npm run bench -- --dir /mnt/disk --only commit --json commit.json`;

export interface Flags {
  readonly smoke: boolean;
  readonly only: readonly string[];
  readonly dir: string;
  readonly json: string | undefined;
  readonly list: boolean;
  readonly help: boolean;
}

/** The command line makes no sense; the message says why. */
export class UsageError extends Error {}

export function parseFlags(args: readonly string[]): Flags {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        smoke: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        dir: { type: 'string', default: tmpdir() },
        json: { type: 'string' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
      strict: true,
      allowPositionals: false,
    });
    return { ...values, json: values.json };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
