// Errors about threads and memory, and what nobody has foreseen.

import type { ErrorGuide } from './entry.ts';

export const THREADS = {
  OWNER_DIED: {
    meaning:
      'The thread that owns a shard has ended or cannot go on. As a rule Orrery starts another, which recovers from disk, and sends again what was not acknowledged. Nothing that was acknowledged is lost.',
    causes: [
      'The thread ran out of memory. Then the message says what it was at, and for which game.',
      'The file of the thread could not be loaded: it is missing, or is part of a bundle.',
      'Something ended the thread from outside, or removed its lease from the folder of the shard.',
      'It ran out of memory four times in a row without progress, and the shard was given up. Other shards go on.',
    ],
    remedies: [
      'If it ran out of memory, raise `ownerMemoryMb`, or start Node with a larger `--max-old-space-size`, and open the directory again.',
      'In a bundle, leave Orrery out of it or pass `workerUrl`.',
      'Otherwise wait: the event `recovered` tells when the shard is back.',
    ],
    see: ['TUNING.md', 'BUNDLING.md'],
  },
  BUNDLED: {
    meaning: 'Orrery was put into a bundle and cannot find a file or a package that it needs. Nothing was made.',
    causes: ['The bundler has joined Orrery, or piscina or pino, with the program.'],
    remedies: [
      'Keep Orrery out of the bundle: `--external:orrery` with esbuild.',
      'Or keep piscina and pino out of it, and pass `workerUrl`.',
    ],
    see: ['BUNDLING.md'],
  },
  OUT_OF_MEMORY: {
    meaning: 'There is not enough memory for a database, a record or a pack. What was acknowledged is on disk.',
    causes: [
      'The database of a shard is held in memory, and SQLite found no more.',
      'One record is so large that parsing it would take more than is left.',
      'The game in a pack takes more memory than Node may have.',
    ],
    remedies: [
      'Raise `ownerMemoryMb`, or start Node with a larger `--max-old-space-size`.',
      'Spread the games over more shards, or keep less of the past with `persistence`.',
    ],
    see: ['TUNING.md', 'RETENTION.md'],
  },
  PATCH_INVALID: {
    meaning:
      'A patch does not fit the state that it should change, or a record is not in the form that Orrery writes. The result is not used.',
    causes: [
      'The journal or an image holds something that Orrery did not write.',
      'A program applied patches to another state, or out of order.',
    ],
    remedies: [
      'For a directory, run `orrery check`, and go on as for [DAMAGED](DAMAGED.md).',
      'In a program, begin with the state of the seq that the first patch belongs to.',
    ],
    see: ['FORMAT.md'],
  },
  INTERNAL: {
    meaning: 'Something happened that Orrery has not foreseen.',
    causes: [
      'A defect in Orrery.',
      'A thread that ran code of a game, or an SQL statement, ended: a command that ends the process or takes all memory does that.',
    ],
    remedies: [
      'Please report it with the whole message and `cause`, and with a pack of the game if you can.',
      'If it came from `verify`, run it with one thread to see which command it is; if from `orrery sql`, ask for less or for one `--shard`.',
    ],
  },
} as const satisfies Partial<ErrorGuide>;
