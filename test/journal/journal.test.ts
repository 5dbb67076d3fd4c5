import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import { Journal } from '#storage/sqlite/journal/journal.ts';
import { listGenerations } from '#storage/sqlite/journal/scan.ts';
import { segmentName } from '#storage/sqlite/journal/segment.ts';
import { failingFiles, quickFiles, readBack, START, scanned, temporaryFolder, texts } from './disk.ts';

const bytes = (text: string): Uint8Array[] => [Buffer.from(text)];
const pending = (text: string) => ({ payload: Buffer.from(text), recordCount: 1 });

function diskError(errno: string): OrreryError {
  return new OrreryError({
    code: errno === 'ENOSPC' ? 'DISK_FULL' : 'IO_FAILED',
    what: 'made up',
    hint: 'None.',
    context: { errno },
  });
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof OrreryError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

/** Files of which one operation can be made to fail for as long as `broken` says. */
function switchable(operation: keyof Files, errno = 'EIO') {
  const control = { broken: false };
  const files = failingFiles((called) => (control.broken && called === operation ? diskError(errno) : undefined));
  return { files, control };
}

describe('writing', () => {
  test('[J23] a frame is one write, and written is not durable until sync has returned', () => {
    const files = failingFiles(() => undefined);
    const journal = Journal.create(files, temporaryFolder(), START);
    files.calls.length = 0;
    expect(journal.append([Buffer.from('ab'), Buffer.from('c')], 2)).toBe(1);
    expect(files.calls).toEqual(['write']);
    expect([journal.lastFrame, journal.durableFrame, journal.pending.length]).toEqual([1, 0, 1]);
    expect(journal.sync()).toBe(1);
    expect(files.calls).toEqual(['write', 'dataSync']);
    expect([journal.durable, journal.pending]).toEqual([{ frame: 1, chain: journal.chain }, []]);
    journal.close();
    expect(texts(scanned(nodeFiles.read(journal.path)).frames)).toEqual(['abc']);
    expect(journal.bytes).toBe(nodeFiles.size(journal.path));
  });

  test('[J23] nothing new is nothing to sync', () => {
    const files = failingFiles(() => undefined);
    const journal = Journal.create(files, temporaryFolder(), START);
    files.calls.length = 0;
    journal.sync();
    journal.append(bytes('a'), 1);
    journal.sync();
    journal.sync();
    expect(files.calls).toEqual(['write', 'dataSync']);
  });

  test('[J24] a frame calls durable what was synced before it was written, and nothing else', () => {
    const journal = Journal.create(quickFiles, temporaryFolder(), START);
    for (const step of ['a', 'b', 'sync', 'c', 'sync', 'd', 'e']) {
      if (step === 'sync') journal.sync();
      else journal.append(bytes(step), 1);
    }
    journal.close();
    const { frames } = scanned(nodeFiles.read(journal.path));
    expect(frames.map(({ synced }) => synced)).toEqual([0, 0, 2, 3, 3]);
  });

  test('[J25] a seal makes everything durable before it and itself, and ends the segment', () => {
    const files = failingFiles(() => undefined);
    const journal = Journal.create(files, temporaryFolder(), START);
    journal.append(bytes('a'), 1);
    files.calls.length = 0;
    journal.seal();
    expect(files.calls).toEqual(['dataSync', 'write', 'dataSync']);
    expect([journal.state, journal.lastFrame, journal.durableFrame]).toEqual(['sealed', 2, 2]);
    const uses = [
      () => journal.append(bytes('b'), 1),
      () => journal.sync(),
      () => journal.seal(),
      () => journal.rotate(2),
      () => journal.successor(2, []),
    ];
    for (const use of uses) expect(codeOf(use)).toBe('CLOSED');
    journal.close();
    journal.close();
    for (const use of uses) expect(codeOf(use)).toBe('CLOSED');
    expect(scanned(nodeFiles.read(journal.path)).end.verdict).toBe('sealed');
  });

  test('[J26] a frame too large is refused before anything is written, and the journal goes on', () => {
    const journal = Journal.create(quickFiles, temporaryFolder(), START);
    const mebibyte = Buffer.alloc(2 ** 20);
    expect(codeOf(() => journal.append(new Array<Uint8Array>(1025).fill(mebibyte), 1))).toBe('RECORD_TOO_LARGE');
    expect(journal.append(bytes('a'), 1)).toBe(1);
    journal.close();
  });
});

describe('a new segment', () => {
  test('[J27] is synced before it has its name, and the name before anything is written to it', () => {
    const files = failingFiles(() => undefined);
    Journal.create(files, temporaryFolder(), START, [pending('a'), pending('b')]).close();
    expect(files.calls).toEqual([
      'createNew',
      'write',
      'write',
      'write',
      'sync',
      'publishNew',
      'syncDirectory',
      'close',
    ]);
  });

  test('[J27] has its first batches durable on return', () => {
    const folder = temporaryFolder();
    const journal = Journal.create(quickFiles, folder, START, [pending('a'), pending('b')]);
    expect([journal.lastFrame, journal.durableFrame, journal.bytes]).toEqual([2, 2, nodeFiles.size(journal.path)]);
    journal.append(bytes('c'), 1);
    journal.close();
    expect(nodeFiles.list(folder)).toEqual([segmentName(1)]);
    const { frames } = scanned(nodeFiles.read(journal.path));
    expect(texts(frames)).toEqual(['a', 'b', 'c']);
    expect(frames.map(({ synced }) => synced)).toEqual([0, 0, 2]);
  });

  test.each(['createNew', 'write', 'sync', 'publishNew'] as const)(
    '[J28] leaves nothing behind when %s fails',
    (step) => {
      const folder = temporaryFolder();
      const { files, control } = switchable(step, 'ENOSPC');
      control.broken = true;
      expect(codeOf(() => Journal.create(files, folder, START, [pending('a')]))).toBe('DISK_FULL');
      expect(nodeFiles.list(folder)).toEqual([]);
      expect(files.calls.includes('close')).toBe(step !== 'createNew');
    },
  );

  test('[J28] never replaces a segment: a name that is taken means another owner', () => {
    const folder = temporaryFolder();
    const theirs = Journal.create(quickFiles, folder, { ...START, epoch: 2 });
    theirs.append(bytes('theirs'), 1);
    expect(codeOf(() => Journal.create(quickFiles, folder, START))).toBe('STALE_OWNER');
    expect(texts(scanned(nodeFiles.read(theirs.path)).frames)).toEqual(['theirs']);
    expect(nodeFiles.list(folder)).toEqual([segmentName(1)]);
    theirs.close();
  });

  test('[J28] has a salt of its own unless it is given one', () => {
    const folder = temporaryFolder();
    const { salt: _, ...start } = START;
    const salts = [1, 2, 3].map((generation) => {
      const journal = Journal.create(quickFiles, folder, { ...start, generation });
      journal.close();
      return journal.header.salt;
    });
    expect(new Set(salts).size).toBe(3);
    expect(salts).not.toContain(0);
  });
});

describe('rotating', () => {
  test('[J29] carries numbers and chain on, and makes the older segment durable first', () => {
    const folder = temporaryFolder();
    const files = failingFiles(() => undefined);
    const older = Journal.create(files, folder, START);
    older.append(bytes('a'), 1);
    files.calls.length = 0;
    const newer = older.rotate(5);
    expect(files.calls[0]).toBe('dataSync');
    expect(newer.header).toMatchObject({ generation: 5, firstFrame: 2, previousChain: older.chain, epoch: 1 });
    expect(newer.header.salt).not.toBe(older.header.salt);
    expect(older.state).toBe('retired');
    expect(codeOf(() => older.append(bytes('x'), 1))).toBe('CLOSED');
    older.close();
    expect(newer.append(bytes('b'), 1)).toBe(2);
    newer.seal();
    newer.close();
    expect(listGenerations(nodeFiles, folder)).toEqual([1, 5]);
    expect(texts(readBack(folder, [1, 5]).frames)).toEqual(['a', 'b']);
  });

  test.each(['createNew', 'sync'] as const)('[J29] a failing %s leaves the older segment in use', (step) => {
    const folder = temporaryFolder();
    const { files, control } = switchable(step);
    const journal = Journal.create(files, folder, START);
    journal.append(bytes('a'), 1);
    control.broken = true;
    expect(() => journal.rotate(2)).toThrow('made up');
    control.broken = false;
    expect(journal.state).toBe('open');
    expect(journal.append(bytes('b'), 1)).toBe(2);
    journal.rotate(2).close();
    journal.close();
    expect(texts(readBack(folder, [1, 2]).frames)).toEqual(['a', 'b']);
  });

  test.each(['publishNew', 'syncDirectory'] as const)(
    '[J29] a failing %s breaks the older segment, because the new one may count already',
    (step) => {
      const folder = temporaryFolder();
      const { files, control } = switchable(step);
      const journal = Journal.create(files, folder, START);
      journal.append(bytes('a'), 1);
      control.broken = true;
      expect(() => journal.rotate(2)).toThrow('made up');
      control.broken = false;
      expect(codeOf(() => journal.append(bytes('b'), 1))).toBe('IO_FAILED');
      const next = journal.successor(3, [pending('b')]);
      expect(next.durableFrame).toBe(2);
      next.close();
      journal.close();
      expect(texts(readBack(folder, listGenerations(nodeFiles, folder)).frames)).toEqual(['a', 'b']);
    },
  );
});

describe('failing', () => {
  test.each(['write', 'dataSync'] as const)('[J30] after a failed %s the segment is never touched again', (step) => {
    const { files, control } = switchable(step);
    const journal = Journal.create(files, temporaryFolder(), START);
    journal.append(bytes('a'), 1);
    journal.sync();
    control.broken = true;
    expect(() => {
      journal.append(bytes('b'), 1);
      journal.sync();
    }).toThrow('made up');
    control.broken = false;
    files.calls.length = 0;
    const uses = [
      () => journal.append(bytes('c'), 1),
      () => journal.sync(),
      () => journal.seal(),
      () => journal.rotate(2),
    ];
    for (const use of uses) expect(codeOf(use)).toBe('IO_FAILED');
    expect(uses.map((use) => codeOf(use))).toEqual(uses.map(() => 'IO_FAILED'));
    expect(files.calls).toEqual([]);
    expect([journal.state, journal.durableFrame]).toEqual(['broken', 1]);
    journal.close();
  });

  test('[J31] the successor writes what is pending again, and a scan takes each frame once', () => {
    const folder = temporaryFolder();
    const { files, control } = switchable('dataSync');
    const journal = Journal.create(files, folder, START);
    for (const text of ['a', 'b']) journal.append(bytes(text), 1);
    journal.sync();
    for (const text of ['c', 'd']) journal.append(bytes(text), 1);
    const lost = journal.chain;
    control.broken = true;
    expect(() => journal.sync()).toThrow('made up');
    control.broken = false;
    expect(journal.pending).toHaveLength(2);
    const next = journal.successor(2);
    journal.close();
    expect(next.header).toMatchObject({ firstFrame: 3, generation: 2 });
    expect(next.durable).toEqual({ frame: 4, chain: lost });
    next.append(bytes('e'), 1);
    next.close();
    const { frames, tail } = readBack(folder, [1, 2]);
    expect(texts(frames)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(tail).toMatchObject({ verdict: 'clean', generation: 2, last: { frame: 5 }, durable: { frame: 4 } });
  });

  test('[J31] a successor that fails can be tried again with the next generation, and pending may have changed', () => {
    const folder = temporaryFolder();
    let failing: keyof Files | undefined = 'write';
    const files = failingFiles((operation) => (operation === failing ? diskError('ENOSPC') : undefined));
    failing = undefined;
    const journal = Journal.create(files, folder, START);
    journal.append(bytes('a'), 1);
    journal.sync();
    failing = 'write';
    expect(codeOf(() => journal.append(bytes('b'), 1))).toBe('DISK_FULL');
    const steps: (keyof Files)[] = ['createNew', 'write', 'sync', 'publishNew', 'syncDirectory'];
    for (const [index, step] of steps.entries()) {
      failing = step;
      expect(codeOf(() => journal.successor(2 + index, [pending('b')]))).toBe('DISK_FULL');
      expect(journal.state).toBe('broken');
    }
    failing = undefined;
    const next = journal.successor(2 + steps.length, [pending('b and c')]);
    next.close();
    journal.close();
    // The segment whose folder could not be synced was taken away again: a hundred attempts leave no more than one.
    const generations = listGenerations(nodeFiles, folder);
    expect(generations).toEqual([1, 7]);
    expect(texts(readBack(folder, generations).frames)).toEqual(['a', 'b and c']);
  });

  test('[J31] only a broken journal has a successor', () => {
    const journal = Journal.create(quickFiles, temporaryFolder(), START);
    expect(codeOf(() => journal.successor(2, []))).toBe('CLOSED');
    expect(journal.state).toBe('open');
    journal.close();
  });

  test('[J31] what a short write left behind is cut, and the successor begins in its place', () => {
    const folder = temporaryFolder();
    const journal = Journal.create(
      {
        ...quickFiles,
        write(handle, data, position) {
          if (position >= 64 + 56) {
            nodeFiles.write(handle, data.subarray(0, 50), position);
            throw diskError('ENOSPC');
          }
          nodeFiles.write(handle, data, position);
        },
      },
      folder,
      START,
    );
    journal.append(bytes('a'), 1);
    journal.sync();
    expect(codeOf(() => journal.append(bytes('b'), 1))).toBe('DISK_FULL');
    expect(scanned(nodeFiles.read(journal.path)).end).toMatchObject({ verdict: 'torn', badFrame: 2 });
    journal.successor(2).close();
    journal.close();
    expect(texts(readBack(folder, [1, 2]).frames)).toEqual(['a', 'b']);
    expect(journal.path).toBe(join(folder, segmentName(1)));
  });
});
