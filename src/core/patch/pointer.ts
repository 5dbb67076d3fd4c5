// RFC 6901 and 6902 at the edges: paths of patches become pointers in errors, exports and interfaces, never inside.
import type { Operation } from 'fast-json-patch';
import { OrreryError } from '../errors.ts';
import type { Json, JsonObject, Patch, Path } from './patch.ts';

/** A path as an RFC 6901 pointer: `['fleets', 3, 'a/b']` is `/fleets/3/a~1b`, the empty path is the empty string. */
export function toPointer(path: Path): string {
  let pointer = '';
  for (const segment of path) pointer += `/${typeof segment === 'number' ? segment : escapeToken(segment)}`;
  return pointer;
}

/**
 * The tokens of an RFC 6901 pointer, unescaped. Whether a token like `3` is an index or a key depends on the state it
 * is used on, so all of them are strings. Throws INVALID_POINTER.
 */
export function parsePointer(text: string): string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) {
    throw invalid(
      text,
      'a JSON pointer starts with "/"',
      `Write ${JSON.stringify(`/${text}`)}, or "" for the whole state.`,
    );
  }
  const tokens = text.slice(1).split('/');
  return tokens.map((token) => {
    if (/~(?![01])/.test(token)) {
      throw invalid(text, '"~" in a JSON pointer must be followed by 0 or 1', 'Write "~0" for "~" and "~1" for "/".');
    }
    return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token;
  });
}

/** What stands at a pointer, or undefined where nothing does. Only own properties and existing elements are seen. */
export function resolvePointer(state: Json, pointer: string): Json | undefined {
  return resolveTokens(state, parsePointer(pointer));
}

/** The same by the tokens of a pointer. */
export function resolveTokens(state: Json, tokens: readonly string[]): Json | undefined {
  let at: Json | undefined = state;
  for (const token of tokens) {
    if (typeof at !== 'object' || at === null) return undefined;
    if (Array.isArray(at)) at = /^(?:0|[1-9]\d*)$/.test(token) ? at[Number(token)] : undefined;
    else at = Object.hasOwn(at, token) ? (at as JsonObject)[token] : undefined;
    if (at === undefined) return undefined;
  }
  return at;
}

/** Patches as RFC 6902 operations. The values are those of the patches, not copies: clone them before changing any. */
export function toJsonPatch(patches: Iterable<Patch>): Operation[] {
  const operations: Operation[] = [];
  for (const patch of patches) {
    const path = toPointer(patch.path);
    operations.push(patch.op === 'remove' ? { op: 'remove', path } : { op: patch.op, path, value: patch.value });
  }
  return operations;
}

function escapeToken(token: string): string {
  if (!token.includes('~') && !token.includes('/')) return token;
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

function invalid(pointer: string, what: string, hint: string): OrreryError {
  return new OrreryError({ code: 'INVALID_POINTER', what, hint, context: { path: pointer } });
}
