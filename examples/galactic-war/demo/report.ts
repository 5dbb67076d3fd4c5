// What the demo prints in the end: a table of the galaxies, a list of totals, and the verdict.

import type { Played } from './campaign.ts';
import type { DiskUse } from './disk-meter.ts';
import { bytes, counted, duration, median, whole } from './figures.ts';
import type { Inspection } from './inspection.ts';
import type { StopwatchMessage, TickTimes } from './messages.ts';
import type { Screen } from './screen.ts';

export type Times = Extract<StopwatchMessage, { readonly kind: 'times' }>;

export interface Results {
  readonly played: Played;
  readonly inspection: Inspection;
  readonly disk: DiskUse;
  readonly times: Times;
}

/** Everything that is wrong, each in a line; nothing when the demo has succeeded. */
export function faultsOf({ inspection, times }: Pick<Results, 'inspection' | 'times'>): string[] {
  const faults = inspection.verdicts.flatMap(({ id, faults }) => faults.map((fault) => `${id}: ${fault}`));
  if (!times.same) faults.push('the measured variants, which played the same game, did not end in the same state');
  return faults;
}

export function galaxyTable({ verdicts, rows }: Inspection, screen: Pick<Screen, 'paint'>): string[] {
  const head = ['galaxy', 'ticks', 'commands', 'acknowledged', 'recovered', 'lost', 'patches', 'coalesced', 'state'];
  const body = verdicts.map(({ id, ticks, commands, acknowledged, lost, faults }, index) => [
    id,
    whole(ticks),
    whole(commands),
    whole(acknowledged),
    whole(rows[index]?.seq ?? 0),
    whole(lost),
    whole(rows[index]?.patchesIn ?? 0),
    whole(rows[index]?.patchesOut ?? 0),
    faults.length === 0 ? 'matches' : 'WRONG',
  ]);
  const total = (of: (index: number) => number): string =>
    whole(verdicts.reduce((sum, _, index) => sum + of(index), 0));
  const right = verdicts.filter(({ faults }) => faults.length === 0).length;
  const foot = [
    'total',
    total((index) => verdicts[index]?.ticks ?? 0),
    total((index) => verdicts[index]?.commands ?? 0),
    total((index) => verdicts[index]?.acknowledged ?? 0),
    total((index) => rows[index]?.seq ?? 0),
    total((index) => verdicts[index]?.lost ?? 0),
    total((index) => rows[index]?.patchesIn ?? 0),
    total((index) => rows[index]?.patchesOut ?? 0),
    `${right} of ${verdicts.length}`,
  ];
  const widths = head.map((_, column) =>
    Math.max(...[head, ...body, foot].map((cells) => (cells[column] as string).length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] as number) : cell.padStart(widths[column] as number),
      )
      .join('  ');
  const lines = body.map((cells, index) =>
    (verdicts[index]?.faults.length ?? 0) > 0 ? screen.paint('red', line(cells)) : line(cells),
  );
  return [screen.paint('dim', line(head)), ...lines, screen.paint('bold', line(foot))];
}

export function totals({ played, inspection, disk, times }: Results): string[] {
  const { verdicts, rows } = inspection;
  const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
  const commands = sum(verdicts.map((verdict) => verdict.commands));
  const ticks = sum(verdicts.map((verdict) => verdict.ticks));
  const acknowledged = sum(verdicts.map((verdict) => verdict.acknowledged));
  const recovered = sum(rows.map(({ seq }) => seq));
  const lost = sum(verdicts.map((verdict) => verdict.lost));
  const patchesIn = sum(rows.map((row) => row.patchesIn));
  const patchesOut = sum(rows.map((row) => row.patchesOut));
  const { kills, killsInFlight, recoveries, skippedTicks, underWay, survived } = played;
  const list: (readonly [string, string])[] = [
    [
      'played',
      `${(played.played / 1000).toFixed(1)} s; killed ${counted(kills, 'time', 'times')}, ${whole(killsInFlight)} of them with commands under way`,
    ],
    ['ticks', `${whole(ticks)}, ${skippedTicks === 0 ? 'none' : whole(skippedTicks * verdicts.length)} skipped`],
    ['commands', `${whole(commands)}, ticks among them; ${whole((commands * 1000) / played.played)} a second`],
    ['patches', `${whole(patchesIn)} before coalescing, ${whole(patchesOut)} after`],
    ['journal', `${bytes(disk.journalWritten)} written, ${bytes(disk.journalNow)} on disk now`],
    [
      'images',
      `${bytes(disk.imagesWritten)} written in ${counted(disk.images, 'checkpoint', 'checkpoints')}, ${bytes(disk.imagesNow)} on disk now`,
    ],
    ['recovery', `median ${duration(median(recoveries))}, worst ${duration(Math.max(...recoveries))}`],
    ['acknowledged', whole(acknowledged)],
    ['recovered', whole(recovered)],
    ['lost', whole(lost)],
    [
      'under way',
      `${whole(underWay)} when a child was killed: ${whole(survived)} had reached the disk, ${whole(underWay - survived)} had not`,
    ],
  ];
  return [...list.map(([name, value]) => `${name.padEnd(14)}${value}`), '', ...tickTimes(times, verdicts.length)];
}

function tickTimes({ times }: Times, galaxies: number): string[] {
  const line = (name: string, p50: string, p99: string): string =>
    `${name.padEnd(52)}${p50.padStart(9)}${p99.padStart(9)}`;
  const row = (name: string, { p50, p99 }: TickTimes): string => line(`  ${name}`, duration(p50), duration(p99));
  const { disk, nowhere, plain } = times;
  return [
    line(`one tick of ${counted(galaxies, 'galaxy', 'galaxies')}, over ${whole(disk.ticks)} ticks`, 'p50', 'p99'),
    row('with persistence', disk),
    row('without: Orrery with a store that keeps nothing', nowhere),
    row('without Orrery: plain objects, changed in place', plain),
  ];
}
