// The worker of a shard that dies when it is told to. What it is told stands in dying.json beside the shard's folder, as a
// list; how often it has come to each point, in a file for each shard: a thread that takes over goes on counting.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import type { OwnerReply, OwnerRequest } from '#storage/sqlite/worker/protocol.ts';
import { type OwnerConnection, serve } from '#storage/sqlite/worker/serve.ts';
import type { EarlyChunks } from '#storage/store.ts';
import { answer } from '#workers/shard-owner.ts';

export interface Death {
  /** At a request, before or after its work is done and before it is answered; or at an operation on the disk. */
  readonly at: 'before' | 'after' | 'operation';
  /** The kind of request, or the operation. */
  readonly name: OwnerRequest['kind'] | keyof Files;
  /** It dies when it comes there for this time, and for the `times - 1` times after that. */
  readonly nth: number;
  readonly times: number;
  readonly how: 'exit' | 'throw' | 'heap';
}

let shard: string | undefined;

function isDue(at: Death['at'], name: string): Death | undefined {
  if (shard === undefined) return undefined;
  const path = `${shard}.count`;
  const counts = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { [point: string]: number }) : {};
  const point = `${at} ${name}`;
  const count = (counts[point] ?? 0) + 1;
  writeFileSync(path, JSON.stringify({ ...counts, [point]: count }));
  const deaths = JSON.parse(readFileSync(join(dirname(shard), 'dying.json'), 'utf8')) as Death[];
  return deaths.find(
    (death) => `${death.at} ${death.name}` === point && count >= death.nth && count < death.nth + death.times,
  );
}

/** Does not return. */
function die({ how }: Death): Promise<never> {
  if (how === 'exit') process.exit(7);
  if (how === 'throw') {
    setImmediate(() => {
      throw new Error('a made defect in the thread of a shard');
    });
  } else {
    const hoard: unknown[] = [];
    setImmediate(() => {
      for (;;) hoard.push(new Array(10_000).fill(hoard.length));
    });
  }
  return new Promise(() => undefined);
}

for (const operation of ['write', 'dataSync', 'sync', 'publishNew', 'syncDirectory', 'link', 'remove'] as const) {
  const work = nodeFiles[operation] as (...args: unknown[]) => void;
  Object.assign(nodeFiles, {
    [operation]: (...args: unknown[]) => {
      if (isDue('operation', operation)) process.exit(7);
      work(...args);
    },
  });
}

export default function connect(connection: OwnerConnection): void {
  serve(connection, dyingAnswer, () => false);
}

async function dyingAnswer(request: OwnerRequest, early: EarlyChunks): Promise<OwnerReply> {
  if (request.kind === 'open') shard = request.options.directory;
  const before = isDue('before', request.kind);
  if (before) await die(before);
  const reply = await answer(request, early);
  const after = isDue('after', request.kind);
  if (after) await die(after);
  return reply;
}
