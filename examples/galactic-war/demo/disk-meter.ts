// How many bytes a directory has seen written, measured from outside: a child that is killed cannot report. Journal
// segments only grow and images never change, and no name is used twice, so the largest size seen of each name is what
// was written to it. docs/FORMAT.md says what the names mean.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface DiskUse {
  /** Bytes over all files there have been, and bytes of those that are there now. */
  readonly journalWritten: number;
  readonly journalNow: number;
  readonly imagesWritten: number;
  readonly imagesNow: number;
  /** Images there have been. */
  readonly images: number;
}

export class DiskMeter {
  readonly #directory: string;
  readonly #sizes = new Map<string, number>();
  #now = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Often enough that no file comes and goes between two looks: two checkpoints lie between. */
  look(): void {
    this.#now = new Set();
    for (const shard of namesIn(this.#directory)) {
      if (!/^shard-\d+$/.test(shard)) continue;
      for (const name of namesIn(join(this.#directory, shard))) {
        if (!/^(segment-\d+\.journal|image-\d+\.sqlite)$/.test(name)) continue;
        const path = join(this.#directory, shard, name);
        const size = statSync(path, { throwIfNoEntry: false })?.size;
        if (size === undefined) continue;
        this.#now.add(path);
        this.#sizes.set(path, Math.max(size, this.#sizes.get(path) ?? 0));
      }
    }
  }

  get use(): DiskUse {
    const sizes = [...this.#sizes];
    const images = sizes.filter(([path]) => path.endsWith('.sqlite'));
    const journal = sizes.filter(([path]) => path.endsWith('.journal'));
    const here = (all: typeof sizes): typeof sizes => all.filter(([path]) => this.#now.has(path));
    return {
      journalWritten: total(journal),
      journalNow: total(here(journal)),
      imagesWritten: total(images),
      imagesNow: total(here(images)),
      images: images.length,
    };
  }
}

function total(sizes: readonly (readonly [string, number])[]): number {
  return sizes.reduce((sum, [, size]) => sum + size, 0);
}

/** A folder that is not there yet holds nothing. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
