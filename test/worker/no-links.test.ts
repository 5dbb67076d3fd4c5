// File systems that refuse second names of a file, each in its own way: everything can be made, opened, published and closed there.

import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { takeDirectory } from '#storage/sqlite/directory.ts';
import { createNodeFiles, type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { commit, expectRecovered, openOwner, perform, toldNothing } from '../fault/shard-script.ts';

let above: string;
let shard: string;
beforeEach(() => {
  above = fs.mkdtempSync(join(tmpdir(), 'orrery-links-'));
  shard = join(above, 'shard-00');
});
afterEach(() => {
  vi.doUnmock('node:fs');
  vi.resetModules();
  fs.rmSync(above, { recursive: true, force: true });
});

function failed(code: string): Error {
  return Object.assign(new Error(`${code}: made up`), { code });
}

function withoutLinks(code: string): Files {
  return createNodeFiles({
    ...fs,
    linkSync() {
      throw failed(code);
    },
  });
}

const ERRNOS = ['EPERM', 'EACCES', 'EISDIR', 'EINVAL', 'EXDEV', 'ENOSYS', 'ENOTSUP', 'EMLINK', 'UNKNOWN', 'EWHATEVER'];

it.each(ERRNOS)('[W33] %s: a shard is made, opened, checkpointed, taken over and closed', async (code) => {
  const files = withoutLinks(code);
  const told = toldNothing();
  const first = await openOwner(files, { directory: shard });
  commit(first, { a: 3 }, told);
  perform(first, { do: 'checkpoint', games: { b: 1 } }, told);
  let report = first.checkpoint();
  while (!report) report = first.checkpoint();
  // A name for people alone is left out, and that is told.
  expect(report.untidy).toMatchObject({ context: { errno: code } });
  expect(fs.existsSync(join(shard, 'latest.sqlite'))).toBe(false);
  const second = await openOwner(files, { directory: shard });
  expect(() => commit(first, { a: 1 }, { ...told, sent: new Map() })).toThrow(
    expect.objectContaining({ code: 'STALE_OWNER' }),
  );
  first.abandon();
  expectRecovered(second, told, 'taken over');
  commit(second, { a: 1 }, told);
  second.close();
  const { lock } = takeDirectory(files, join(above, 'saves'), undefined, 1);
  expect(() => takeDirectory(files, join(above, 'saves'), undefined, 1)).toThrow(
    expect.objectContaining({ code: 'ALREADY_OPEN' }),
  );
  lock.release();
  expect(fs.readdirSync(join(above, 'saves')).sort()).toEqual(['orrery.json', 'shard-00']);
});

it.each(['EACCES', 'EINVAL', 'UNKNOWN'])(
  '[W33] %s of one link where links work is a failure, and no other way is tried',
  (code) => {
    let refuse = true;
    const files = createNodeFiles({
      ...fs,
      linkSync(from, to) {
        if (refuse && String(to).endsWith('final')) throw failed(code);
        fs.linkSync(from, to);
      },
    });
    const draft = join(above, 'draft');
    files.close(files.createNew(draft));
    const refusal = { code: 'IO_FAILED', context: { errno: code, file: join(above, 'final') } };
    expect(() => files.publishNew(draft, join(above, 'final'))).toThrow(expect.objectContaining(refusal));
    expect(fs.readdirSync(above)).toEqual(['draft']);
    refuse = false;
    files.publishNew(draft, join(above, 'final'));
    expect(fs.readdirSync(above)).toEqual(['final']);
  },
);

it.each(['EIO', 'ENOSPC', 'EROFS'])('[W33] %s says nothing of links', (code) => {
  const draft = join(above, 'draft');
  nodeFiles.close(nodeFiles.createNew(draft));
  const refusal = expect.objectContaining({ context: expect.objectContaining({ errno: code }) });
  expect(() => withoutLinks(code).publishNew(draft, join(above, 'final'))).toThrow(refusal);
  expect(fs.readdirSync(above)).toEqual(['draft']);
});

it('[W34] a folder in the place of latest.sqlite stops nothing, and is told', async () => {
  fs.mkdirSync(join(shard, 'latest.sqlite'), { recursive: true });
  fs.writeFileSync(join(shard, 'latest.sqlite', 'mine'), 'mine');
  const told = toldNothing();
  const first = await openOwner(nodeFiles, { directory: shard });
  commit(first, { a: 3 }, told);
  let report = first.checkpoint();
  while (!report) report = first.checkpoint();
  expect(report.untidy).toMatchObject({ code: 'IO_FAILED' });
  first.close();
  const again = await openOwner(nodeFiles, { directory: shard });
  expectRecovered(again, told, 'opened again');
  again.close();
  expect(fs.readFileSync(join(shard, 'latest.sqlite', 'mine'), 'utf8')).toBe('mine');
});

it('[PC17] a file for Redux DevTools is written where there are no links, and replaces no other', async () => {
  vi.resetModules();
  vi.doMock('node:fs', async (original) => ({
    ...(await original<typeof fs>()),
    linkSync: () => {
      throw failed('EACCES');
    },
  }));
  vi.doMock('node:fs/promises', async (original) => ({
    ...(await original<object>()),
    link: () => Promise.reject(failed('EACCES')),
  }));
  try {
    const { writeNewFile } = await import('#cli/past/new-file.ts');
    const file = join(above, 'trace.json');
    await writeNewFile(file, (write) => write('whole'));
    expect(fs.readFileSync(file, 'utf8')).toBe('whole');
    await expect(writeNewFile(file, (write) => write('another'))).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(fs.readFileSync(file, 'utf8')).toBe('whole');
    expect(fs.readdirSync(above)).toEqual(['trace.json']);
  } finally {
    vi.doUnmock('node:fs/promises');
  }
});
