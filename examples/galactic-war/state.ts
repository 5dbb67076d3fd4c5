// What a galaxy consists of, as the commands see it and as readers see it. Nothing here knows Orrery: the commands run
// on any object of this shape, which is how recompute.ts can check the engine with plain Maps.

import type { AgendaPage } from './agenda.ts';
import { type Books, openBooks } from './books.ts';
import type { NewsItem } from './news.ts';
import type { Player } from './player.ts';
import { checkedPace, type Pace } from './rules.ts';
import { placeStars } from './star-map.ts';
import type { Star } from './stars.ts';
import { stockOf } from './stock.ts';
import type { System, SystemView } from './system.ts';

/** What a new galaxy is made from. */
export interface Setup {
  readonly stars: readonly Star[];
  readonly pace: Pace;
}

/** Entities by id, inside a command. `get` opens one to be changed in place, `peek` is for reading. */
export interface Rows<T> {
  readonly size: number;
  has(id: string): boolean;
  get(id: string): T | undefined;
  peek(id: string): T | undefined;
  set(id: string, entity: T): unknown;
  delete(id: string): boolean;
}

/** Entities by id, for readers. */
export interface ReadonlyRows<T> {
  readonly size: number;
  has(id: string): boolean;
  get(id: string): T | undefined;
  values(): Iterable<T>;
}

interface GalaxyPlain {
  pace: Pace;
  /** Free systems in which a new player may begin: the brightest stars. */
  homes: string[];
  /** Players, the highest score first, equals by id. */
  ranking: string[];
  books: Books;
  /** How many timed events are still to come. */
  pending: number;
  /** What happened last, oldest first. */
  news: NewsItem[];
}

/** A galaxy inside a command. */
export interface GalaxyDraft extends GalaxyPlain {
  systems: Rows<System>;
  players: Rows<Player>;
  /** Timed events by the tick they are due at: a tick looks up one page and never searches. */
  agenda: Rows<AgendaPage>;
}

/** A galaxy as readers see it. */
export interface GalaxyView {
  readonly pace: Readonly<Pace>;
  readonly homes: readonly string[];
  readonly ranking: readonly string[];
  readonly books: { readonly [K in keyof Books]: Readonly<Books[K]> };
  readonly pending: number;
  readonly news: readonly Readonly<NewsItem>[];
  readonly systems: ReadonlyRows<SystemView>;
  readonly players: ReadonlyRows<Omit<Readonly<Player>, 'systems'> & { readonly systems: readonly string[] }>;
  readonly agenda: ReadonlyRows<Readonly<Omit<AgendaPage, 'events'>>>;
}

/** What a command knows besides state and arguments. */
export interface Turn {
  readonly tick: number;
  readonly player?: string | undefined;
  random(): number;
}

/** How many of the brightest stars may become somebody's home; half of all stars if there are few. */
export const HOMES = 256;

/**
 * A galaxy as a new one begins, its systems as a list. Throws RangeError for a pace or a number of stars that cannot
 * be.
 */
export function newGalaxy(setup: Setup): GalaxyPlain & { systems: System[] } {
  return {
    pace: checkedPace(setup.pace),
    systems: systemsOf(setup.stars),
    homes: homesAmong(setup.stars),
    ranking: [],
    books: openBooks(),
    pending: 0,
    news: [],
  };
}

function systemsOf(stars: readonly Star[]): System[] {
  const places = placeStars(stars);
  if (places.size !== stars.length) throw new RangeError('two stars have the same Hipparcos number');
  return stars.map((star) => {
    const { x, y } = places.get(star.hip)!;
    return {
      id: String(star.hip),
      name: star.name === '' ? `HIP ${star.hip}` : star.name,
      x,
      y,
      yields: yieldsOf(star),
      owner: null,
      stock: stockOf(),
      asOf: 0,
      structures: {},
      building: {},
    };
  });
}

/** The Sun's colour, for the few stars whose own nobody has measured. */
const SOLAR_BV = 0.65;

/**
 * What a star is good for, in percent. Red stars are old and rich in metal, blue ones leave their comets frozen and so
 * full of water, and under a bright sky crews multiply.
 */
function yieldsOf(star: Star): System['yields'] {
  const redness = Math.round((star.bv ?? SOLAR_BV) * 100);
  return {
    metal: within(50, 100 + Math.round((redness - 65) / 4), 175),
    crew: within(50, 100 + Math.round((4 - star.mag) * 10), 175),
    water: within(50, 100 - Math.round((redness - 65) / 4), 175),
  };
}

function within(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function homesAmong(stars: readonly Star[]): string[] {
  const byBrightness = [...stars].sort((one, other) => one.mag - other.mag || one.hip - other.hip);
  return byBrightness.slice(0, Math.min(HOMES, Math.ceil(stars.length / 2))).map((star) => String(star.hip));
}
