// What the journal's tests stand on: a folder of their own, files that skip the waiting, and files that fail on request.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type Files, nodeFiles } from '#storage/sqlite/files.ts';
import type { Position } from '#storage/sqlite/journal/frame.ts';
import { Journal, type JournalStart } from '#storage/sqlite/journal/journal.ts';
import { type JournalTail, scanJournal } from '#storage/sqlite/journal/scan.ts';
import { decodeSegmentHeader } from '#storage/sqlite/journal/segment.ts';
import { type ScannedFrame, type SegmentEnd, scanSegment } from '#storage/sqlite/journal/segment-scan.ts';

export const UUID = '00112233-4455-6677-8899-aabbccddeeff';
export const SALT = 0x5a17c0de;
export const START: JournalStart = {
  epoch: 1,
  shardUuid: UUID,
  generation: 1,
  firstFrame: 1,
  previousChain: 0,
  salt: SALT,
};
export const BEGINNING: Position = { frame: 0, chain: 0 };

const made: string[] = [];
afterAll(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'orrery-journal-'));
  made.push(path);
  return path;
}

/** Nothing here cuts the power, so tests of what the bytes say need not wait for the disk. */
export const quickFiles: Files = { ...nodeFiles, dataSync() {}, sync() {}, syncDirectory() {} };

/** Files whose operations fail when `fails` gives an error for them. `calls` are those that were tried. */
export function failingFiles(fails: (operation: keyof Files, path: string) => Error | undefined): Files & {
  readonly calls: string[];
} {
  const calls: string[] = [];
  const base = quickFiles as unknown as Record<string, (...args: unknown[]) => unknown>;
  const failing: Record<string, unknown> = { calls };
  for (const operation of Object.keys(base)) {
    failing[operation] = (...args: unknown[]) => {
      const subject = args[0] as string | { path: string };
      const path = typeof subject === 'string' ? subject : subject.path;
      calls.push(operation);
      const error = fails(operation as keyof Files, path);
      if (error !== undefined) throw error;
      return base[operation]?.(...args);
    };
  }
  return failing as unknown as Files & { readonly calls: string[] };
}

/** Writes batches and steps to a new segment and gives its bytes. */
export function segmentOf(steps: readonly ({ batch: Uint8Array } | 'sync' | 'seal')[], start = START): Uint8Array {
  const folder = temporaryFolder();
  const journal = Journal.create(quickFiles, folder, start);
  for (const step of steps) {
    if (step === 'sync') journal.sync();
    else if (step === 'seal') journal.seal();
    else journal.append([step.batch], 1);
  }
  journal.close();
  return nodeFiles.read(journal.path);
}

export function batch(text: string): { batch: Uint8Array } {
  return { batch: Buffer.from(text) };
}

export function scanned(bytes: Uint8Array, knownDurable = 0): { frames: ScannedFrame[]; end: SegmentEnd } {
  const frames: ScannedFrame[] = [];
  const scan = scanSegment(bytes, decodeSegmentHeader(bytes, 'test'), { knownDurable });
  let step = scan.next();
  for (; step.done !== true; step = scan.next()) frames.push(step.value);
  return { frames, end: step.value };
}

export function texts(frames: readonly ScannedFrame[]): string[] {
  return frames.filter(({ type }) => type === 'batch').map(({ payload }) => Buffer.from(payload).toString());
}

export function readBack(
  folder: string,
  generations: readonly number[],
  from: Position = BEGINNING,
  knownDurable = 0,
): { frames: ScannedFrame[]; tail: JournalTail } {
  const frames: ScannedFrame[] = [];
  const scan = scanJournal(nodeFiles, folder, { shardUuid: UUID, generations, knownDurable }, from);
  let step = scan.next();
  for (; step.done !== true; step = scan.next()) frames.push(step.value);
  return { frames, tail: step.value };
}
