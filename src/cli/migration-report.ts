// What `orrery migrate` prints: which games were migrated and which failed, and what a rehearsal found.

import type { OrreryError } from '../core/errors.ts';
import { counted, printable } from '../core/printable.ts';
import type { GameMigration, MigrationReport } from '../history/upgrade/migrate-all.ts';
import type { Rehearsal } from '../history/upgrade/rehearse.ts';
import type { CliContext } from './cli-context.ts';
import { Columns } from './columns.ts';
import { ChangeListing } from './past/change-lines.ts';

/** More changes than this are counted, and --json has them all. */
const LISTED_CHANGES = 200;

export async function printMigrations(
  { migrated, failed, current }: MigrationReport,
  { output, paint }: CliContext,
): Promise<void> {
  if (migrated.length > 0) {
    const columns = new Columns(
      [{ title: 'GAME' }, { title: 'TYPE' }, { title: 'FROM', right: true }, { title: 'TO', right: true }],
      paint,
    );
    const rows = migrated.map(({ game, type, from, to }) => [printable(game), printable(type), `${from}`, `${to}`]);
    columns.fit(rows);
    await output.line(columns.header());
    for (const row of rows) await output.line(columns.row(row, ['cyan']));
  }
  for (const { game, from, error } of failed) {
    await output.line(`${paint('red', 'failed')}  ${printable(game)} stays on version ${from}: ${told(error)}`);
  }
  const parts = [`${counted(migrated.length, 'game')} migrated`];
  if (current > 0) parts.push(`${current} had the newest version`);
  if (failed.length > 0) parts.push(`${failed.length} failed`);
  await output.line(parts.join(', '));
}

export function migrationData({ error, ...migration }: GameMigration): object {
  return error === undefined ? migration : { ...migration, error: errorData(error) };
}

export async function printRehearsal(rehearsal: Rehearsal, { output, paint, width }: CliContext): Promise<void> {
  const { game, from, to, seq, fromSeq, commands, skipped, refusals, refused, changes, failure } = rehearsal;
  await output.line(`${paint('cyan', printable(game))}  version ${from} -> ${to}, seq ${seq}`);
  if (failure) {
    await output.line(`  ${paint('red', 'cannot be migrated')}: ${told(failure)}`);
    return;
  }
  const counts = [`${counted(commands, 'command')} run again from seq ${fromSeq}`];
  if (skipped > 0) counts.push(`${skipped} taken as recorded`);
  if (refusals > 0) counts.push(paint('red', `${refusals} refused`));
  await output.line(`  ${counts.join(', ')}`);
  for (const each of refused) {
    await output.line(
      `  ${paint('red', 'refused')}  seq ${each.seq} tick ${each.tick} ${printable(each.command)}: ${told(each.error)}`,
    );
  }
  if (refusals > refused.length) await output.line(`  and ${refusals - refused.length} more`);
  if (changes.length === 0) {
    await output.line('  the new code comes to the migrated state');
    return;
  }
  const listing = new ChangeListing(new Set(rehearsal.tables), paint, width, '  ');
  for (const change of changes.slice(0, LISTED_CHANGES)) listing.take(change);
  await output.line('  the new code comes to another state (migrated -> run again):');
  for (const line of listing.lines()) await output.line(line);
  if (changes.length > LISTED_CHANGES) await output.line(`  and ${changes.length - LISTED_CHANGES} more changes`);
}

export function rehearsalData({ failure, refused, changes: _changes, tables: _tables, ...counts }: Rehearsal): object {
  return {
    ...counts,
    ...(failure === undefined ? {} : { failure: errorData(failure) }),
    refused: refused.map(({ error, ...command }) => ({ ...command, error: errorData(error) })),
  };
}

function errorData({ code, message, hint, context }: OrreryError): object {
  return { code, message, hint, context };
}

/** On one line, without the remedy. */
function told(error: OrreryError | undefined): string {
  if (!error) return '';
  const { message, hint } = error;
  return printable(message.endsWith(`. ${hint}`) ? message.slice(0, -hint.length - 2) : message);
}
