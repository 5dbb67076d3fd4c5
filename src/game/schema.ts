// The shape a game type promises for its states: zod, or anything that has its safeParse. Before it: a state that was loaded,
// migrated, or left by a command. After it: SCHEMA_FAILED with the place, or nothing.

import { OrreryError, reason } from '../errors.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { JsonObject, Path, PathSegment } from '../patch/patch.ts';
import { toPointer } from '../patch/pointer.ts';
import { heed, isPromise } from './misuse.ts';

/**
 * A zod schema of the state as plain JSON, or anything with such a safeParse. It only says yes or no: what it makes of the
 * state (defaults, transformations) is not taken.
 */
export interface StateSchema {
  safeParse(state: unknown): { readonly success: boolean; readonly error?: unknown };
}

/** When a schema is applied after every command; on creation, on load and after a migration it always is. */
export type Validation = 'always' | 'development' | 'never';

/** Asked once, when an orrery is opened: a program that changes NODE_ENV while it runs changes nothing. */
export function validatesCommands(validation: Validation, environment: NodeJS.ProcessEnv): boolean {
  if (validation === 'development') return environment['NODE_ENV'] !== 'production';
  return validation === 'always';
}

/** Throws SCHEMA_FAILED with the path of the first issue. `state` is frozen, so that a schema cannot change what it looks at. */
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
  if (result.success === true) return;
  const [first, ...others] = issuesOf(result.error);
  if (!first) throw failed('the state does not fit the schema of its game type', [], result.error);
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  throw failed(`the state does not fit the schema of its game type: ${first.message}${more}`, first.path);
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

function failed(what: string, path: Path, cause?: unknown): OrreryError {
  return new OrreryError({
    code: 'SCHEMA_FAILED',
    what,
    hint: 'Correct what made this state, or the schema. A stored game keeps its newest state: `orrery at` shows it.',
    context: { path: toPointer(path) },
    ...(cause === undefined ? {} : { cause: cause instanceof Error ? cause : new Error(reason(cause)) }),
  });
}
