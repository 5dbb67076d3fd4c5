// Stands in for image/database.ts where a state is to be looked at in a fraction of a millisecond: games and meta rows in
// memory, and an image that is one line of JSON in pages, read as a database reads its own. The engine around it is the
// real one; see variant.ts.

import { OrreryError } from '#core/errors.ts';
import type { Files } from '#storage/sqlite/files.ts';
import type { ImageCheck } from '#storage/sqlite/image/image-check.ts';
import { type ImageContent, wholeContent } from '#storage/sqlite/image/image-content.ts';
import type { FilePages } from '#storage/sqlite/pages/file-pages.ts';
import { PageChecksums } from '#storage/sqlite/pages/page-checksums.ts';
import { PAGE_BYTES } from '#storage/sqlite/pages/page-size.ts';
import { readThrough } from '#storage/sqlite/pages/read-through.ts';
import type { Standing } from './chain.ts';

interface Exported {
  readonly meta: readonly (readonly [string, string])[];
  readonly games: readonly (readonly [string, Standing])[];
}

export class PlainDatabase {
  readonly meta: Map<string, string>;
  readonly games: Map<string, Standing>;
  readonly failure = undefined;
  #image: FilePages | undefined;

  private constructor({ meta, games }: Exported, image?: FilePages) {
    this.meta = new Map(meta);
    this.games = new Map(games);
    this.#image = image;
  }

  static open(bytes?: Uint8Array): PlainDatabase {
    return new PlainDatabase(bytes === undefined ? { meta: [], games: [] } : parse(bytes));
  }

  static takesPages(): boolean {
    return true;
  }

  /** All pages are read at once: from then on none is asked for. */
  static paged(_rooms: unknown, image?: FilePages): PlainDatabase {
    if (!image) return PlainDatabase.open();
    try {
      const pages = Array.from({ length: image.count }, (_, page) => image.read(page));
      return new PlainDatabase(parse(Buffer.concat(pages)), image);
    } catch (error) {
      image.close();
      throw error;
    }
  }

  static empty(): PlainDatabase {
    return PlainDatabase.open();
  }

  shrink(): boolean {
    return false;
  }

  vacuum(): void {}

  freeze(): ImageContent {
    return {
      ...wholeContent(this.export()),
      published: (image) => {
        this.#image?.close();
        this.#image = image;
      },
    };
  }

  export(): Uint8Array {
    const text = JSON.stringify({ meta: [...this.meta], games: [...this.games] } satisfies Exported);
    const bytes = Buffer.alloc(Math.ceil((HEADER_BYTES + text.length) / PAGE_BYTES) * PAGE_BYTES, ' ');
    bytes.writeUInt16BE(PAGE_BYTES, PAGE_SIZE_AT);
    bytes.write(text, HEADER_BYTES, 'latin1');
    return bytes;
  }

  inspectFile(files: Files, path: string): ImageCheck {
    const bytes = files.size(path);
    const handle = files.openRead(path);
    try {
      const { sha256 } = readThrough(files, handle, bytes, new PageChecksums());
      parse(files.readAt(handle, 0, bytes));
      return { sha256, verdict: 'ok' };
    } finally {
      files.close(handle);
    }
  }

  close(): void {
    this.#image?.close();
    this.#image = undefined;
    this.games.clear();
  }
}

/** As in a SQLite file, where its header says how large its pages are. */
const HEADER_BYTES = 100;
const PAGE_SIZE_AT = 16;

function parse(bytes: Uint8Array): Exported {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    return JSON.parse(buffer.toString('latin1', HEADER_BYTES)) as Exported;
  } catch (cause) {
    throw new OrreryError({
      code: 'DAMAGED',
      what: 'an image is not one',
      hint: 'It belongs to the simulator.',
      cause,
    });
  }
}

/** In place of that of image/rows.ts. */
export function readMeta(database: PlainDatabase): Map<string, string> {
  return database.meta;
}
