// Records of the engine without SQL: "game seq tag filler", and a state that is the CRC over all lines so far.

import { crc32 } from 'node:zlib';
import type { Dialect } from './chain.ts';

const FILLER = 'x'.repeat(4096);

export const plainDialect: Dialect = {
  write: ({ game, seq, tag, filler }) => `${game} ${seq} ${tag} ${FILLER.slice(0, filler)}`,
  fold(before, line) {
    return foldPlain(before?.fold, plainDialect.write(line));
  },
};

export function foldPlain(before: string | undefined, text: string): string {
  return String(crc32(text, Number(before ?? 0)));
}
