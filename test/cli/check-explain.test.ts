// `orrery check --explain`: what it says of whole directories, of what a crash leaves, and of every kind of damage.

import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '#storage/sqlite/image/body.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { decodeManifest, encodeManifest, type Manifest } from '#storage/sqlite/image/manifest.ts';
import { binary, copyOf, emptyFolder, makeDirectory, orrery, playAndDie, removeFolders } from './command-line.ts';

let closed: string;
let killed: string;

beforeAll(async () => {
  closed = await makeDirectory();
  killed = join(emptyFolder(), 'data');
  await playAndDie(killed);
});
afterAll(removeFolders);

interface Finding {
  readonly level: 'ok' | 'note' | 'warning' | 'error';
  readonly file: string;
  readonly what: string;
  readonly remedy: string | null;
}

interface Report {
  readonly verdict: 'sound' | 'damaged';
  readonly errors: number;
  readonly notes: number;
  readonly shards: readonly { readonly recovery?: { readonly replayedRecords: number; readonly cutBytes: number } }[];
  readonly findings: readonly Finding[];
}

async function explain(directory: string, status: 0 | 1): Promise<Report> {
  const ended = await orrery('check', directory, '--explain', '--json');
  expect(`${ended.status} ${ended.stderr}`).toBe(`${status} `);
  const report = JSON.parse(ended.stdout) as Report;
  expect(report.verdict).toBe(status === 0 ? 'sound' : 'damaged');
  expect(report.errors).toBe(report.findings.filter(({ level }) => level === 'error').length);
  return report;
}

const of = (report: Report, level: Finding['level']): string[] =>
  report.findings.filter((finding) => finding.level === level).map(({ file, what }) => `${file}: ${what}`);

/** The newest file of a kind in a folder, or the one before. */
function newest(folder: string, kind: 'image' | 'segment' | 'MANIFEST', back = 0): string {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${kind}-`) && !name.endsWith('.tmp'));
  return join(folder, names.sort().at(-1 - back) as string);
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  writeFileSync(file, bytes);
}

describe('a whole directory', () => {
  it('[K13] is sound after a clean close: nothing but ok', async () => {
    const ended = await binary('check', closed, '--explain');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const lines = ended.stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(
      /^sound: 0 errors, 0 warnings, 0 notes; 11 games in 2 shards, .* of images, .* of journal$/,
    );
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^ok {2}\S/);
    for (const name of [
      'orrery.json',
      'LOCK',
      'shard-00/MANIFEST-',
      'shard-01/image-',
      'shard-01/segment-',
      'shard-00/games',
    ]) {
      expect(ended.stdout).toContain(name);
    }
  });

  it('[K13] is sound after SIGKILL, and the notes say what an opening would replay', async () => {
    const report = await explain(killed, 0);
    expect(of(report, 'note')).toEqual([
      'LOCK: was left by a process that ended without closing',
      expect.stringMatching(
        /^shard-00\/recovery: an opening would replay \d+ frames? with \d+ records, and cut nothing$/,
      ),
      expect.stringMatching(
        /^shard-01\/recovery: an opening would replay \d+ frames? with \d+ records, and cut nothing$/,
      ),
    ]);
    expect(report.shards.reduce((sum, { recovery }) => sum + (recovery?.replayedRecords ?? 0), 0)).toBe(4 * 45);
  });

  it('[K13] is sound with a torn tail and leftovers, and the notes say what an opening would cut and remove', async () => {
    const directory = copyOf(killed);
    const segment = newest(join(directory, 'shard-01'), 'segment');
    appendFileSync(segment, Buffer.concat([Buffer.from('FRM1'), Buffer.alloc(29, 7)]));
    writeFileSync(join(directory, 'shard-00/image-0000000009.sqlite.0123456789ab.tmp'), 'half an im');
    const report = await explain(directory, 0);
    expect(report.shards[1]?.recovery).toMatchObject({ cutBytes: 33 });
    expect(of(report, 'note').join('\n')).toMatch(
      /shard-01\/segment-\d+\.journal: .*the last 33 B are a write that was never/,
    );
    expect(of(report, 'note').join('\n')).toMatch(/shard-00\/image-0000000009\.sqlite\.\w+\.tmp: 10 B, left over/);
    expect(await orrery('checkpoint', directory)).toMatchObject({ status: 0 });
    expect(of(await explain(directory, 0), 'note')).toEqual([]);
  });
});

describe('damage', () => {
  const shard = (directory: string, number = 0): string => join(directory, `shard-0${number}`);

  /** Does something to a directory and gives the errors that are then found. */
  async function errorsAfter(source: string, damage: (directory: string) => void | Promise<void>): Promise<string[]> {
    const directory = copyOf(source);
    await damage(directory);
    return of(await explain(directory, 1), 'error');
  }

  it('[K14] a flipped byte of an image, with what stands in for it', async () => {
    const errors = await errorsAfter(closed, (directory) => flip(newest(shard(directory), 'image'), 5_000));
    expect(errors).toEqual([
      expect.stringMatching(/^shard-00\/image-0000000002\.sqlite: an image does not have the SHA-256/),
    ]);
  });

  it('[K14] a missing manifest, and one that cannot be read', async () => {
    const [missing, unreadable] = await Promise.all([
      errorsAfter(closed, (directory) => {
        for (const _ of ['newest', 'before']) rmSync(newest(shard(directory, 1), 'MANIFEST'));
      }),
      errorsAfter(closed, (directory) => flip(newest(shard(directory, 1), 'MANIFEST'), 12)),
    ]);
    expect(missing).toEqual(['shard-01/MANIFEST-*: the folder holds a journal or images, but no manifest']);
    expect(unreadable[0]).toMatch(/^shard-01\/MANIFEST-0000000002: a manifest does not have the checksum/);
  });

  it('[K14] a journal that was cut, and one with a frame gone bad', async () => {
    const [cut, bad] = await Promise.all([
      // Only the spare image needs this segment: the newest is whole.
      errorsAfter(closed, (directory) => {
        const file = newest(shard(directory), 'segment', 1);
        truncateSync(file, statSync(file).size - 100);
      }),
      errorsAfter(killed, (directory) => flip(newest(shard(directory), 'segment'), 200)),
    ]);
    expect(cut[0]).toMatch(
      /^shard-00\/segment-0000000001\.journal: .*, which was durable, cannot be read at byte \d+: incomplete/,
    );
    expect(cut.some((error) => error.startsWith('shard-00/recovery'))).toBe(false);
    // What the spare image lacks for it is said once.
    expect(cut.filter((error) => error.startsWith('shard-00/image-'))).toHaveLength(1);
    expect(bad[0]).toMatch(
      /^shard-00\/segment-0000000001\.journal: .*frame 1, which was durable, cannot be read at byte 64: payload CRC/,
    );
    expect(bad[1]).toMatch(/^shard-00\/recovery: journal frame 1/);
  });

  it('[K14] games whose steps do not add up, in an image that is whole in itself', async () => {
    const errors = await errorsAfter(closed, async (directory) => {
      for (const number of [0, 1]) {
        await rewriteImage(shard(directory, number), (database) => {
          database.execute(
            "DELETE FROM patch_batches WHERE game = 'ore'; UPDATE games SET tick = 9 WHERE id = 'final'",
          );
        });
      }
    });
    expect(errors.sort()).toEqual([
      expect.stringMatching(
        /^shard-0\d\/game "final": its steps end at seq 12, tick 4, and it is listed with seq 12, tick 9$/,
      ),
      expect.stringMatching(
        /^shard-0\d\/game "ore": its steps end at seq 0, tick 0, and it is listed with seq 7, tick 1$/,
      ),
    ]);
  });

  it('[K14] a shard that is gone, and folders that were exchanged', async () => {
    const [gone, exchanged] = await Promise.all([
      errorsAfter(closed, (directory) => rmSync(shard(directory, 1), { recursive: true })),
      errorsAfter(closed, (directory) => {
        renameSync(shard(directory, 0), join(directory, 'aside'));
        renameSync(shard(directory, 1), shard(directory, 0));
        renameSync(join(directory, 'aside'), shard(directory, 1));
      }),
    ]);
    expect(gone).toEqual(['shard-01/: is gone']);
    expect(exchanged.join('\n')).toMatch(
      /shard-00\/image-\d+\.sqlite: it is of shard 1, and its folder is that of shard 0/,
    );
    expect(exchanged.join('\n')).toMatch(/shard-00\/game ".*": belongs to shard 1: nobody looks for it here/);
  });

  it('[K14] a description that is gone, with the rest examined all the same', async () => {
    const directory = copyOf(closed);
    rmSync(join(directory, 'orrery.json'));
    const report = await explain(directory, 1);
    expect(of(report, 'error')).toEqual(['orrery.json: there is no orrery.json in this directory']);
    expect(of(report, 'ok').join('\n')).toMatch(/shard-01\/games: \d+ games/);
    expect(existsSync(join(directory, 'orrery.json'))).toBe(false);
  });

  it('[K14] the text names the file, the remedy and the verdict', async () => {
    const directory = copyOf(killed);
    rmSync(newest(shard(directory), 'image'));
    const ended = await binary('check', directory, '--explain');
    expect(ended.status).toBe(1);
    expect(ended.stdout).toMatch(
      /^error +shard-00\/image-0000000001\.sqlite +an image is missing\n {2,}Put the file back from a backup/m,
    );
    expect(ended.stdout.trimEnd().split('\n').at(-1)).toMatch(/^damaged: 2 errors, /);
  });
});

/** Changes an image as somebody with an SQLite tool might, and makes its manifest agree. */
async function rewriteImage(folder: string, change: (database: Database) => void): Promise<void> {
  const file = newest(folder, 'image');
  const database = await Database.open(readFileSync(file));
  change(database);
  const bytes = database.export();
  database.close();
  writeFileSync(file, bytes);
  const path = newest(folder, 'MANIFEST');
  const manifest = decodeManifest(readFileSync(path), path);
  const [image, ...spare] = manifest.images;
  const entry = { ...image, bytes: bytes.length, sha256: Buffer.from(sha256(bytes)).toString('hex') };
  writeFileSync(path, encodeManifest({ ...manifest, images: [entry, ...spare] } as Manifest));
}
