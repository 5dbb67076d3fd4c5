// A file that a command writes and that appears only when it is whole. Before it: the export for Redux DevTools.

import { type FileHandle, open } from 'node:fs/promises';
import { OrreryError } from '../../core/errors.ts';
import { alreadyExists, nodeFiles } from '../../storage/sqlite/files.ts';

const CHUNK_LENGTH = 256 * 1024;

/**
 * `fill` is given what writes text. A file that is there is left alone, and one that could not be finished is removed.
 *
 * @throws OrreryError INVALID_OPTION when there is such a file, IO_FAILED.
 */
export async function writeNewFile<T>(
  file: string,
  fill: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const unfinished = `${file}.${process.pid}.tmp`;
  const handle = await attempt(file, () => open(unfinished, 'wx'));
  try {
    let result: T;
    try {
      result = await filled(handle, file, fill);
      await attempt(file, () => handle.sync());
    } finally {
      await handle.close();
    }
    await attempt(file, async () => nodeFiles.publishNew(unfinished, file));
    return result;
  } finally {
    await attempt(file, async () => nodeFiles.remove(unfinished));
  }
}

async function filled<T>(
  handle: FileHandle,
  file: string,
  fill: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  let waiting = '';
  const result = await fill(async (text) => {
    waiting += text;
    if (waiting.length < CHUNK_LENGTH) return;
    const chunk = waiting;
    waiting = '';
    await attempt(file, () => handle.writeFile(chunk));
  });
  await attempt(file, () => handle.writeFile(waiting));
  return result;
}

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const exists = alreadyExists(error) || (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new OrreryError({
      code: exists ? 'INVALID_OPTION' : 'IO_FAILED',
      what: exists ? 'there is such a file already' : 'the file could not be written',
      hint: exists ? 'Choose another name with -o, or remove it first.' : 'Look at the folder that it is to be in.',
      context: { file },
      cause: error,
    });
  }
}
