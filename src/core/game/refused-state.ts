// All places at which a whole state is refused: its keys, and the entities of its tables. Before it: state.ts, draft.ts
// and migration.ts, which met a first refusal. After it: patch/refusals.ts, which looks at the values.

import { isKey } from '../patch/admit.ts';
import type { JsonObject } from '../patch/patch.ts';
import { refuseKey } from '../patch/refusal.ts';
import type { Refusals } from '../patch/refusals.ts';
import { TableDraft } from './table.ts';
import { isTableView } from './table-view.ts';
import type { WorkingTable } from './working-table.ts';

/** The state before. What is the same object in both is not looked at. */
export interface StateBefore {
  readonly plain: JsonObject;
  readonly tables: ReadonlyMap<string, WorkingTable>;
}

/** Looks at a state that somebody gives whole. */
export function lookOverState(refusals: Refusals, state: unknown, before?: StateBefore): void {
  if (typeof state !== 'object' || state === null) return;
  for (const key of Object.keys(state)) {
    if (!isKey(key)) refusals.add(refuseKey(key, []));
    const value: unknown = Reflect.get(state, key);
    const working = before?.tables.get(key);
    const entities = entitiesOf(value, working);
    if (!entities) {
      refusals.look(value, [key], before && Object.hasOwn(before.plain, key) ? before.plain[key] : undefined);
      continue;
    }
    for (const [id, entity] of entities) {
      if (!isKey(id)) refusals.add(refuseKey(id, [key]));
      refusals.look(entity, [key, id], working?.get(id));
    }
  }
}

/** Looks at what a command did to the entities of a table. */
export function lookOverTable(refusals: Refusals, key: string, draft: TableDraft<unknown>): void {
  for (const { id, before, after } of draft.touched) {
    if (after !== undefined) refusals.look(after, [key, id], before);
  }
}

/** Undefined for what is no table. A state to save may have an object by id in place of one. */
function entitiesOf(
  value: unknown,
  working: WorkingTable | undefined,
): Iterable<[id: string, entity: unknown]> | undefined {
  if (value instanceof TableDraft) return value.ids().map((id) => [id, value.peek(id)]);
  if (isTableView(value)) return value === working?.view() ? [] : value.entries();
  if (!working || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.entries(value);
}
