// What patches leave behind in a state nobody knows, place by place. coalesce.ts plays patches against a tree of places
// and reads it off as fewer patches.
import { invalid } from './apply.ts';
import { isIndexKey, type Json, type Patch, type Path, type PathSegment } from './patch.ts';
import { Run, Sequence } from './sequence.ts';

/** One place: set to a known value, or still what the state has there, with changes inside. */
export class PatchNode {
  /** The value that was set, undefined (which is not JSON) while the place has what the state has. */
  value: unknown;
  #keys: Keys | undefined;
  #elements: Elements | undefined;

  constructor(value?: unknown) {
    this.value = value;
  }

  get isSet(): boolean {
    return this.value !== undefined;
  }

  /** Whatever happened inside before no longer matters. */
  set(value: unknown): void {
    this.value = value;
    this.#keys = undefined;
    this.#elements = undefined;
  }

  /** The place that segment `at` of a path leads to, in a place that is not set. */
  child(path: Path, at: number): PatchNode {
    const segment = path[at]!;
    return typeof segment === 'number'
      ? this.#inside(path).child(checkIndex(segment, path))
      : this.#insideKeys(path).child(segment, path);
  }

  /** Does what a patch says to the last segment of its path, in a place that is not set. */
  change(op: Patch['op'], path: Path, value: unknown): void {
    const segment = path[path.length - 1]!;
    if (typeof segment === 'number') this.#inside(path).change(op, checkIndex(segment, path), value);
    else this.#insideKeys(path).change(op, segment, value, path);
  }

  /** Appends the patches that do to the state what was done to this place and inside it. */
  readOff(path: PathSegment[], out: Patch[]): void {
    if (this.isSet) out.push({ op: 'replace', path: path.slice(), value: this.value as Json });
    else if (this.#keys) this.#keys.readOff(path, out);
    else this.#elements?.readOff(path, out);
  }

  #inside(path: Path): Elements {
    if (this.#keys) throw invalid('an object is taken for an array', path);
    this.#elements ??= new Elements();
    return this.#elements;
  }

  #insideKeys(path: Path): Keys {
    if (this.#elements) throw invalid('an array is taken for an object', path);
    this.#keys ??= new Keys();
    return this.#keys;
  }
}

/** What happened to the keys of an object. */
class Keys {
  /** Keys the object had that have something changed inside or were replaced: they have kept their position. */
  readonly #changed = new Map<string, PatchNode>();
  /** Keys the object had and lost. One that is also added stands at another position now. */
  readonly #removed = new Set<string>();
  /** Keys that stand behind those the object kept, in this order. */
  readonly #added = new Map<string, PatchNode>();

  child(key: string, path: Path): PatchNode {
    const added = this.#added.get(key);
    if (added) return added;
    if (this.#removed.has(key)) throw invalid('a key that was removed is used', path);
    return place(this.#changed, key);
  }

  change(op: Patch['op'], key: string, value: unknown, path: Path): void {
    if (op === 'replace') this.child(key, path).set(value);
    else if (op === 'add') this.#add(key, value, path);
    else this.#remove(key, path);
  }

  #add(key: string, value: unknown, path: Path): void {
    if (this.#added.has(key) || this.#changed.has(key)) throw invalid('a key that is there is added', path);
    // An index key has its position by its number, so removed and added again it is only replaced.
    if (isIndexKey(key) && this.#removed.delete(key)) this.#changed.set(key, new PatchNode(value));
    else this.#added.set(key, new PatchNode(value));
  }

  #remove(key: string, path: Path): void {
    if (this.#added.delete(key)) return;
    if (this.#removed.has(key)) throw invalid('a key that was removed is removed', path);
    this.#changed.delete(key);
    this.#removed.add(key);
  }

  readOff(path: PathSegment[], out: Patch[]): void {
    for (const key of this.#removed) out.push({ op: 'remove', path: [...path, key] });
    for (const [key, changed] of this.#changed) {
      path.push(key);
      changed.readOff(path, out);
      path.pop();
    }
    for (const [key, added] of this.#added) out.push({ op: 'add', path: [...path, key], value: added.value as Json });
  }
}

/** What happened to the elements of an array. */
class Elements {
  /**
   * Which elements stand where; undefined while nothing was inserted or deleted. New elements are places that are set.
   */
  #order: Sequence<PatchNode> | undefined;
  /** Elements the array had that have something changed inside or were replaced, by the index they had. */
  readonly #changed = new Map<number, PatchNode>();

  child(index: number): PatchNode {
    const element = this.#order ? this.#order.at(index) : index;
    return typeof element === 'number' ? place(this.#changed, element) : element;
  }

  change(op: Patch['op'], index: number, value: unknown): void {
    if (op === 'replace') {
      this.child(index).set(value);
      return;
    }
    this.#order ??= new Sequence();
    if (op === 'add') {
      this.#order.insert(index, new PatchNode(value));
      return;
    }
    const removed = this.#order.remove(index);
    if (typeof removed === 'number') this.#changed.delete(removed);
  }

  /** From left to right, so that whatever stands before an index is final when the index is written. */
  readOff(path: PathSegment[], out: Patch[]): void {
    const changed = [...this.#changed].sort(([some], [other]) => some - other);
    let nextChanged = 0;
    let at = 0;
    let old = 0;
    let inserted: PatchNode[] = [];
    for (const entry of this.#order?.entries() ?? [new Run(0, Infinity)]) {
      if (!(entry instanceof Run)) {
        inserted.push(entry);
        continue;
      }
      at = readOffGap(entry.from - old, inserted, at, path, out);
      inserted = [];
      old = entry.from + entry.count;
      for (; nextChanged < changed.length && changed[nextChanged]![0] < old; nextChanged++) {
        const [index, element] = changed[nextChanged]!;
        path.push(at + index - entry.from);
        element.readOff(path, out);
        path.pop();
      }
      at += entry.count;
    }
  }
}

/** Between two old elements, `deleted` old ones give way to new ones. Returns the index behind them. */
function readOffGap(deleted: number, inserted: readonly PatchNode[], from: number, path: Path, out: Patch[]): number {
  let at = from;
  for (const element of inserted) {
    // No order of keys is at stake in an array: a deletion and an insertion at one index are a replacement.
    const op = at - from < deleted ? 'replace' : 'add';
    out.push({ op, path: [...path, at], value: element.value as Json });
    at++;
  }
  for (let left = deleted - inserted.length; left > 0; left--) out.push({ op: 'remove', path: [...path, at] });
  return at;
}

function place<K>(places: Map<K, PatchNode>, key: K): PatchNode {
  let found = places.get(key);
  if (!found) {
    found = new PatchNode();
    places.set(key, found);
  }
  return found;
}

function checkIndex(index: number, path: Path): number {
  if (Number.isSafeInteger(index) && index >= 0) return index;
  throw invalid('an index is no whole number', path);
}
