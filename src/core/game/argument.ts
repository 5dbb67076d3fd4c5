// The arguments of commands on their way in. Before it: Game.dispatch; after it: the command, and its record.

import { shapeRegistry } from '../patch/capture.ts';
import type { Json } from '../patch/patch.ts';
import { withAllPlaces } from '../patch/refusals.ts';
import { Shapes } from '../patch/shape.ts';

/** By command: its arguments nearly always have the same keys. */
const shapes = new WeakMap<object, Shapes>();

/** What a command is given, as a frozen copy. Throws NOT_PERSISTABLE with the paths in the argument. */
export function admitArgument(command: object, argument: unknown): Json {
  let known = shapes.get(command);
  if (!known) {
    known = new Shapes(shapeRegistry);
    shapes.set(command, known);
  }
  try {
    return known.admit(argument);
  } catch (thrown) {
    throw withAllPlaces(thrown, (refusals) => refusals.look(argument, []));
  }
}
