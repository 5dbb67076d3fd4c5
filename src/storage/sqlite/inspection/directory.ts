// A whole directory, examined: its description, its lock, each shard, and what only shows when shards are compared.

import { OrreryError } from '../../../core/errors.ts';
import { byteSize, counted } from '../../../core/printable.ts';
import { type DirectoryConfig, readConfig, shardName, shardNumber } from '../directory.ts';
import { type Files, isMissing } from '../files.ts';
import { holderOf } from '../lock.ts';
import { type Finding, Findings } from './finding.ts';
import { examineShard, type ShardExamination } from './shard.ts';

/** Whatever else lies in the directory is not ours to speak of. */
const LEFTOVER = /^(LOCK|orrery\.json|openings\.jsonl|shard-\d{2,3}\.record)\..*\.tmp$/;

export interface Examination {
  readonly directory: string;
  /** The process that has the directory open. */
  readonly holder: number | undefined;
  readonly findings: readonly Finding[];
  readonly shards: readonly Omit<ShardExamination, 'findings'>[];
}

/** Throws NOT_AN_ORRERY_DIRECTORY, FORMAT_TOO_NEW, and what the disk throws; damage is not thrown but found. */
export async function examineDirectory(files: Files, directory: string): Promise<Examination> {
  const findings = new Findings('');
  const config = examineConfig(files, directory, findings);
  const holder = examineLock(files, directory, findings);
  const names = files.list(directory);
  for (const name of names.filter((each) => LEFTOVER.test(each))) {
    findings.add(
      'note',
      name,
      'left over from a write that was interrupted, or being written now',
      'The next opening removes it.',
    );
  }
  const present = names.map(shardNumber).filter((shard) => shard !== undefined);
  const due = Array.from({ length: config?.shards ?? 0 }, (_, shard) => shard);
  const shards: ShardExamination[] = [];
  for (const shard of new Set([...due, ...present].sort((a, b) => a - b))) {
    shards.push(await examineShard(files, directory, shard, config));
  }
  const apart = shards.flatMap((shard) => shard.findings);
  const together = new Findings('');
  compareShards(shards, config, together);
  return {
    directory,
    holder,
    findings: [...findings.list, ...apart, ...together.list],
    shards: shards.map(({ findings: _, ...rest }) => rest),
  };
}

function examineConfig(files: Files, directory: string, findings: Findings): DirectoryConfig | undefined {
  const file = 'orrery.json';
  try {
    const config = readConfig(files, directory);
    findings.add('ok', file, `format ${config.version}, ${counted(config.shards, 'shard')}, made ${config.created}`);
    return config;
  } catch (error) {
    // Without its description, but with shards in it, a directory is one of ours that has been damaged.
    const damaged = error instanceof OrreryError && error.code === 'DAMAGED';
    if (!damaged && !(isOurs(error) && holdsShards(files, directory))) throw error;
    findings.failure(file, error, 'Put the file back from a backup: it says how many shards there are.');
    return undefined;
  }
}

function isOurs(error: unknown): boolean {
  return error instanceof OrreryError && error.code === 'NOT_AN_ORRERY_DIRECTORY';
}

function holdsShards(files: Files, directory: string): boolean {
  try {
    const folders = files.list(directory).filter((name) => shardNumber(name) !== undefined);
    // Empty ones are left of a making that was interrupted.
    return folders.some((name) => files.list(`${directory}/${name}`).length > 0);
  } catch (error) {
    if (isMissing(error) || (error instanceof OrreryError && error.context['errno'] === 'ENOTDIR')) return false;
    throw error;
  }
}

function examineLock(files: Files, directory: string, findings: Findings): number | undefined {
  const holder = holderOf(files, directory);
  if (holder !== undefined) {
    findings.add('note', 'LOCK', `process ${holder} has the directory open: what is told here may have moved on`);
  } else if (files.exists(`${directory}/LOCK`)) {
    findings.add('note', 'LOCK', 'was left by a process that ended without closing', 'The next opening takes it over.');
  } else {
    findings.add('ok', 'LOCK', 'nobody has the directory open');
  }
  return holder;
}

function compareShards(
  shards: readonly ShardExamination[],
  config: DirectoryConfig | undefined,
  findings: Findings,
): void {
  const names = new Map<string, number>();
  for (const { shard, uuid } of shards) {
    if (uuid === undefined) continue;
    const other = names.get(uuid);
    if (other !== undefined) {
      findings.add(
        'error',
        `${shardName(shard)}/`,
        `is a copy of shard ${other}`,
        'Put the right folder back from a backup.',
      );
    }
    names.set(uuid, shard);
  }
  // No game is accepted before every shard has its first manifest.
  const inUse = shards.some(({ contents }) => (contents?.games ?? 0) > 0);
  for (const { shard, uuid, findings: own } of shards) {
    if (config && shard >= config.shards) {
      const what = `the directory has ${counted(config.shards, 'shard')}: nobody looks here`;
      findings.add('warning', `${shardName(shard)}/`, what, 'If it holds games, it is from another directory.');
    } else if (inUse && uuid === undefined && !own.some(({ level }) => level === 'error')) {
      const what = 'is empty, although other shards hold games: it was complete before any of them was accepted';
      findings.add(
        'error',
        `${shardName(shard)}/`,
        what,
        'Put the folder back from a backup, before anything opens the directory.',
      );
    }
  }
}

/** For the verdict: what there is, in a few words. */
export function extentOf({ shards }: Examination): string {
  const sum = (of: (shard: Omit<ShardExamination, 'findings'>) => number): number =>
    shards.reduce((total, shard) => total + of(shard), 0);
  const games = sum(({ contents }) => contents?.games ?? 0);
  const images = byteSize(sum(({ imageBytes }) => imageBytes));
  const journal = byteSize(sum(({ journalBytes }) => journalBytes));
  return `${counted(games, 'game')} in ${counted(shards.length, 'shard')}, ${images} of images, ${journal} of journal`;
}
