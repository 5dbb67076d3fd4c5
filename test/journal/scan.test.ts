import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import type { Position } from '#storage/sqlite/journal/frame.ts';
import { Journal } from '#storage/sqlite/journal/journal.ts';
import { listGenerations, scanJournal } from '#storage/sqlite/journal/scan.ts';
import { segmentName } from '#storage/sqlite/journal/segment.ts';
import { BEGINNING, quickFiles, readBack, START, scanned, temporaryFolder, texts } from './disk.ts';

/** Frames 1 to 3 in segment 1, 4 and 5 in segment 2, 6 and a seal in segment 4. Every frame was synced. */
function shard(): { folder: string; at: Position[] } {
  const folder = temporaryFolder();
  const at: Position[] = [BEGINNING];
  let journal = Journal.create(quickFiles, folder, START);
  for (const text of ['one', 'two', 'three', 'ROTATE 2', 'four', 'five', 'ROTATE 4', 'six']) {
    if (text.startsWith('ROTATE')) {
      const next = journal.rotate(Number(text.slice(7)));
      journal.close();
      journal = next;
      continue;
    }
    journal.append([Buffer.from(text)], 1);
    journal.sync();
    at.push(journal.durable);
  }
  journal.seal();
  at.push(journal.durable);
  journal.close();
  return { folder, at };
}

const ALL = ['one', 'two', 'three', 'four', 'five', 'six'];

function edit(folder: string, generation: number, change: (bytes: Buffer) => Uint8Array | undefined): void {
  const path = join(folder, segmentName(generation));
  const bytes = Buffer.from(nodeFiles.read(path));
  writeFileSync(path, change(bytes) ?? bytes);
}

function damage(work: () => unknown): OrreryError {
  try {
    work();
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'DAMAGED') return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('reading a journal', () => {
  test('[J32] the batches of all segments come out in order, from any position on', () => {
    const { folder, at } = shard();
    const generations = listGenerations(nodeFiles, folder);
    expect(generations).toEqual([1, 2, 4]);
    for (const [frame, from] of at.entries()) {
      const { frames, tail } = readBack(folder, generations, from, 6);
      expect(texts(frames)).toEqual(ALL.slice(frame));
      expect(tail).toMatchObject({ verdict: 'sealed', generation: 4, epoch: 1, pending: [] });
    }
  });

  test('[J32] segments before the position need not be there, and are not read', () => {
    const { folder, at } = shard();
    nodeFiles.remove(join(folder, segmentName(1)));
    expect(texts(readBack(folder, [4, 2], at[3]).frames)).toEqual(ALL.slice(3));
    expect(texts(readBack(folder, [4, 2], at[4]).frames)).toEqual(ALL.slice(4));
    expect(damage(() => readBack(folder, [2, 4], at[2])).message).toContain('begins after the place');
    edit(folder, 2, (bytes) => bytes.fill(0, 64));
    expect(texts(readBack(folder, [2, 4], at[5]).frames)).toEqual(['six']);
  });

  test('[J33] at the position the chain must be the one of the image', () => {
    const { folder, at } = shard();
    for (const { frame, chain } of at) {
      const wrong = { frame, chain: (chain ^ 1) >>> 0 };
      expect(damage(() => readBack(folder, [1, 2, 4], wrong)).message).toContain('not the one the image was made from');
    }
    expect(damage(() => readBack(folder, [1, 2, 4], { frame: 8, chain: 0 })).context['fault']).toBe('missing');
  });

  test('[J34] a needed segment that is missing, misnamed, of another shard or out of order is damage', () => {
    const { folder } = shard();
    expect(damage(() => readBack(folder, [1, 2, 3, 4])).message).toContain('is not there');
    expect(damage(() => readBack(folder, [1, 4])).context['frame']).toBe(4);
    expect(damage(() => readBack(folder, [])).message).toContain('begins after the place');

    nodeFiles.link(join(folder, segmentName(2)), join(folder, segmentName(3)));
    expect(damage(() => readBack(folder, [1, 2, 3, 4])).message).toContain('name of another');
    nodeFiles.remove(join(folder, segmentName(3)));

    const later = { ...START, generation: 5, firstFrame: 3, previousChain: 0 };
    Journal.create(quickFiles, folder, later).close();
    expect(damage(() => readBack(folder, [1, 2, 4, 5])).message).toContain('begins before the one it follows');

    const shardUuid = 'ffffffff-4455-6677-8899-aabbccddeeff';
    const foreign = { ...START, shardUuid, generation: 6, firstFrame: 8 };
    Journal.create(quickFiles, folder, foreign).close();
    expect(damage(() => readBack(folder, [1, 2, 4, 6])).message).toContain('another shard');
  });

  test('[J34] a segment whose chain is not that of the frame before it is damage', () => {
    const { folder, at } = shard();
    const start = { ...START, generation: 5, firstFrame: 7, previousChain: (at[6]!.chain ^ 1) >>> 0 };
    Journal.create(quickFiles, folder, start).close();
    expect(damage(() => readBack(folder, [1, 2, 4, 5])).message).toContain('does not carry on');
  });

  test('[J35] in an older segment every frame before the next one must be there', () => {
    for (const frame of [1, 2, 3]) {
      const { folder } = shard();
      const place = scanned(nodeFiles.read(join(folder, segmentName(1)))).frames[frame - 1]!;
      edit(folder, 1, (bytes) => bytes.fill(0xee, place.offset + 48, place.offset + 49));
      const error = damage(() => readBack(folder, [1, 2, 4]));
      expect(error.context).toMatchObject({ frame, offset: place.offset, fault: 'payload CRC', knownDurable: 3 });
      edit(folder, 1, (bytes) => bytes.subarray(0, place.offset));
      expect(damage(() => readBack(folder, [1, 2, 4])).context).toMatchObject({ frame, fault: 'missing' });
    }
  });

  test('[J35] what an older segment has from the next one on was abandoned and is not looked at', () => {
    const { folder } = shard();
    edit(folder, 1, (bytes) => Buffer.concat([bytes, Buffer.alloc(100, 0xee)]));
    expect(texts(readBack(folder, [1, 2, 4]).frames)).toEqual(ALL);
  });

  test('[J36] frames that came out before damage was met are good, and the error says where it is', () => {
    const { folder } = shard();
    edit(folder, 2, (bytes) => bytes.subarray(0, 70));
    const got: string[] = [];
    const error = damage(() => {
      for (const frame of iterate(folder)) got.push(frame);
    });
    expect(got).toEqual(['one', 'two', 'three']);
    expect(error.context).toMatchObject({ file: join(folder, segmentName(2)), generation: 2, frame: 4, offset: 64 });
    expect(error.hint).toContain('orrery salvage');
  });

  test('[J37] a segment that a replaced owner began later than its successor is passed over', () => {
    const folder = temporaryFolder();
    const stale = Journal.create(quickFiles, folder, START);
    stale.append([Buffer.from('one')], 1);
    stale.sync();
    const { tail } = readBack(folder, [1]);
    const start = { ...START, epoch: 2, generation: 2, firstFrame: tail.durable.frame + 1 };
    const owner = Journal.create(quickFiles, folder, { ...start, previousChain: tail.durable.chain }, tail.pending);
    owner.append([Buffer.from('two')], 1);

    stale.append([Buffer.from('never acknowledged')], 1);
    const staler = stale.rotate(3);
    staler.append([Buffer.from('neither')], 1);
    const newest = owner.rotate(4);
    newest.append([Buffer.from('three')], 1);
    for (const journal of [stale, staler, owner, newest]) journal.close();
    expect(texts(readBack(folder, [1, 2, 3, 4]).frames)).toEqual(['one', 'two', 'three']);
    expect(readBack(folder, [1, 2, 3]).tail).toMatchObject({ generation: 2, epoch: 2, last: { frame: 2 } });
  });

  test('[J38] a tail that the manifest knows to be durable may not be missing', () => {
    const { folder, at } = shard();
    edit(folder, 4, (bytes) => bytes.subarray(0, 64));
    expect(readBack(folder, [1, 2, 4], at[2], 5).tail).toMatchObject({ verdict: 'clean', durable: { frame: 5 } });
    const error = damage(() => readBack(folder, [1, 2, 4], at[2], 6));
    expect(error.context).toMatchObject({ frame: 6, fault: 'missing', knownDurable: 6 });
  });

  function* iterate(folder: string): Generator<string> {
    const source = { shardUuid: START.shardUuid, generations: [1, 2, 4], knownDurable: 0 };
    for (const frame of scanJournal(nodeFiles, folder, source, BEGINNING)) yield Buffer.from(frame.payload).toString();
  }
});

describe('going on after reading', () => {
  function written(steps: readonly string[]): string {
    const folder = temporaryFolder();
    const journal = Journal.create(quickFiles, folder, START);
    for (const step of steps) {
      if (step === 'SYNC') journal.sync();
      else if (step === 'SEAL') journal.seal();
      else journal.append([Buffer.from(step)], 1);
    }
    journal.close();
    return folder;
  }

  /** Reads a journal and begins the next segment behind it, as a new owner does. */
  function reopen(folder: string, knownDurable = 0): Journal {
    const generations = listGenerations(nodeFiles, folder);
    const { tail } = readBack(folder, generations, BEGINNING, knownDurable);
    const start = {
      epoch: tail.epoch + 1,
      shardUuid: START.shardUuid,
      generation: tail.generation + 1,
      firstFrame: tail.durable.frame + 1,
      previousChain: tail.durable.chain,
    };
    return Journal.create(quickFiles, folder, start, tail.pending);
  }

  test('[J39] pending is what no sync is known of, and it is written again under the same numbers and chain', () => {
    const folder = written(['one', 'two', 'SYNC', 'three', 'SYNC', 'four', 'SYNC']);
    const { tail } = readBack(folder, [1]);
    // Frame 4 was synced, but nothing in the journal says so.
    expect(tail).toMatchObject({ verdict: 'clean', last: { frame: 4 }, durable: { frame: 3 } });
    expect(texts(tail.pending)).toEqual(['four']);
    const journal = reopen(folder);
    expect(journal.durable).toEqual(tail.last);
    expect(journal.header.firstFrame).toBe(4);
    journal.close();
    expect(texts(readBack(folder, [1, 2]).frames)).toEqual(['one', 'two', 'three', 'four']);
  });

  test('[J39] what is known durable from the manifest or a later header is not pending', () => {
    const folder = written(['one', 'two', 'SYNC', 'three']);
    expect(texts(readBack(folder, [1], BEGINNING, 3).tail.pending)).toEqual([]);
    edit(folder, 1, (bytes) => bytes.subarray(0, bytes.length - 8));
    expect(readBack(folder, [1]).tail).toMatchObject({
      verdict: 'torn',
      pending: [],
      durable: { frame: 2 },
      cut: { badFrame: 3, fault: 'incomplete payload', bytes: 48, later: { count: 0 } },
    });
  });

  test('[J39] a seal is not carried over, and its number is used again unless it is known durable', () => {
    const folder = written(['one', 'SEAL']);
    expect(readBack(folder, [1]).tail).toMatchObject({ verdict: 'sealed', pending: [], durable: { frame: 1 } });
    expect(readBack(folder, [1], BEGINNING, 2).tail).toMatchObject({ durable: { frame: 2 }, last: { frame: 2 } });
    for (const known of [0, 2]) {
      const copy = written(['one', 'SEAL']);
      const journal = reopen(copy, known);
      expect(journal.append([Buffer.from('two')], 1)).toBe(known === 0 ? 2 : 3);
      journal.close();
      expect(texts(readBack(copy, [1, 2]).frames)).toEqual(['one', 'two']);
    }
  });

  test('[J39] reopening any number of times changes nothing', () => {
    const folder = written(['one', 'SYNC', 'two', 'three']);
    const positions = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      const journal = reopen(folder);
      positions.add(JSON.stringify(journal.durable));
      journal.close();
      expect(texts(readBack(folder, listGenerations(nodeFiles, folder)).frames)).toEqual(['one', 'two', 'three']);
    }
    expect(positions.size).toBe(1);
  });

  test('[J39] deflated batches are carried over as they are', () => {
    const folder = temporaryFolder();
    const journal = Journal.create(quickFiles, folder, START);
    journal.append([Buffer.from([0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01])], 0, 'deflate');
    journal.close();
    reopen(folder).close();
    expect(readBack(folder, [1, 2]).frames).toMatchObject([{ codec: 'deflate', recordCount: 0 }]);
  });
});
