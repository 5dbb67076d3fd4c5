// What one command has done to the entities of a table so far. table.ts fills it, table-change.ts makes patches of it.

import type { Json } from '../patch/patch.ts';
import type { EntityCell } from './entity-map.ts';

/**
 * What one command did to one id: `before` is the committed entity, `after` what the command left, undefined for none.
 */
export interface Touched {
  readonly id: string;
  /** Where the committed entity is kept, if there is one. */
  readonly cell: EntityCell | undefined;
  readonly before: Json | undefined;
  after: unknown;
}

/** Up to so many are looked through one by one: nearly all commands touch one or two, and a Map costs 300 bytes. */
const FEW = 8;

const NONE: readonly Touched[] = Object.freeze([]);

/** In the order of first touch. */
export class TouchedEntities {
  #list: Touched[] | undefined;
  #index: Map<string, Touched> | undefined;

  get list(): readonly Touched[] {
    return this.#list ?? NONE;
  }

  get(id: string): Touched | undefined {
    const list = this.#list;
    if (list === undefined) return undefined;
    if (this.#index) return this.#index.get(id);
    for (let at = 0; at < list.length; at += 1) {
      const touched = list[at] as Touched;
      if (touched.id === id) return touched;
    }
    return undefined;
  }

  /** One that is not in here yet. */
  add(touched: Touched): void {
    const list = this.#list;
    if (list === undefined) {
      // An empty list that grows has room for 17: the list of most commands would be larger than what is in it.
      this.#list = [touched];
      return;
    }
    list.push(touched);
    if (this.#index) this.#index.set(touched.id, touched);
    else if (list.length > FEW) this.#index = new Map(list.map((each) => [each.id, each]));
  }

  /** The list, for the caller to keep; what was in here is forgotten. */
  take(): readonly Touched[] {
    const { list } = this;
    this.#list = undefined;
    this.#index = undefined;
    return list;
  }
}
