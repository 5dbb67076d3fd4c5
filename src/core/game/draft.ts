// The draft of one command: a proxy over a game's working state. Plain keys are drafted by PlainDraft, tables by
// TableDraft; `finish` compares what the command left with what was there (patch/capture.ts) and gives the patches.
// After it: state.ts takes the new values in, and game.ts sends the patches out as a record.

import { checkKey } from '../patch/admit.ts';
import { capture } from '../patch/capture.ts';
import { freezeDeep } from '../patch/freeze.ts';
import type { Json, JsonObject, Patch } from '../patch/patch.ts';
import { refusal } from '../patch/refusal.ts';
import { type Refusals, withAllPlaces } from '../patch/refusals.ts';
import { type ImmerState, stateForImmer } from './immer-state.ts';
import { INSPECT, type Inspect, type InspectOptions } from './inspection.ts';
import { DraftScope, PlainDraft } from './plain-draft.ts';
import { lookOverState, lookOverTable } from './refused-state.ts';
import { STATE_TRAPS } from './state-traps.ts';
import { type ReadonlyTable, TableDraft, tableBehind } from './table.ts';
import {
  admitTable,
  captureTable,
  captureWholeTable,
  changesAt,
  contentAfter,
  contentOf,
  type TableChange,
} from './table-change.ts';
import { isTableView } from './table-view.ts';
import { givenKeys } from './whole-state.ts';
import type { WorkingTable } from './working-table.ts';

/** Stands in the plain part of a state where a table is, so that the order of top-level keys is kept. */
export const TABLE_PLACE: JsonObject = Object.freeze({});

type Plain = { [key: string]: unknown };

const NONE: ReadonlySet<string> = new Set();

/** What a command did, not yet taken in by the state. */
export interface Finished {
  readonly patches: Patch[];
  readonly plain: JsonObject;
  /** Per table, the new value of each entity that differs; undefined for one that is gone. */
  readonly entities: readonly TableChange[];
  /** Tables whose whole content is given anew in `entities`; what they held before is void. */
  readonly replaced: ReadonlySet<string>;
  /** The top-level keys that are tables now, if that has changed. */
  readonly tables: readonly string[] | undefined;
}

export class StateDraft {
  readonly #plain: JsonObject;
  readonly #tables: ReadonlyMap<string, WorkingTable>;
  /** The tables this command has used. They are few. */
  #opened: TableDraft<unknown>[] | undefined;
  /** Top-level keys a command assigned, deleted or made a table: what the tables were before no longer tells. */
  #reshaped: Map<string, TableDraft<unknown> | undefined> | undefined;
  #scope: DraftScope | undefined;
  #immer: ImmerState | undefined;
  #root: PlainDraft | undefined;
  /** Numbers and the like that were given to keys that are there: the commonest change of all needs no draft. */
  #scalars: Map<string, unknown> | undefined;
  #whole: { readonly state: unknown } | undefined;
  /** What the command gets. */
  readonly proxy: Plain;
  #open = true;
  /** The last key that was read and is not there. */
  #missed: string | undefined;

  constructor(plain: JsonObject, tables: ReadonlyMap<string, WorkingTable>) {
    this.#plain = plain;
    this.#tables = tables;
    // Not Proxy.revocable, which costs three times as much: the traps ask whether the command is over.
    this.proxy = new Proxy(this as unknown as Plain, STATE_TRAPS as unknown as ProxyHandler<Plain>);
  }

  get isList(): boolean {
    return false;
  }

  /** The state before the command, as readers have it. For Immer. */
  get original(): JsonObject {
    const state: { [key: string]: unknown } = { ...freezeDeep(this.#plain) };
    for (const [key, table] of this.#tables) state[key] = table.view();
    return Object.freeze(state) as JsonObject;
  }

  /** Whether the command may have changed anything: an entity that was opened counts. For Immer. */
  get modified(): boolean {
    if (this.#reshaped || this.#scalars || this.#root?.modified) return true;
    return this.#opened?.some((table) => table.touched.length > 0) ?? false;
  }

  stateForImmer(): ImmerState {
    this.#immer ??= stateForImmer(this);
    return this.#immer;
  }

  /** Throws what a revoked proxy throws, once the command is over. */
  checkOpen(): void {
    if (!this.#open) throw new TypeError('Cannot use the draft of a command that is over: it has been revoked');
  }

  /**
   * The last key that the command read and the state did not have, and whether the command has given it a value since.
   */
  get missed(): { readonly key: string; readonly isGiven: boolean } | undefined {
    const key = this.#missed;
    return key === undefined || key in Object.prototype ? undefined : { key, isGiven: this.holds(key) };
  }

  read(key: string): unknown {
    const table = this.#tableAt(key);
    // Immer's current() makes a copy of the state, and a copy of a table is an object by id.
    if (table) return this.#immer?.finalized_ ? table.toJSON() : table.proxy;
    if (this.#root) {
      const value = (this.#root.proxy as Plain)[key];
      if (value === undefined) this.#missed = key;
      return value;
    }
    if (this.#scalars?.has(key)) return this.#scalars.get(key);
    if (!Object.hasOwn(this.#plain, key)) {
      this.#missed = key;
      return Reflect.get(Object.prototype, key, this.proxy);
    }
    const value = this.#plain[key];
    return typeof value === 'object' && value !== null ? this.#draft()[key] : value;
  }

  write(key: string, value: unknown): void {
    checkKey(key, []);
    const table = tableOf(value);
    if (table) {
      if (table !== this.#tableAt(key)) this.#assignTable(key, table);
      return;
    }
    if (this.#tableAt(key)) this.#reshape(key, undefined);
    else if (!this.#root && (typeof value !== 'object' || value === null) && Object.hasOwn(this.#plain, key)) {
      this.#scalars ??= new Map();
      this.#scalars.set(key, value);
      return;
    }
    this.#draft()[key] = value;
  }

  remove(key: string): void {
    if (this.#tableAt(key)) this.#reshape(key, undefined);
    delete this.#draft()[key];
  }

  keys(): string[] {
    return Object.keys(this.#root?.content ?? this.#plain);
  }

  holds(key: string): boolean {
    return Object.hasOwn(this.#root?.content ?? this.#plain, key);
  }

  /** Whether a key was a table before the command. */
  beganAsTable(key: string): boolean {
    return this.#tables.has(key);
  }

  /**
   * Takes a whole new state in place of everything. Nothing is drafted for it: the given objects are compared as they
   * are, and whatever is identical to the committed state is passed over.
   */
  assign(state: unknown): void {
    this.#whole = { state };
  }

  /** Ends the command. Throws NOT_PERSISTABLE with the paths; then nothing has been changed. */
  finish(): Finished {
    // Whoever put the draft of the state into the state is told so, and whoever kept it cannot write to nowhere.
    this.#open = false;
    this.#scope?.settle();
    let finished: Finished;
    try {
      finished = this.#finish();
    } catch (thrown) {
      throw withAllPlaces(thrown, (refusals) => this.#lookOver(refusals));
    }
    this.close();
    return finished;
  }

  /** Every place of what the command left that may not enter the state. */
  #lookOver(refusals: Refusals): void {
    const before = { plain: this.#plain, tables: this.#tables };
    if (this.#whole) {
      lookOverState(refusals, this.#whole.state, before);
      return;
    }
    for (const draft of this.#opened ?? []) {
      const key = draft.key as string;
      if (!this.#reshaped?.has(key)) lookOverTable(refusals, key, draft);
    }
    for (const [key, draft] of this.#reshaped ?? []) if (draft) lookOverTable(refusals, key, draft);
    if (this.#root) refusals.look(this.#root.content, [], this.#plain);
    for (const [key, value] of this.#scalars ?? []) refusals.look(value, [key]);
  }

  #finish(): Finished {
    if (this.#whole) return this.#finishWhole(this.#whole.state);
    const patches: Patch[] = [];
    // Lists of one have room for one: see touched.ts.
    let changed: TableChange[] | undefined;
    // Tables come first, while drafts of the plain part that were put into entities can still be read.
    const opened = this.#opened;
    for (let at = 0; opened !== undefined && at < opened.length; at += 1) {
      const draft = opened[at] as TableDraft<unknown>;
      const key = draft.key as string;
      if (this.#reshaped?.has(key)) continue;
      const changes = captureTable(key, draft, patches);
      if (changes.length === 0) continue;
      if (changed === undefined) changed = [{ key, changes }];
      else changed.push({ key, changes });
    }
    const entities = changed ?? [];
    if (!this.#root) {
      return { patches, plain: this.#captureScalars(patches), entities, replaced: NONE, tables: undefined };
    }
    const replaced = new Set<string>();
    for (const [key, draft] of this.#reshaped ?? []) {
      if (!draft) continue;
      entities.push({ key, changes: admitTable(key, draft) });
      replaced.add(key);
    }
    const next = this.#root.content;
    const plain = this.#capturePlain(this.#base(next as Plain), next, entities, patches);
    return { patches, plain, entities, replaced, tables: this.#tableNames(entities, plain) };
  }

  /** What console.log shows. It gets the proxy as `this`. */
  [INSPECT](_depth: number, options: InspectOptions, inspect: Inspect): string {
    return inspect({ ...this }, options);
  }

  /** Ends the command, without effect unless it is finished. */
  close(): void {
    this.#open = false;
    this.#scope?.close();
    if (this.#opened) for (const draft of this.#opened) draft.close();
  }

  #finishWhole(state: unknown): Finished {
    const patches: Patch[] = [];
    const entities: TableChange[] = [];
    const plain: Plain = {};
    for (const [key, value] of givenKeys(state)) {
      const working = this.#tables.get(key);
      if (!working) {
        if (tableOf(value)) throw newTable(key);
        plain[key] = value;
        continue;
      }
      plain[key] = TABLE_PLACE;
      const changes = captureWholeTable(key, working, value, patches);
      if (changes.length > 0) entities.push({ key, changes });
    }
    for (const key of this.#tables.keys()) if (!Object.hasOwn(plain, key)) throw missingTable(key);
    return {
      patches,
      plain: this.#capturePlain(this.#plain, plain, entities, patches),
      entities,
      replaced: NONE,
      tables: undefined,
    };
  }

  #draft(): Plain {
    if (!this.#root) {
      this.#scope = new DraftScope();
      this.#root = new PlainDraft(this.#scope, this.#plain);
      for (const [key, value] of this.#scalars ?? []) (this.#root.proxy as Plain)[key] = value;
      this.#scalars = undefined;
    }
    return this.#root.proxy as Plain;
  }

  #captureScalars(patches: Patch[]): JsonObject {
    if (!this.#scalars) return this.#plain;
    const next: { [key: string]: Json } = { ...this.#plain };
    for (const [key, value] of this.#scalars) next[key] = capture(next[key] as Json, value, [key], patches);
    return next;
  }

  #tableAt(key: string): TableDraft<unknown> | undefined {
    if (this.#reshaped?.has(key)) return this.#reshaped.get(key);
    if (this.#opened) for (const opened of this.#opened) if (opened.key === key) return opened;
    const working = this.#tables.get(key);
    if (!working) return undefined;
    const draft = new TableDraft<unknown>(working, key);
    if (this.#opened) this.#opened.push(draft);
    else this.#opened = [draft];
    return draft;
  }

  #reshape(key: string, draft: TableDraft<unknown> | undefined): void {
    this.#reshaped ??= new Map();
    this.#reshaped.set(key, draft);
  }

  #assignTable(key: string, given: TableDraft<unknown> | ReadonlyTable<unknown>): void {
    if (given instanceof TableDraft && given.attached) {
      throw refusal(
        'a table of a state cannot be assigned to another key',
        'Make a new one: table(), then set() what belongs there.',
        [key],
      );
    }
    this.#reshape(key, given instanceof TableDraft ? given : TableDraft.of(given.entries()));
    this.#draft()[key] = {};
  }

  /**
   * What the plain part is compared with. A key that became a table, or ceased to be one, or is another table now, must
   * give a patch that sets it whole: its placeholder and an empty object look the same.
   */
  #base(next: Plain): JsonObject {
    if (!this.#reshaped) return this.#plain;
    const base: { [key: string]: Json } = { ...this.#plain };
    for (const key of this.#reshaped.keys()) {
      if (Object.hasOwn(base, key)) base[key] = Array.isArray(next[key]) ? {} : [];
    }
    return base;
  }

  /** Compares the plain part. Where that sets a key that holds a table, the patch must carry the table's content. */
  #capturePlain(base: JsonObject, next: unknown, entities: readonly TableChange[], patches: Patch[]): JsonObject {
    const own: Patch[] = [];
    const plain = capture(base, next, [], own) as JsonObject;
    for (const patch of own) {
      const key = patch.path[0];
      const draft = patch.path.length === 1 ? this.#tableAt(key as string) : undefined;
      if (patch.op === 'remove' || !draft) {
        patches.push(patch);
        continue;
      }
      const changes = changesAt(key as string, entities) ?? [];
      const content = this.#reshaped?.has(key as string)
        ? contentOf(changes)
        : contentAfter(this.#tables.get(key as string) as WorkingTable, changes);
      patches.push({ op: patch.op, path: patch.path, value: content });
    }
    return plain;
  }

  #tableNames(entities: readonly TableChange[], plain: JsonObject): readonly string[] | undefined {
    if (!this.#reshaped) return undefined;
    const names = Object.keys(plain).filter((key) =>
      this.#reshaped?.has(key)
        ? this.#reshaped.get(key) !== undefined && changesAt(key, entities) !== undefined
        : this.#tables.has(key),
    );
    const same = names.length === this.#tables.size && names.every((key) => this.#tables.has(key));
    return same ? undefined : names;
  }
}

/** A table that is assigned: one of a command, or a view. */
function tableOf(value: unknown): TableDraft<unknown> | ReadonlyTable<unknown> | undefined {
  if (isTableView(value)) return value;
  return value instanceof TableDraft ? tableBehind(value) : undefined;
}

function newTable(key: string): Error {
  return refusal(
    'a state to save has a table at a key that is no table',
    'Make it one in a command: update((draft) => { draft.key = table(...) }).',
    [key],
  );
}

function missingTable(key: string): Error {
  return refusal(
    'a table is missing from a state to save',
    'Pass the whole state; to take a table away, delete its key in a command.',
    [key],
  );
}
