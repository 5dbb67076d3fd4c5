import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrreryError } from '#core/errors.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import type { Position } from '#storage/sqlite/journal/frame.ts';
import { Journal } from '#storage/sqlite/journal/journal.ts';
import { segmentName } from '#storage/sqlite/journal/segment.ts';
import { BEGINNING, quickFiles, readBack, SALT, START, scanned, segmentOf, temporaryFolder, UUID } from './disk.ts';
import { crc, readHeader, readJournal, readSegment } from './reader.ts';

const page = readFileSync(new URL('../../docs/FORMAT.md', import.meta.url), 'utf8');

/** The text of a fenced block of the page. */
function block(language: string): string {
  const text = new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (text === undefined) throw new Error(`docs/FORMAT.md has no block of ${language}`);
  return text;
}

function hexOfPage(): string {
  const rows = block('hex').trim().split('\n');
  return rows.map((row) => row.slice(6, 54).replaceAll(' ', '')).join('');
}

const recordLines = block('json')
  .trim()
  .split('\n')
  .map((line) => `${line}\n`);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Any bytes, and often text, so that payloads of every length modulo 8 come up. */
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 120 }),
  fc.string({ maxLength: 60 }).map((text) => Buffer.from(text)),
);
const step = fc.oneof(
  { weight: 4, arbitrary: payload.map((bytes) => ({ batch: bytes })) },
  { weight: 3, arbitrary: fc.constant('sync' as const) },
);

/** Ways in which the bytes of a segment may change behind its back. */
const harm = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) }),
  fc.record({ kind: fc.constant('zero' as const), at: fc.nat(), length: fc.integer({ min: 1, max: 150 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), from: fc.nat() }),
  fc.record({ kind: fc.constant('tail' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 120 }) }),
);
type Harm = typeof harm extends fc.Arbitrary<infer T> ? T : never;

function harmed(bytes: Uint8Array, change: Harm): Uint8Array {
  const copy = Buffer.from(bytes);
  if (change.kind === 'none') return copy;
  if (change.kind === 'tail') return Buffer.concat([copy, change.bytes]);
  if (change.kind === 'repeat') {
    const aligned = (value: number) => 64 + (((value % Math.max(1, copy.length - 64)) >> 3) << 3);
    copy.copyWithin(aligned(change.at), aligned(change.from));
    return copy;
  }
  const at = change.at % copy.length;
  if (change.kind === 'cut') return copy.subarray(0, at);
  if (change.kind === 'zero') return copy.fill(0, at, Math.min(copy.length, at + change.length));
  copy[at] = (copy[at] as number) ^ (1 << change.bit);
  return copy;
}

/** What the engine makes of a segment, in the words of the independent reader. */
function byEngine(bytes: Uint8Array, known: number) {
  try {
    const { frames, end } = scanned(bytes, known);
    return {
      verdict: end.verdict,
      frames: frames
        .filter(({ type }) => type === 'batch')
        .map((frame) => [frame.number, frame.recordCount, hex(frame.payload), frame.chain]),
      next: end.last.frame + 1,
      offset: end.offset,
    };
  } catch (error) {
    if (!(error instanceof OrreryError)) throw error;
    return { verdict: error.code === 'DAMAGED' ? 'damaged' : 'too new', frames: [], next: 0, offset: 0 };
  }
}

function byReader(bytes: Uint8Array, known: number) {
  const { verdict, frames, number, offset } = readSegment(bytes, known);
  return {
    verdict,
    frames: frames.map((frame) => [frame.number, frame.recordCount, hex(frame.payload), frame.chain]),
    next: number,
    offset,
  };
}

describe('docs/FORMAT.md', () => {
  test('[J40] the worked example is what the engine writes, byte for byte', () => {
    const bytes = segmentOf([
      { batch: Buffer.from(recordLines[0]!) },
      'sync',
      { batch: Buffer.from(recordLines[1]!) },
      'seal',
    ]);
    expect(START).toMatchObject({ shardUuid: UUID, salt: SALT, epoch: 1, generation: 1 });
    expect(hex(bytes)).toBe(hexOfPage());
  });

  test('[J40] the table under the example names the places and the CRCs that are in it', () => {
    const bytes = Buffer.from(hexOfPage(), 'hex');
    const [one, two, seal] = scanned(bytes).frames as [Frame, Frame, Frame];
    const crcAt = (offset: number) => bytes.readUInt32LE(offset).toString(16).padStart(8, '0');
    const rows = page.slice(page.indexOf('| offset | what |'));
    const row = (offset: number) => rows.split('\n').find((line) => line.startsWith(`| \`0x${offset.toString(16)}\``));
    expect(row(0)).toContain(crcAt(60));
    for (const frame of [one, two]) {
      expect(row(frame.offset)).toContain(`frame ${frame.number}: batch, ${frame.payload.length} bytes`);
      expect(row(frame.offset)).toContain(`synced ${frame.synced}, payload CRC \`${crcAt(frame.offset + 40)}\``);
      expect(row(frame.offset)).toContain(`header CRC \`${crcAt(frame.offset + 44)}\``);
      expect(row(frame.offset + 48)).toContain(`${7 - ((frame.payload.length + 7) % 8)} bytes of padding`);
    }
    expect(row(seal.offset)).toContain(`header CRC \`${crcAt(seal.offset + 44)}\``);
  });

  test('[J40] an independent reader reads the example, and the CRC of the page is the one it names', () => {
    expect(crc(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(crc(Buffer.from('789'), crc(Buffer.from('123456')))).toBe(0xcbf43926);
    const bytes = Buffer.from(hexOfPage(), 'hex');
    expect(readHeader(bytes)).toEqual({
      epoch: 1,
      uuid: UUID,
      generation: 1,
      firstFrame: 1,
      previousChain: 0,
      salt: SALT,
    });
    const reading = readSegment(bytes);
    expect(reading.verdict).toBe('sealed');
    expect(reading.frames.map(({ payload: text }) => Buffer.from(text).toString())).toEqual(recordLines);
  });
});

type Frame = ReturnType<typeof scanned>['frames'][number];

describe('the engine and the independent reader', () => {
  test('[J41] say the same of any segment, whole, cut, flipped, zeroed, repeated or with a tail', () => {
    const verdicts = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.boolean(),
        harm,
        fc.nat({ max: 8 }),
        (steps, seal, change, known) => {
          const bytes = harmed(segmentOf(seal ? [...steps, 'seal'] : steps), change);
          const ours = byEngine(bytes, known);
          expect(byReader(bytes, known)).toEqual(ours);
          verdicts.set(ours.verdict, (verdicts.get(ours.verdict) ?? 0) + 1);
        },
      ),
      { numRuns: 600 },
    );
    // Every verdict came up, or the property says less than it seems to.
    expect([...verdicts.keys()].toSorted()).toEqual(['clean', 'damaged', 'sealed', 'torn']);
  });

  test('[J41] say the same of any journal of several segments, from any position', () => {
    const chapter = fc.array(step, { maxLength: 5 });
    const verdicts = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(chapter, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.nat(),
        harm,
        fc.nat({ max: 12 }),
        fc.nat({ max: 12 }),
        (chapters, seal, which, change, wanted, known) => {
          const { folder, positions } = written(chapters, seal);
          const generation = 1 + (which % chapters.length);
          const path = join(folder, segmentName(generation));
          overwrite(path, harmed(nodeFiles.read(path), change));
          const from = positions[wanted % positions.length] as Position;

          const generations = chapters.map((_, index) => index + 1);
          const segments = new Map(generations.map((g) => [g, nodeFiles.read(join(folder, segmentName(g)))]));
          const theirs = readJournal(segments, UUID, from, known);
          const ours = journalByEngine(folder, generations, from, known);
          expect(theirs.verdict).toBe(ours.verdict);
          verdicts.add(ours.verdict);
          if (ours.verdict === 'damaged') return;
          expect(theirs.frames.map((frame) => [frame.number, hex(frame.payload)])).toEqual(ours.frames);
          expect(theirs.pending).toEqual(ours.pending);
        },
      ),
      { numRuns: 300 },
    );
    expect([...verdicts].toSorted()).toEqual(['clean', 'damaged', 'sealed', 'torn']);
  });
});

function written(chapters: readonly (readonly ({ batch: Uint8Array } | 'sync')[])[], seal: boolean) {
  const folder = temporaryFolder();
  const positions: Position[] = [BEGINNING];
  let journal = Journal.create(quickFiles, folder, START);
  for (const [index, steps] of chapters.entries()) {
    if (index > 0) {
      const next = journal.rotate(index + 1);
      journal.close();
      journal = next;
    }
    for (const item of steps) {
      if (item === 'sync') journal.sync();
      else {
        journal.append([item.batch], 1);
        positions.push({ frame: journal.lastFrame, chain: journal.chain });
      }
    }
  }
  if (seal) journal.seal();
  journal.close();
  return { folder, positions };
}

function overwrite(path: string, bytes: Uint8Array): void {
  const handle = nodeFiles.openWrite(path);
  nodeFiles.truncate(handle, 0);
  nodeFiles.write(handle, bytes, 0);
  nodeFiles.close(handle);
}

function journalByEngine(folder: string, generations: readonly number[], from: Position, known: number) {
  try {
    const { frames, tail } = readBack(folder, generations, from, known);
    return {
      verdict: tail.verdict,
      frames: frames.map((frame) => [frame.number, hex(frame.payload)]),
      pending: tail.pending.map(({ number }) => number),
    };
  } catch (error) {
    if (error instanceof OrreryError && error.code === 'DAMAGED') return { verdict: 'damaged' as const };
    throw error;
  }
}
