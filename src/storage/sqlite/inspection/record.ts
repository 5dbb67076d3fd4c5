// What was recorded of a shard beside its folder, held against what is in it.

import { OrreryError } from '../../../core/errors.ts';
import { discrepancyOf, type Found, MISSING } from '../recovery/known-shard.ts';
import type { recordOf } from '../recovery/shard-parts.ts';
import { Findings } from './finding.ts';

/** `found` is undefined when the folder holds nothing, `directory` (the id) when it is not known. */
export function examineRecord(
  record: ReturnType<typeof recordOf>,
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
