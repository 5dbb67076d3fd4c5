// Folders that are moved, copied or emptied under an owner that is at work. It acknowledges only what is in the folder that it
// opened, where it opened it; put back, everything goes on, and nothing is taken for another process that is none.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineGame, type OrreryError, openOrrery } from '#index.ts';
import { createNodeFiles, nodeFiles } from '#storage/sqlite/files.ts';
import { ownerName } from '#storage/sqlite/recovery/lease.ts';
import type { Owner } from '#storage/sqlite/worker/owner.ts';
import { batchOf, commit, expectRecovered, openOwner, perform, toldNothing } from '../fault/shard-script.ts';

const counter = defineGame('counter', {
  version: 1,
  initial: () => ({ count: 0 }),
  commands: {
    add(draft, by: number) {
      draft.count += by;
    },
  },
});

let above: string;
let directory: string;
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), 'orrery-moved-'));
  directory = join(above, 'parent', 'saves');
});
afterEach(() => rmSync(above, { recursive: true, force: true }));

/** Every file below, by its path from there. */
function contents(path: string): Map<string, string> {
  const found = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    found
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [relative(path, file), readFileSync(file).toString('base64')]),
  );
}

describe('an orrery whose folders are moved away', () => {
  /** Plays while something is wrong, and after it has been put right. */
  async function play(wrong: () => void, right: () => void, opened = directory): Promise<OrreryError[]> {
    const orrery = await openOrrery({ directory: opened, games: [counter] });
    const degraded: OrreryError[] = [];
    let recovered = 0;
    orrery.on('degraded', (error) => degraded.push(error));
    orrery.on('recovered', () => {
      recovered += 1;
    });
    const game = await orrery.open(counter, 'a');
    wrong();
    const receipt = game.dispatch('add', 1);
    let settled = false;
    const durable = receipt.durable.then(() => {
      settled = true;
    });
    await expect.poll(() => degraded.length).toBeGreaterThan(0);
    expect(settled).toBe(false);
    expect(orrery.health.state).toBe('degraded');
    game.dispatch('add', 10);
    expect(game.state.count).toBe(11);
    right();
    await durable;
    await game.dispatch('add', 100).durable;
    await expect.poll(() => recovered).toBeGreaterThan(0);
    await orrery.checkpoint();
    expect(orrery.health.state).toBe('ok');
    await orrery.close();
    const again = await openOrrery({ directory, games: [counter] });
    expect((await again.load(counter, 'a')).state.count).toBe(111);
    await again.close();
    expect(existsSync(join(directory, 'LOCK'))).toBe(false);
    return degraded;
  }

  const moves: [string, () => string][] = [
    ['the directory', () => directory],
    ['the folder of the shard', () => join(directory, 'shard-00')],
    ['a folder above', () => join(above, 'parent')],
  ];
  it.each(moves)('[W29] %s: degraded, and everything becomes durable when it is back', async (_name, pathOf) => {
    const aside = join(above, 'aside');
    const path = pathOf();
    const degraded = await play(
      () => renameSync(path, aside),
      () => renameSync(aside, path),
    );
    expect(degraded[0]).toMatchObject({
      code: 'IO_FAILED',
      message: expect.stringContaining('not where it was opened'),
    });
  });

  it('[W29] a symbolic link that points elsewhere for a while', async () => {
    const link = join(above, 'link');
    mkdirSync(directory, { recursive: true });
    symlinkSync(directory, link);
    await play(
      () => {
        rmSync(link);
        symlinkSync(above, link);
      },
      () => {
        rmSync(link);
        symlinkSync(directory, link);
      },
      link,
    );
  });

  it('[W29] what is in the folder is moved out of it and back', async () => {
    const shard = join(directory, 'shard-00');
    const aside = join(above, 'aside');
    mkdirSync(aside);
    const move = (from: string, to: string): void => {
      for (const name of readdirSync(from)) renameSync(join(from, name), join(to, name));
    };
    await play(
      () => move(shard, aside),
      () => move(aside, shard),
    );
  });

  it('[W30] claims that somebody removes: the shard is opened again by itself', async () => {
    const shard = join(directory, 'shard-00');
    const degraded = await play(
      () => {
        for (const name of readdirSync(shard)) if (name.startsWith('OWNER-')) rmSync(join(shard, name));
      },
      () => undefined,
    );
    expect(degraded[0]).toMatchObject({ code: 'OWNER_DIED', message: expect.stringContaining('lease') });
  });

  it('[W29] a relative directory and a process that goes elsewhere', async () => {
    const before = process.cwd();
    mkdirSync(directory, { recursive: true });
    process.chdir(above);
    try {
      const orrery = await openOrrery({ directory: 'parent/saves', games: [counter] });
      const game = await orrery.open(counter, 'a');
      process.chdir(tmpdir());
      await game.dispatch('add', 1).durable;
      await orrery.checkpoint();
      process.chdir(join(above, 'parent'));
      const packing = orrery.pack('a', 'a.pack');
      process.chdir(tmpdir());
      await packing;
      expect(existsSync(join(above, 'parent', 'a.pack'))).toBe(true);
      expect(orrery.health.state).toBe('ok');
      await orrery.close();
      expect(readdirSync(directory)).not.toContain('LOCK');

      const gone = join(above, 'gone');
      mkdirSync(gone);
      process.chdir(gone);
      rmSync(gone, { recursive: true });
      await expect(openOrrery({ directory: 'saves', games: [counter] })).rejects.toMatchObject({
        code: 'DIRECTORY_UNUSABLE',
      });
    } finally {
      process.chdir(before);
    }
  });
});

describe('an owner of which', () => {
  let shard: string;
  let aside: string;
  beforeEach(() => {
    shard = join(above, 'shard-00');
    aside = join(above, 'aside');
  });

  function open(path = shard): Promise<Owner> {
    return openOwner(nodeFiles, { directory: path });
  }

  function refused(work: () => unknown, code: string): void {
    expect(work).toThrow(expect.objectContaining({ code }));
  }

  function wholeCheckpoint(owner: Owner): void {
    while (owner.checkpoint() === undefined);
  }

  it('[W31] the folder was opened by another owner while it was away is stale when it is back, and not before', async () => {
    const told = toldNothing();
    const first = await open();
    commit(first, { a: 3 }, told);
    renameSync(shard, aside);
    const second = await open(aside);
    expectRecovered(second, told, 'opened elsewhere');
    const late = batchOf([{ game: 'a', firstSeq: 3, lastSeq: 5 }]);
    for (let attempt = 0; attempt < 3; attempt += 1) refused(() => first.commit(late), 'IO_FAILED');
    commit(second, { a: 1, b: 2 }, told);
    second.abandon();
    renameSync(aside, shard);
    refused(() => first.commit(late), 'STALE_OWNER');
    refused(() => wholeCheckpoint(first), 'STALE_OWNER');
    first.abandon();
    const third = await open();
    expectRecovered(third, told, 'put back');
    third.close();
  });

  it('[W31] the folder was opened and closed elsewhere many times is stale, though the next claim has been removed', async () => {
    const first = await open();
    renameSync(shard, aside);
    for (let times = 0; times < 4; times += 1) (await open(aside)).close();
    renameSync(aside, shard);
    expect(readdirSync(shard)).not.toContain(ownerName(2));
    refused(() => first.commit(batchOf([{ game: 'a', firstSeq: 0, lastSeq: 1 }])), 'STALE_OWNER');
    first.abandon();
  });

  const copies: [string, (from: string, to: string) => void][] = [
    ['a copy', (from, to) => cpSync(from, to, { recursive: true })],
    [
      'a copy of second names',
      (from, to) => {
        mkdirSync(to);
        for (const name of readdirSync(from)) linkSync(join(from, name), join(to, name));
      },
    ],
  ];
  it.each(copies)(
    '[W32] the folder has %s in its place acknowledges nothing, and changes nothing there',
    async (_name, copy) => {
      const told = toldNothing();
      const first = await open();
      commit(first, { a: 4 }, told);
      perform(first, { do: 'checkpoint', games: { a: 1 } }, told);
      for (let slices = 0; slices < 40; slices += 1) {
        let done = false;
        for (let slice = 0; slice < slices && !done; slice += 1) done = first.checkpoint() !== undefined;
        renameSync(shard, aside);
        copy(aside, shard);
        // An image that no manifest names means nothing, nor does a file without a final name.
        const before = contents(shard);
        refused(() => wholeCheckpoint(first), 'IO_FAILED');
        const meant = (name: string): boolean => !/^image-|\.tmp$/.test(name);
        expect(readdirSync(shard).filter(meant)).toEqual([...before.keys()].filter(meant));
        const after = contents(shard);
        for (const [name, bytes] of before) {
          if (!name.endsWith('.tmp')) expect(after.get(name), `${name} after ${slices} slices`).toBe(bytes);
        }
        rmSync(shard, { recursive: true });
        renameSync(aside, shard);
        commit(first, { a: 1 }, told);
        if (done) break;
      }
      // What is written reaches second names too, but nobody who reads them is told that it is durable.
      renameSync(shard, aside);
      copy(aside, shard);
      const late = batchOf([{ game: 'b', firstSeq: 0, lastSeq: 1 }]);
      for (let attempt = 0; attempt < 3; attempt += 1) refused(() => first.commit(late), 'IO_FAILED');
      rmSync(shard, { recursive: true });
      renameSync(aside, shard);
      first.commit(late);
      told.sent.set('b', 1);
      told.acknowledged.set('b', 1);
      wholeCheckpoint(first);
      first.close();
      const again = await open();
      expectRecovered(again, told, 'opened again');
      again.close();
    },
  );

  it('[W32] a segment broke while a copy stood there begins none in the copy', async () => {
    let failing = false;
    const fs = await import('node:fs');
    const files = createNodeFiles({
      ...fs,
      fdatasyncSync: (descriptor) => {
        if (failing) throw Object.assign(new Error('EIO: made up'), { code: 'EIO' });
        fs.fdatasyncSync(descriptor);
      },
    });
    const told = toldNothing();
    const first = await openOwner(files, { directory: shard });
    commit(first, { a: 2 }, told);
    renameSync(shard, aside);
    cpSync(aside, shard, { recursive: true });
    const before = contents(shard);
    failing = true;
    const late = batchOf([{ game: 'a', firstSeq: 2, lastSeq: 3 }]);
    refused(() => first.commit(late), 'IO_FAILED');
    failing = false;
    refused(() => first.commit(late), 'IO_FAILED');
    expect(contents(shard)).toEqual(before);
    rmSync(shard, { recursive: true });
    renameSync(aside, shard);
    commit(first, { a: 2 }, told);
    first.close();
    const again = await open();
    expectRecovered(again, told, 'opened again');
    again.close();
  });

  it('[W30] the very epoch was claimed by another is stale', async () => {
    const first = await open();
    const own = join(shard, ownerName(1));
    writeFileSync(`${own}.new`, readFileSync(own));
    renameSync(`${own}.new`, own);
    refused(() => first.commit(batchOf([{ game: 'a', firstSeq: 0, lastSeq: 1 }])), 'STALE_OWNER');
    first.abandon();
  });

  it('[W31] the folder is looked at while it is being moved is not called stale', async () => {
    // At every look, the folder goes away just before it, and comes back just after: what the owner sees is a copy with newer claims.
    const { Lease } = await import('#storage/sqlite/recovery/lease.ts');
    mkdirSync(shard);
    let looks = 0;
    let swapAt = 0;
    const swap = (work: () => unknown): unknown => {
      looks += 1;
      if (looks !== swapAt) return work();
      renameSync(shard, aside);
      renameSync(join(above, 'other'), shard);
      try {
        return work();
      } finally {
        renameSync(shard, join(above, 'other'));
        renameSync(aside, shard);
      }
    };
    const files = {
      ...nodeFiles,
      identity: (at: Parameters<typeof nodeFiles.identity>[0]) => swap(() => nodeFiles.identity(at)) as string,
      exists: (path: string) => swap(() => nodeFiles.exists(path)) as boolean,
      list: (path: string) => swap(() => nodeFiles.list(path)) as string[],
    };
    const lease = Lease.take(files, shard, 0);
    mkdirSync(join(above, 'other'));
    writeFileSync(join(above, 'other', ownerName(7)), '');
    for (swapAt = 1; swapAt <= 6; swapAt += 1) {
      looks = 0;
      const lost = lease.lost();
      if (lost) expect(lost.code, `look ${swapAt}`).toBe('IO_FAILED');
      looks = -100;
      lease.check();
    }
    lease.close();
  });

  it('[W29] file descriptors go when an owner goes, and when an opening fails', async ({ skip }) => {
    if (process.platform !== 'linux') skip('only Linux lists them');
    const open_ = (): string[] =>
      execFileSync('ls', ['-l', `/proc/${process.pid}/fd`])
        .toString()
        .split('\n')
        .filter((line) => line.includes(above));
    const first = await open();
    first.commit(batchOf([{ game: 'a', firstSeq: 0, lastSeq: 1 }]));
    expect(open_().length).toBeGreaterThan(0);
    first.close();
    expect(open_()).toEqual([]);
    for (const name of readdirSync(shard))
      if (name.startsWith('MANIFEST-')) writeFileSync(join(shard, name), 'nonsense');
    await expect(open()).rejects.toMatchObject({ code: 'DAMAGED' });
    expect(open_()).toEqual([]);
  });
});
