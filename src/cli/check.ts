// `orrery check`: everything in a directory verified to the last byte, and nothing said but what is wrong. `orrery doctor` is the
// one that explains.

import { Command } from 'commander';
import { nodeFiles } from '../journal/files.ts';
import { Columns } from './columns.ts';
import { examineDirectory, extentOf } from './examine/directory.ts';
import type { Level } from './examine/finding.ts';
import { EXIT } from './exit.ts';
import { isPack, PLACE_HELP } from './past/opening.ts';
import { compactJson, counted, printable } from './printable.ts';
import type { Surroundings } from './surroundings.ts';

const HELP = `
It checks the CRC and the chain of every frame and reads every record; SHA-256, schema, quick_check and integrity_check of every
image; unpacks every body; folds every game over its whole past, by way of every snapshot, from the newest image and from the
spare one, which must lead to the same states; and holds manifests against files. The exit status is 0 when all of it is
sound, 1 when anything is damaged. Not a byte is changed; another process may have the directory open.
Of a pack the digest is recomputed and every snapshot proved to follow from the steps: what \`orrery unpack\` asks of it.

Examples:
  orrery check ./data && cp -r ./data /backup/galaxies
  orrery check ./data --json | jq '.findings[].file'
  orrery check battle.orrery`;

export function checkCommand(surroundings: Surroundings): Command {
  return new Command('check')
    .description('Verify every byte of a directory or a pack without changing it.')
    .argument('<directory>', PLACE_HELP)
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((place: string, { json = false }: { json?: boolean }) =>
      isPack(place) ? checkPack(place, json, surroundings) : check(place, json, surroundings),
    );
}

/** Throws PACK_DAMAGED with what does not add up. */
async function checkPack(file: string, json: boolean, { output, paint }: Surroundings): Promise<void> {
  const { inThread } = await import('../pack/thread.ts');
  const { description } = await inThread({ kind: 'prove', file, as: undefined });
  if (json) {
    await output.line(compactJson({ pack: file, verdict: 'sound', ...description }));
    return;
  }
  const { game, type, version, seq, tick, digest } = description;
  const told = `game ${printable(game)} of type ${printable(type)} ${version}, up to seq ${seq}, tick ${tick}`;
  await output.line(`${paint('green', 'sound')}: ${told}`);
  await output.line(`SHA-256 of its content: ${digest}`);
}

async function check(directory: string, json: boolean, { output, paint, finish }: Surroundings): Promise<void> {
  const examination = await examineDirectory(nodeFiles, directory.replace(/(?<=.)\/+$/, ''), 'thorough');
  const count = (level: Level): number => examination.findings.filter((finding) => finding.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  const findings = examination.findings.filter(({ level }) => level === 'error' || level === 'warning');
  finish(errors > 0 ? EXIT.damaged : EXIT.ok);
  if (json) {
    const verdict = errors > 0 ? 'damaged' : 'sound';
    const told = findings.map(({ remedy, ...rest }) => ({ ...rest, remedy: remedy ?? null }));
    const { holder, shards } = examination;
    await output.line(
      compactJson({ directory, verdict, errors, warnings, holder: holder ?? null, shards, findings: told }),
    );
    return;
  }
  const columns = new Columns([{ title: '' }, { title: '' }, { title: '' }], paint);
  columns.fit(findings.map(({ level, file }) => [level, printable(file)]));
  for (const { level, file, what } of findings) {
    await output.line(columns.row([level, printable(file), printable(what)], [level === 'error' ? 'red' : 'yellow']));
  }
  const verdict = errors > 0 ? paint('red', 'damaged') : paint('green', 'sound');
  const counts = `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`;
  await output.line(`${verdict}: ${counts}; ${extentOf(examination)}`);
  if (errors > 0)
    await output.line('`orrery doctor` says what to do about each; `orrery salvage` recovers what is left.');
}
