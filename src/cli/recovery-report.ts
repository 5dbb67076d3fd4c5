// What `orrery recover` prints: what was tried, what was used, what was given up. Before it: recover.ts.

import { counted, isoTime, printable } from '../core/printable.ts';
import { nameOf } from '../history/recover/plan.ts';
import type { QuarantinedRange, RecoveryMode, Tried, UnsoundRecord } from '../index.ts';
import type { CliContext } from './cli-context.ts';
import { Columns } from './columns.ts';
import { oneOf } from './past/blame.ts';

/** A recovery, or the plan of one. */
export interface Reported {
  readonly game: string;
  readonly used: RecoveryMode;
  readonly tried: readonly Tried[];
  /** False for a dry run, and when nothing was wrong. */
  readonly written: boolean;
  readonly dryRun: boolean;
  /** Nothing has to be written: the game is sound and loads as it is. */
  readonly needed: boolean;
  readonly from: { readonly seq: number; readonly tick: number; readonly time: number; readonly version: number };
  /** The newest seq afterwards. */
  readonly seq: number;
  readonly givenUp: { readonly firstSeq: number; readonly lastSeq: number; readonly count: number } | undefined;
  readonly firstUnsound: UnsoundRecord | undefined;
  readonly reason: string | undefined;
}

/** As `--json` has it: errors as code and text, times as ISO 8601. */
export function reportData(reported: Reported): object {
  const { used, tried, from, givenUp, firstUnsound, reason } = reported;
  return {
    game: reported.game,
    used: nameOf(used),
    tried: tried.map(({ mode, error }) => ({ mode: nameOf(mode), code: error.code, message: error.message })),
    dryRun: reported.dryRun,
    needed: reported.needed,
    written: reported.written,
    from: { ...from, time: isoTime(from.time) },
    seq: reported.seq,
    givenUp: givenUp ?? null,
    firstUnsound: firstUnsound ?? null,
    reason: reason ?? null,
  };
}

export async function printReport(reported: Reported, { output, paint }: CliContext): Promise<void> {
  const { from, givenUp, firstUnsound } = reported;
  const columns = new Columns([{ title: 'MODE' }, { title: 'RESULT' }], paint);
  const rows = reported.tried.map(({ mode, error }) => [modeText(mode), printable(`${error.code}: ${error.what}`)]);
  rows.push([modeText(reported.used), 'used']);
  columns.fit(rows);
  await output.line(columns.header());
  for (const row of rows) await output.line(columns.row(row, [undefined, row[1] === 'used' ? 'green' : 'red']));
  await output.line('');
  const facts: [string, string][] = [
    ['state of', `seq ${from.seq}, tick ${from.tick}, ${isoTime(from.time)}, version ${from.version}`],
  ];
  if (firstUnsound) facts.push(['began at', unsoundText(firstUnsound)]);
  if (reported.reason !== undefined) facts.push(['reason', reported.reason]);
  facts.push(['given up', givenUp ? rangeText(givenUp) : 'nothing']);
  facts.push(['written', writtenText(reported)]);
  for (const [name, text] of facts) await output.line(`${paint('dim', name.padEnd(9))}  ${printable(text)}`);
}

/** The ranges that recoveries have given up, oldest first. */
export async function printQuarantine(
  ranges: readonly QuarantinedRange[],
  { output, paint, width }: CliContext,
): Promise<void> {
  const columns = new Columns(
    [
      { title: 'FIRST SEQ', right: true },
      { title: 'LAST SEQ', right: true },
      { title: 'WHEN' },
      { title: 'MODE' },
      { title: 'REASON' },
    ],
    paint,
  );
  const rows = ranges.map((range) => [
    String(range.firstSeq),
    String(range.lastSeq),
    isoTime(range.time),
    printable(range.mode),
    printable(range.reason),
  ]);
  columns.fit(rows);
  await output.line(columns.header());
  for (const row of rows) await output.line(columns.row(row, [], width));
}

function modeText(mode: RecoveryMode): string {
  if (typeof mode === 'string') return mode;
  const [unit, value] = Object.entries(mode.to)[0] as [string, number];
  return `point (${unit} ${unit === 'time' ? isoTime(value) : value})`;
}

function unsoundText({ seq, tick, command, player, firstSeq, commands }: UnsoundRecord): string {
  const parts = [firstSeq === undefined ? `seq ${seq}` : `seq ${firstSeq} to ${seq}`];
  if (tick !== undefined) parts.push(`tick ${tick}`);
  if (command !== undefined) parts.push(`command ${command}${player === undefined ? '' : ` by ${player}`}`);
  if (commands) parts.push(oneOf(commands));
  return parts.join(', ');
}

function rangeText({ firstSeq, lastSeq, count }: { firstSeq: number; lastSeq: number; count: number }): string {
  return `seq ${firstSeq} to ${lastSeq} (${counted(count, 'record')}); they stay readable in the history`;
}

function writtenText({ needed, written, dryRun, seq }: Reported): string {
  if (!needed) return 'nothing: the game is sound as it is';
  if (written) return `as seq ${seq}`;
  return dryRun ? 'nothing: this was a dry run' : 'nothing';
}
