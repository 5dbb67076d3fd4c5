// Warns while there is time: an image that is larger than its bound is not published, and from then on the journal
// grows. Before it: engine.ts, with every checkpoint; after it: whoever listens to `imageGrowing`, and the log.

import type { GameInfo } from '../storage/game-info.ts';

/** An image has passed a half, three quarters or nine tenths of its bound. */
export interface GrowthWarning {
  readonly shard: number;
  readonly imageBytes: number;
  readonly maxImageBytes: number;
  /**
   * The games of the shard with the most records, most first; at most three, none when the shard could not be asked.
   */
  readonly games: readonly { readonly game: string; readonly type: string; readonly records: number }[];
  /** What to do about it. */
  readonly hint: string;
}

const SHARES = [1 / 2, 3 / 4, 9 / 10];
const NAMED_GAMES = 3;

export class Growth {
  readonly #mostBytes: number;
  /** By shard, how many of the shares its image has passed. */
  readonly #passed = new Map<number, number>();

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Whether a warning is due: each share is told once, and again when the image has been smaller in between. */
  passes(shard: number, imageBytes: number): boolean {
    const passed = SHARES.filter((share) => imageBytes >= share * this.#mostBytes).length;
    const before = this.#passed.get(shard) ?? 0;
    this.#passed.set(shard, passed);
    return passed > before;
  }

  /** `rows` are the games of the shard. */
  warning(shard: number, imageBytes: number, rows: readonly GameInfo[]): GrowthWarning {
    const most = [...rows].sort((a, b) => b.records - a.records).slice(0, NAMED_GAMES);
    const games = most.map(({ id, type, records }) => ({ game: id, type, records }));
    const types = [...new Set(games.map(({ type }) => JSON.stringify(type)))].join(', ');
    const which = types === '' ? 'the game types' : `the type ${types}`;
    const hint =
      `Say in \`persistence\` of ${which} how much of the past is kept, such as { tiers } or { keepRecords }: without it, all of it is. ` +
      'Or use more shards, or raise `maxImageBytes`. Above the bound nothing is lost, but no image is published and the journal grows.';
    return { shard, imageBytes, maxImageBytes: this.#mostBytes, games, hint };
  }
}

/** For the log. */
export function growthMessage({ imageBytes, maxImageBytes, hint }: GrowthWarning): string {
  const percent = Math.floor((100 * imageBytes) / maxImageBytes);
  return `the image of the shard has ${imageBytes} bytes, ${percent} % of what it may have (${maxImageBytes}). ${hint}`;
}
