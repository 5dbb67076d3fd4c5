// The thread of `orrery sql`, as thin as can be: src/cli/querying/ is what runs.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Asked } from '../src/storage/sqlite/query/answer.ts';
import { serveQuery } from '../src/storage/sqlite/query/thread.ts';

await serveQuery(parentPort as MessagePort, workerData as Asked);
