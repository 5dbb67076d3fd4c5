// Stands in for image/database.ts where a state is to be looked at in a fraction of a millisecond: games and meta rows in
// memory, and an export that is one line of JSON. The engine around it is the real one; see variant.ts.

import { OrreryError } from '#core/errors.ts';
import type { Standing } from './chain.ts';

interface Exported {
  readonly meta: readonly (readonly [string, string])[];
  readonly games: readonly (readonly [string, Standing])[];
}

export class PlainDatabase {
  readonly meta: Map<string, string>;
  readonly games: Map<string, Standing>;

  private constructor({ meta, games }: Exported) {
    this.meta = new Map(meta);
    this.games = new Map(games);
  }

  static open(bytes?: Uint8Array): PlainDatabase {
    return new PlainDatabase(bytes === undefined ? { meta: [], games: [] } : parse(bytes));
  }

  shrink(): boolean {
    return false;
  }

  export(): Uint8Array {
    return Buffer.from(JSON.stringify({ meta: [...this.meta], games: [...this.games] } satisfies Exported));
  }

  inspect(bytes: Uint8Array): string {
    parse(bytes);
    return 'ok';
  }

  close(): void {
    this.games.clear();
  }
}

function parse(bytes: Uint8Array): Exported {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')) as Exported;
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
