// What was recorded of a shard beside its folder, held against what is in it.

import { OrreryError } from '../../../core/errors.ts';
import type { Files } from '../files.ts';
import { discrepancyOf, type Found, MISSING } from '../recovery/known-shard.ts';
import { readRecord, type ShardRecord } from '../recovery/shard-record.ts';
import { Findings } from './finding.ts';

/** A record as it was read before the shard was, or why it cannot be. */
export type RecordRead = ShardRecord | OrreryError | undefined;

/** To be called before anything of the shard is read: one that goes on meanwhile is ahead of its record, and never behind. */
export function readRecordOf(files: Files, folder: string): RecordRead {
  try {
    return readRecord(files, folder);
  } catch (error) {
    if (!(error instanceof OrreryError) || error.code === 'FORMAT_TOO_NEW') throw error;
    return error;
  }
}

/** `found` is undefined when the folder holds nothing, `directory` (the id) when it is not known. */
export function examineRecord(
  record: RecordRead,
  file: string,
  shard: number,
  directory: string | undefined,
  found: Found | undefined,
): Findings {
  const findings = new Findings('');
  const remedy = `Put the folder and its record back from one backup; \`orrery accept\` with --shard ${shard} tells what giving up would mean.`;
  if (record instanceof OrreryError) findings.failure(file, record);
  else if (record === undefined) {
    if (found) findings.add('note', file, 'there is none yet', 'The next opening writes it.');
  } else if (directory !== undefined && record.directory !== directory) {
    findings.add('error', file, 'is the record of a shard of another directory', remedy);
  } else {
    const discrepancy = found ? discrepancyOf(record, found) : MISSING;
    const { generation, durableFrame } = record;
    if (discrepancy) findings.add('error', file, discrepancy.what, remedy);
    else if (found && found.manifest.generation > generation) {
      findings.add('note', file, `is behind, at generation ${generation}`, 'The next checkpoint or opening writes it.');
    } else findings.add('ok', file, `generation ${generation}, frame ${durableFrame}: the shard has come that far`);
  }
  return findings;
}
