// The draft of one command: a proxy over a game's working state. Plain keys are drafted by Immer, tables by TableDraft;
// `finish` compares what the command left with what was there (patch/capture.ts) and gives the patches. After it:
// working-state.ts takes the new values in, and game.ts sends the patches out as a record.

import { Immer, isDraft, current } from 'immer';
import { OrreryError } from '../errors.ts';
import { admit } from '../patch/admit.ts';
import { capture } from '../patch/capture.ts';
import type { Json, JsonObject, Patch, PathSegment } from '../patch/patch.ts';
import { TableDraft, TableView, type WorkingTable } from './table.ts';

/** Stands in the plain part of a state where a table is, so that the order of top-level keys is kept. */
export const TABLE_PLACE: JsonObject = Object.freeze({});

/** Immer only drafts: values are checked, copied and frozen by capture, once. */
const immer = new Immer({ autoFreeze: false });

type Plain = { [key: string]: unknown };

/** What became of one entity: undefined stands for none. */
interface EntityChange {
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

type Entities = Map<string, Map<string, EntityChange>>;
type ReadonlyEntities = ReadonlyMap<string, ReadonlyMap<string, EntityChange>>;

/** What a command did, not yet taken in by the state. */
export interface Finished {
  readonly patches: Patch[];
  readonly plain: JsonObject;
  /** Per table, the new value of each entity that differs; undefined for one that is gone. */
  readonly entities: ReadonlyEntities;
  /** Tables whose whole content is given anew in `entities`; what they held before is void. */
  readonly replaced: ReadonlySet<string>;
  /** The top-level keys that are tables now, if that has changed. */
  readonly tables: readonly string[] | undefined;
}

export class StateDraft {
  readonly #plain: JsonObject;
  readonly #tables: ReadonlyMap<string, WorkingTable>;
  readonly #opened = new Map<string, TableDraft<unknown>>();
  /** Top-level keys a command assigned, deleted or made a table: what the tables were before no longer tells. */
  #reshaped: Map<string, TableDraft<unknown> | undefined> | undefined;
  #immer: Plain | undefined;
  #whole: { readonly state: unknown } | undefined;
  readonly proxy: Plain;

  constructor(plain: JsonObject, tables: ReadonlyMap<string, WorkingTable>) {
    this.#plain = plain;
    this.#tables = tables;
    this.proxy = new Proxy(this as unknown as Plain, handler as unknown as ProxyHandler<Plain>);
  }

  read(key: string): unknown {
    const table = this.#tableAt(key);
    if (table) return table;
    if (this.#immer) return this.#immer[key];
    const value = Object.hasOwn(this.#plain, key) ? this.#plain[key] : undefined;
    return typeof value === 'object' && value !== null ? this.#draft()[key] : value;
  }

  write(key: string, value: unknown): void {
    if (value instanceof TableDraft) {
      if (value === this.#tableAt(key)) return;
      if (value.attached) {
        throw new OrreryError({
          code: 'NOT_PERSISTABLE',
          what: 'a table of a state cannot be assigned to another key',
          hint: 'Make a new one: table(), then set() what belongs there.',
          context: { path: `/${key}` },
        });
      }
      this.#reshape(key, value);
      this.#draft()[key] = {};
      return;
    }
    if (this.#tableAt(key)) this.#reshape(key, undefined);
    this.#draft()[key] = value;
  }

  remove(key: string): void {
    if (this.#tableAt(key)) this.#reshape(key, undefined);
    delete this.#draft()[key];
  }

  keys(): string[] {
    return Object.keys(this.#immer ?? this.#plain);
  }

  holds(key: string): boolean {
    return Object.hasOwn(this.#immer ?? this.#plain, key);
  }

  /**
   * Takes a whole new state in place of everything. Immer has no part in it: the given objects are compared as they are,
   * and whatever is identical to the committed state is passed over.
   */
  assign(state: unknown): void {
    this.#whole = { state };
  }

  /** Ends the command. Throws NOT_PERSISTABLE with the path; then nothing has been changed. */
  finish(): Finished {
    if (this.#whole) return this.#finishWhole(this.#whole.state);
    const patches: Patch[] = [];
    const entities: Entities = new Map();
    const replaced = new Set<string>();
    // Tables come first, while drafts of the plain part that were put into entities can still be read.
    for (const [key, draft] of this.#opened) {
      if (this.#reshaped?.has(key)) continue;
      const changes = captureTable(key, draft, patches);
      if (changes.size > 0) entities.set(key, changes);
    }
    if (!this.#immer) return { patches, plain: this.#plain, entities, replaced, tables: undefined };
    for (const [key, draft] of this.#reshaped ?? []) {
      if (draft) this.#finishReshaped(key, draft, patches, entities, replaced);
    }
    const next = this.#finishImmer();
    const plain = this.#capturePlain(next, entities, patches);
    return { patches, plain, entities, replaced, tables: this.#tableNames(entities, plain) };
  }

  /** Ends the command without effect. */
  abandon(): void {
    this.close();
    if (this.#immer) this.#finishImmer();
  }

  close(): void {
    for (const draft of this.#opened.values()) draft.close();
  }

  #finishWhole(state: unknown): Finished {
    if (typeof state !== 'object' || state === null || Array.isArray(state)) {
      throw new OrreryError({
        code: 'NOT_PERSISTABLE',
        what: 'a state to save must be an object',
        hint: 'Pass the whole state, with the keys it had when it was created.',
        context: { path: '' },
      });
    }
    const patches: Patch[] = [];
    const entities: Entities = new Map();
    const plain: Plain = {};
    for (const key of Object.keys(state)) {
      const value: unknown = Reflect.get(state, key);
      const working = this.#tables.get(key);
      if (!working) {
        plain[key] = value;
        continue;
      }
      plain[key] = TABLE_PLACE;
      const changes = captureWholeTable(key, working, value, patches);
      if (changes.size > 0) entities.set(key, changes);
    }
    for (const key of this.#tables.keys()) {
      if (Object.hasOwn(plain, key)) continue;
      throw new OrreryError({
        code: 'NOT_PERSISTABLE',
        what: 'a table is missing from a state to save',
        hint: 'Pass the whole state; to take a table away, delete its key in a command.',
        context: { path: `/${key}` },
      });
    }
    return { patches, plain: this.#capturePlain(plain, entities, patches), entities, replaced: new Set(), tables: undefined };
  }

  /** Immer revokes the proxies of a finished draft, so that a command that kept one cannot write to nowhere. */
  #finishImmer(): unknown {
    const draft = this.#immer;
    this.#immer = undefined;
    return immer.finishDraft(draft as never);
  }

  #draft(): Plain {
    this.#immer ??= immer.createDraft(this.#plain) as Plain;
    return this.#immer;
  }

  #tableAt(key: string): TableDraft<unknown> | undefined {
    if (this.#reshaped?.has(key)) return this.#reshaped.get(key);
    const opened = this.#opened.get(key);
    if (opened) return opened;
    const working = this.#tables.get(key);
    if (!working) return undefined;
    const draft = new TableDraft<unknown>(working);
    this.#opened.set(key, draft);
    return draft;
  }

  #reshape(key: string, draft: TableDraft<unknown> | undefined): void {
    this.#reshaped ??= new Map();
    this.#reshaped.set(key, draft);
  }

  #finishReshaped(
    key: string,
    draft: TableDraft<unknown>,
    patches: Patch[],
    entities: Entities,
    replaced: Set<string>,
  ): void {
    const content = new Map<string, EntityChange>();
    for (const [id, { after }] of draft.touched) {
      if (after !== undefined) content.set(id, { before: undefined, after: admit(after, [key, id]) });
    }
    entities.set(key, content);
    replaced.add(key);
    // A table in place of a table: the placeholder does not differ, so capture will not see it.
    if (this.#tables.has(key)) patches.push({ op: 'replace', path: [key], value: contentOf(content) });
  }

  /** Compares the plain part. Where that sets a key that holds a table, the patch must carry the table's content. */
  #capturePlain(
    next: unknown,
    entities: ReadonlyEntities,
    patches: Patch[],
  ): JsonObject {
    const own: Patch[] = [];
    const plain = capture(this.#plain, next, [], own) as JsonObject;
    for (const patch of own) {
      const key = patch.path[0];
      const draft = patch.path.length === 1 ? this.#tableAt(key as string) : undefined;
      if (patch.op === 'remove' || !draft) {
        patches.push(patch);
        continue;
      }
      const content = this.#reshaped?.has(key as string)
        ? contentOf(entities.get(key as string) ?? new Map())
        : contentOf(committedAnd(this.#tables.get(key as string) as WorkingTable, entities.get(key as string)));
      patches.push({ op: patch.op, path: patch.path, value: content });
    }
    return plain;
  }

  #tableNames(entities: ReadonlyMap<string, unknown>, plain: JsonObject): readonly string[] | undefined {
    if (!this.#reshaped) return undefined;
    const names = Object.keys(plain).filter((key) =>
      this.#reshaped?.has(key) ? this.#reshaped.get(key) !== undefined && entities.has(key) : this.#tables.has(key),
    );
    const same = names.length === this.#tables.size && names.every((key) => this.#tables.has(key));
    return same ? undefined : names;
  }
}

function captureTable(
  key: string,
  draft: TableDraft<unknown>,
  patches: Patch[],
): Map<string, EntityChange> {
  const changes = new Map<string, EntityChange>();
  for (const [id, { before, after }] of draft.touched) {
    if (after === undefined) {
      if (before === undefined) continue;
      patches.push({ op: 'remove', path: [key, id] });
      changes.set(id, { before, after: undefined });
      continue;
    }
    const path: PathSegment[] = [key, id];
    if (before === undefined) {
      const value = admit(after, path);
      patches.push({ op: 'add', path: [key, id], value });
      changes.set(id, { before, after: value });
      continue;
    }
    const value = capture(before, isDraft(after) ? current(after) : after, path, patches);
    if (value !== before) changes.set(id, { before, after: value });
  }
  return changes;
}

function captureWholeTable(
  key: string,
  working: WorkingTable,
  given: unknown,
  patches: Patch[],
): Map<string, EntityChange> {
  const changes = new Map<string, EntityChange>();
  if (given === working.view()) return changes;
  let kept = 0;
  for (const [id, entity] of givenEntities(key, given)) {
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
  const ids = new Set([...givenEntities(key, given)].map(([id]) => id));
  for (const id of working.ids()) {
    if (ids.has(id)) continue;
    patches.push({ op: 'remove', path: [key, id] });
    changes.set(id, { before: working.get(id), after: undefined });
  }
  return changes;
}

function givenEntities(key: string, given: unknown): Iterable<[string, unknown]> {
  if (given instanceof TableView || given instanceof TableDraft) return given.entries();
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return Object.entries(given);
  throw new OrreryError({
    code: 'NOT_PERSISTABLE',
    what: 'a table in a state to save is neither a table nor an object by id',
    hint: 'Pass the table of game.state, table(...), or a plain object by id.',
    context: { path: `/${key}` },
  });
}

function contentOf(entities: ReadonlyMap<string, { after: Json | undefined }>): JsonObject {
  const content: { [id: string]: Json } = {};
  for (const [id, { after }] of entities) if (after !== undefined) content[id] = after;
  return Object.freeze(content);
}

function committedAnd(
  table: WorkingTable,
  changes: ReadonlyMap<string, { after: Json | undefined }> | undefined,
): ReadonlyMap<string, { after: Json | undefined }> {
  const content = new Map<string, { after: Json | undefined }>();
  for (const id of table.ids()) content.set(id, { after: table.get(id) });
  for (const [id, change] of changes ?? []) content.set(id, change);
  return content;
}

const handler: ProxyHandler<StateDraft> = {
  get: (draft, key) => (typeof key === 'string' ? draft.read(key) : undefined),
  set(draft, key, value) {
    if (typeof key !== 'string') return false;
    draft.write(key, value);
    return true;
  },
  has: (draft, key) => typeof key === 'string' && draft.holds(key),
  deleteProperty(draft, key) {
    if (typeof key !== 'string') return false;
    draft.remove(key);
    return true;
  },
  ownKeys: (draft) => draft.keys(),
  getOwnPropertyDescriptor(draft, key) {
    if (typeof key !== 'string' || !draft.holds(key)) return undefined;
    return { value: draft.read(key), writable: true, enumerable: true, configurable: true };
  },
  defineProperty: () => false,
  setPrototypeOf: () => false,
  getPrototypeOf: () => Object.prototype,
};
