// What has been replaced in a table since a view of it was taken, so that the view goes on showing its moment.
// working-table.ts fills the newest and reads the older ones.

import type { Json } from '../patch/patch.ts';

/** A view that is read although this many others have been taken since gathers what it needs in one place. */
const LONGEST_CHAIN = 8;

/**
 * The entities that were replaced between one view of a table and the next, as they were before; the next view's past
 * goes on from there. Older ones lead to newer ones and never back: with a view goes whatever only that view needed.
 */
export class Past {
  #before: Map<string, Json | undefined> | undefined;
  #next: Past | undefined;

  /** Whether nothing has been replaced since the view was taken, and no other view has been taken. */
  get isUntouched(): boolean {
    return this.#before === undefined && this.#next === undefined;
  }

  /** An entity is about to be replaced: undefined if there was none. */
  keep(id: string, before: Json | undefined): void {
    this.#before ??= new Map();
    if (!this.#before.has(id)) this.#before.set(id, before);
  }

  /** The next view is taken: nothing more comes in here. */
  continueIn(next: Past): void {
    this.#next = next;
  }

  /** How an entity was when the view was taken; undefined if it is as it was. */
  find(id: string): { readonly entity: Json | undefined } | undefined {
    let length = 0;
    for (let past: Past | undefined = this; past; past = past.#next) {
      if (past.#before?.has(id)) return { entity: past.#before.get(id) };
      length += 1;
    }
    if (length > LONGEST_CHAIN) this.#gather();
    return undefined;
  }

  /** Everything that has been replaced since. */
  replaced(): ReadonlyMap<string, Json | undefined> {
    this.#gather();
    const all = new Map(this.#before);
    const newest = this.#next === undefined ? undefined : this.#next.#before;
    for (const [id, entity] of newest ?? []) if (!all.has(id)) all.set(id, entity);
    return all;
  }

  /** Takes over what all the later ones hold but the newest, which is still being filled. */
  #gather(): void {
    let next = this.#next;
    while (next !== undefined && next.#next !== undefined) {
      for (const [id, entity] of next.#before ?? []) this.keep(id, entity);
      next = next.#next;
    }
    this.#next = next;
  }
}
