// What a crash may leave of a shard's record: nothing, or a whole one that speaks of a manifest which is there. Read here by
// docs/FORMAT.md alone. Before it: play.ts, at every opening.

import { crc32 } from 'node:zlib';
import type { RecordingFiles } from './recording-files.ts';

interface Line {
  readonly generation: number;
  readonly durableFrame: number;
}

/** What is wrong with it, if anything is. */
export function faultOfRecord(disk: RecordingFiles, folder: string): string | undefined {
  const path = `${folder}.record`;
  if (!disk.exists(path)) return undefined;
  const record = lineOf(disk, path);
  if (record === undefined) return 'the record of the shard is torn';
  const manifests = disk
    .list(folder)
    .filter((name) => /^MANIFEST-\d{10}$/.test(name))
    .flatMap((name) => lineOf(disk, `${folder}/${name}`) ?? []);
  const ahead = (key: keyof Line): boolean => manifests.every((manifest) => manifest[key] < record[key]);
  if (!ahead('generation') && !ahead('durableFrame')) return undefined;
  return `the record of the shard speaks of generation ${record.generation} and frame ${record.durableFrame}, and no manifest does`;
}

function lineOf(disk: RecordingFiles, path: string): Line | undefined {
  const [line = '', crc, ...rest] = Buffer.from(disk.read(path)).toString('latin1').split('\n');
  const whole = rest.length === 1 && crc === crc32(line).toString(16).padStart(8, '0');
  return whole ? (JSON.parse(line) as Line) : undefined;
}
