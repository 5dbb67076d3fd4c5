// The hash behind random numbers, beside Node's.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Sha256 } from '#core/game/sha256.ts';

const hasher = new Sha256();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

it('[D36] the hash is SHA-256: of every length around the ends of blocks, and of any bytes', () => {
  for (let length = 0; length < 260; length += 1) {
    const message = Uint8Array.from({ length }, (_, index) => index * 7 + length);
    expect(hex(hasher.digest(message)), `${length} bytes`).toBe(createHash('sha256').update(message).digest('hex'));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (message) => {
      expect(hex(hasher.digest(message))).toBe(createHash('sha256').update(message).digest('hex'));
    }),
  );
});
