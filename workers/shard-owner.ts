// The thread of one shard, as thin as can be: src/storage/sqlite/worker/owner.ts is what runs, or onlooker.ts, and both
// are tested without a thread.

import { errorToData, OrreryError } from '../src/core/errors.ts';
import { nodeFiles } from '../src/storage/sqlite/files.ts';
import { AtWork } from '../src/storage/sqlite/worker/at-work.ts';
import { CheckerThread } from '../src/storage/sqlite/worker/checker-thread.ts';
import { Onlooker } from '../src/storage/sqlite/worker/onlooker.ts';
import { Owner } from '../src/storage/sqlite/worker/owner.ts';
import type { OwnerReply, OwnerRequest } from '../src/storage/sqlite/worker/protocol.ts';
import { type OwnerConnection, serve } from '../src/storage/sqlite/worker/serve.ts';
import type { EarlyChunks } from '../src/storage/store.ts';

const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const checker = new CheckerThread(new URL(`./image-checker.${suffix}`, import.meta.url));

let owner: Owner | Onlooker | undefined;
let atWork = new AtWork();

export default function connect(connection: OwnerConnection): void {
  atWork = new AtWork(connection.atWork);
  serve(connection, answer, () => owner?.doIdleWork() ?? false);
}

export async function answer(request: OwnerRequest, early: EarlyChunks): Promise<OwnerReply> {
  try {
    if (request.kind === 'open') {
      owner?.abandon();
      owner = undefined;
      const { options } = request;
      owner = options.readOnly
        ? await Onlooker.open(nodeFiles, options)
        : await Owner.open(nodeFiles, options, checker, atWork.on);
      return { ok: true, value: owner.recovery };
    }
    if (!owner) throw notOpen();
    const value = await owner.answer(request, early);
    if (request.kind === 'close') owner = undefined;
    return { ok: true, value };
  } catch (error) {
    // A database that found no room, or no page, may be in any state: this thread ends, and the next one begins with
    // what is on disk.
    if (owner?.isBroken || (error instanceof OrreryError && error.code === 'OUT_OF_MEMORY')) throw error;
    return { ok: false, error: errorToData(error) };
  }
}

/** A thread that replaced one that died knows nothing yet. */
function notOpen(): OrreryError {
  return new OrreryError({
    code: 'OWNER_DIED',
    what: 'the shard is not open in this thread',
    hint: 'Orrery opens it again by itself.',
  });
}
