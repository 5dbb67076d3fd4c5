// `orrery doctor`: examines a directory to the last byte and the last step of every game, and changes nothing.

import { Command } from 'commander';
import { nodeFiles } from '../journal/files.ts';
import { Columns } from './columns.ts';
import { type Examination, examineDirectory, extentOf } from './examine/directory.ts';
import type { Level } from './examine/finding.ts';
import { EXIT } from './exit.ts';
import type { Colour } from './paint.ts';
import { compactJson, counted, printable } from './printable.ts';
import type { Surroundings } from './surroundings.ts';

const HELP = `
It reads every manifest, image (SHA-256, SQLite's quick_check and integrity_check) and frame of the journal, says what the
next opening would replay and cut, and folds every game from its first snapshot over all of its steps. Findings are ok, note,
warning or error; with an error the exit status is 1. Nothing is changed; another process may have the directory open.

Examples:
  orrery doctor ./data
  orrery doctor ./data --json | jq '.findings[] | select(.level != "ok")'`;

const COLOURS: { readonly [level in Level]: Colour } = { ok: 'green', note: 'cyan', warning: 'yellow', error: 'red' };

export function doctorCommand(surroundings: Surroundings): Command {
  return new Command('doctor')
    .description('Examine a directory for damage without changing it.')
    .argument('<directory>', 'the directory that openOrrery was given')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((directory: string, options: { json?: true }) => doctor(directory, options.json === true, surroundings));
}

async function doctor(directory: string, json: boolean, { output, paint, finish }: Surroundings): Promise<void> {
  const examination = await examineDirectory(nodeFiles, directory.replace(/(?<=.)\/+$/, ''));
  const { findings, holder, shards } = examination;
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  const [errors, warnings, notes] = [count('error'), count('warning'), count('note')];
  finish(errors > 0 ? EXIT.damaged : EXIT.ok);

  if (json) {
    const verdict = errors > 0 ? 'damaged' : 'healthy';
    const told = findings.map(({ remedy, ...rest }) => ({ ...rest, remedy: remedy ?? null }));
    await output.line(
      compactJson({ directory, verdict, errors, warnings, notes, holder: holder ?? null, shards, findings: told }),
    );
    return;
  }
  const columns = new Columns([{ title: '' }, { title: '' }, { title: '' }], paint);
  columns.fit(findings.map(({ level, file }) => [level, printable(file)]));
  for (const { level, file, what, remedy } of findings) {
    await output.line(columns.row([level, printable(file), printable(what)], [COLOURS[level]]));
    if (remedy !== undefined)
      await output.line(columns.row(['', '', printable(remedy)], [undefined, undefined, 'dim']));
  }
  await output.line(verdictLine(examination, errors, warnings, notes, paint));
}

function verdictLine(
  examination: Examination,
  errors: number,
  warnings: number,
  notes: number,
  paint: Surroundings['paint'],
): string {
  const verdict = errors > 0 ? paint('red', 'damaged') : paint('green', 'healthy');
  const counts = [counted(errors, 'error'), counted(warnings, 'warning'), counted(notes, 'note')].join(', ');
  return `${verdict}: ${counts}; ${extentOf(examination)}`;
}
