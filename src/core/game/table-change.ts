// What a command did to the entities of one table, as patches and as values to take in. Before it: the TableDraft a
// command left, or a table in a state to save. After it: draft.ts puts this together with what became of the plain
// part.

import { admit } from '../patch/admit.ts';
import { capture } from '../patch/capture.ts';
import type { Json, JsonObject, Patch, PathSegment } from '../patch/patch.ts';
import type { Shapes } from '../patch/shape.ts';
import { checkNewId } from './entity-id.ts';
import type { EntityCell } from './entity-map.ts';
import type { TableDraft } from './table.ts';
import type { Touched } from './touched.ts';
import { givenEntities } from './whole-state.ts';
import type { WorkingTable } from './working-table.ts';

/** What became of one entity, which may be nothing: undefined stands for none. */
export interface EntityChange {
  readonly id: string;
  /** Where the entity is kept that was there before. */
  readonly cell: EntityCell | undefined;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** What became of the entities of one table, at most one change for an id. */
export interface TableChange {
  readonly key: string;
  readonly changes: readonly EntityChange[];
}

export function changesAt(key: string, tables: readonly TableChange[]): readonly EntityChange[] | undefined {
  return tables.find((table) => table.key === key)?.changes;
}

/** The content of a table that a command made. */
export function admitTable(key: string, draft: TableDraft<unknown>): EntityChange[] {
  const content: EntityChange[] = [];
  for (const { id, after } of draft.touched) {
    if (after !== undefined) content.push({ id, cell: undefined, before: undefined, after: admit(after, [key, id]) });
  }
  return content;
}

/** What a command did to a table. The draft is done with: its own record of what was touched becomes the result. */
export function captureTable(key: string, draft: TableDraft<unknown>, patches: Patch[]): readonly EntityChange[] {
  const touched = draft.takeTouched();
  try {
    for (const entity of touched) captureEntity(key, entity, draft.shapes, patches);
  } catch (error) {
    draft.giveBack(touched);
    throw error;
  }
  return touched as readonly EntityChange[];
}

function captureEntity(key: string, entity: Touched, shapes: Shapes | undefined, patches: Patch[]): void {
  const { id, before, after } = entity;
  if (after === undefined) {
    if (before !== undefined) patches.push({ op: 'remove', path: [key, id] });
    return;
  }
  const path: PathSegment[] = [key, id];
  if (before === undefined) {
    entity.after = admit(after, path);
    patches.push({ op: 'add', path, value: entity.after as Json });
  } else {
    entity.after = capture(before, after, path, patches, shapes);
  }
}

export function captureWholeTable(
  key: string,
  working: WorkingTable,
  given: unknown,
  patches: Patch[],
): EntityChange[] {
  const changes: EntityChange[] = [];
  if (given === working.view()) return changes;
  let kept = 0;
  const entities = givenEntities(key, given);
  for (const [id, entity] of entities) {
    const cell = working.find(id);
    if (!cell) {
      checkNewId(id, key);
      const after = admit(entity, [key, id]);
      patches.push({ op: 'add', path: [key, id], value: after });
      changes.push({ id, cell, before: undefined, after });
      continue;
    }
    kept += 1;
    const before = cell.entity;
    const after = capture(before, entity, [key, id], patches, working.shapes);
    if (after !== before) changes.push({ id, cell, before, after });
  }
  if (kept === working.size) return changes;
  const ids = new Set(entities.map(([id]) => id));
  for (const id of working.ids()) {
    if (ids.has(id)) continue;
    patches.push({ op: 'remove', path: [key, id] });
    const cell = working.find(id);
    changes.push({ id, cell, before: cell?.entity, after: undefined });
  }
  return changes;
}

/** As plain JSON: what the changes left, of a table that held nothing before. */
export function contentOf(changes: readonly EntityChange[]): JsonObject {
  const content: { [id: string]: Json } = {};
  for (const { id, after } of changes) if (after !== undefined) content[id] = after;
  return content;
}

/** The same of a table that held something. */
export function contentAfter(table: WorkingTable, changes: readonly EntityChange[]): JsonObject {
  const content: { [id: string]: Json } = {};
  const changed = new Set(changes.map(({ id }) => id));
  for (const id of table.ids()) if (!changed.has(id)) content[id] = table.get(id) as Json;
  return Object.assign(content, contentOf(changes));
}
