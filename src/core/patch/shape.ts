// The shapes of the objects at one place: the entities of a table, the arguments of a command. Objects of a game that
// stand side by side nearly always have the same keys, and for those shape-code.ts makes functions that copy and
// compare them fast.

import { admit, isJsonPrimitive } from './admit.ts';
import { cloneJson, type Mutable } from './apply.ts';
import { freezeDeep } from './freeze.ts';
import { isForbiddenKey, isIndexKey, type Json, type JsonArray, type JsonObject } from './patch.ts';
import { compileShape, type ShapeCode, type Ways } from './shape-code.ts';

/** Wider or deeper objects, and long keys, get no code: they are seldom alike, and code has its price too. */
const MOST_KEYS = 40;
const MOST_LEVELS = 4;
const LONGEST_KEY = 64;
/** Objects that found no shape before one is made for the next. */
const TRIALS = 16;
/** Shapes at one place. Where there are more, objects are used as dictionaries. */
const MOST_HERE = 4;
/** Shapes in a process: code is never given back. */
const MOST_AT_ALL = 512;

function isNamed(key: string): boolean {
  return key.length <= LONGEST_KEY && !isIndexKey(key) && !isForbiddenKey(key);
}

/** All shapes there is code for: a thousand tables of one kind share theirs. */
export class ShapeRegistry {
  /** By their keys and the shapes below them. */
  readonly #known = new Map<string, ShapeCode>();
  /** Counted from 1. */
  readonly #numbers = new Map<ShapeCode, number>();
  readonly #ways: Ways;
  readonly #most: number;

  /** What code of a shape calls for whatever is not of the shape. */
  constructor(ways: Omit<Ways, 'cloneJson' | 'isSound'>, most = MOST_AT_ALL) {
    this.#ways = { ...ways, cloneJson, isSound: isJsonPrimitive };
    this.#most = most;
  }

  /** The shape of a value that a state may hold; undefined where code would not be worth it, or cannot be. */
  shapeOf(value: Json, level = 1): ShapeCode | undefined {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || level > MOST_LEVELS) return undefined;
    const keys = Object.keys(value);
    if (keys.length === 0 || keys.length > MOST_KEYS || !keys.every(isNamed)) return undefined;
    const children = keys.map((key) => this.shapeOf((value as JsonObject)[key] as Json, level + 1));
    const signature = JSON.stringify([keys, children.map((child) => (child ? this.#numbers.get(child) : 0))]);
    const before = this.#known.get(signature);
    if (before || this.#known.size >= this.#most) return before;
    const shape = compileShape(keys, children, this.#ways);
    if (!shape) return undefined;
    this.#known.set(signature, shape);
    this.#numbers.set(shape, this.#known.size);
    return shape;
  }
}

export class Shapes {
  readonly #all: ShapeRegistry;
  #here: readonly ShapeCode[] = [];
  #misses = 0;

  constructor(all: ShapeRegistry) {
    this.#all = all;
  }

  /** As cloneJson. */
  clone(value: Json): Mutable {
    if (typeof value !== 'object' || value === null) return value;
    for (const shape of this.#here) {
      const copy = shape.clone(value);
      if (copy !== undefined) return copy;
    }
    this.#missed(value);
    return cloneJson(value);
  }

  /** The code for what a state holds; undefined when there is none. */
  of(value: JsonObject | JsonArray): ShapeCode | undefined {
    for (const shape of this.#here) if (shape.fits(value)) return shape;
    this.#missed(value);
    return undefined;
  }

  /** As admit, and frozen. */
  admit(value: unknown): Json {
    if (typeof value !== 'object' || value === null) return admit(value, []);
    for (const shape of this.#here) {
      const admitted = admittedBy(shape, value);
      if (admitted !== undefined) return admitted;
    }
    const admitted = freezeDeep(admit(value, []));
    this.#missed(admitted as JsonObject | JsonArray);
    return admitted;
  }

  #missed(value: JsonObject | JsonArray): void {
    if (this.#here.length === MOST_HERE) return;
    this.#misses += 1;
    if (this.#misses < TRIALS) return;
    this.#misses = 0;
    const shape = this.#all.shapeOf(value);
    if (shape && !this.#here.includes(shape)) this.#here = [...this.#here, shape];
  }
}

/** A value that throws when it is read is left to admit, which says so with its path. */
function admittedBy(shape: ShapeCode, value: object): Json | undefined {
  try {
    return shape.admit(value);
  } catch {
    return undefined;
  }
}
