// Errors about a directory and its disk, about `orrery sql`, and about packs.

import type { ErrorGuide } from './entry.ts';

export const DIRECTORY = {
  NOT_AN_ORRERY_DIRECTORY: {
    meaning: 'The path is not a directory that Orrery has made: there is no `orrery.json` in it. Nothing was changed.',
    causes: ['The path is misspelt, or names the folder above.', 'The path is a file, such as a pack.'],
    remedies: [
      'Give the path that the program passes to `openOrrery` as `directory`.',
      'Reading commands take a pack as it is; `orrery unpack` brings its game into a directory.',
    ],
  },
  DIRECTORY_UNUSABLE: {
    meaning: 'The directory cannot be used, or cannot be made. Nothing was changed.',
    causes: [
      'This process may not write there, or a part of the path is a file. `context.errno` has the answer of the system.',
      'The path is relative, and the working directory of the process is gone.',
      'The directory holds shards and no `orrery.json`.',
      'A directory that a command was to make is there already.',
    ],
    remedies: [
      'Pass an absolute path to a folder that this process may write to.',
      'To look without the right to write, open it with `readOnly: true`.',
      'Put `orrery.json` back from a backup. `orrery salvage` does without it.',
    ],
  },
  ALREADY_OPEN: {
    meaning: 'Another process, or this one, has the directory open for writing. Nothing was changed.',
    causes: [
      'A second copy of the program was started, for example by a deployment that starts the new one first.',
      'A command of the command line that writes was run beside the program.',
      'The directory was closed while its disk did not answer, and a thread may still write.',
    ],
    remedies: [
      'Close it there first. `context.pid` is the process.',
      'Commands that read, such as `orrery ls`, work beside the program, and so does `readOnly: true`.',
      'If the disk never answers, end the process with SIGKILL: the lock of a dead process counts as gone.',
    ],
    see: ['SERVER.md'],
  },
  SHARD_COUNT_MISMATCH: {
    meaning: '`shards` differs from what the directory was made with. Nothing was changed.',
    causes: ['The option was changed after the directory had been made.'],
    remedies: [
      'Leave `shards` out: then the number of the directory is used.',
      'For another number, make a new directory and take each game over with `orrery pack` and `orrery unpack`.',
    ],
  },
  FORMAT_TOO_NEW: {
    meaning: 'A file was written by a newer Orrery in a format that this one does not know. Nothing was changed.',
    causes: [
      'The program was rolled back to an older version of Orrery.',
      'The pack or the directory comes from somebody with a newer one.',
    ],
    remedies: ['Open it with the version that wrote it, or a newer one.'],
    see: ['FORMAT.md'],
  },
  DAMAGED: {
    meaning:
      'A file does not hold what was written to it, or is gone, and what was acknowledged may be missing. The directory is refused and nothing is changed. A torn end of the journal, as a crash leaves it, is no damage and is mended without a word.',
    causes: [
      'The disk or the memory has changed bytes: a checksum is wrong.',
      'A file was removed, cut, edited, or copied while it was written.',
      'A backup was put back in part: files of two moments are mixed.',
    ],
    remedies: [
      'Copy the directory first, and work on the copy.',
      'Run `orrery check`: it names every file with a fault, and changes nothing.',
      'Put the whole directory back from a backup.',
      'Without a backup, `orrery salvage DIRECTORY --to NEW` recovers of each game the longest part that is proven, and lists what is lost.',
    ],
    see: ['GUARANTEES.md', 'FORMAT.md'],
  },
  SHARD_MISSING: {
    meaning: 'The folder of a shard that was made is gone or empty. The directory is refused and nothing is changed.',
    causes: [
      'The folder was removed, or was not copied with the others.',
      'A disk of its own for the shard is not mounted.',
    ],
    remedies: [
      'Mount the disk, or put the folder back from a backup together with its record.',
      'Recover the other shards with `orrery salvage`.',
      'To go on without it, `orrery accept DIRECTORY --shard N` tells first what is given up.',
    ],
    see: ['GUARANTEES.md'],
  },
  SHARD_REPLACED: {
    meaning:
      'The folder of a shard holds something else than what was recorded of it. The directory is refused and nothing is changed.',
    causes: [
      'The folders of two shards were exchanged.',
      'The folder comes from another directory, or from another copy of this one that was played in.',
    ],
    remedies: [
      'Put the right folder back.',
      'Games of a folder that belongs elsewhere come out with `orrery pack`, in the directory that it is from.',
      'To go on with it as it stands, `orrery accept DIRECTORY --shard N` tells first what is given up.',
    ],
    see: ['GUARANTEES.md'],
  },
  SHARD_OLDER: {
    meaning:
      'The shard ends before what was recorded as durable. Acknowledged commands would be missing, so it is refused and nothing is changed.',
    causes: [
      'The folder was put back from an older backup, without the rest of the directory.',
      'A disk or a snapshot of a virtual machine was rolled back.',
    ],
    remedies: [
      'Put the whole directory back from one backup, records of the shards included.',
      'To accept the loss, `orrery accept DIRECTORY --shard N` tells first what is given up.',
    ],
    see: ['GUARANTEES.md'],
  },
  STALE_OWNER: {
    meaning:
      'Another process has taken this shard over. This one acknowledges nothing more; what it had acknowledged is safe.',
    causes: [
      'The process stood still for long, was taken for dead, and its directory was opened elsewhere.',
      'The lock could not be seen: another host, another container, or a copy of `LOCK`.',
    ],
    remedies: [
      'Close this orrery. The process that took over has everything that was acknowledged.',
      'See to it that one process at a time opens a directory.',
    ],
    see: ['GUARANTEES.md'],
  },
  IMAGE_TOO_LARGE: {
    meaning:
      'The SQLite image of a shard, or a pack, would be larger than its bound. It is not published. Nothing is lost: the journal keeps everything and grows.',
    causes: ['The history of the games grows without end.', 'Too many games, or too large ones, share a shard.'],
    remedies: [
      'Keep less of the past: set `persistence` in the game types.',
      'Raise `maxImageBytes` (default 256 MiB).',
      'Spread the games over more shards, in a new directory.',
    ],
    see: ['RETENTION.md', 'TUNING.md'],
  },
  DISK_FULL: {
    meaning:
      'The disk, or a quota, has no room. While a game runs it is the reason of `degraded`: games go on in memory, and become durable when there is room.',
    causes: ['The disk is full.', 'A quota is used up.'],
    remedies: [
      'Make room. Orrery tries again by itself, and `recovered` tells when it has succeeded.',
      'Keep less of the past with `persistence`, which makes images smaller.',
    ],
    see: ['GUARANTEES.md', 'RETENTION.md'],
  },
  IO_FAILED: {
    meaning:
      'A call to the disk failed. `context.file` and `context.errno` say which. While a game runs it is the reason of `degraded`, and Orrery tries again.',
    causes: [
      'The disk has an error, is read-only, or is gone.',
      'A file would be larger than this process or this file system allows.',
      'The process may not read or write the file, or has too many files open.',
      'The folder of the shard was moved, emptied or replaced while it was open.',
      'An output file or a pack could not be written.',
    ],
    remedies: [
      'Look at the disk and at the rights of the file. `cause` is what the system said.',
      'Put a folder that was moved back in its place: then everything goes on.',
    ],
    see: ['GUARANTEES.md'],
  },
} as const satisfies Partial<ErrorGuide>;

export const SQL = {
  INVALID_SQL: {
    meaning: 'The statement of `orrery sql` cannot be run. Nothing was changed.',
    causes: [
      'It has a mistake: the message has the words of SQLite.',
      'It would write or set something. `orrery sql` only reads.',
    ],
    remedies: [
      'Correct the statement. SCHEMA.md has the tables and columns.',
      'Change games with commands. For a database of your own, copy `latest.sqlite`.',
    ],
    see: ['SCHEMA.md'],
  },
  SQL_TIMEOUT: {
    meaning: 'The statement of `orrery sql` took longer than it may, and was stopped.',
    causes: ['It joins large tables without an index, or never ends.'],
    remedies: ['Ask for less, or give it longer with `--timeout`.'],
    see: ['SCHEMA.md'],
  },
} as const satisfies Partial<ErrorGuide>;

export const PACKS = {
  PACK_NOT_FOUND: {
    meaning: 'There is no file at the path of the pack.',
    causes: ['The path is misspelt or relative to another folder.'],
    remedies: ['Check the path: `orrery pack` wrote the file to what follows `-o`.'],
  },
  PACK_EXISTS: {
    meaning: 'There is a file of that name already. Nothing was changed.',
    causes: ['A game was packed to the same name before.'],
    remedies: ['Choose another name, or allow it to be replaced: `force: true`, `--force`.'],
  },
  PACK_DAMAGED: {
    meaning: 'The file is no pack, or not as Orrery wrote it. Nothing of it was used.',
    causes: [
      'It was cut or changed on its way.',
      'It is a folder or another kind of file.',
      'Somebody made or changed it by hand.',
    ],
    remedies: [
      'Fetch it again, or have the game packed once more.',
      'Run `orrery check FILE`: it says all that is wrong with it.',
    ],
    see: ['TIME-MACHINE.md'],
  },
} as const satisfies Partial<ErrorGuide>;
