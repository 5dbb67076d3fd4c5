// `orrery check`: sound or damaged, every file of a directory, and not a byte of it changed.

import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256 } from '#storage/sqlite/image/body.ts';
import { Database } from '#storage/sqlite/image/database.ts';
import { decodeManifest, encodeManifest, type Manifest } from '#storage/sqlite/image/manifest.ts';
import {
  binary,
  copyOf,
  emptyFolder,
  fingerprint,
  makeDirectory,
  orrery,
  playAndDie,
  removeFolders,
  startDigger,
} from './command-line.ts';

let closed: string;
let killed: string;

beforeAll(async () => {
  closed = await makeDirectory();
  killed = join(emptyFolder(), 'data');
  await playAndDie(killed);
});
afterAll(removeFolders);

interface Report {
  readonly verdict: 'sound' | 'damaged';
  readonly errors: number;
  readonly shards: readonly { readonly contents?: { readonly games: number; readonly commands: number } }[];
  readonly findings: readonly { readonly level: string; readonly file: string; readonly what: string }[];
}

async function check(directory: string, status: 0 | 1): Promise<Report> {
  const ended = await orrery('check', directory, '--json');
  expect(`${ended.status} ${ended.stderr}`).toBe(`${status} `);
  const report = JSON.parse(ended.stdout) as Report;
  expect(report.verdict).toBe(status === 0 ? 'sound' : 'damaged');
  return report;
}

function newest(folder: string, kind: string, back = 0): string {
  const names = readdirSync(folder).filter((name) => name.startsWith(`${kind}-`));
  return join(folder, names.sort().at(-1 - back) as string);
}

/** Changes an image, the newest or the one before, and makes the newest manifest agree. */
async function rewrite(folder: string, back: number, change: (database: Database) => void): Promise<void> {
  const file = newest(folder, 'image', back);
  const database = await Database.open(readFileSync(file));
  change(database);
  const bytes = database.export();
  database.close();
  rmSync(file);
  writeFileSync(file, bytes);
  const path = newest(folder, 'MANIFEST');
  const manifest = decodeManifest(readFileSync(path), path);
  const images = manifest.images.map((image, at) =>
    at === back ? { ...image, bytes: bytes.length, sha256: Buffer.from(sha256(bytes)).toString('hex') } : image,
  );
  writeFileSync(path, encodeManifest({ ...manifest, images } as Manifest));
}

it('[K17] is sound after a clean close and after SIGKILL, and changes neither a byte nor a time', async () => {
  for (const directory of [closed, killed]) {
    const before = fingerprint(directory);
    const ended = await binary('check', directory);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^sound: 0 errors, 0 warnings; \d+ games in 2 shards, .* of images, .* of journal\n$/);
    expect(fingerprint(directory)).toEqual(before);
  }
});

it('[K17] and beside a process that writes and publishes without a pause', async () => {
  const directory = join(emptyFolder(), 'data');
  const digger = await startDigger(directory, 'race');
  try {
    for (let round = 0; round < 4; round += 1) {
      const report = await check(directory, 0);
      expect(report).toMatchObject({ findings: [], holder: digger.pid });
    }
  } finally {
    await digger.end();
  }
});

it('[K18] a bit in any file that counts is found, by the name of the file', async () => {
  const files = readdirSync(closed, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(MANIFEST|image|segment)-\d+/.test(name),
  );
  expect(files.length).toBeGreaterThan(8);
  for (const [at, file] of files.entries()) {
    const directory = copyOf(closed);
    const bytes = readFileSync(join(directory, file));
    const place = file.includes('segment') ? 70 : (at * 977) % bytes.length;
    bytes[place] = (bytes[place] as number) ^ 2;
    rmSync(join(directory, file));
    writeFileSync(join(directory, file), bytes);
    const whole = file.includes('segment') && bytes.length <= 112;
    const report = await check(directory, whole ? 0 : 1);
    if (!whole) expect(report.findings.map((finding) => finding.file)).toContain(file);
    rmSync(directory, { recursive: true });
  }
});

it('[K18] what the spare image leads to, the index of commands and every record of the journal are looked at too', async () => {
  const [spare, index, record] = [copyOf(killed), copyOf(closed), copyOf(closed)];
  // Whole by every checksum, and another past than the newest image has.
  await rewrite(join(index, 'shard-00'), 0, (database) => {
    const game = database.one('SELECT id FROM games WHERE seq > 0')?.['id'];
    if (game === undefined) throw new Error('no game in shard 0 has a past');
    database.run(
      'INSERT INTO commands (game, seq, tick, time, name, player, args) VALUES (?, 1, 0, 0, ?, NULL, NULL)',
      [game, 'forged'],
    );
  });
  const indexed = await check(index, 1);
  expect(indexed.findings[0]?.what).toMatch(/the index of commands has another command 1 than its history/);
  // The first image is that of an empty shard: after the second checkpoint the spare one holds games.
  for (let round = 0; round < 2; round += 1) expect(await orrery('checkpoint', spare)).toMatchObject({ status: 0 });
  await rewrite(join(spare, 'shard-00'), 1, (database) => {
    database.execute("UPDATE games SET tables = '[]'");
  });
  const other = await check(spare, 1).then(({ findings }) => findings.map(({ what }) => what));
  expect(other.join()).toMatch(/the spare image/);
  appendFileSync(newest(join(record, 'shard-00'), 'segment', 0), 'bytes behind the seal');
  expect((await check(record, 0)).findings).toEqual([]);
});

it('[K18] names the file and points to the explanation, which has all that and more', async () => {
  const directory = copyOf(closed);
  writeFileSync(newest(join(directory, 'shard-01'), 'MANIFEST'), 'nonsense');
  const ended = await orrery('check', directory);
  expect(ended.status).toBe(1);
  expect(ended.stdout).toMatch(/^error +shard-01\/MANIFEST-\d+ /);
  expect(ended.stdout).toMatch(/\ndamaged: 1 error, .*\n`orrery check --explain` says/);
  const explained = await orrery('check', directory, '--explain');
  expect(explained.status).toBe(1);
  expect(explained.stdout).toMatch(/^error +shard-01\/MANIFEST-\d+ .*\n {2,}The next opening goes on from/m);
  expect(explained.stdout).toMatch(/^ok +shard-00\/games /m);
  expect(explained.stdout.trimEnd()).toMatch(/\ndamaged: 1 error, \d+ warnings?, \d+ notes?; .*$/);
  expect(await orrery('check', emptyFolder())).toMatchObject({ status: 3 });
});

it('[K18] --json has errors and warnings, with --explain all findings and how many notes there are', async () => {
  const [brief, full] = await Promise.all([
    orrery('check', killed, '--json'),
    orrery('check', killed, '--json', '--explain'),
  ]);
  expect(JSON.parse(brief.stdout)).toMatchObject({ verdict: 'sound', findings: [] });
  expect(JSON.parse(brief.stdout)).not.toHaveProperty('notes');
  const { findings, notes } = JSON.parse(full.stdout) as Report & { notes: number };
  expect(notes).toBe(findings.filter(({ level }) => level === 'note').length);
  expect(notes).toBeGreaterThan(0);
  expect(new Set(findings.map(({ level }) => level))).toEqual(new Set(['ok', 'note']));
});

it('[K10] there is one command that inspects: doctor is none', async () => {
  expect(await orrery('doctor', killed)).toMatchObject({ status: 2, stdout: '' });
});
