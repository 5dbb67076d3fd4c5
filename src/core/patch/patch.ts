// The unit of change. capture.ts makes patches from two states, coalesce.ts shortens lists of them, apply.ts folds
// them.

/** What a state is made of: JSON and nothing else. Numbers are finite and never -0, strings are well-formed UTF-16. */
export type Json = null | boolean | number | string | JsonArray | JsonObject;
export type JsonArray = readonly Json[];
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A number is an index into an array, a string is a key of an object: a path needs no state to be understood. */
export type PathSegment = string | number;
export type Path = readonly PathSegment[];

/**
 * One change, with the meaning of RFC 6902: `add` and `remove` on an array index insert and delete, so that what stands
 * behind moves; `add` on an object key sets a key that was not there; `replace` needs something to be there. The empty
 * path is the whole state.
 */
export type Patch =
  | { readonly op: 'add' | 'replace'; readonly path: Path; readonly value: Json }
  | { readonly op: 'remove'; readonly path: Path };

/** Nesting deeper than this is refused: it bounds every recursion over a state, and no game needs it. */
export const MAX_DEPTH = 64;

/** Keys that reach an object's prototype. They are refused in states and in paths, coming in and going out. */
export function isForbiddenKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}

/**
 * Keys that JavaScript itself keeps in ascending order, before all others, whatever the order of insertion. For every
 * other key the order of insertion is part of the state, and patches keep it.
 */
export function isIndexKey(key: string): boolean {
  if (key.length === 0 || key.length > 10) return false;
  const first = key.charCodeAt(0);
  if (first < 48 || first > 57) return false;
  const number = Number(key);
  return Number.isInteger(number) && number >= 0 && number < 4294967295 && String(number) === key;
}

/** The path of a child: always a fresh array, so that a patch never shares its path with a walk that goes on. */
export function childPath(path: Path, segment: PathSegment): PathSegment[] {
  // An array that a segment is pushed to gets room for sixteen more, in every patch.
  if (path.length === 2) return [path[0]!, path[1]!, segment];
  if (path.length === 3) return [path[0]!, path[1]!, path[2]!, segment];
  return path.concat(segment);
}
