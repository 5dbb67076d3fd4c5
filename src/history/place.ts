// A place in a state, and which patches may have changed what stands there. history.ts filters by it, blame.ts looks
// there.

import { OrreryError } from '../core/errors.ts';
import type { Json, Patch, Path, PathSegment } from '../core/patch/patch.ts';
import { parsePointer, resolveTokens, toPointer } from '../core/patch/pointer.ts';

export interface Place {
  readonly pointer: string;
  /** Whether `3` is an index or a key depends on the state it is used on. */
  readonly tokens: readonly string[];
}

/** From an RFC 6901 pointer or a path of patches. Throws INVALID_POINTER. */
export function placeOf(path: string | Path): Place {
  if (typeof path !== 'string') checkPath(path);
  const pointer = typeof path === 'string' ? path : toPointer(path);
  return { pointer, tokens: parsePointer(pointer) };
}

/** Who has no types may pass anything. */
function checkPath(path: unknown): asserts path is Path {
  if (Array.isArray(path) && path.every(isSegment)) return;
  throw new OrreryError({
    code: 'INVALID_POINTER',
    what: `a value of type ${typeof path} is neither a JSON pointer nor a list of keys and indexes`,
    hint: "Write '/systems/71683/metal' or ['systems', '71683', 'metal'].",
  });
}

function isSegment(segment: unknown): boolean {
  return typeof segment === 'string' || (Number.isSafeInteger(segment) && (segment as number) >= 0);
}

/**
 * Whether a patch is at the place, inside it or around it, or moves list elements so that another stands there. Only
 * those can change what stands there; not all of them do.
 */
export function touches({ op, path }: Patch, { tokens }: Place): boolean {
  const shared = Math.min(path.length, tokens.length);
  for (let at = 0; at < shared; at += 1) {
    const segment = path[at] as PathSegment;
    const token = tokens[at] as string;
    if (String(segment) === token) continue;
    return at === path.length - 1 && op !== 'replace' && isBefore(segment, token);
  }
  return true;
}

/** Whether inserting or removing at an index moves what stands at `token`. */
function isBefore(segment: PathSegment, token: string): boolean {
  return typeof segment === 'number' && /^(?:0|[1-9]\d*)$/.test(token) && segment < Number(token);
}

/** What stands at the place; undefined where nothing does. */
export function valueAt(state: Json, { tokens }: Place): Json | undefined {
  return resolveTokens(state, tokens);
}

/** The path of a place that there is in a state: indexes of lists as numbers. */
export function segmentsIn(state: Json, { tokens }: Place): PathSegment[] {
  let at: Json | undefined = state;
  return tokens.map((token) => {
    const segment = Array.isArray(at) ? Number(token) : token;
    at = (at as { readonly [segment: string | number]: Json } | undefined)?.[segment];
    return segment;
  });
}
