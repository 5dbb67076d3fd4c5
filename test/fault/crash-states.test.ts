// The disk that the simulator thinks of: what is durable after which operation, and which states a crash leaves.

import { expect, it } from 'vitest';
import { dice } from '../programs/script.ts';
import { crashStates, isExhaustive } from './simulator/crash-states.ts';
import { DiskImage } from './simulator/disk-image.ts';
import { RecordingFiles, type Strike } from './simulator/recording-files.ts';

const FOLDER = '/disk/shard-00';
const FILE = `${FOLDER}/file`;

function files(): RecordingFiles {
  return new RecordingFiles(new DiskImage(), new Set());
}

/** What the disk holds, as far as the log tells. */
function imageOf(disk: RecordingFiles): DiskImage {
  const image = new DiskImage();
  for (const operation of disk.log) image.apply(operation);
  return image;
}

/** Every state that a crash leaves, each as its files and what is in them, without repeats. */
function statesOf(disk: RecordingFiles, most = 1 << 12): Set<string> {
  const states = new Set<string>();
  const image = imageOf(disk);
  for (const state of crashStates(image, undefined, true, most, dice(1))) {
    const after = new RecordingFiles(state.image, new Set());
    const parts = after.list(FOLDER).map((name) => `${name}=${brief(after.read(`${FOLDER}/${name}`))}`);
    states.add(parts.join(' '));
  }
  return states;
}

/** One letter for each sector, after its first byte. */
function brief(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 512)
    text += bytes[at] === 0 ? '.' : String.fromCharCode(bytes[at] as number);
  return text;
}

function sectors(letters: string): Buffer {
  return Buffer.concat([...letters].map((letter) => Buffer.alloc(512, letter)));
}

it('[X8] contents are durable after a sync and names after a sync of the folder, and not before', () => {
  const disk = files();
  const handle = disk.createNew(FILE);
  disk.write(handle, sectors('a'), 0);
  expect(statesOf(disk)).toEqual(new Set(['', 'file=', 'file=a', 'file=.']));
  disk.sync(handle);
  expect(statesOf(disk)).toEqual(new Set(['', 'file=a']));
  disk.syncDirectory(FOLDER);
  expect(statesOf(disk)).toEqual(new Set(['file=a']));
});

it('[X8] of a write that was not synced any sectors may be there, and the file may have grown or not', () => {
  const disk = files();
  const handle = disk.createNew(FILE);
  disk.write(handle, sectors('a'), 0);
  disk.sync(handle);
  disk.syncDirectory(FOLDER);
  disk.write(handle, sectors('bc'), 512);
  const states = statesOf(disk);
  for (const each of ['file=a', 'file=ab', 'file=a.c', 'file=abc', 'file=ab.', 'file=a..']) {
    expect(states).toContain(each);
  }
  // And a lost sector may read as what was there before: bytes of another file, or of this one.
  expect([...states].some((each) => each.includes('aa'))).toBe(true);
});

it('[X8] a rename is done or not, and never half; a new name and the removal of the old one are two things', () => {
  const disk = files();
  const handle = disk.createNew(`${FOLDER}/new`);
  disk.write(handle, sectors('n'), 0);
  disk.sync(handle);
  disk.syncDirectory(FOLDER);
  disk.rename(`${FOLDER}/new`, `${FOLDER}/old`);
  expect(statesOf(disk)).toEqual(new Set(['new=n', 'old=n']));
  disk.syncDirectory(FOLDER);
  disk.publishNew(`${FOLDER}/old`, `${FOLDER}/final`);
  expect(statesOf(disk)).toEqual(new Set(['old=n', 'final=n', 'final=n old=n', '']));
});

it('[X8] what a failed sync was to write is in doubt for good, whatever is synced later', () => {
  const disk = files();
  const handle = disk.createNew(FILE);
  disk.write(handle, sectors('a'), 0);
  disk.sync(handle);
  disk.syncDirectory(FOLDER);
  disk.write(handle, sectors('b'), 512);
  const strikes: Strike[] = [{ errno: 'EIO', moment: 'before' }];
  disk.onCall = () => strikes.pop();
  expect(() => disk.dataSync(handle)).toThrow(/EIO/);
  disk.dataSync(handle);
  expect(statesOf(disk)).toContain('file=a');
  // Written over, it is dirty again, and the sync takes it along.
  disk.write(handle, sectors('c'), 512);
  disk.dataSync(handle);
  expect(statesOf(disk)).toEqual(new Set(['file=ac']));
});

it('[X8] a cut is lost or kept, and bytes handed out earlier stay as they were', () => {
  const disk = files();
  const handle = disk.createNew(FILE);
  disk.write(handle, sectors('ab'), 0);
  disk.sync(handle);
  disk.syncDirectory(FOLDER);
  const before = disk.read(FILE);
  disk.truncate(handle, 512);
  expect(statesOf(disk)).toEqual(new Set(['file=ab', 'file=a']));
  disk.write(handle, sectors('c'), 0);
  expect(brief(before)).toBe('ab');
  expect(brief(disk.read(FILE))).toBe('c');
});

it('[X8] all states when they are few, some of them otherwise, and the same for the same seed', () => {
  const disk = files();
  const handle = disk.createNew(FILE);
  disk.write(handle, sectors('abcdefghijkl'), 0);
  const image = imageOf(disk);
  expect(isExhaustive(image, 1 << 12)).toBe(false);
  expect(isExhaustive(image, 1 << 13)).toBe(true);
  expect(statesOf(disk, 100).size).toBeLessThanOrEqual(100);
  expect([...statesOf(disk, 100)]).toEqual([...statesOf(disk, 100)]);
  // With everything, and with nothing, among them.
  expect(statesOf(disk, 100)).toContain('');
  expect(statesOf(disk, 100)).toContain('file=abcdefghijkl');
});
