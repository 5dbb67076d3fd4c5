// What `orrery tune` prints: the machine, the workload, a table for each option, and the recommendation as code; or all of
// it as one JSON document.

import { availableParallelism, cpus, loadavg } from 'node:os';
import { Columns } from '../columns.ts';
import type { Paint } from '../paint.ts';
import { byteSize, counted, printable } from '../printable.ts';
import { type FigureName, type Figures, medianFigures, READINGS } from './figures.ts';
import { type Load, settingAsCode } from './options.ts';
import type { Profile } from './profile.ts';
import type { Found, Tried } from './search.ts';
import type { Measured } from './verdict.ts';
import type { Workload } from './workload.ts';

export interface Machine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  /** Processes that wanted a core, averaged over the minute before. */
  readonly loadBefore: number;
}

export interface Findings {
  readonly machine: Machine;
  /** Where the trials wrote. */
  readonly on: string;
  /** The directory that openOrrery is to be given, as far as it is known. */
  readonly directory: string;
  readonly workload: Workload;
  readonly profile: Profile | undefined;
  readonly notes: readonly string[];
  readonly rounds: number;
  readonly found: Found;
}

export function thisMachine(): Machine {
  return {
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: availableParallelism(),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Whether other work took a noticeable part of the machine. */
export function isBusy({ loadBefore, cores }: Machine): boolean {
  return loadBefore > cores / 4;
}

const SHOWN: readonly (readonly [title: string, figure: FigureName])[] = [
  ['DURABLE/S', 'durablePerSecond'],
  ['DIGESTED/S', 'digestedPerSecond'],
  ['COMMIT P50', 'commitP50'],
  ['P99', 'commitP99'],
  ['DURABLE P50', 'durableP50'],
  ['P99', 'durableP99'],
  ['WAIT P99', 'waitP99'],
  ['LOOP', 'loopMicroseconds'],
  ['BYTES', 'bytesPerCommand'],
  ['REPLAY', 'replayBytes'],
];

const LOADS: { readonly [load in Load]: string } = {
  short: 'for a moment',
  flood: 'in a long burst',
  steady: 'in a steady loop',
};

export function* reportLines(findings: Findings, paint: Paint): Generator<string> {
  const { machine, on, workload, profile, notes, rounds, found } = findings;
  yield `node ${machine.node}, ${machine.cpu}, ${counted(machine.cores, 'core')}, disk of ${printable(on)}`;
  if (profile) yield* profileLines(profile);
  yield workloadLine(workload);
  for (const note of notes) yield paint('yellow', `note: ${note}`);
  yield `Medians of ${rounds} rounds. The columns are explained by \`orrery tune --help\` and in docs/TUNING.md.`;
  for (const tried of found.tried) yield* optionLines(tried, paint);
  for (const { load, standard, together } of found.confirmations) {
    yield '';
    yield `${paint('bold', 'all that was better, together and measured again')}, ${LOADS[load]}`;
    yield* tableLines([standard, together], paint);
  }
  yield '';
  yield* codeLines(findings);
}

function* profileLines(profile: Profile): Generator<string> {
  const number = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 });
  const bytes = (value: number): string => byteSize(Math.round(value));
  yield `profile: ${counted(profile.games, 'game')} in ${counted(profile.shards, 'shard')}; states of ${bytes(profile.medianStateBytes)} in the middle, ${bytes(profile.largestStateBytes)} at most`;
  const pace = [
    profile.commandsATick === undefined ? 'no ticks' : `${number(profile.commandsATick)} commands a tick`,
    ...(profile.ticksASecond === undefined ? [] : [`${number(profile.ticksASecond)} ticks a second`]),
    ...(profile.commandsASecond === undefined ? [] : [`${number(profile.commandsASecond)} commands a second a game`]),
  ];
  yield `         of the newest ${counted(profile.sampledCommands, 'command')} of ${counted(profile.sampledGames, 'game')}: ${pace.join(', ')};`;
  yield `         ${number(profile.patchesACommand)} patches and about ${number(profile.recordBytes)} bytes a command, ${Math.round(profile.byPlayers * 100)} % of them sent by players`;
}

function workloadLine({ games, entities, awaited, slotMs, gamesASlot, commandsAGame }: Workload): string {
  const pace = awaited
    ? `one command every ${Math.round(slotMs)} ms, awaited`
    : `${counted(gamesASlot, 'game')} every ${Math.round(slotMs)} ms, ${counted(commandsAGame, 'command')} each`;
  return `trials: ${counted(games, 'game')} of ${counted(entities, 'entity', 'entities')}; paced loop: ${pace}`;
}

function* optionLines({ tuned, measured, verdict }: Tried, paint: Paint): Generator<string> {
  yield '';
  const purpose = tuned.aim === undefined ? 'what a crash may lose' : READINGS[tuned.aim].words;
  yield `${paint('bold', tuned.option)}, for ${purpose}`;
  yield* tableLines(measured, paint);
  if (tuned.aim === undefined) {
    yield "  for you to choose: with 'relaxed' a crash loses up to its delay of unacknowledged play";
  } else if (verdict.chosen) yield `  ${paint('green', `take ${verdict.chosen.label}`)}: ${verdict.reason}`;
  else yield `  keep ${measured[0]?.candidate.label}: ${verdict.reason}`;
}

function* tableLines(measured: readonly Measured[], paint: Paint): Generator<string> {
  const columns = new Columns([{ title: '  VALUE' }, ...SHOWN.map(([title]) => ({ title, right: true }))], paint);
  const rows = measured.map(({ candidate, rounds }, index) => {
    const figures = medianFigures(rounds);
    const name = `  ${candidate.label}${index === 0 && candidate.label !== 'defaults' ? ' (default)' : ''}`;
    return [name, ...SHOWN.map(([, figure]) => cell(figure, figures))];
  });
  columns.fit(rows);
  yield columns.header();
  for (const row of rows) yield columns.row(row, ['cyan']);
}

/** Nobody waits in a loop that does not. */
function cell(figure: FigureName, figures: Figures): string {
  return figure === 'waitP99' && figures.waitP99 === 0 ? '-' : READINGS[figure].print(figures[figure]);
}

/** What to write in a program: options that differ from the default, and why. */
export function* codeLines({ directory, found }: Pick<Findings, 'directory' | 'found'>): Generator<string> {
  yield 'const orrery = await openOrrery({';
  yield `  directory: ${JSON.stringify(directory).slice(1, -1).replaceAll("'", "\\'").replace(/^.*$/, "'$&'")},`;
  yield '  games: [/* your game types */],';
  if (found.recommended.length === 0)
    yield '  // The defaults: no other value was better by more than the rounds differ.';
  for (const { setting, reason } of found.recommended) {
    yield `  // ${reason}`;
    for (const line of settingAsCode(setting)) yield `  ${line},`;
  }
  yield '});';
}

export function asJson(findings: Findings): object {
  const { found, ...rest } = findings;
  const rounds = ({ candidate, rounds: each }: Measured): object => ({
    value: candidate.label,
    setting: candidate.setting,
    median: medianFigures(each),
    rounds: each,
  });
  return {
    ...rest,
    profile: rest.profile ?? null,
    busy: isBusy(rest.machine),
    options: found.tried.map(({ tuned, measured, verdict }) => ({
      option: tuned.option,
      aim: tuned.aim ?? null,
      chosen: verdict.chosen?.label ?? null,
      reason: verdict.reason,
      candidates: measured.map(rounds),
    })),
    confirmations: found.confirmations.map(({ load, standard, together }) => ({
      load,
      defaults: rounds(standard),
      together: rounds(together),
    })),
    recommended: Object.assign({}, ...found.recommended.map(({ setting }) => setting)) as object,
    code: [...codeLines(findings)].join('\n'),
  };
}
