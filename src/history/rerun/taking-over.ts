// Recorded patches done to the state of a game that is run again. What an anonymous recipe did is not recorded as a
// command, so its patches stand for it. Before it: replica.ts; after it: the next command, run on what they left.

import { WorkingState } from '../../core/game/state.ts';
import { TableDraft } from '../../core/game/table.ts';
import { change, cloneJson, descend, invalid } from '../../core/patch/apply.ts';
import type { Json, JsonObject, Patch } from '../../core/patch/patch.ts';
import { isObject } from '../../core/patch/plain.ts';

/**
 * Does what patches say, at the cost of what they touch. Gives another state where they replace the whole or what is a
 * table; otherwise the given one has changed. Throws PATCH_INVALID; then the given one is as before.
 */
export function takeOver(state: WorkingState, patches: readonly Patch[]): WorkingState | undefined {
  const tables = new Set(state.tableNames);
  if (patches.some(({ path }) => path.length === 0 || (path.length === 1 && tables.has(String(path[0]))))) {
    return takeOverWhole(state, patches);
  }
  const draft = state.draft();
  try {
    for (const patch of patches) applyToDraft(draft.proxy, tables, patch);
    const finished = draft.finish();
    state.commit(finished);
  } catch (error) {
    draft.close();
    throw error;
  }
  draft.close();
  return undefined;
}

function takeOverWhole(state: WorkingState, patches: readonly Patch[]): WorkingState {
  const tables = state.tableNames;
  let json = cloneJson(state.toJSON()) as { [key: string]: unknown };
  for (const { op, path, ...rest } of patches) {
    const value = 'value' in rest ? cloneJson(rest.value as Json) : undefined;
    if (path.length === 0) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('it is no state', path);
      json = value;
      continue;
    }
    let container: unknown = json;
    for (let at = 0; at < path.length - 1; at += 1) container = descend(container, path, at);
    change(container, path, op, value);
  }
  const kept = tables.filter((key) => isObject(Object.hasOwn(json, key) ? json[key] : undefined));
  return WorkingState.fromJson(json as JsonObject, kept);
}

function applyToDraft(root: { [key: string]: unknown }, tables: ReadonlySet<string>, patch: Patch): void {
  const { op, path } = patch;
  const value = op === 'remove' ? undefined : cloneJson(patch.value);
  const [key] = path;
  if (typeof key !== 'string' || !tables.has(key)) {
    let container: unknown = root;
    for (let at = 0; at < path.length - 1; at += 1) container = descend(container, path, at);
    change(container, path, op, value);
    return;
  }
  const table = Object.hasOwn(root, key) ? (root[key] as TableDraft<unknown>) : undefined;
  const id = path[1];
  if (!(table instanceof TableDraft)) throw invalid('a table is none', path);
  if (typeof id !== 'string') throw invalid('the id of an entity is none', path);
  if (path.length > 2) {
    let container: unknown = table.get(id);
    for (let at = 2; at < path.length - 1; at += 1) container = descend(container, path, at);
    change(container, path, op, value);
    return;
  }
  if (table.has(id) === (op === 'add'))
    throw invalid(`the entity to ${op} is ${op === 'add' ? '' : 'not '}there`, path);
  if (op === 'remove') table.delete(id);
  else table.set(id, value);
}
