// A state that somebody gives whole, from `initial` or to `save`: its top-level keys and the entities of its tables,
// checked for what reading them key by key would lose. Before it: the user. After it: state.ts and draft.ts.

import { checkKey } from '../patch/admit.ts';
import { TABLE } from '../patch/drafted.ts';
import { hasOnlyKeys, isPlainObject } from '../patch/plain.ts';
import { refusal, refuseHidden, refuseTable, refuseUnreadable, refuseValue } from '../patch/refusal.ts';
import { TableDraft } from './table.ts';
import { isTableView } from './table-view.ts';

/** The top-level keys and values of a state, each read once. Throws NOT_PERSISTABLE. */
export function givenKeys(state: unknown): [key: string, value: unknown][] {
  if (typeof state !== 'object' || state === null || Array.isArray(state)) {
    const kind = state === null ? 'null' : Array.isArray(state) ? 'an array' : `of type ${typeof state}`;
    throw refusal(`a state must be an object, and this is ${kind}`, 'Put the value under a key: { board: [...] }.', []);
  }
  return plainEntries(state, []);
}

/** The entities of what is given for a table. Throws NOT_PERSISTABLE. */
export function givenEntities(key: string, given: unknown): [id: string, entity: unknown][] {
  if (given instanceof TableDraft || isTableView(given)) return [...given.entries()];
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw refusal(
      'a table in a state to save is neither a table nor an object by id',
      'Pass the table of game.state, table(...), or a plain object by id.',
      [key],
    );
  }
  return plainEntries(given, [key]);
}

function plainEntries(object: object, path: readonly string[]): [string, unknown][] {
  try {
    if (!isPlainObject(object)) throw TABLE in object ? refuseTable(path) : refuseValue(object, path);
    const keys = Object.keys(object);
    if (!hasOnlyKeys(object, keys.length)) throw refuseHidden(object, path);
    return keys.map((key) => {
      checkKey(key, path);
      return [key, Reflect.get(object, key)];
    });
  } catch (thrown) {
    throw refuseUnreadable(thrown, object, path, path.length);
  }
}
