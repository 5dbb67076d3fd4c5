// The thread that proves an image, as thin as can be: it reads the file, says what it found, and ends.

import { constants, platform, setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { nodeFiles } from '../src/storage/sqlite/files.ts';
import { sha256 } from '../src/storage/sqlite/image/body.ts';
import { inspectBytes } from '../src/storage/sqlite/image/database.ts';
import type { ImageCheck } from '../src/storage/sqlite/image/image-check.ts';
import type { CheckerTask } from '../src/storage/sqlite/worker/checker-thread.ts';

const { path, port, answered } = workerData as CheckerTask;

// There a thread has a priority of its own, and a game loop comes before this.
if (platform() === 'linux') setPriority(0, constants.priority.PRIORITY_LOW);

async function check(): Promise<ImageCheck> {
  const bytes = nodeFiles.read(path);
  return { sha256: sha256(bytes), verdict: await inspectBytes(bytes) };
}

try {
  port.postMessage(await check());
} catch {
  // Whoever asked does it again, and meets what was in the way.
  port.postMessage(undefined);
}
Atomics.store(answered, 0, 1);
Atomics.notify(answered, 0);
