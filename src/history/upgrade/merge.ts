// Ready-made resolvers for a game type's `resolve`: what was submitted, what is there, or both, merged key by key.

import { OrreryError } from '../../core/errors.ts';
import type { Conflict, Resolver } from '../../core/game/conflict.ts';
import { equal } from '../../core/patch/equal.ts';
import type { Json, JsonObject, PathSegment } from '../../core/patch/patch.ts';
import { isObject } from '../../core/patch/plain.ts';
import { toPointer } from '../../core/patch/pointer.ts';

/** The game stays as it is: what was submitted is given up. */
export const theirs: Resolver = (conflict) => conflict.theirs;

/** The game becomes what was submitted: what happened since the base is given up, but stays in the history. */
export const ours: Resolver = (conflict) => conflict.ours;

/** A place that both sides changed, and not to the same. undefined: nothing stands there. */
export interface PathConflict {
  readonly path: readonly PathSegment[];
  readonly base: Json | undefined;
  readonly ours: Json | undefined;
  readonly theirs: Json | undefined;
}

/** What is to stand at a place; undefined takes the key away. */
export type PathResolver = (place: PathConflict, conflict: Conflict) => Json | undefined;

/**
 * A three-way merge: what only one side changed is taken from that side. Objects and tables are merged key by key; a
 * list is one value, as places in it move. Where both sides changed the same place, `onConflict` decides; without it
 * that is a CONFLICT. Keys keep the order of the game, those that were submitted new come last.
 */
export function mergeByPath(onConflict: PathResolver = refuse): Resolver {
  return (conflict) => {
    const decide = (place: PathConflict): Json | undefined => onConflict(place, conflict);
    const merged = merge(conflict.base, conflict.ours, conflict.theirs, [], decide);
    if (isObject(merged)) return merged;
    throw refused([], conflict);
  };
}

function merge(
  base: Json | undefined,
  mine: Json | undefined,
  other: Json | undefined,
  path: readonly PathSegment[],
  decide: (place: PathConflict) => Json | undefined,
): Json | undefined {
  if (same(mine, base) || same(mine, other)) return other;
  if (same(other, base)) return mine;
  if (isObject(base) && isObject(mine) && isObject(other)) return mergeKeys(base, mine, other, path, decide);
  return decide({ path, base, ours: mine, theirs: other });
}

function mergeKeys(
  base: JsonObject,
  mine: JsonObject,
  other: JsonObject,
  path: readonly PathSegment[],
  decide: (place: PathConflict) => Json | undefined,
): JsonObject {
  const merged: { [key: string]: Json } = {};
  for (const key of new Set([...Object.keys(other), ...Object.keys(mine)])) {
    const value = merge(at(base, key), at(mine, key), at(other, key), [...path, key], decide);
    if (value !== undefined) merged[key] = value;
  }
  return merged;
}

function same(one: Json | undefined, other: Json | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return equal(one, other);
}

function at(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function refuse({ path }: PathConflict, conflict: Conflict): never {
  throw refused(path, conflict);
}

function refused(path: readonly PathSegment[], { game, baseSeq, seq }: Conflict): OrreryError {
  return new OrreryError({
    code: 'CONFLICT',
    what: 'both sides changed the same place, and nothing says which of them holds',
    hint: 'Give mergeByPath a function that decides, or submit a state made from the newest one.',
    context: { game, path: toPointer(path), baseSeq, seq },
  });
}
