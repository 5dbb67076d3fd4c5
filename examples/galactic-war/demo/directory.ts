// The directory the demo plays in. It is replaced only when it is certain that a demo made it: a directory with games
// of somebody's own looks the same but for the marker.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OrreryError, openOrrery } from 'orrery';
import { galaxy } from '../galaxy.ts';
import { UsageError } from './options.ts';

const MARKER = 'DEMO';
const MARK = 'Made by `npm run demo` of Orrery, which replaces this directory when it runs again.\n';

/** Leaves an empty directory with a marker. Throws UsageError when what is there must not be touched, or cannot be. */
export async function prepareDirectory(directory: string): Promise<'made' | 'replaced'> {
  try {
    mkdirSync(directory, { recursive: true });
    const names = readdirSync(directory);
    if (names.length > 0) {
      if (!names.includes(MARKER) || readFileSync(join(directory, MARKER), 'utf8') !== MARK) {
        throw new UsageError(
          `${directory} is neither empty nor from an earlier demo, and is left as it is; name another with --directory`,
        );
      }
      await checkNobodyPlays(directory);
      // Read again: having been opened, it may hold more than before.
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true, force: true });
    }
    writeFileSync(join(directory, MARKER), MARK);
    return names.length > 0 ? 'replaced' : 'made';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof UsageError || code === undefined) throw error;
    throw new UsageError(`${directory} cannot be used (${code}); name another with --directory`);
  }
}

/** Opening is how Orrery is asked. Any other fault does not matter in a directory that is about to go. */
async function checkNobodyPlays(directory: string): Promise<void> {
  try {
    await (await openOrrery({ directory, games: [galaxy] })).close();
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'ALREADY_OPEN') {
      throw new UsageError(
        `${directory} is being played in by process ${error.context.pid}; name another with --directory`,
      );
    }
  }
}
