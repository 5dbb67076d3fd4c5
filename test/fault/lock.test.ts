// Whose lock counts: that of the directory it lies in, of a process that lives, held open by somebody in it. Copies of directories,
// other threads, second copies of the module, and ids that are used again.

import type * as fs from 'node:fs';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { takeDirectory } from '#storage/sqlite/directory.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { DirectoryLock, holderOf } from '#storage/sqlite/lock.ts';
import { Chronicle } from './chronicle.ts';
import { PlayerProcess } from './player-process.ts';
import { projectRoot } from './project-root.ts';

let above: string;
let directory: string;
// Of each test its own: opening loads code, and a copy of the package must not mix with another.
let openOrrery: typeof import('#index.ts').openOrrery;
let world: typeof import('../programs/world.ts').world;
beforeEach(async () => {
  ({ openOrrery } = await import('#index.ts'));
  ({ world } = await import('../programs/world.ts'));
  above = mkdtempSync(join(tmpdir(), 'orrery-lock-'));
  directory = join(above, 'saves');
});
afterEach(() => {
  vi.doUnmock('node:fs');
  vi.resetModules();
  rmSync(above, { recursive: true, force: true });
});

function open(path = directory): ReturnType<typeof openOrrery> {
  return openOrrery({ directory: path, games: [world] });
}

function lock(): { pid: number; started: string; folder: string; token: string } {
  return JSON.parse(readFileSync(join(directory, 'LOCK'), 'utf8'));
}

it('[V17] a copy of a directory that is open opens, though it has the lock of the other; a moved one does not', async () => {
  const orrery = await open();
  const game = await orrery.open(world, 'alpha');
  await game.dispatch('log', { text: 'before the copy' }).durable;
  const copy = join(above, 'copy');
  cpSync(directory, copy, { recursive: true });
  expect(existsSync(join(copy, 'LOCK'))).toBe(true);
  expect(lock().folder).toBe(nodeFiles.identity(directory));
  const other = await open(copy);
  expect((await other.load(world, 'alpha')).state.log).toEqual(['before the copy']);
  await other.close();
  const moved = join(above, 'moved');
  renameSync(directory, moved);
  await expect(open(moved)).rejects.toMatchObject({ code: 'ALREADY_OPEN', context: { pid: process.pid } });
  renameSync(moved, directory);
  await game.dispatch('log', { text: 'after the copy' }).durable;
  await orrery.close();
});

it('[V17] so it does while another process has the original', async () => {
  const player = new PlayerProcess(new Chronicle());
  await player.reached('ready');
  player.order({ directory, seed: 1, commands: 0, ending: 'wait' });
  await player.reached('running');
  try {
    const copy = join(above, 'copy');
    cpSync(directory, copy, { recursive: true });
    expect(holderOf(nodeFiles, directory)).toBe(player.pid);
    expect(holderOf(nodeFiles, copy)).toBeUndefined();
    await (await open(copy)).close();
    // A lock of an older version does not say what it locks.
    const { folder: _, ...older } = lock();
    writeFileSync(join(copy, 'LOCK'), JSON.stringify(older));
    await expect(open(copy)).rejects.toMatchObject({ code: 'ALREADY_OPEN', context: { pid: player.pid } });
  } finally {
    player.kill();
    await player.ended();
  }
});

it('[V18] a second copy of the module is refused a directory that is open, and has it afterwards', async () => {
  const orrery = await open();
  const game = await orrery.open(world, 'alpha');
  vi.resetModules();
  const second: typeof import('#index.ts') = await import('#index.ts');
  const { world: same } = await import('../programs/world.ts');
  expect(second.openOrrery).not.toBe(openOrrery);
  const again = (): ReturnType<typeof openOrrery> => second.openOrrery({ directory, games: [same] });
  await expect(again()).rejects.toMatchObject({
    code: 'ALREADY_OPEN',
    message: expect.stringContaining('by this process'),
    context: { pid: process.pid },
  });
  await game.dispatch('log', { text: 'still mine' }).durable;
  await orrery.close();
  await (await again()).close();
  expect(readdirSync(directory)).not.toContain('LOCK');
});

/** Opens the directory in a thread of this process, with the compiled package. */
async function openInThread(): Promise<{ worker: Worker; result: string }> {
  const source = `
    import { parentPort } from 'node:worker_threads';
    import { defineGame, openOrrery } from ${JSON.stringify(pathToFileURL(join(projectRoot(), 'dist/src/index.js')).href)};
    const game = defineGame('world', { version: 1, initial: () => ({}), commands: {} });
    openOrrery({ directory: ${JSON.stringify(directory)}, games: [game] }).then(
      () => parentPort.postMessage('open'),
      (error) => parentPort.postMessage(error.code),
    );
    setInterval(() => {}, 1000);`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const result = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { worker, result };
}

it('[V18] another thread is refused a directory that is open; what a thread had that was ended is free', async () => {
  const orrery = await open();
  const game = await orrery.open(world, 'alpha');
  const { worker, result } = await openInThread();
  expect(result).toBe('ALREADY_OPEN');
  await worker.terminate();
  await game.dispatch('log', { text: 'still mine' }).durable;
  await orrery.close();

  const player = await openInThread();
  expect(player.result).toBe('open');
  await expect(open()).rejects.toMatchObject({ code: 'ALREADY_OPEN', context: { pid: process.pid } });
  await player.worker.terminate();
  expect(readdirSync(directory)).toContain('LOCK');
  const after = await open();
  expect((await after.load(world, 'alpha')).state.log).toEqual(['still mine']);
  await after.close();
  expect(readdirSync(directory)).not.toContain('LOCK');
});

it('[V19] a lock of an earlier process that had the id of this one does not count, open in this process or not', async ({
  skip,
}) => {
  if (process.platform !== 'linux') skip(`${process.platform} does not say when a process started`);
  const orrery = await open();
  const mine = lock();
  await orrery.close();
  writeFileSync(join(directory, 'LOCK'), JSON.stringify({ ...mine, started: '1' }));
  const descriptor = openSync(join(directory, 'LOCK'), 'r');
  await (await open()).close();
  writeFileSync(join(directory, 'LOCK'), JSON.stringify(mine));
  await (await open()).close();
  expect(readdirSync(directory)).not.toContain('LOCK');
  closeSync(descriptor);
});

/** lock.ts on a system that has no /proc. */
async function lockElsewhere(): Promise<typeof import('#storage/sqlite/lock.ts') & { files: typeof nodeFiles }> {
  vi.resetModules();
  vi.doMock('node:fs', async (original) => {
    const actual = await original<typeof fs>();
    const none = (path: unknown): void => {
      if (/^\/(proc|dev)\//.test(String(path))) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    };
    return {
      ...actual,
      readFileSync: (path: string, ...rest: unknown[]) => {
        none(path);
        return (actual.readFileSync as (...args: unknown[]) => unknown)(path, ...rest);
      },
      readdirSync: (path: string, ...rest: unknown[]) => {
        none(path);
        return (actual.readdirSync as (...args: unknown[]) => unknown)(path, ...rest);
      },
    };
  });
  const { nodeFiles: files } = await import('#storage/sqlite/files.ts');
  return { ...(await import('#storage/sqlite/lock.ts')), files };
}

it('[V19] where no system tells of processes, a lock of a number in use refuses, and the hint says what to do', async () => {
  mkdirSync(directory);
  const elsewhere = await lockElsewhere();
  const held = elsewhere.DirectoryLock.take(elsewhere.files, directory);
  const mine = lock();
  expect(mine.started).toBe('');
  const refusal = { code: 'ALREADY_OPEN', hint: expect.stringContaining('remove the file LOCK') };
  // The module is loaded twice: it sees that the file is open, and nothing else.
  const second = await lockElsewhere();
  expect(() => second.DirectoryLock.take(second.files, directory)).toThrow(expect.objectContaining(refusal));
  held.release();
  writeFileSync(join(directory, 'LOCK'), JSON.stringify({ ...mine, pid: process.ppid }));
  expect(() => second.DirectoryLock.take(second.files, directory)).toThrow(expect.objectContaining(refusal));
  // Of an earlier process with the same number nothing is open here.
  writeFileSync(join(directory, 'LOCK'), JSON.stringify(mine));
  second.DirectoryLock.take(second.files, directory).release();
  expect(readdirSync(directory)).toEqual([]);
});

/** Files of which one cannot be removed while another program holds it. */
function holding(name: string): { files: typeof nodeFiles; held: boolean } {
  const holder = {
    held: true,
    files: {
      ...nodeFiles,
      remove(path: string) {
        if (!holder.held || !path.endsWith(`/${name}`)) nodeFiles.remove(path);
        else nodeFiles.remove(join(path, 'EBUSY'));
      },
    },
  };
  return holder;
}

it('[V20] a dead lock that cannot be removed does not stop an opening, and goes when it can', () => {
  mkdirSync(directory);
  writeFileSync(join(directory, 'LOCK'), '');
  const holder = holding('LOCK');
  expect(DirectoryLock.take(holder.files, directory).release()).toBeUndefined();
  expect(readdirSync(directory)).toEqual(['LOCK']);
  holder.held = false;
  expect(DirectoryLock.take(holder.files, directory).release()).toBeUndefined();
  expect(readdirSync(directory)).toEqual([]);
});

it('[V20] a lock that cannot be removed at closing counts for nothing, also while its process lives', async () => {
  const player = new PlayerProcess(new Chronicle());
  await player.reached('ready');
  try {
    mkdirSync(directory);
    const holder = holding('LOCK');
    const lock = DirectoryLock.take(holder.files, directory);
    expect(lock.release()).toMatchObject({ code: 'IO_FAILED' });
    expect(readdirSync(directory)).toEqual(['LOCK']);
    player.order({ directory, seed: 1, commands: 0, ending: 'wait' });
    await player.reached('running');
    expect(holderOf(nodeFiles, directory)).toBe(player.pid);
  } finally {
    player.kill();
    await player.ended();
  }
});

it('[V20] nor does a leftover that cannot be removed: the others go, and it goes when it can', () => {
  const [held, other] = ['LOCK.0123456789ab.tmp', 'orrery.json.0123456789ab.tmp'] as const;
  mkdirSync(directory);
  writeFileSync(join(directory, held), '');
  writeFileSync(join(directory, other), '');
  const holder = holding(held);
  takeDirectory(holder.files, directory, undefined, 1).lock.release();
  expect(readdirSync(directory).sort()).toEqual([held, 'orrery.json', 'shard-00']);
  holder.held = false;
  takeDirectory(holder.files, directory, undefined, 1).lock.release();
  expect(readdirSync(directory).sort()).toEqual(['orrery.json', 'shard-00']);
});
