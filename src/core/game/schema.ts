// The shape a game type promises for its states: zod, or anything that has its safeParse. Before it: a state that was
// loaded, migrated, or left by a command. After it: SCHEMA_FAILED with the place, or nothing.

import { OrreryError, reason } from '../errors.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json, JsonObject, Path, PathSegment } from '../patch/patch.ts';
import { isPlainObject, valueAt } from '../patch/plain.ts';
import { toPointer } from '../patch/pointer.ts';
import { MOST_PLACES } from '../patch/refusals.ts';
import { remedyOf } from '../patch/remedy.ts';
import { heed, isPromise } from './misuse.ts';

/**
 * A zod schema of the state as plain JSON, or anything with such a safeParse. It only says yes or no: a state that it
 * makes something else of (defaults, coercion, transformations) does not fit. Keys that it does not know are no matter.
 */
export interface StateSchema {
  safeParse(state: unknown): { readonly success: boolean; readonly error?: unknown; readonly data?: unknown };
}

/** When a schema is applied after every command; on creation, on load and after a migration it always is. */
export type Validation = 'always' | 'development' | 'never';

/** Asked once, when an orrery is opened: a program that changes NODE_ENV while it runs changes nothing. */
export function validatesCommands(
  validation: Validation,
  environment: { readonly [name: string]: string | undefined },
): boolean {
  if (validation === 'development') return environment['NODE_ENV'] !== 'production';
  return validation === 'always';
}

/**
 * Throws SCHEMA_FAILED with the paths of the issues. `state` is frozen, so that a schema cannot change what it looks
 * at.
 */
export function checkSchema(schema: StateSchema | undefined, state: JsonObject): void {
  if (!schema) return;
  freezeDeep(state);
  let result: ReturnType<StateSchema['safeParse']>;
  try {
    result = schema.safeParse(state);
  } catch (cause) {
    throw failed('the schema threw', [], cause);
  }
  if (isPromise(result)) {
    heed(result);
    throw failed('the schema answers with a promise, and has to answer at once', []);
  }
  if (result.success === true) {
    const path = 'data' in result ? firstChange(state, result.data, []) : undefined;
    if (path) throw changing(path, valueAt(state, path), valueAt(result.data as Json, path));
    return;
  }
  const [first, ...others] = issuesOf(result.error);
  if (!first) throw failed('the state does not fit the schema of its game type', [], result.error);
  const what = `the state does not fit the schema of its game type: ${first.message}${listed(others)}`;
  const paths = [first, ...others].slice(0, MOST_PLACES).map(({ path }) => toPointer(path));
  throw failed(what, first.path, undefined, [...new Set(paths)]);
}

/** The first place at which a schema made something else of a state. What it leaves out is not compared. */
function firstChange(state: unknown, made: unknown, path: Path): Path | undefined {
  if (state === made) return undefined;
  if (!isTree(state) || !isTree(made) || Array.isArray(state) !== Array.isArray(made)) return path;
  if (Array.isArray(state) && state.length !== (made as readonly unknown[]).length) return path;
  for (const [key, value] of Object.entries(made)) {
    const before = Object.hasOwn(state, key) ? (state as { [key: string]: unknown })[key] : undefined;
    const found = firstChange(before, value, [...path, Array.isArray(state) ? Number(key) : key]);
    if (found) return found;
  }
  return undefined;
}

/** Whether it is what JSON can hold: a Date or a Map that a schema makes is another value. */
function isTree(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

/** A value as part of a sentence. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isPlainObject(value)) return `an object with the keys ${JSON.stringify(Object.keys(value).slice(0, 5))}`;
  return remedyOf(value).kind;
}

function changing(path: Path, before: unknown, made: unknown): OrreryError {
  const [was, is] = [before, made].map(shown);
  return new OrreryError({
    code: 'SCHEMA_FAILED',
    what: `the schema of the game type makes ${is} of ${was}, and would have to leave the state as it is`,
    hint:
      'A schema only says yes or no: take out its defaults, coercion and transformations. Where stored games lack something or have ' +
      'it in another form, raise `version` and change them with `migrations`.',
    context: { path: toPointer(path) },
  });
}

interface Issue {
  readonly path: Path;
  readonly message: string;
}

function issuesOf(error: unknown): Issue[] {
  const issues: unknown = (error as { issues?: unknown } | null | undefined)?.issues;
  if (!Array.isArray(issues)) return [];
  return issues.map((issue: { readonly path?: unknown; readonly message?: unknown }) => ({
    path: Array.isArray(issue.path) ? issue.path.map(segment) : [],
    message: typeof issue.message === 'string' ? issue.message : 'it says not why',
  }));
}

/** zod allows symbols in a path; a state has none. */
function segment(part: unknown): PathSegment {
  return typeof part === 'number' ? part : String(part);
}

/** The issues after the first, as a part of a sentence. */
function listed(issues: readonly Issue[]): string {
  if (issues.length === 0) return '';
  const told = issues
    .slice(0, MOST_PLACES - 1)
    .map(({ path, message }) => `${JSON.stringify(toPointer(path))} (${message})`);
  const left = issues.length - told.length;
  return `; nor does what stands at ${told.join(', ')}${left === 0 ? '' : ` and ${left} more`}`;
}

function failed(what: string, path: Path, cause?: unknown, paths?: readonly string[]): OrreryError {
  return new OrreryError({
    code: 'SCHEMA_FAILED',
    what,
    hint: 'Correct what made this state, or the schema. A stored game keeps its newest state: `orrery show` prints it.',
    context: { path: toPointer(path), ...(paths === undefined ? {} : { paths }) },
    ...(cause === undefined ? {} : { cause: cause instanceof Error ? cause : new Error(reason(cause)) }),
  });
}
