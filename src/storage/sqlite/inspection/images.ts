// The images of a shard: are they what their manifest says, and what does SQLite say of them.

import { byteSize } from '../../../core/printable.ts';
import { sha256 } from '../image/body.ts';
import { Database } from '../image/database.ts';
import { imageName, LATEST, readImage } from '../image/image.ts';
import type { ImageEntry } from '../image/manifest.ts';
import { readMeta } from '../image/rows.ts';
import { complaintOfSqlite } from '../recovery/shard-parts.ts';
import type { ShardView } from './shard-view.ts';

export async function examineImages(view: ShardView): Promise<void> {
  const { listing, manifest, findings } = view;
  for (const entry of manifest.images) await examineImage(view, entry);
  for (const generation of listing.images) {
    if (manifest.images.some((image) => image.generation === generation)) continue;
    const why =
      generation > manifest.generation
        ? 'no manifest names it: a checkpoint was interrupted, or its manifest is gone; the journal holds the same'
        : 'is not needed any more';
    findings.add('note', imageName(generation), why, 'A later checkpoint removes it.');
  }
  examineLatest(view);
}

async function examineImage(view: ShardView, entry: ImageEntry): Promise<void> {
  const { files, folder, findings } = view;
  const name = imageName(entry.generation);
  const remedy = remedyFor(view, entry);
  try {
    const bytes = readImage(files, folder, entry);
    const complaint = await complaintOf(view, bytes, entry);
    if (complaint !== undefined) findings.add('error', name, complaint, remedy);
    else
      findings.add(
        'ok',
        name,
        `${byteSize(bytes.length)}, up to frame ${entry.frame}; SHA-256, schema and SQLite's checks agree`,
      );
  } catch (error) {
    findings.failure(name, error, remedy);
  }
}

async function complaintOf(view: ShardView, bytes: Uint8Array, entry: ImageEntry): Promise<string | undefined> {
  const { manifest, shard } = view;
  const database = await Database.open(bytes);
  try {
    const complaint = complaintOfSqlite(database);
    if (complaint !== undefined) return complaint;
    const meta = readMeta(database);
    if (meta.get('shard') !== manifest.shard) return 'it belongs to another shard';
    const number = meta.get('shard_number');
    if (number !== String(shard)) return `it is of shard ${number}, and its folder is that of shard ${shard}`;
    if (meta.get('applied_frame') === String(entry.frame)) return undefined;
    return `it says that it holds frames up to ${meta.get('applied_frame')}, and its manifest says ${entry.frame}`;
  } finally {
    database.close();
  }
}

function remedyFor({ manifest }: ShardView, entry: ImageEntry): string {
  const [newest, spare] = manifest.images;
  if (entry !== newest)
    return 'Only a spare: while the newest image is whole nothing is lost, and the next checkpoint replaces it.';
  if (!spare) return 'Put the file back from a backup: there is no image that could stand in for it.';
  return `The next opening uses ${imageName(spare.generation)} and more of the journal, and publishes a new one.`;
}

/** A second name of the newest image. Nobody recovers from it, so it is never an error. */
function examineLatest({ files, folder, manifest, findings }: ShardView): void {
  const path = `${folder}/${LATEST}`;
  const newest = manifest.images[0] as ImageEntry;
  const compaction = files.exists(path) ? Buffer.from(sha256(files.read(path))).toString('hex') : undefined;
  if (compaction === newest.sha256) return;
  const what = compaction === undefined ? 'is not there' : `is not the same file as ${imageName(newest.generation)}`;
  findings.add('note', LATEST, what, 'Orrery does not read it. The next checkpoint makes it anew.');
}
