// The thread that proves an image, as thin as can be: it reads the file, says what it found, and ends.

import { constants, platform, setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { nodeFiles } from '../src/storage/sqlite/files.ts';
import { inspectFile } from '../src/storage/sqlite/image/file-inspection.ts';
import type { ImageCheck } from '../src/storage/sqlite/image/image-check.ts';
import { sqlLibrary } from '../src/storage/sqlite/image/sql-library.ts';
import type { CheckerTask } from '../src/storage/sqlite/worker/checker-thread.ts';

const { path, port, answered } = workerData as CheckerTask;

// There a thread has a priority of its own, and a game loop comes before this.
if (platform() === 'linux') setPriority(0, constants.priority.PRIORITY_LOW);

async function check(): Promise<ImageCheck> {
  return inspectFile(await sqlLibrary(), nodeFiles, path);
}

try {
  port.postMessage(await check());
} catch {
  // Whoever asked does it again, and meets what was in the way.
  port.postMessage(undefined);
}
Atomics.store(answered, 0, 1);
Atomics.notify(answered, 0);
