// Many patches into few that mean the same. Before it: the patches of the commands of a tick, or of a batch, one after
// the other. After it: what is written to the image, and read back by apply.ts.
//
// The patches are played against a state nobody knows. What they leave behind is kept place by place in a tree
// (places.ts), and the tree is read off as patches. So no rule has to say which two patches may be merged or swapped:
// what came and went again leaves no trace, and places are independent, so they can be read off in any order.
import { OrreryError } from '../errors.ts';
import { change, descend, invalid } from './apply.ts';
import { MAX_DEPTH, type Patch, type Path } from './patch.ts';
import { PatchNode } from './places.ts';

/**
 * Patches that do to every state what `patches` do, order of keys included, wherever `patches` can be applied at all.
 * They are never more than before. The input is not changed; values of the result may be those of the input, or share
 * parts with them, so fold them as `copied` unless the input is thrown away. Patches that fit no state come back as
 * they are: the error is for `fold` to throw. Takes time by the number of patches and the size of their values, not of
 * what they change.
 */
export function coalesce(patches: readonly Patch[]): Patch[] {
  if (patches.length < 2) return patches.slice();
  const root = new PatchNode();
  const copies = new Set<unknown>();
  try {
    for (const patch of patches) play(patch, root, copies);
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'PATCH_INVALID') return patches.slice();
    throw error;
  }
  const result: Patch[] = [];
  root.readOff([], result);
  return result;
}

function play(patch: Patch, root: PatchNode, copies: Set<unknown>): void {
  const { op, path } = patch;
  const value = op === 'remove' ? undefined : patch.value;
  if (value === undefined && op !== 'remove') throw invalid('it has no value', path);
  if (path.length > MAX_DEPTH) throw invalid(`its path is longer than ${MAX_DEPTH}`, path);
  if (path.length === 0) {
    if (op === 'remove') throw invalid('the whole state cannot be removed', path);
    root.set(value);
    return;
  }
  let place = root;
  for (let at = 0; at < path.length; at++) {
    if (place.isSet) {
      playInside(place, path, at, op, value, copies);
      return;
    }
    if (at < path.length - 1) place = place.child(path, at);
  }
  place.change(op, path, value);
}

/**
 * A patch inside a value that an earlier one set: the value is changed. Of the objects and arrays on the way, those of
 * the input are copied, each once: `copies` are those that belong to this call.
 */
function playInside(
  place: PatchNode,
  path: Path,
  from: number,
  op: Patch['op'],
  value: unknown,
  copies: Set<unknown>,
): void {
  let container = own(place.value, copies);
  place.value = container;
  for (let at = from; at < path.length - 1; at++) {
    const child = descend(container, path, at);
    const owned = own(child, copies);
    // descend has checked that the segment is an own key or an index of the container.
    if (owned !== child) (container as { [segment: string | number]: unknown })[path[at]!] = owned;
    container = owned;
  }
  change(container, path, op, value);
}

function own(value: unknown, copies: Set<unknown>): unknown {
  if (typeof value !== 'object' || value === null || copies.has(value)) return value;
  const copy = Array.isArray(value) ? value.slice() : { ...value };
  copies.add(copy);
  return copy;
}
