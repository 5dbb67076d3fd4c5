// The command line of the demo: what can be chosen, and what is told when something cannot be.

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export interface DemoOptions {
  readonly directory: string;
  /** Seconds of play, without starting, recovering, measuring and checking. */
  readonly seconds: number;
  readonly galaxies: number;
  readonly seed: number;
  /** A star file, or undefined for the one that comes with the example. */
  readonly stars: string | undefined;
  readonly help: boolean;
}

/** Something on the command line that cannot be: told in one line, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const DEFAULT_SECONDS = 15;
export const DEFAULT_GALAXIES = 8;
export const DEFAULT_DIRECTORY = 'galaxies';

export const HELP = `Plays a galactic war on Orrery in a child process, kills that process with SIGKILL again and again,
and checks that nothing which was acknowledged is ever lost.

Usage: npm run demo -- [options]

  --seconds N       seconds of play, 2 to 600 (${DEFAULT_SECONDS}); one kill for every 4 seconds, but at least 4,
                    and one more in the middle of a recovery
  --galaxies N      galaxies played at once, 1 to 64 (${DEFAULT_GALAXIES})
  --directory DIR   where they are kept (${DEFAULT_DIRECTORY}); what an earlier demo left there is replaced
  --stars FILE      stars of your own: CSV with the header hip,ra_deg,dec_deg,mag,bv,name
  --seed N          0 to 4294967295: the same plan of kills, and players of the same mind
  -h, --help        this text

Exit status: 0 when nothing acknowledged was lost and every galaxy matches its recomputation,
1 when not or when something failed, 2 when the command line is wrong.`;

/** Throws UsageError. */
export function parseOptions(args: readonly string[]): DemoOptions {
  const values = parse(args);
  return {
    directory: values.directory,
    seconds: wholeNumber('seconds', values.seconds, 2, 600) ?? DEFAULT_SECONDS,
    galaxies: wholeNumber('galaxies', values.galaxies, 1, 64) ?? DEFAULT_GALAXIES,
    seed: wholeNumber('seed', values.seed, 0, 2 ** 32 - 1) ?? randomInt(1_000_000),
    stars: values.stars,
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        directory: { type: 'string', default: DEFAULT_DIRECTORY },
        seconds: { type: 'string' },
        galaxies: { type: 'string' },
        seed: { type: 'string' },
        stars: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.directory === '') throw new UsageError('--directory is empty');
    return values;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Node goes on with advice that does not fit here.
    throw new UsageError((error as Error).message.split(/\.\s/)[0]);
  }
}

function wholeNumber(option: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d{1,10}$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(`--${option} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
}
