// Packs a game or proves a pack, once, and ends: src/storage/sqlite/pack/thread.ts is what asks, and what is done is
// tested without a thread.

import { parentPort, workerData } from 'node:worker_threads';
import { answerTask, type PackTask } from '../src/storage/sqlite/pack/thread.ts';

parentPort?.postMessage(await answerTask(workerData as PackTask));
