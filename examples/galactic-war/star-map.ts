// The sky as a plane of whole-number cells, a tenth of a degree each. The map closes on itself from east to west, so
// the two edges in right ascension are neighbours.

import type { Star } from './stars.ts';

export const MAP_WIDTH = 3600;
export const MAP_HEIGHT = 1801;

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Cells between two places in a straight line, rounded up. Square roots are exact in IEEE arithmetic, hypot is not. */
export function distance(from: Place, to: Place): number {
  const across = Math.abs(from.x - to.x);
  const dx = Math.min(across, MAP_WIDTH - across);
  const dy = from.y - to.y;
  return Math.ceil(Math.sqrt(dx * dx + dy * dy));
}

/**
 * A cell for every star, no two alike: its own, or the nearest free one on the rings around it. Stars choose in the
 * order of their numbers, so the same stars get the same cells whatever the order of the list. By Hipparcos number.
 */
export function placeStars(stars: readonly Star[]): Map<number, Place> {
  if (stars.length > (MAP_WIDTH * MAP_HEIGHT) / 2) throw new RangeError(`${stars.length} stars do not fit on the map`);
  const taken = new Set<number>();
  const places = new Map<number, Place>();
  for (const star of [...stars].sort((one, other) => one.hip - other.hip)) {
    const x = wrapped(Math.round((star.ra + 180) * 10));
    const y = Math.round((star.dec + 90) * 10);
    const place = nearestFree(x, y, taken);
    taken.add(place.y * MAP_WIDTH + place.x);
    places.set(star.hip, place);
  }
  return places;
}

function nearestFree(x: number, y: number, taken: ReadonlySet<number>): Place {
  for (let ring = 0; ; ring += 1) {
    for (let dy = -ring; dy <= ring; dy += 1) {
      // Only the edge of the square: its inside was searched before.
      const step = Math.abs(dy) === ring ? 1 : Math.max(1, 2 * ring);
      for (let dx = -ring; dx <= ring; dx += step) {
        const place = { x: wrapped(x + dx), y: y + dy };
        const onMap = place.y >= 0 && place.y < MAP_HEIGHT;
        if (onMap && !taken.has(place.y * MAP_WIDTH + place.x)) return place;
      }
    }
  }
}

function wrapped(x: number): number {
  return ((x % MAP_WIDTH) + MAP_WIDTH) % MAP_WIDTH;
}

/**
 * Who is near whom. Built once from the systems of a galaxy, which never move; then the neighbours of one system are
 * found in its own and the eight surrounding squares, however large the galaxy is.
 */
export class StarMap {
  readonly reach: number;
  readonly #places = new Map<string, Place>();
  readonly #squares = new Map<number, string[]>();
  readonly #neighbours = new Map<string, readonly string[]>();
  readonly #columns: number;

  constructor(systems: Iterable<Place & { readonly id: string }>, reach: number) {
    this.reach = reach;
    // Rounding down makes the columns at least `reach` wide, so that nine squares are enough.
    this.#columns = Math.max(1, Math.floor(MAP_WIDTH / reach));
    for (const { id, x, y } of systems) {
      this.#places.set(id, { x, y });
      const square = this.#square(this.#column(x), this.#row(y));
      const inSquare = this.#squares.get(square);
      if (inSquare) inSquare.push(id);
      else this.#squares.set(square, [id]);
    }
  }

  /** Ids of the systems within reach of one, nearest first, systems at one distance by id. */
  neighbours(id: string): readonly string[] {
    const known = this.#neighbours.get(id);
    if (known) return known;
    const from = this.#places.get(id);
    if (!from) throw new Error(`there is no system ${id} on this map`);
    const near: { id: string; cells: number }[] = [];
    for (const other of this.#around(from)) {
      const cells = distance(from, this.#places.get(other)!);
      if (other !== id && cells <= this.reach) near.push({ id: other, cells });
    }
    near.sort((one, other) => one.cells - other.cells || (one.id < other.id ? -1 : 1));
    const found = near.map((neighbour) => neighbour.id);
    this.#neighbours.set(id, found);
    return found;
  }

  *#around({ x, y }: Place): Iterable<string> {
    const seen = new Set<number>();
    for (let row = this.#row(y) - 1; row <= this.#row(y) + 1; row += 1) {
      for (let column = this.#column(x) - 1; column <= this.#column(x) + 1; column += 1) {
        const square = this.#square((column + this.#columns) % this.#columns, row);
        if (seen.has(square)) continue;
        seen.add(square);
        yield* this.#squares.get(square) ?? [];
      }
    }
  }

  #column(x: number): number {
    return Math.min(this.#columns - 1, Math.floor((x * this.#columns) / MAP_WIDTH));
  }

  #row(y: number): number {
    return Math.floor(y / this.reach);
  }

  #square(column: number, row: number): number {
    return (row + 1) * this.#columns + column;
  }
}
