// Changes as a listing for people: grouped by the entity they belong to, old value and new, in colours. Before it:
// playhead.ts; after it: the terminal, by way of diff and replay.

import type { Json, Patch, Path } from '../../core/patch/patch.ts';
import { toPointer } from '../../core/patch/pointer.ts';
import { compactJson, printable } from '../../core/printable.ts';
import { shorten } from '../columns.ts';
import type { Colour, Paint } from '../paint.ts';

export const SIGNS: { readonly [op in Patch['op']]: readonly [string, Colour] } = {
  add: ['+', 'green'],
  remove: ['-', 'red'],
  replace: ['~', 'yellow'],
};

const INDENT = '  ';

/** How long a value may be that stands beside another one. */
const BESIDE = 60;

export interface ListedChange {
  readonly op: Patch['op'];
  readonly path: Path;
  /** Undefined for an addition. */
  readonly before: Json | undefined;
  /** Undefined for a removal. */
  readonly after: Json | undefined;
}

interface ChangeGroup {
  /** The pointer of the entity, or of the top-level key. */
  readonly of: string;
  readonly lines: string[];
}

/**
 * Gathers changes in the order in which their entities come up first. An entity is a child of a table; elsewhere what
 * stands at a top-level key is taken together. The lines are made at once, because a change does not keep.
 */
export class ChangeListing {
  readonly #tables: ReadonlySet<string>;
  readonly #paint: Paint;
  readonly #width: number | undefined;
  readonly #indent: string;
  readonly #groups = new Map<string, ChangeGroup>();
  #count = 0;

  /** `indent` stands before every line. */
  constructor(tables: ReadonlySet<string>, paint: Paint, width: number | undefined, indent = '') {
    this.#tables = tables;
    this.#paint = paint;
    this.#width = width;
    this.#indent = indent;
  }

  get count(): number {
    return this.#count;
  }

  get groups(): number {
    return this.#groups.size;
  }

  take(change: ListedChange): void {
    const { path } = change;
    const depth = this.#depthOf(path);
    const of = toPointer(path.slice(0, depth));
    let group = this.#groups.get(of);
    if (!group) {
      group = { of, lines: [] };
      this.#groups.set(of, group);
    }
    group.lines.push(this.#line(change, depth));
    this.#count += 1;
  }

  *lines(): Generator<string, void, undefined> {
    for (const { of, lines } of this.#groups.values()) {
      const title = this.#fitting(of === '' ? '(the whole state)' : printable(of), 0);
      yield `${this.#indent}${this.#paint('bold', title)}`;
      yield* lines;
    }
  }

  #depthOf(path: Path): number {
    return path.length > 1 && this.#tables.has(String(path[0])) ? 2 : Math.min(1, path.length);
  }

  #line({ op, path, before, after }: ListedChange, depth: number): string {
    const [sign, colour] = SIGNS[op];
    const place = printable(toPointer(path.slice(depth))).replace(/^\//, '');
    const value = valueText({ op, before, after });
    const text = place === '' ? value : `${place}  ${value}`;
    const fitting = this.#fitting(text, INDENT.length + sign.length + 1);
    return `${this.#indent}${INDENT}${this.#paint(colour, `${sign} ${fitting}`)}`;
  }

  #fitting(text: string, before: number): string {
    return fitting(text, this.#width, this.#indent.length + before);
  }
}

/** Text cut to what is left of a line behind so many columns. */
export function fitting(text: string, width: number | undefined, before = 0): string {
  return width === undefined ? text : shorten(text, Math.max(1, width - before));
}

/** What a change did, on one line: the value that came or went, or both. */
export function valueText({ op, before, after }: Omit<ListedChange, 'path'>): string {
  return op === 'replace' ? `${brief(before)} -> ${brief(after)}` : whole(op === 'add' ? after : before);
}

function whole(value: unknown): string {
  return value === undefined ? '' : compactJson(value);
}

/** Two values on one line: what is large is told by its size. */
function brief(value: unknown): string {
  const text = whole(value);
  if (text.length <= BESIDE || typeof value !== 'object' || value === null) return text;
  return Array.isArray(value) ? `a list of ${value.length}` : `an object of ${Object.keys(value).length}`;
}
