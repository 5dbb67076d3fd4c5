// `orrery show`: the state of a game, or a part of it, now or at a moment of its past.

import { Command } from 'commander';
import { OrreryError } from '../errors.ts';
import type { Json, JsonObject } from '../patch/patch.ts';
import { parsePointer, resolvePointer, toPointer } from '../patch/pointer.ts';
import { compactJson, isoTime, prettyJson, printable } from './printable.ts';
import { wholeNumber, withGame } from './reading.ts';
import type { Surroundings } from './surroundings.ts';

const HELP = `
A table is an object by id. How far apart the visible moments of the past are is the game type's choice: each command, each
tick or each batch. Nothing is changed; another process may have the directory open.

Examples:
  orrery show ./data andromeda
  orrery show ./data andromeda --path /systems/71683/metal --seq 1200`;

/** Keys that a remedy lists. */
const KEYS_SHOWN = 8;

interface Options {
  readonly path: string;
  readonly seq?: number;
  readonly json?: true;
}

export function showCommand(surroundings: Surroundings): Command {
  return new Command('show')
    .description('Print the state of a game as JSON.')
    .argument('<directory>', 'the directory that openOrrery was given')
    .argument('<game>', 'the id of the game')
    .option('--path <pointer>', 'only what stands at this RFC 6901 pointer, such as /systems/71683', '')
    .option('--seq <seq>', 'the state at the last visible moment at or before this seq', wholeNumber(0))
    .option('--json', 'print one JSON document: game, type, version, seq, tick, time, path, value')
    .addHelpText('after', HELP)
    .action((directory: string, game: string, options: Options) => show(directory, game, options, surroundings));
}

async function show(directory: string, game: string, options: Options, surroundings: Surroundings): Promise<void> {
  const { path } = options;
  // A pointer that is none is the caller's mistake, whatever the directory holds.
  parsePointer(path);
  await withGame(directory, game, async (reader, row) => {
    const asked = options.seq ?? row.seq;
    const folded = reader.fold(game, asked);
    if (!folded) throw noMoment(game, asked);
    const { seq, tick, time, state } = folded;
    const value = resolvePointer(state, path);
    if (value === undefined) throw nothingThere(game, seq, path, state);
    if (options.json) {
      const { type, version } = row;
      await surroundings.output.line(compactJson({ game, type, version, seq, tick, time: isoTime(time), path, value }));
      return;
    }
    if (asked !== seq) {
      const newest = asked > row.seq ? 'the newest moment' : `the last visible moment at or before seq ${asked}`;
      surroundings.remark(`${newest} is seq ${seq}, tick ${tick}, ${isoTime(time)}`);
    }
    await surroundings.output.line(prettyJson(value));
  });
}

function noMoment(game: string, seq: number): OrreryError {
  return new OrreryError({
    code: 'DAMAGED',
    what: 'the game is listed, but it cannot be folded',
    hint: 'Run `orrery doctor` on the directory.',
    context: { game, seq },
  });
}

function nothingThere(game: string, seq: number, path: string, state: JsonObject): OrreryError {
  const tokens = parsePointer(path);
  let depth = tokens.length;
  let deepest: Json | undefined;
  while (deepest === undefined) {
    depth -= 1;
    deepest = resolvePointer(state, toPointer(tokens.slice(0, depth)));
  }
  const place = depth === 0 ? 'The state' : printable(toPointer(tokens.slice(0, depth)));
  return new OrreryError({
    code: 'POINTER_NOT_FOUND',
    what: 'nothing stands at this path of the state',
    hint: `${place} is ${outline(deepest)}.`,
    context: { game, seq, path },
  });
}

function outline(value: Json): string {
  if (typeof value !== 'object' || value === null)
    return `the ${value === null ? 'value' : typeof value} ${JSON.stringify(value).slice(0, 80)}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  const shown = keys.slice(0, KEYS_SHOWN).map((key) => toPointer([key]).slice(1));
  const rest = keys.length - shown.length;
  return `an object with ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
