// The manifests of a shard: can each be read, and which one counts.

import { OrreryError } from '../../../core/errors.ts';
import type { Files } from '../files.ts';
import { type Manifest, manifestName } from '../image/manifest.ts';
import { type Listing, readManifest } from '../recovery/read-shard.ts';
import { manifestsIn } from '../recovery/shard-parts.ts';
import type { Findings } from './finding.ts';

/** Gives the manifest that counts. Undefined when there is none that could, or nothing that one would be needed for. */
export function examineManifests(
  files: Files,
  folder: string,
  listing: Listing,
  findings: Findings,
): Manifest | undefined {
  if (listing.manifests.length === 0) {
    examineAbsence(files, folder, listing, findings);
    return undefined;
  }
  let counts: Manifest | undefined;
  const faults: { readonly name: string; readonly error: OrreryError }[] = [];
  for (const { name, found } of manifestsIn(files, folder, listing)) {
    if (found instanceof OrreryError) {
      faults.push({ name, error: found });
      continue;
    }
    findings.add('ok', name, counts ? 'the one before' : `counts: ${contentsOf(found)}`);
    counts ??= found;
  }
  for (const { name, error } of faults) findings.failure(name, error, remedyFor(counts));
  return counts;
}

function examineAbsence(files: Files, folder: string, listing: Listing, findings: Findings): void {
  try {
    readManifest(files, folder, listing);
    findings.add('note', '', 'was never finished being made, and holds nothing', 'The next opening makes it anew.');
  } catch (error) {
    findings.failure(
      'MANIFEST-*',
      error,
      'Put the newest manifest back from a backup, or recover what is left with `orrery salvage`.',
    );
  }
}

function contentsOf({ images, segments, epoch }: Manifest): string {
  const [newest, before] = images.map(({ generation }) => generation);
  const either = before === undefined ? `image ${newest}` : `image ${newest}, or ${before} in its place`;
  return `${either}; journal from segment ${segments[0]} on; epoch ${epoch}`;
}

function remedyFor(counts: Manifest | undefined): string {
  if (!counts) return 'Put the newest manifest back from a backup, or recover what is left with `orrery salvage`.';
  return `The next opening goes on from ${manifestName(counts.generation)}; what that one needs is examined below.`;
}
