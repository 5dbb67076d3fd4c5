// What `orrery tune` prints: the machine, the workload, a table for each option, and the recommendation as code; or all
// of it as one JSON document.

import { availableParallelism, cpus, loadavg } from 'node:os';
import { byteSize, counted, printable } from '../../core/printable.ts';
import { Columns } from '../columns.ts';
import type { Paint } from '../paint.ts';
import { type FigureName, type Figures, medianFigures, OF_VERIFICATION, READINGS } from './figures.ts';
import { type Load, openingOf, type Setting, settingAsCode, type Threads, type Tuned } from './options.ts';
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

type Shown = readonly (readonly [title: string, figure: FigureName])[];

const SHOWN: Shown = [
  ['DURABLE/S', 'durablePerSecond'],
  ['COMPACTED/S', 'compactedPerSecond'],
  ['COMMIT P50', 'commitP50'],
  ['P99', 'commitP99'],
  ['DURABLE P50', 'durableP50'],
  ['P99', 'durableP99'],
  ['WAIT P99', 'waitP99'],
  ['LOOP', 'loopMicroseconds'],
  ['BYTES', 'bytesPerCommand'],
  ['REPLAY', 'replayBytes'],
];

const SHOWN_OF_VERIFICATION: Shown = [
  ['VERIFIED/S', 'verifiedPerSecond'],
  ['LATE P99', 'lateP99'],
];

const LOADS: { readonly [load in Load]: string } = {
  short: 'for a moment',
  flood: 'in a long burst',
  steady: 'in a steady loop',
  verify: 'in verification',
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
    yield* tableLines([standard, together], load, paint);
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

function workloadLine({ games, entities, awaited, intervalMs, gamesAnInterval, commandsAGame }: Workload): string {
  const pace = awaited
    ? `one command every ${Math.round(intervalMs)} ms, awaited`
    : `${counted(gamesAnInterval, 'game')} every ${Math.round(intervalMs)} ms, ${counted(commandsAGame, 'command')} each`;
  return `trials: ${counted(games, 'game')} of ${counted(entities, 'entity', 'entities')}; paced loop: ${pace}`;
}

function* optionLines({ tuned, measured, verdict }: Tried, paint: Paint): Generator<string> {
  yield '';
  const purpose = tuned.aim === undefined ? 'what a crash may lose' : READINGS[tuned.aim].words;
  yield `${paint('bold', nameOf(tuned))}, for ${purpose}`;
  yield* tableLines(measured, tuned.load, paint);
  if (tuned.aim === undefined) {
    yield "  for you to choose: with 'relaxed' a crash loses up to its delay of unacknowledged play";
  } else if (verdict.chosen) yield `  ${paint('green', `take ${verdict.chosen.label}`)}: ${verdict.reason}`;
  else yield `  keep ${measured[0]?.candidate.label}: ${verdict.reason}`;
}

/** All are options of openOrrery but for one. */
function nameOf({ option, load }: Tuned): string {
  return load === 'verify' ? `${option} of verify` : option;
}

function* tableLines(measured: readonly Measured[], load: Load, paint: Paint): Generator<string> {
  const shown = load === 'verify' ? SHOWN_OF_VERIFICATION : SHOWN;
  const columns = new Columns([{ title: '  VALUE' }, ...shown.map(([title]) => ({ title, right: true }))], paint);
  const rows = measured.map(({ candidate, rounds }, index) => {
    const figures = medianFigures(rounds);
    const name = `  ${candidate.label}${index === 0 && candidate.label !== 'defaults' ? ' (default)' : ''}`;
    return [name, ...shown.map(([, figure]) => cell(figure, figures))];
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
  const recommended = found.recommended.map(({ setting, reason }) => ({ ...openingOf(setting), reason }));
  if (recommended.every(({ threads }) => threads !== undefined))
    yield '  // The defaults: no other value was better by more than the rounds differ.';
  for (const { opening, threads, reason } of recommended) {
    if (threads !== undefined) continue;
    yield `  // ${reason}`;
    for (const line of settingAsCode(opening)) yield `  ${line},`;
  }
  yield '});';
  for (const { threads, reason } of recommended) {
    if (threads === undefined) continue;
    yield `// ${reason}`;
    yield verifyAsCode(threads);
  }
}

/** Helper threads import the game types; the thread that asks has them already. */
function verifyAsCode(threads: Threads): string {
  if (threads === 'none') return 'await (await orrery.history(id)).verify();';
  return `await (await orrery.history(id)).verify({ module: new URL('./games.js', import.meta.url), threads: ${threads} });`;
}

export function asJson(findings: Findings): object {
  const { found, ...rest } = findings;
  const rounds = ({ candidate, rounds: each }: Measured, load: Load): object => ({
    value: candidate.label,
    setting: candidate.setting,
    median: measuredIn(load, medianFigures(each)),
    rounds: each.map((round) => measuredIn(load, round)),
  });
  const recommended = openingOf(Object.assign({}, ...found.recommended.map(({ setting }) => setting)) as Setting);
  return {
    ...rest,
    profile: rest.profile ?? null,
    busy: isBusy(rest.machine),
    options: found.tried.map(({ tuned, measured, verdict }) => ({
      option: tuned.option,
      aim: tuned.aim ?? null,
      chosen: verdict.chosen?.label ?? null,
      reason: verdict.reason,
      candidates: measured.map((each) => rounds(each, tuned.load)),
    })),
    confirmations: found.confirmations.map(({ load, standard, together }) => ({
      load,
      defaults: rounds(standard, load),
      together: rounds(together, load),
    })),
    recommended: recommended.opening,
    verify: recommended.threads === undefined ? {} : { threads: recommended.threads },
    code: [...codeLines(findings)].join('\n'),
  };
}

/** Without what trials of that kind have nothing to do with. */
function measuredIn(load: Load, figures: Figures): Partial<Figures> {
  const entries = Object.entries(figures) as [FigureName, number][];
  const isVerify = load === 'verify';
  return Object.fromEntries(entries.filter(([name]) => OF_VERIFICATION.includes(name) === isVerify));
}
