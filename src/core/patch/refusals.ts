// All places at which a value is refused, once it is known that one is. Before it: admit.ts or capture.ts, which stop
// at the first, so that what may enter is not looked at twice. After it: the error that the user gets, with every
// place.

import { OrreryError } from '../errors.ts';
import { admitObject, isJsonPrimitive, type RefusalSink, surveyObject, type Walk } from './admit.ts';
import type { Json, Path } from './patch.ts';
import { refuseUnreadable, refuseValue } from './refusal.ts';

/** An error names so many places at most. */
export const MOST_PLACES = 20;

/** Goes through values and keeps why and where they are refused. */
export class Refusals implements RefusalSink {
  /** By pointer: nothing is told twice. */
  readonly #found = new Map<string, OrreryError>();
  /** What stands in the state before at the place that the walk is at: what is the same needs no look. */
  #base: unknown;

  /** Whether there are more than an error names: then looking on is idle. */
  get isFull(): boolean {
    return this.#found.size > MOST_PLACES;
  }

  /**
   * Looks at a value that is to stand at `path`. What `base` has at the same place, the very same object, is passed
   * over.
   */
  look(value: unknown, path: Path, base?: unknown): void {
    if (value === base) return;
    if (typeof value !== 'object' || value === null) {
      if (!isJsonPrimitive(value)) this.add(refuseValue(value, path));
      return;
    }
    this.#base = base;
    try {
      surveyObject(value, path, this);
    } catch (thrown) {
      this.#stopped(thrown, value, path, path.length);
    }
  }

  add(error: OrreryError): void {
    const path = error.context.path as string;
    if (!this.#found.has(path)) this.#found.set(path, error);
    if (this.isFull) throw error;
  }

  enter(child: object, walk: Walk): Json {
    const { path, above } = walk;
    const [depth, inside, base] = [path.length, above.length, this.#base];
    const before = valueUnder(base, path[depth - 1] as string);
    if (child === before) return null;
    this.#base = before;
    try {
      return admitObject(child, walk);
    } catch (thrown) {
      this.#stopped(thrown, child, path.slice(), depth);
      path.length = depth;
      above.length = inside;
      return null;
    } finally {
      this.#base = base;
    }
  }

  /** The refusal that stopped a command, with all places that were found beside its own. */
  around(first: OrreryError): OrreryError {
    const { code, what, hint, context, cause } = first;
    const own = context.path as string;
    const others = [...this.#found].filter(([path]) => path !== own).slice(0, MOST_PLACES - 1);
    const paths = [own, ...others.map(([path]) => path)];
    const told = others.map(([path, error]) => `${JSON.stringify(path)} (${kindOf(error)})`).join(', ');
    const more = this.isFull ? ' and more' : '';
    return new OrreryError({
      code,
      what: others.length === 0 ? what : `${what}; neither can what stands at ${told}${more}`,
      hint,
      context: { ...context, paths },
      cause,
    });
  }

  /** Something threw amid a walk: a refusal of all that there is, or what a user's getter threw. */
  #stopped(thrown: unknown, value: object, path: Path, depth: number): void {
    if (this.isFull) throw thrown;
    this.add(refuseUnreadable(thrown, value, path, depth));
  }
}

/**
 * A refusal with the other places that would be refused: `look` goes through all that was given. Any other error, and
 * one that names no place, stays as it is.
 */
export function withAllPlaces(thrown: unknown, look: (refusals: Refusals) => void): unknown {
  if (!(thrown instanceof OrreryError) || thrown.code !== 'NOT_PERSISTABLE') return thrown;
  if (thrown.context.path === undefined) return thrown;
  const refusals = new Refusals();
  try {
    look(refusals);
  } catch {
    // It has found enough, or a user's proxy throws where it did not before. What was found is told.
  }
  return refusals.around(thrown);
}

function valueUnder(base: unknown, segment: string): unknown {
  if (typeof base !== 'object' || base === null || !Object.hasOwn(base, segment)) return undefined;
  return (base as { readonly [key: string]: unknown })[segment];
}

/** The kind of a value from the sentence that refuses it. */
function kindOf({ what }: OrreryError): string {
  return what.replace(' cannot be persisted', '');
}
