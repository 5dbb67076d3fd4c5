// Errors in the life of a game and of an orrery.

import type { ErrorGuide } from './entry.ts';

export const LIFE = {
  GAME_NOT_FOUND: {
    meaning: 'There is no game with this id where it was looked for.',
    causes: [
      'The id is misspelt. Upper and lower case, composed and decomposed letters are different ids.',
      'The directory is not the one that the game was played in, or the pack holds another game.',
      '`orrery tune` was given a directory in which no command was ever played.',
    ],
    remedies: [
      'List the games with `orrery ls` or `orrery.list()`.',
      'Use `orrery.open`, which makes a game that is not there; `orrery.load` only loads.',
    ],
  },
  GAME_EXISTS: {
    meaning: 'A fork or an unpacked game was to get an id that a game has already. Nothing was changed.',
    causes: ['The id was used before, perhaps by the same command.'],
    remedies: ['Choose another id: `as` in a program, `--as` on the command line.'],
    see: ['TIME-MACHINE.md'],
  },
  GAME_EVICTED: {
    meaning:
      'The game has left memory, and this object cannot be used until the game is loaded again. Nothing is lost.',
    causes: [
      'More than `maxLoadedGames` games were open, and this one had been idle longest. Only durable games without subscribers leave.',
    ],
    remedies: [
      'Call `await orrery.open(type, id)` before you use a game that may have been idle for long. It loads the game into the same object.',
      'Raise `maxLoadedGames`, or subscribe to games that must stay.',
    ],
    see: ['TUNING.md'],
  },
  GAME_VERSION: {
    meaning:
      'The game, or the submitted state, is of a newer version of its type than this program has. Nothing was changed.',
    causes: [
      'An older program opens a directory that a newer one has played in, for example after a roll-back of a deployment.',
      'A newer client submits a state to an older server.',
    ],
    remedies: ['Use the newer program. A game is never taken back to an older version.'],
  },
  SEQ_CONFLICT: {
    meaning:
      'A record has a seq that another record has, or that is not the next one. The record was not stored. What is stored stays as it is, the game fails, and the other games go on.',
    causes: [
      'Two objects of one game wrote to it. Only what `orrery.open` gives is the game.',
      'A store of your own acknowledged a batch and forgot it, or stored it twice.',
      'A defect in Orrery.',
    ],
    remedies: [
      'Close the orrery and open it again: it goes on from what is stored.',
      'With a store of your own, run the conformance suite on it.',
      'Otherwise please report it, with the message.',
    ],
  },
  GAME_UNREADABLE: {
    meaning:
      'A record of this game cannot be read. The record and all that comes after it are kept as they stand. What comes before can be read, and the other games go on.',
    causes: [
      'A record was written by a newer or a defective version of Orrery.',
      'A file was changed by another program, in such a way that its checksums are right.',
    ],
    remedies: [
      'Run `orrery check`: it names the game, the seq and the reason.',
      'Read the moments before it, and go on from one of them under another id with `orrery fork`.',
      'Keep the directory: a later Orrery may be able to read the record.',
    ],
    see: ['FORMAT.md'],
  },
  MIGRATION_MISSING: {
    meaning:
      'A game is of an older version of its type, and `migrations` has no way to the version of this program. The game stays as it was.',
    causes: [
      '`version` was raised and no migration was written for one of the steps.',
      'A game in memory was to be recovered to a moment of an older version.',
    ],
    remedies: [
      'Put a function under the older version into `migrations`. `context.from` and `context.to` are the versions.',
      'Try it with `orrery migrate --rehearse`, which writes nothing.',
      'Recover to a moment of the present version.',
    ],
  },
  MIGRATION_FAILED: {
    meaning:
      'A migration threw, or left something that cannot be stored. The game stays as it was, in its old version.',
    causes: [
      'The migration expects a key that some older games do not have.',
      'It left `undefined`, a Date or another value that is not JSON: `context.paths` says where.',
    ],
    remedies: [
      'Read `cause`: it is what the migration threw.',
      'Correct the migration and rehearse it on all games with `orrery migrate --rehearse`.',
    ],
  },
  SCHEMA_FAILED: {
    meaning:
      'The state does not fit the `schema` of the game type. On a command nothing changed; a stored game stays as it was.',
    causes: [
      'A command, `initial` or a migration makes a state that the schema forbids.',
      'The schema was made stricter, and stored games are older than that.',
      'The schema changes what it checks: it has defaults, coercion or transformations, or is asynchronous.',
    ],
    remedies: [
      'Correct what made the state, or the schema.',
      'Take defaults, coercion and transformations out: a schema only says yes or no.',
      'For stored games, raise `version` and change them with `migrations`.',
    ],
  },
  CONFLICT: {
    meaning: 'A submitted state was made from an older one, and the game has moved on. Nothing was changed.',
    causes: [
      'Somebody else changed the game since the submitted state was read, and the game type has no `resolve`.',
      'With `mergeByPath()`, both sides changed the same place.',
    ],
    remedies: [
      'Read the newest state, make the change again and submit it.',
      'Give the game type a `resolve`: `mergeByPath()`, `ours`, `theirs` or a function of your own.',
    ],
  },
  RECOVERY_FAILED: {
    meaning:
      'None of the modes that were allowed leads to a sound state of the game. Nothing was changed. `context.tried` has the reason for each mode.',
    causes: [
      'The invariant, the schema or your `check` fails at every moment that was tried.',
      'The history around the moment is damaged, or is not kept.',
    ],
    remedies: [
      'Allow another mode with `fallback`, or name a moment of your own choice.',
      'Fork the game from an earlier moment, or go back to a backup.',
    ],
    see: ['TIME-MACHINE.md'],
  },
  CHECK_FAILED: {
    meaning:
      'The `check` that was passed to `recover` said no, or threw. It is listed under the modes that were tried.',
    causes: ['The state of that moment is not what the check wants.', 'The check itself throws.'],
    remedies: ['Allow an earlier moment, or correct the check.'],
    see: ['TIME-MACHINE.md'],
  },
  CLOSED: {
    meaning:
      'The orrery or the history of a game is closed, or was before this could become durable. What was acknowledged is on disk.',
    causes: [
      '`close()` was called, and something still uses the orrery: a timer, a request, a loop.',
      '`close()` of a history was called, and something still asks it.',
      '`await using` at the top of a module closes the orrery when the module has been run, while its timers and servers go on.',
    ],
    remedies: [
      'Write `const orrery = await openOrrery(...)` at the top of a module, and close it when the program ends.',
      'Stop what uses the orrery first, then close it.',
    ],
    see: ['SERVER.md'],
  },
  CLOSE_TIMEOUT: {
    meaning:
      '`close()` has waited for `shutdownTimeoutMs`, and not everything is durable. What was acknowledged is on disk. The directory stays locked while a thread may still write.',
    causes: ['The disk is full or does not answer.', 'More was waiting than the disk can take in that time.'],
    remedies: [
      'Look at the disk. `cause` is what went wrong last.',
      'Raise `shutdownTimeoutMs`, and give the process at least as long before it is killed.',
    ],
    see: ['SERVER.md', 'GUARANTEES.md'],
  },
  OPEN_TIMEOUT: {
    meaning: 'A shard was not open after `openTimeoutMs`. Nothing is lost.',
    causes: ['The disk does not answer.', 'The journal that is left to replay is long: see `checkpointBytes`.'],
    remedies: ['Look at the disk.', 'Raise `openTimeoutMs`, or leave it out: then opening takes as long as it takes.'],
    see: ['TUNING.md'],
  },
  STALLED: {
    meaning:
      'A shard is behind: an accepted command has waited for longer than `stalledAfterMs` to become durable, or the owner thread has not answered for longer. It is not thrown: it is the reason of the `degraded` event and of `health`. Games go on in memory.',
    causes: ['The disk is very slow, or does not answer.', 'Something else takes all processors.'],
    remedies: [
      'Look at the disk. `oldestWaitingMs` says how far it is behind, and `recovered` tells when it has caught up.',
      'Raise `stalledAfterMs` if that is the pace of the disk.',
    ],
    see: ['TUNING.md'],
  },
  BACKPRESSURE: {
    meaning:
      'More was asked for than is being done. The command, question or recovery was refused and nothing changed.',
    causes: [
      '`commitQueueBytes` of accepted records wait to become durable: the disk is full, away, or slower than the game.',
      'Very many questions (open, load, list, history) wait for an answer of one shard.',
      'A game is being recovered while its loop goes on dispatching.',
    ],
    remedies: [
      'Wait for `orrery.flush()`, and look at `orrery.health` for what is wrong with the disk.',
      "Raise `commitQueueBytes`, add shards, or choose `overflow: 'coalesce'`, which goes on and leaves out states in between.",
      'Stop the loop of a game while it is recovered.',
    ],
    see: ['TUNING.md', 'GUARANTEES.md'],
  },
  READ_ONLY: {
    meaning: 'Something would be written where it can only be read. Nothing was changed.',
    causes: [
      'A command, a fork, a recovery or a checkpoint was asked of an orrery that was opened with `readOnly`.',
      'A fork or a recovery was asked of the history of a pack.',
    ],
    remedies: [
      'Open the directory without `readOnly`, in the one process that plays.',
      'Take the game of a pack in with `orrery.unpack`, and ask its history there.',
    ],
    see: ['GUARANTEES.md'],
  },
} as const satisfies Partial<ErrorGuide>;
