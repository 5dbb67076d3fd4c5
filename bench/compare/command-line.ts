// The flags of a comparison.

import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError } from '../command-line.ts';
import { BENCH } from './peers.ts';

export const COMPARE_USAGE = `Usage: npm run bench -- compare [options]

Runs the same workloads on Orrery and on what somebody would pick instead, each trial in
a process of its own, contenders taking turns, and prints a table for each workload and
the measures with their goals. What Orrery is compared with is installed in bench/ on
first use. A full run takes about 45 minutes on two cores.

  --rounds N         so many rounds; the figures are medians over them (default: 5)
  --only NAME        only the workload NAME (W2 brings W2-bytes along); several times
  --contender NAME   only this contender; several times
  --size N           only this size of the workloads that have several; several times
  --smoke            one round of very short trials at the smallest size: does everything
                     work? The figures mean nothing
  --dir DIR          measure the disk that the folder DIR is on (default: the system's
                     temporary folder)
  --out DIR          write compare.json, compare.md and cost-by-size.svg there (default:
                     bench/results for a full run; a run of a part writes nothing)
  --json             print {"measures": {"P1": {"value", "goal", "met"}, ...}} last
  --list             print workloads and contenders, and stop
  --help             print this, and stop

Exit status: 0 if every trial ran, 1 if one failed, 2 if the options make no sense.

Examples:
  npm run bench -- compare
  npm run bench -- compare --smoke --only W2
  npm run bench -- compare --only W4 --contender orrery --contender lmdb --rounds 3
  npm run bench -- compare --dir /mnt/disk --json`;

const DEFAULT_ROUNDS = 5;

export interface CompareFlags {
  readonly rounds: number;
  readonly only: readonly string[];
  readonly contender: readonly string[];
  readonly size: readonly number[];
  readonly smoke: boolean;
  readonly dir: string;
  /** Where results are written, or undefined for nowhere. */
  readonly out: string | undefined;
  readonly json: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export function parseCompareFlags(args: readonly string[]): CompareFlags {
  const values = parsed(args);
  const { smoke, only, contender, dir } = values;
  const rounds = values.rounds === undefined ? (smoke ? 1 : DEFAULT_ROUNDS) : wholeNumber('--rounds', values.rounds);
  const size = values.size.map((text) => wholeNumber('--size', text));
  if (!existsSync(dir)) throw new UsageError(`--dir ${dir} cannot be used: there is no such folder`);
  // A run of a part would take the place of figures that belong together.
  const whole = !smoke && only.length === 0 && contender.length === 0 && size.length === 0;
  const out = values.out ?? (whole ? join(BENCH, 'results') : undefined);
  return { ...values, rounds, size, out };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        contender: { type: 'string', multiple: true, default: [] },
        size: { type: 'string', multiple: true, default: [] },
        smoke: { type: 'boolean', default: false },
        dir: { type: 'string', default: tmpdir() },
        out: { type: 'string' },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(flag: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number > 0) return number;
  throw new UsageError(`${flag} ${text} cannot be used: it takes a whole number from 1 on`);
}
