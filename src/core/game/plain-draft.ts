// One object or array of the plain part of a state, as a command sees it: a proxy that behaves as a plain, mutable
// copy, and copies only what the command opens or changes. Before it: draft.ts. After it: patch/capture.ts compares
// what is left.

import { Drafted } from '../patch/drafted.ts';
import { freezeDeep } from '../patch/freeze.ts';
import { type Json, MAX_DEPTH } from '../patch/patch.ts';
import { hasOnlyKeys, isPlainArray, isPlainObject, isProxy } from '../patch/plain.ts';
import { IMMER_STATE, type ImmerState, stateForImmer } from './immer-state.ts';
import { INSPECT, type Inspect } from './inspection.ts';
import { methodOfLists } from './list-methods.ts';

type Content = { [key: PropertyKey]: unknown };

/** The command that drafts belong to: it opens them, and closes all of them at once. */
export class DraftScope {
  #open = true;
  #settling = false;
  #states: Map<PlainDraft, ImmerState> | undefined;

  /** Whether the command has returned, so that what is left can be taken. */
  get settling(): boolean {
    return this.#settling;
  }

  settle(): void {
    this.#settling = true;
  }

  close(): void {
    this.#open = false;
  }

  stateForImmer(draft: PlainDraft): ImmerState {
    this.#states ??= new Map();
    let state = this.#states.get(draft);
    if (!state) {
      state = stateForImmer(draft);
      this.#states.set(draft, state);
    }
    return state;
  }

  /** Throws what a revoked proxy throws, once the command is over. */
  checkOpen(): void {
    if (!this.#open) throw revoked();
  }

  /** The same for a change: what has returned changes nothing any more, though it may still be read. */
  checkChangeable(): void {
    if (!this.#open || this.#settling) throw revoked();
  }
}

function revoked(): TypeError {
  return new TypeError('Cannot use the draft of a command that is over: it has been revoked');
}

export class PlainDraft extends Drafted implements ProxyHandler<object> {
  readonly proxy: object;
  readonly #scope: DraftScope;
  /** A value of the state, or a frozen one that the command put in: never changed. */
  readonly #base: Content;
  /** Where it was opened; undefined for what was in no place when it was. */
  readonly #key: PropertyKey | undefined;
  /** The base until something inside is opened or changed, and then a copy of it. */
  #content: Content;
  /** Whether the command did more than open what is inside. */
  #changed = false;
  /**
   * Whether the content is the target of the proxy: something was asked for that a proxy may only answer as its target
   * does.
   */
  #solid = false;
  #opened: PlainDraft[] | undefined;
  /** Where the command put objects, and so perhaps drafts. */
  #put: PropertyKey[] | undefined;
  #settled: object | undefined;

  /** `base` is a plain object or array that nobody changes. */
  constructor(scope: DraftScope, base: object, key?: PropertyKey) {
    super();
    this.#scope = scope;
    this.#key = key;
    this.#base = base as Content;
    this.#content = this.#base;
    this.proxy = new Proxy(Array.isArray(base) ? new ListTarget() : new ObjectTarget(), this);
  }

  get content(): object {
    return this.#scope.settling ? this.#settle(0) : this.#content;
  }

  get isList(): boolean {
    return Array.isArray(this.#base);
  }

  /** What the state holds here, frozen. */
  get original(): object {
    return freezeDeep(this.#base as Json) as object;
  }

  /** Whether the command changed something here or further inside. */
  get modified(): boolean {
    if (this.#changed) return true;
    return this.#opened?.some((draft) => draft.modified) ?? false;
  }

  get(_target: object, key: PropertyKey, receiver: unknown): unknown {
    this.#scope.checkOpen();
    const value = this.#solid ? Reflect.get(this.#content, key, receiver) : this.#content[key];
    if (typeof value === 'object') return value === null ? value : this.#inside(key, value);
    if (typeof value === 'function' && this.isList) return methodOfLists(value) ?? value;
    if (value === undefined && typeof key === 'symbol') {
      if (key === Drafted.BEHIND) return this;
      if (key === IMMER_STATE) return this.#scope.stateForImmer(this);
    }
    return value;
  }

  set(_target: object, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    const content = this.#change();
    if (receiver !== this.proxy) return Reflect.set(content, key, value, receiver);
    if (typeof value === 'object' && value !== null) this.#notePut(key);
    return Reflect.set(content, key, value);
  }

  has(_target: object, key: PropertyKey): boolean {
    this.#scope.checkOpen();
    return key in this.#content;
  }

  deleteProperty(_target: object, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#change(), key);
  }

  ownKeys(): (string | symbol)[] {
    this.#scope.checkOpen();
    return Reflect.ownKeys(this.#content);
  }

  getOwnPropertyDescriptor(target: object, key: PropertyKey): PropertyDescriptor | undefined {
    this.#scope.checkOpen();
    if (this.#solid) return Reflect.getOwnPropertyDescriptor(target, key);
    if (!Object.hasOwn(this.#content, key)) return undefined;
    const isLength = this.isList && key === 'length';
    const value = this.get(target, key, this.proxy);
    return { value, writable: true, enumerable: !isLength, configurable: !isLength };
  }

  defineProperty(target: object, key: PropertyKey, given: PropertyDescriptor): boolean {
    const content = this.#change();
    this.#notePut(key);
    const before = this.isList && key === 'length' ? {} : Object.hasOwn(content, key) ? ORDINARY : {};
    const { writable, enumerable, configurable } = { ...before, ...given };
    if (given.get || given.set || !writable || !enumerable || !configurable) this.#solidify(target);
    return Reflect.defineProperty(this.#content, key, given);
  }

  isExtensible(target: object): boolean {
    this.#scope.checkOpen();
    return Reflect.isExtensible(target);
  }

  preventExtensions(target: object): boolean {
    this.#change();
    this.#solidify(target);
    return Reflect.preventExtensions(target);
  }

  getPrototypeOf(): object | null {
    this.#scope.checkOpen();
    return Reflect.getPrototypeOf(this.#content);
  }

  setPrototypeOf(target: object, prototype: object | null): boolean {
    if (prototype === this.getPrototypeOf()) return true;
    this.#change();
    this.#solidify(target);
    return Reflect.setPrototypeOf(this.#content, prototype);
  }

  /** For list-methods.ts: the elements, to be looked at but not given away. */
  elements(): readonly unknown[] {
    this.#scope.checkOpen();
    return this.#content as unknown as unknown[];
  }

  /**
   * For list-methods.ts: the elements, to be moved. Those of the state stand among them as they are, frozen: what is
   * given away goes through `given`. Undefined for a list that can only be changed step by step.
   */
  elementsToMove(): unknown[] | undefined {
    const content = this.#change();
    if (this.#solid) return undefined;
    // That is how an element of the state is known, wherever it is moved to.
    freezeDeep(this.#base as Json);
    return content as unknown as unknown[];
  }

  /** What a command gets in place of a value that has left the list it stood in. */
  given(value: unknown): unknown {
    return isFixed(value) ? new PlainDraft(this.#scope, value).proxy : value;
  }

  /** For list-methods.ts: all elements as a list of the command's own, to be gone through with `at`. */
  elementsToOpen(): unknown[] {
    this.#scope.checkOpen();
    return this.#own() as unknown as unknown[];
  }

  /** For list-methods.ts: what the command gets for an element. */
  at(index: number, element: unknown): unknown {
    if (typeof element !== 'object' || element === null) return element;
    if (this.#solid || element !== this.#base[index]) return this.#inside(index, element);
    const draft = this.#open(index, element);
    this.#own()[index] = draft.proxy;
    return draft.proxy;
  }

  /**
   * Once the command is over: the object as it left it, with what stands behind in the place of proxies, as far down as
   * a state may reach; capture does that for lists that were changed. Whatever was only opened is that of the state.
   */
  #settle(depth: number): object {
    if (this.#settled) return this.#settled;
    if (this.#content === this.#base) return this.#base;
    this.#settled = this.#content;
    if (this.#solid || depth > MAX_DEPTH || (this.#changed && this.isList)) return this.#settled;
    let same = !this.#changed;
    for (const draft of this.#opened ?? []) {
      const key = draft.#key as PropertyKey;
      if (this.#content[key] !== draft.proxy) continue;
      this.#content[key] = draft.#settle(depth + 1);
      same &&= this.#content[key] === this.#base[key];
    }
    for (const key of this.#put ?? []) {
      const draft = PlainDraft.#at(this.#content[key]);
      if (draft) this.#content[key] = draft.#settle(depth + 1);
    }
    if (same) this.#settled = this.#base;
    return this.#settled;
  }

  static #at(value: unknown): PlainDraft | undefined {
    if (typeof value !== 'object' || value === null || !isProxy(value)) return undefined;
    try {
      const found = Drafted.of(value);
      return found instanceof PlainDraft ? found : undefined;
    } catch {
      // A proxy that cannot be read stays where it is, for capture to say so, with its path.
      return undefined;
    }
  }

  /**
   * An object under a key: one of the state is drafted when it is first asked for, and so is a frozen one that was put
   * in.
   */
  #inside(key: PropertyKey, value: object): unknown {
    if (value !== this.#base[key] && !isFixed(value)) return value;
    if (!Object.hasOwn(this.#content, key)) return value;
    const draft = this.#open(key, value);
    return Reflect.set(this.#own(), key, draft.proxy) ? draft.proxy : value;
  }

  #notePut(key: PropertyKey): void {
    if (this.#put) this.#put.push(key);
    else this.#put = [key];
  }

  /** The content, to be changed. */
  #change(): Content {
    this.#scope.checkChangeable();
    this.#changed = true;
    return this.#own();
  }

  #own(): Content {
    if (this.#content !== this.#base) return this.#content;
    this.#content = (Array.isArray(this.#base) ? this.#base.slice() : { ...this.#base }) as Content;
    return this.#content;
  }

  #open(key: PropertyKey, value: object): PlainDraft {
    const draft = new PlainDraft(this.#scope, value, key);
    if (this.#opened) this.#opened.push(draft);
    else this.#opened = [draft];
    return draft;
  }

  /** A proxy may tell of fixed properties, and of an object that is closed, only what is true of its target. */
  #solidify(target: object): void {
    if (this.#solid) return;
    const content = this.#own();
    for (const key of Reflect.ownKeys(content)) this.get(target, key, this.proxy);
    Object.setPrototypeOf(target, Object.getPrototypeOf(content));
    Object.defineProperties(target, Object.getOwnPropertyDescriptors(content));
    this.#content = target as Content;
    this.#solid = true;
  }
}

const ORDINARY: PropertyDescriptor = { writable: true, enumerable: true, configurable: true };

/**
 * Whether a value is a frozen object or array that holds nothing but plain properties: what a command puts in may be of
 * any kind.
 */
function isFixed(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || isProxy(value) || !Object.isFrozen(value)) return false;
  return Array.isArray(value)
    ? isPlainArray(value) && hasOnlyKeys(value, value.length + 1)
    : isPlainObject(value) && hasOnlyKeys(value, Object.keys(value).length);
}

/** console.log looks at the target of a proxy, which is empty: these make it show the content. */
const shown = {
  value(this: object, _depth: number, options: object, show: Inspect): string {
    try {
      return show(Drafted.of(this)?.content, options);
    } catch {
      return '[a draft of a command that is over]';
    }
  },
};
class ObjectTarget {}
class ListTarget extends Array<unknown> {}
Object.defineProperty(ObjectTarget.prototype, INSPECT, shown);
Object.defineProperty(ListTarget.prototype, INSPECT, shown);
