// `npm run bench`: the first word names what to run, and without one it is the suite of scenarios.

import { USAGE, UsageError } from './command-line.ts';
import { runCompare } from './compare/compare.ts';
import { runGuard } from './guard/guard.ts';
import { runSuite } from './suite.ts';
import { runPlots } from './tuning-plots.ts';

/** Each takes the rest of the command line and resolves with the exit status. */
const COMMANDS: ReadonlyMap<string, (args: readonly string[]) => Promise<number>> = new Map([
  ['scenarios', (args) => runSuite(args)],
  ['compare', (args) => runCompare(args)],
  ['guard', (args) => runGuard(args)],
  ['plots', (args) => runPlots(args)],
]);

const DEFAULT_COMMAND = 'scenarios';

async function main(args: readonly string[]): Promise<number> {
  const [first] = args;
  const named = first !== undefined && !first.startsWith('-');
  const command = COMMANDS.get(named ? first : DEFAULT_COMMAND);
  try {
    if (!command) {
      throw new UsageError(
        `there is nothing called ${JSON.stringify(first)}; there is: ${[...COMMANDS.keys()].join(', ')}`,
      );
    }
    return await command(named ? args.slice(1) : args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
