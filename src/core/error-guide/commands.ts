// Errors about what a command did.

import type { ErrorGuide } from './entry.ts';

export const COMMANDS = {
  COMMAND_REFUSED: {
    meaning:
      'The command threw. Nothing changed, and nothing was recorded. What it threw is in `cause`, its text in `context.reason`.',
    causes: [
      'A rule of the game said no: throwing is how a command refuses.',
      'The command wrote to its arguments or to something of `game.state`. Both are frozen.',
      'The command looked for a key that this game lacks, because the game is older than its type.',
      'The command returned a new state. What a command returns is not looked at.',
      'A copy of Immer was used inside a command that cannot read the draft, such as its minified CommonJS build.',
    ],
    remedies: [
      'For a rule of the game: catch the error and tell the player `error.context.reason`.',
      'Change the draft, or a copy of the arguments.',
      'For older games, raise `version` and add the key in `migrations`.',
    ],
    see: ['STATE.md'],
  },
  COMMAND_NESTED: {
    meaning: 'A command was dispatched while another command was running. The inner one was refused.',
    causes: ['A command or `onTick` called `dispatch`, `update`, `save` or `advance`, of the same or another game.'],
    remedies: [
      'Call the function that you need directly on the draft.',
      'Dispatch the second command when the first has returned, for example from a subscriber.',
    ],
  },
  COMMAND_ASYNC: {
    meaning: 'A command did part of its work after it had returned. That part cannot be recorded with it.',
    causes: [
      'The command is an `async` function, or returned a promise. It was refused and nothing changed.',
      '`ctx.random` was called in a timer or a promise that the command had started.',
    ],
    remedies: ['Await first, and dispatch a command with the result as its argument.'],
  },
  INVARIANT_FAILED: {
    meaning:
      'An invariant of the game type does not hold, or threw. After a command, the command was refused and nothing changed. `context.invariant` is its name.',
    causes: [
      'The command would have led to a state that the invariant forbids.',
      'The invariant reads a key that an older game lacks.',
      'A recovery found that the invariant does not hold at that moment: then another moment is looked for.',
    ],
    remedies: [
      'Look at the arguments and at the command: the invariant did what it is for.',
      'If the state lacks a key, raise `version` and add the key in `migrations`.',
      'If a stored game breaks the invariant already, recover it to a moment at which the invariant holds.',
    ],
    see: ['TIME-MACHINE.md'],
  },
  RECORD_TOO_LARGE: {
    meaning:
      'The arguments and the patches of one command are larger than `maxRecordBytes`. The command was refused and nothing changed.',
    causes: [
      'One command changes very much at once.',
      'A large value is passed as an argument and stored too: it counts twice.',
      'A document for `game.patch` copies or moves more than 2^20 values.',
    ],
    remedies: [
      'Change only what differs, or do the work in several commands.',
      'Raise `maxRecordBytes` (default 16 MiB). It is at most a sixteenth of the memory of an owner thread.',
    ],
    see: ['TUNING.md'],
  },
  STATE_TOO_LARGE: {
    meaning:
      'The state of the game would be larger than `maxStateBytes` of JSON. The command was refused and nothing changed.',
    causes: [
      'The state grows without end, for example a log or a chat that is never cut.',
      'One game holds what should be several.',
    ],
    remedies: [
      'Delete what is no longer needed. The history keeps it, as long as retention says.',
      'Split the game into several.',
      'Raise `maxStateBytes` (default 256 MiB, at most 500 MiB).',
    ],
  },
  TABLE_READ_ONLY: {
    meaning: 'A table was written to, or read, where that is not possible. Nothing changed.',
    causes: [
      'A table of `game.state` was changed. Committed states are read-only.',
      'A table of a draft was kept and used after its command had ended.',
      'An entity was read as a property, `table.size` for example, and the table has a member of that name.',
    ],
    remedies: [
      'Change tables only inside a command, through its draft.',
      'Work on `game.copy()`, which is plain and mutable, and `save` it.',
      'Read entities with `get(id)`.',
    ],
    see: ['STATE.md'],
  },
  PATCH_TEST_FAILED: {
    meaning:
      'A `test` of a JSON patch found another value than it asked for, or none. The patch was refused and nothing changed.',
    causes: [
      'Somebody changed the state after it was read, and before the patch made from it arrived. Tests are there to notice that.',
      'The test has the wrong path. `context.path` is the path, `context.operation` the index of the operation.',
    ],
    remedies: [
      'Read `game.state` again, and make the patch from what is there now.',
      'Compare the value with what stands at the path: the order of keys does not matter, the order of a list does.',
    ],
    see: ['STATE.md'],
  },
  CLOCK_INVALID: {
    meaning: '`Date.now()` gave something that is not a time. The command was refused and nothing changed.',
    causes: [
      'A library or a test has replaced `Date.now`, and its version gives `NaN`, a string, or a moment that no `Date` can be.',
    ],
    remedies: ['Put the real `Date.now` back, or let the replacement give milliseconds since 1970.'],
    see: ['TESTING.md'],
  },
} as const satisfies Partial<ErrorGuide>;
