// The ids of entities: which ones a table takes, and what is refused of them. table.ts and table-view.ts ask.

import { OrreryError } from '../errors.ts';
import { isForbiddenKey, type Path } from '../patch/patch.ts';
import { toPointer } from '../patch/pointer.ts';

/** What tables and their views have besides entities. `table.size` must be the size, whatever a player is called. */
export const MEMBER_NAMES: ReadonlySet<string> = new Set([
  'size',
  'has',
  'get',
  'peek',
  'set',
  'delete',
  'ids',
  'values',
  'entries',
  'toJSON',
]);

/** Whether a table has a method or property of this name. A new entity cannot have it as its id. */
export function isMemberName(id: PropertyKey): boolean {
  return id === Symbol.iterator || MEMBER_NAMES.has(id as string);
}

/** For an id that found nothing. Throws NOT_PERSISTABLE if it could never find anything, for it is no string. */
export function checkText(id: unknown, key: string | undefined): asserts id is string {
  if (typeof id === 'string') return;
  throw notAnId(`the id of an entity is a ${typeof id}`, id, key);
}

/** For an entity that is put into a table. Throws NOT_PERSISTABLE. */
export function checkId(id: unknown, key: string | undefined): asserts id is string {
  checkText(id, key);
  if (!isForbiddenKey(id) && id.isWellFormed()) return;
  throw notAnId(`${JSON.stringify(id)} cannot be an id in a table`, id, key);
}

/** For an id that the table does not have yet; directories may hold older ones. Throws NOT_PERSISTABLE. */
export function checkNewId(id: string, key: string | undefined): void {
  if (!isMemberName(id)) return;
  throw new OrreryError({
    code: 'NOT_PERSISTABLE',
    what: `${JSON.stringify(id)} cannot be an id in a table, for a table has a property of that name`,
    hint: `Put something before ids that are not yours to choose, for example ${JSON.stringify(`player ${id}`)}.`,
    context: contextOf(id, key),
  });
}

function notAnId(what: string, id: unknown, key: string | undefined): OrreryError {
  return new OrreryError({
    code: 'NOT_PERSISTABLE',
    what,
    hint: 'Use a well-formed string that is not __proto__, constructor or prototype; String(number) makes one of a number.',
    context: contextOf(id, key),
  });
}

function contextOf(id: unknown, key: string | undefined): { path?: string } {
  if (key === undefined) return {};
  const path: Path = typeof id === 'string' || typeof id === 'number' ? [key, String(id)] : [key];
  return { path: toPointer(path) };
}
