// `orrery show`: the state of a game, or a part of it, now or at a moment of its past.

import { Command } from 'commander';
import { parsePointer } from '../patch/pointer.ts';
import { printState } from './past/at.ts';
import { GAME_HELP, operandsOf, PLACE_HELP, withPastOf } from './past/opening.ts';
import { isoTime } from './printable.ts';
import { wholeNumber } from './reading.ts';
import type { Surroundings } from './surroundings.ts';

const HELP = `
A table is an object by id. How far apart the visible moments of the past are is the game type's choice: each command, each
tick or each batch. Nothing is changed; another process may have the directory open.

Examples:
  orrery show ./data andromeda
  orrery show ./data andromeda --path /systems/71683/metal --seq 1200`;

interface Options {
  readonly path: string;
  readonly seq?: number;
  readonly json?: true;
}

export function showCommand(surroundings: Surroundings): Command {
  return new Command('show')
    .description('Print the state of a game as JSON.')
    .argument('<directory>', PLACE_HELP)
    .argument('[game]', GAME_HELP)
    .option('--path <pointer>', 'only what stands at this RFC 6901 pointer, such as /systems/71683', '')
    .option('--seq <seq>', 'the state at the last visible moment at or before this seq', wholeNumber(0))
    .option('--json', 'print one JSON document: game, type, version, seq, tick, time, path, value')
    .addHelpText('after', HELP)
    .action((place: string, named: string | undefined, options: Options, command: Command) =>
      show(place, operandsOf(place, [], [named], command).game, options, surroundings),
    );
}

async function show(
  place: string,
  game: string | undefined,
  options: Options,
  surroundings: Surroundings,
): Promise<void> {
  const { path, seq: asked } = options;
  // A pointer that is none is the caller's mistake, whatever the directory holds.
  parsePointer(path);
  await withPastOf(
    place,
    game,
    async (past) => {
      const newest = past.row.seq;
      const found = await past.stateAt({ seq: Math.min(asked ?? newest, newest) }, { nearest: true });
      if (!options.json && asked !== undefined && asked !== found.seq) {
        const which = asked > newest ? 'the newest moment' : `the last visible moment at or before seq ${asked}`;
        surroundings.remark(`${which} is seq ${found.seq}, tick ${found.tick}, ${isoTime(found.time)}`);
      }
      await printState(found, options, surroundings);
    },
    { remark: surroundings.remark },
  );
}
