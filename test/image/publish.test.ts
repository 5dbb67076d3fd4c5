// An image counts only when it reads back as it was written.

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Files } from '#storage/sqlite/files.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { imageName, publishImage, readImage } from '#storage/sqlite/image/image.ts';
import { CHECKER_IN_PLACE } from '#storage/sqlite/image/image-check.ts';
import { wholeContent } from '#storage/sqlite/image/image-content.ts';
import { VolatileDisk } from '../fault/volatile-disk.ts';

const FOLDER = '/disk';
let database: Database;
let disk: VolatileDisk;
beforeEach(async () => {
  database = await Database.open();
  disk = new VolatileDisk();
});
afterEach(() => database.close());

function publish(files: Files, bytes: Uint8Array): string {
  const publishing = publishImage(files, FOLDER, 7, wholeContent(bytes), database, CHECKER_IN_PLACE);
  for (;;) {
    const step = publishing.next();
    if (step.done) return step.value;
  }
}

/** The disk, but what it gives back is not quite what it got. */
function lying(change: (bytes: Buffer) => void): Files {
  return new Proxy(disk, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      if (name !== 'readAt') return member.bind(target);
      return (...of: Parameters<Files['readAt']>) => {
        const bytes = Buffer.from(target.readAt(...of));
        change(bytes);
        return bytes;
      };
    },
  });
}

it('[I14] an image is durable with its name, and is read again only as it was written', () => {
  const bytes = database.export();
  const sha256 = publish(disk, bytes);
  disk.cutPower();
  const entry = { generation: 7, bytes: bytes.length, sha256, frame: 3, chain: 4 };
  expect(Buffer.from(readImage(disk, FOLDER, entry))).toEqual(Buffer.from(bytes));
  for (const wrong of [{ bytes: bytes.length - 1 }, { sha256: '0'.repeat(64) }, { generation: 8 }]) {
    const file = `${FOLDER}/${imageName(wrong.generation ?? 7)}`;
    expect(() => readImage(disk, FOLDER, { ...entry, ...wrong })).toThrow(
      expect.objectContaining({ code: 'DAMAGED', context: { file } }),
    );
  }
});

it('[I14] one that does not read back, or that SQLite finds fault with, gets no name and leaves nothing', () => {
  const bytes = database.export();
  const flip = (buffer: Buffer): void => {
    buffer[2_000] = (buffer[2_000] as number) ^ 4;
  };
  expect(() => publish(lying(flip), bytes)).toThrow(expect.objectContaining({ code: 'DAMAGED' }));
  const broken = Buffer.from(bytes);
  // The type of the page that holds the schema.
  broken[100] = 3;
  expect(() => publish(disk, broken)).toThrow(
    expect.objectContaining({ code: 'DAMAGED', message: expect.stringContaining('quick_check') }),
  );
  expect(disk.names()).toEqual([]);
});
