// Errors about what a program or a command line passed.

import type { ErrorGuide } from './entry.ts';

export const PASSED = {
  INVALID_OPTION: {
    meaning:
      'An option or an argument cannot be used. The message names it, and `hint` says what would be right. Nothing was changed.',
    causes: [
      'An option has the wrong type, lies outside its bounds, or is misspelt: unknown options are refused, not ignored.',
      'Two options exclude each other, such as `readOnly` and `store`, or two game types have the same name.',
      '`maxRecordBytes` is more than a sixteenth of `ownerMemoryMb` (or of `--max-old-space-size`).',
      'A moment is none of `{ seq }`, `{ tick }` and `{ time }`, or a range ends before it begins.',
      '`game.patch` was given something that is no RFC 6902 document, or one that moves a value into itself.',
      '`orrery.on` was given an event that does not exist, or something that is not a function.',
      'A helper thread or a pack was asked for, and the games are in a store that is not a directory.',
      'A command of the command line would write over a file or a folder that is there already.',
    ],
    remedies: [
      'Correct the option that the message names. The type `OrreryOptions` has units, bounds and defaults.',
      'Write options in TypeScript: then a misspelt one does not compile.',
    ],
    see: ['TUNING.md'],
  },
  INVALID_GAME_ID: {
    meaning: 'The id of a game cannot be used. No game was made or opened.',
    causes: [
      'The id is empty, too long, or not a string.',
      'It holds a character that is not allowed. Ids are letters, digits, spaces and the signs `. _ : @ # + ~ = , ! ( ) -`.',
    ],
    remedies: [
      'Make ids from such characters, and keep names that players choose in the state.',
      'For other keys, encode them first, for example with `Buffer.from(name).toString("hex")`.',
    ],
  },
  INVALID_GAME_TYPE: {
    meaning: 'A game type cannot be used, or is not known here. No game was changed.',
    causes: [
      '`defineGame` was given a definition that is not whole or has an unknown key: the message names the key.',
      'A game was opened whose type is not in the list `games` of `openOrrery`.',
      'A projection is declared wrongly, or two game types declare the same SQL table.',
      '`persistence` has an unknown option or value.',
      'A file of `migrationsIn` is misnamed, cannot be imported, or has no function as its default export.',
    ],
    remedies: [
      'Correct the definition: the message names the key, and `hint` shows the right form.',
      'Put every game type that the program opens into `games`.',
    ],
    see: ['SCHEMA.md', 'RETENTION.md'],
  },
  INVALID_POINTER: {
    meaning: 'A path into a state is not written in a form that can be read.',
    causes: [
      'A JSON pointer (RFC 6901) does not begin with `/`, or has a `~` that is not `~0` or `~1`.',
      'The path is neither a string nor a list of keys and indexes.',
    ],
    remedies: ["Write `'/systems/sol/metal'` or `['systems', 'sol', 'metal']`. The empty string is the whole state."],
  },
  POINTER_NOT_FOUND: {
    meaning: 'The path is well formed, and nothing stands there in the state that was asked for.',
    causes: [
      'A key is misspelt, or the entity did not exist at that moment.',
      'An operation of `game.patch` names a place that the state does not have. The patch was refused and nothing changed.',
      '`orrery blame` was asked about a path at which nothing ever stood, as far back as the history is kept.',
    ],
    remedies: [
      'Read `hint`: on the command line it shows what stands at the deepest part of the path that exists.',
      'Make a patch from the state as it is now. `context.operation` is the index of the operation that did not fit.',
      'Look at the state with `orrery show`. A table is an object by id.',
    ],
  },
  MOMENT_NOT_KEPT: {
    meaning:
      'There is no state of that moment to read. `context.before` and `context.after` are the seqs of the nearest moments that can be read, where there are any.',
    causes: [
      'The moment lies before the first record, or after the newest.',
      'It lies inside a step that stands for several commands: `history` or the retention of the game type merged them.',
      'Commands inside a merged step were to be run again, and they are not kept, were anonymous recipes, belong to another version, or do something else today.',
      'The game was recovered to an earlier tick, and the tick that was asked for was given up.',
      'Retention merged the step while the history was being read.',
    ],
    remedies: [
      'Ask for one of the moments in `context`, or pass `nearest: true` (`--nearest`) for the one before.',
      'On the command line, name the code of the game with `--games`: then commands inside a merged step are run again.',
      "To keep every command as a moment of its own, set `history: 'commands'` in the game type. It holds for what comes.",
    ],
    see: ['TIME-MACHINE.md', 'RETENTION.md'],
  },
  GAME_TYPE_MISMATCH: {
    meaning: 'The game exists, and is of another type than the one it was opened with. Nothing was changed.',
    causes: ['Two types of game use the same id. Ids are shared by all types of a directory.'],
    remedies: [
      'Open the game with its own type: `orrery ls` shows it.',
      'Choose another id, for example with the type as a prefix: `galaxy:andromeda`.',
    ],
  },
  GAMES_MODULE: {
    meaning:
      'The module that is named by `--games` or `module` does not give the code that is needed. Nothing was changed.',
    causes: [
      'There is no such file, or something that it imports is missing.',
      'It exports no game type, or not the type of the games that are meant.',
      'It is TypeScript, and this Node does not run TypeScript.',
      'It opens an orrery as it is imported.',
      'It has an older version of the type than the game was saved with.',
    ],
    remedies: [
      'Keep `defineGame` in a module of its own and export its result. The program that plays imports that module, and you name it here.',
      'Name the compiled JavaScript, or run all of it with tsx.',
    ],
    see: ['BUNDLING.md', 'TIME-MACHINE.md'],
  },
  UNKNOWN_COMMAND: {
    meaning: 'The game type has no command of that name. Nothing was changed.',
    causes: [
      'The name is misspelt, or comes from a client that is newer or older than the server.',
      'A name from outside was passed to `dispatch` unchecked.',
    ],
    remedies: ['Use one of the names in `hint`.', 'Treat the error as a refusal when the name comes from a player.'],
  },
  NOT_PERSISTABLE: {
    meaning:
      'A value was to become part of a state, or of the arguments of a command, and JSON would lose or change it. The command was refused and nothing changed. `context.path` says where the value is, and `context.paths` where others are, up to 20.',
    causes: [
      'The value is `undefined`, `NaN`, `Infinity`, `-0`, a BigInt, a symbol, a function, a Date, a Map, a Set, or an instance of a class.',
      'The value contains itself, is nested too deeply, or is a list with holes or extra keys.',
      'A key or an id is `__proto__`, `constructor` or `prototype`, or is not well-formed text.',
      'A table stands somewhere else than at a top-level key, or two of its entities have the same id.',
      'A sum used a key that an older game does not have, and gave `NaN`.',
    ],
    remedies: [
      'Store what `hint` names in place of the value, for example `date.getTime()` or `Object.fromEntries(map)`.',
      'Give older games the key that they lack: raise `version` and write a migration.',
    ],
    see: ['STATE.md'],
  },
} as const satisfies Partial<ErrorGuide>;
