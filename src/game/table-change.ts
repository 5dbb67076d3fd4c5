// What a command did to the entities of one table, as patches and as values to take in. Before it: the TableDraft a command
// left, or a table in a state to save. After it: draft.ts puts this together with what became of the plain part.

import { admit } from '../patch/admit.ts';
import { capture } from '../patch/capture.ts';
import type { Json, JsonObject, Patch, PathSegment } from '../patch/patch.ts';
import { givenEntities } from './given.ts';
import type { TableDraft } from './table.ts';
import type { WorkingTable } from './working-table.ts';

/** What became of one entity, which may be nothing: undefined stands for none. */
export interface EntityChange {
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

export type Entities = Map<string, Map<string, EntityChange>>;
export type ReadonlyEntities = ReadonlyMap<string, ReadonlyMap<string, EntityChange>>;

/** The content of a table that a command made. */
export function admitTable(key: string, draft: TableDraft<unknown>): Map<string, EntityChange> {
  const content = new Map<string, EntityChange>();
  for (const [id, { after }] of draft.touched) {
    if (after !== undefined) content.set(id, { before: undefined, after: admit(after, [key, id]) });
  }
  return content;
}

/** What a command did to a table. The draft is done with: its own record of what was touched becomes the result. */
export function captureTable(key: string, draft: TableDraft<unknown>, patches: Patch[]): Map<string, EntityChange> {
  const touched = draft.takeTouched();
  for (const [id, entity] of touched) {
    const { before, after } = entity;
    if (after === undefined) {
      if (before !== undefined) patches.push({ op: 'remove', path: [key, id] });
      continue;
    }
    const path: PathSegment[] = [key, id];
    if (before === undefined) {
      entity.after = admit(after, path);
      patches.push({ op: 'add', path, value: entity.after as Json });
    } else {
      entity.after = capture(before, after, path, patches);
    }
  }
  return touched as Map<string, EntityChange>;
}

export function captureWholeTable(
  key: string,
  working: WorkingTable,
  given: unknown,
  patches: Patch[],
): Map<string, EntityChange> {
  const changes = new Map<string, EntityChange>();
  if (given === working.view()) return changes;
  let kept = 0;
  const entities = givenEntities(key, given);
  for (const [id, entity] of entities) {
    const before = working.get(id);
    if (before === undefined) {
      const after = admit(entity, [key, id]);
      patches.push({ op: 'add', path: [key, id], value: after });
      changes.set(id, { before, after });
      continue;
    }
    kept += 1;
    const after = capture(before, entity, [key, id], patches);
    if (after !== before) changes.set(id, { before, after });
  }
  if (kept === working.size) return changes;
  const ids = new Set(entities.map(([id]) => id));
  for (const id of working.ids()) {
    if (ids.has(id)) continue;
    patches.push({ op: 'remove', path: [key, id] });
    changes.set(id, { before: working.get(id), after: undefined });
  }
  return changes;
}

export function contentOf(entities: ReadonlyMap<string, { after: Json | undefined }>): JsonObject {
  const content: { [id: string]: Json } = {};
  for (const [id, { after }] of entities) if (after !== undefined) content[id] = after;
  return content;
}

export function committedAnd(
  table: WorkingTable,
  changes: ReadonlyMap<string, { after: Json | undefined }> | undefined,
): ReadonlyMap<string, { after: Json | undefined }> {
  const content = new Map<string, { after: Json | undefined }>();
  for (const id of table.ids()) content.set(id, { after: table.get(id) });
  for (const [id, change] of changes ?? []) content.set(id, change);
  return content;
}
