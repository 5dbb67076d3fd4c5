// What differs between systems, on whichever this runs: no O_NOFOLLOW and no folders to be opened on Windows, and dice that
// fall badly. The modules are loaded again for each, as they look at their system when they are loaded.

import type * as crypto from 'node:crypto';
import type * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { temporaryFolder } from './disk.ts';

afterEach(() => {
  vi.doUnmock('node:fs');
  vi.doUnmock('node:crypto');
  vi.resetModules();
  vi.unstubAllGlobals();
});

it('[J44] without O_NOFOLLOW and O_NONBLOCK files are made, written and read all the same', async () => {
  vi.resetModules();
  vi.doMock('node:fs', async (original) => {
    const actual = await original<typeof fs>();
    return { ...actual, constants: { ...actual.constants, O_NOFOLLOW: undefined, O_NONBLOCK: undefined } };
  });
  const { atomicWrite, nodeFiles } = await import('#storage/sqlite/files.ts');
  const path = join(temporaryFolder(), 'one');
  atomicWrite(nodeFiles, path, Buffer.from('content'));
  expect(Buffer.from(nodeFiles.read(path)).toString()).toBe('content');
});

it('[J44] on Windows no folder is opened to be synced', async () => {
  const { createNodeFiles } = await import('#storage/sqlite/files.ts');
  const actual = await vi.importActual<typeof fs>('node:fs');
  const opened: unknown[] = [];
  const files = createNodeFiles({
    ...actual,
    openSync: (...args) => {
      opened.push(args[0]);
      return actual.openSync(...args);
    },
  });
  const folder = temporaryFolder();
  files.syncDirectory(folder);
  expect(opened).toEqual([folder]);
  vi.stubGlobal('process', { ...process, platform: 'win32' });
  files.syncDirectory(folder);
  expect(opened).toEqual([folder]);
});

it('[J28] the salt of a segment is not zero, even when chance gives zero: stale zeros are never a frame', async () => {
  vi.resetModules();
  vi.doMock('node:crypto', async (original) => ({
    ...(await original<typeof crypto>()),
    randomBytes: (size: number) => Buffer.alloc(size),
  }));
  const { Journal } = await import('#storage/sqlite/journal/journal.ts');
  const { nodeFiles } = await import('#storage/sqlite/files.ts');
  const { START } = await import('./disk.ts');
  const { salt: _, ...start } = START;
  const journal = Journal.create(nodeFiles, temporaryFolder(), start);
  expect(journal.header.salt).toBe(1);
  journal.close();
});

it('[J4] a file that cannot be removed is not as good as removed', async () => {
  const { createNodeFiles } = await import('#storage/sqlite/files.ts');
  const actual = await vi.importActual<typeof fs>('node:fs');
  const files = createNodeFiles({
    ...actual,
    unlinkSync: () => {
      throw Object.assign(new Error('read-only'), { code: 'EROFS' });
    },
  });
  const refused = { code: 'IO_FAILED', context: { file: '/disk/one', errno: 'EROFS' } };
  expect(() => files.remove('/disk/one')).toThrow(expect.objectContaining(refused));
});
