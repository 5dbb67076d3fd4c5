// Packing and proving a pack away from the game loop: both read megabytes at once, and what is in a pack may take all
// the memory that a thread can have. A thread for each time, which ends with its answer; workers/packer.ts is what runs
// in it. Before it: orrery.ts and the command line.

import { Worker } from 'node:worker_threads';
import { type ErrorData, errorFromData, errorToData, OrreryError } from '../../../core/errors.ts';
import { workerFile } from '../../worker-file.ts';
import { nodeFiles } from '../files.ts';
import { packFromDirectory } from './packing.ts';
import { tooLarge } from './parsing-room.ts';
import type { PackDescription } from './reading.ts';
import { type ProvenGame, provePack } from './unpacking.ts';

export type PackTask =
  | {
      readonly kind: 'pack';
      readonly directory: string;
      readonly game: string;
      readonly file: string;
      readonly force: boolean;
    }
  | { readonly kind: 'prove'; readonly file: string; readonly as: string | undefined };

type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: ErrorData };

/**
 * Does a task in a thread of its own. Throws what the task throws, OUT_OF_MEMORY when the memory of the thread does not
 * do, and INTERNAL when it ends without an answer.
 */
export function inThread(task: Extract<PackTask, { kind: 'pack' }>, workerUrl?: URL): Promise<PackDescription>;
export function inThread(task: Extract<PackTask, { kind: 'prove' }>, workerUrl?: URL): Promise<ProvenGame>;
export function inThread(task: PackTask, workerUrl?: URL): Promise<unknown> {
  const file = workerFile('packer', workerUrl);
  return new Promise((resolve, reject) => {
    // The flags of the main thread are its own affair.
    const worker = new Worker(file, { workerData: task, execArgv: [] });
    worker.once('message', (answer: Answer) => {
      if (answer.ok) resolve(answer.value);
      else reject(errorFromData(answer.error));
    });
    worker.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooLarge(cause).within({ file: task.file }) : ended(cause)),
    );
    worker.once('exit', () => reject(ended('it ended without a word')));
  });
}

/** For the worker file. Never throws. */
export async function answerTask(task: PackTask): Promise<Answer> {
  try {
    const value =
      task.kind === 'pack'
        ? await packFromDirectory(nodeFiles, task.directory, task.game, task.file, { force: task.force })
        : shared(await provePack(nodeFiles, task.file, task.as));
    return { ok: true, value };
  } catch (error) {
    return { ok: false, error: errorToData(error) };
  }
}

/** On its way from thread to thread to the owner: nobody copies it on the game loop. */
function shared(game: ProvenGame): ProvenGame {
  const bytes = new Uint8Array(new SharedArrayBuffer(game.bytes.length));
  bytes.set(game.bytes);
  return { ...game, bytes };
}

function ended(cause: unknown): OrreryError {
  return new OrreryError({
    code: 'INTERNAL',
    what: 'the thread that packs has ended without an answer',
    hint: 'This is a defect in Orrery: please report it with this message.',
    cause,
  });
}
