// One shard, examined: manifests, images, journal, what a recovery would do, games. Nothing is changed.

import { setTimeout as delay } from 'node:timers/promises';
import { byteSize, counted } from '../../../core/printable.ts';
import { type DirectoryConfig, shardDirectory, shardName } from '../directory.ts';
import { type Files, isMissing, isTemporary } from '../files.ts';
import { imageName } from '../image/image.ts';
import { segmentName } from '../journal/segment.ts';
import { hasChanged, holdFiles } from '../recovery/held-files.ts';
import type { Found } from '../recovery/known-shard.ts';
import { type Listing, listShard, readShard, type ShardContents } from '../recovery/read-shard.ts';
import { recordOf } from '../recovery/shard-parts.ts';
import { contradictionOf, readSpare } from './cross-checks.ts';
import { type Finding, Findings } from './finding.ts';
import { examineGames, type GamesExamined } from './games.ts';
import { examineImages } from './images.ts';
import { examineJournal } from './journal.ts';
import { examineManifests } from './manifests.ts';
import { examineRecord } from './record.ts';
import type { ShardView } from './shard-view.ts';

/** What a recovery would do. */
export interface Recovery {
  readonly image: number;
  readonly replayedFrames: number;
  readonly replayedRecords: number;
  readonly cutBytes: number;
}

export interface ShardExamination {
  readonly shard: number;
  readonly findings: readonly Finding[];
  /** Of a shard that has a manifest. */
  readonly uuid?: string;
  readonly generation?: number;
  readonly imageBytes: number;
  readonly journalBytes: number;
  /** When one would succeed. */
  readonly recovery?: Recovery;
  readonly contents?: GamesExamined;
}

/** In a shard that is written to, damage counts once it has been seen without the files having changed meanwhile. */
const MOST_ATTEMPTS = 20;

export async function examineShard(
  files: Files,
  directory: string,
  shard: number,
  config: DirectoryConfig | undefined,
): Promise<ShardExamination> {
  const shards = config?.shards;
  const folder = shardDirectory(directory, shard);
  const name = `${shardName(shard)}/`;
  for (let attempt = 1; ; attempt += 1) {
    const findings = new Findings(name);
    const record = recordOf(files, folder);
    const compare = (found: Found | undefined): void => {
      const { list } = examineRecord(record, `${shardName(shard)}.record`, shard, config?.id, found);
      findings.list.push(...list);
    };
    let listing: Listing;
    try {
      listing = listShard(files, folder);
    } catch (error) {
      // The folders were made before the directory was, so one that is gone has taken its games with it.
      if (isMissing(error)) findings.add('error', '', 'is gone', 'Put the folder back from a backup.');
      else findings.failure('', error);
      return { shard, findings: findings.list, imageBytes: 0, journalBytes: 0 };
    }
    const examined = await examineListed(files, folder, listing, shard, shards, findings, compare);
    if (!findings.damaged || attempt === MOST_ATTEMPTS || !hasChanged(files, folder, listing)) return examined;
    await delay(attempt);
  }
}

const REMEDY =
  'No program opens this directory: put the files named above back from a backup, or recover what is left with `orrery salvage`.';

async function examineListed(
  files: Files,
  folder: string,
  listing: Listing,
  shard: number,
  shards: number | undefined,
  findings: Findings,
  compare: (found: Found | undefined) => void,
): Promise<ShardExamination> {
  const nothing = { shard, findings: findings.list, imageBytes: 0, journalBytes: 0 };
  const manifest = examineManifests(files, folder, listing, findings);
  examineTemporary(files, folder, listing, findings);
  if (!manifest) {
    // What is there and cannot be read has been told.
    if (!findings.damaged) compare(undefined);
    return nothing;
  }
  const images = manifest.images.map(({ generation }) => imageName(generation));
  const segments = [...listing.segments, ...manifest.segments].map(segmentName);
  const held = holdFiles(files, folder, [...new Set([...segments, ...images])]);
  const view: ShardView = { files: held, folder, shard, listing, manifest, findings };
  await examineImages(view);
  const journalBytes = examineJournal(view);
  const imageBytes = manifest.images.reduce((sum, { bytes }) => sum + bytes, 0);
  const { shard: uuid, generation } = manifest;
  const examined = { ...nothing, uuid, generation, imageBytes, journalBytes };

  let contents: ShardContents;
  try {
    contents = await readShard(held, folder, manifest, listing, {
      granularityOf: () => 'commands',
      commandIndex: false,
    });
  } catch (error) {
    findings.failure('recovery', error, REMEDY);
    return examined;
  }
  compare(contents);
  // Only when the newest image itself was used: the spare is the other way to the same games.
  const spare = contents.imageFault ? undefined : await readSpare(view);
  try {
    const recovery = examineRecovery(contents, findings);
    const further = contradictionOf.bind(undefined, contents, spare);
    return { ...examined, recovery, contents: examineGames(contents, shard, shards, findings, further) };
  } finally {
    contents.database.close();
    spare?.database.close();
  }
}

function examineRecovery(
  { image, imageFault, replayedFrames, replayedRecords, tail }: ShardContents,
  findings: Findings,
): Recovery {
  const cutBytes = tail.cut?.bytes ?? 0;
  const from = imageFault ? ` from ${imageName(image.generation)}, because the newest cannot be used` : '';
  const replay =
    replayedFrames === 0
      ? 'replay nothing'
      : `replay ${counted(replayedFrames, 'frame')} with ${counted(replayedRecords, 'record')}`;
  const cut = cutBytes === 0 ? 'cut nothing' : `cut ${byteSize(cutBytes)}`;
  const level = replayedFrames === 0 && cutBytes === 0 ? 'ok' : 'note';
  findings.add(level, 'recovery', `an opening would ${replay}${from}, and ${cut}`);
  return { image: image.generation, replayedFrames, replayedRecords, cutBytes };
}

function examineTemporary(files: Files, folder: string, listing: Listing, findings: Findings): void {
  for (const name of listing.names.filter(isTemporary)) {
    try {
      const size = byteSize(files.size(`${folder}/${name}`));
      findings.add(
        'note',
        name,
        `${size}, left over from a write that was interrupted, or being written now`,
        'The next opening removes it.',
      );
    } catch (error) {
      // It has got its name by now, or has been removed.
      if (!isMissing(error)) throw error;
    }
  }
}
