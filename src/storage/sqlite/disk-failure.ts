// What is told when the disk refuses something: DISK_FULL or IO_FAILED, with the file, the name of the error and a
// remedy. Before it: files.ts, whose every failure this is.

import { OrreryError } from '../../core/errors.ts';

/** `doing` is what could not be done: "could not make a file". */
export function diskFailure(doing: string, path: string, cause: unknown): OrreryError {
  const errno = (cause as { code?: unknown }).code;
  const full = errno === 'ENOSPC' || errno === 'EDQUOT';
  return new OrreryError({
    code: full ? 'DISK_FULL' : 'IO_FAILED',
    what: `could not ${doing}`,
    hint: typeof errno === 'string' ? (HINTS.get(errno) ?? DEFAULT_HINT) : DEFAULT_HINT,
    context: typeof errno === 'string' ? { file: path, errno } : { file: path },
    cause,
  });
}

const DEFAULT_HINT = 'Check the disk and the rights of this process on the directory.';
const PERMISSION_HINT = 'Give this process the right to read and write the directory and everything in it.';
const DESCRIPTOR_HINT = 'Raise the number of files a process may have open (`ulimit -n`).';
const HINTS: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'Free some space on the disk that holds this file.'],
  ['EDQUOT', 'Free some space or raise the quota of this user.'],
  [
    'EFBIG',
    'Raise how large a file this process may write (`ulimit -f`), or use a file system that takes larger files.',
  ],
  ['EIO', 'The disk reports a failure: look at the system log and at the health of the disk.'],
  ['EMFILE', DESCRIPTOR_HINT],
  ['ENFILE', DESCRIPTOR_HINT],
  ['EACCES', PERMISSION_HINT],
  ['EPERM', PERMISSION_HINT],
  ['EROFS', 'The file system is mounted read-only: mount it for writing.'],
  ['EISDIR', 'A folder stands where Orrery keeps a file of its own: remove it.'],
  ['EFTYPE', 'A pipe or a device stands where Orrery keeps a file of its own: remove it.'],
  ['ELOOP', 'A symbolic link stands where Orrery keeps a file of its own: remove the link.'],
]);
