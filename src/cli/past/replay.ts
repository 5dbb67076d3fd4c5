// `orrery replay`: the past of a game step by step, with what each step changed; all at once, at a speed, or with keys.

import { Command, InvalidArgumentError } from 'commander';
import { type Place, placeOf } from '../../history/place.ts';
import type { HistoryReader, Moment, SnapshotEntry, StepRange } from '../../storage/history-reader.ts';
import type { CliContext } from '../cli-context.ts';
import { Interactive } from './interactive.ts';
import { Keys } from './keys.ts';
import { MOMENTS_HELP, momentIn } from './moment-argument.ts';
import { DIRECTORY_OR_PACK, GAME_HELP, operandsOf, withPastOf } from './opening.ts';
import { Pace } from './pace.ts';
import { addRange, boundsIn, checkRange, type RangeOptions } from './range-argument.ts';
import { stepPrinter } from './step-printer.ts';
import { Stepper } from './stepper.ts';

const HELP = `
${MOMENTS_HELP}

Each step is printed with its commands, and with the old and the new value of
everything that it changed, by entity. --speed prints so many ticks a second.
--step waits for keys: space or enter goes on, b goes back, s shows the state,
p prints what stands at a path, j jumps to a moment, q ends, h lists the keys.
With --json each step is one line with its RFC 6902 patches, and with --path
also with the value there.

Nothing is changed; another process may have the directory open.

Examples:
  orrery replay ./data andromeda --from tick:1000 --to tick:1010 --path /players
  orrery replay battle.orrery --step`;

interface Options extends RangeOptions {
  readonly speed?: number;
  readonly step?: true;
  readonly path?: string;
  readonly json?: true;
}

export function replayCommand(cli: CliContext): Command {
  const command = new Command('replay')
    .description('Print what each step of a game changed; with --step by keys.')
    .argument('<directory>', DIRECTORY_OR_PACK)
    .argument('[game]', GAME_HELP);
  return addRange(command, 'steps')
    .option('--speed <ticks>', 'print so many ticks a second', speedArgument)
    .option('--step', 'wait for a key before each step')
    .option(
      '--path <pointer>',
      'only what changes at this RFC 6901 pointer, such as /systems/71683; with --step, s shows that part of the state',
    )
    .option('--json', 'print one JSON document for each step, one a line')
    .addHelpText('after', HELP)
    .action((place: string, named: string | undefined, options: Options, self: Command) => {
      if (options.step && (options.speed !== undefined || options.json))
        self.error('--step excludes --speed and --json');
      if (options.step && cli.input?.isTTY !== true) self.error('--step needs a terminal to read keys from');
      checkRange(options, self);
      const { game } = operandsOf(place, [], [named], self);
      const path = options.path === undefined ? undefined : placeOf(options.path);
      return withPastOf(place, game, (past) => replay(past, path, options, cli), {
        remark: cli.remark,
      });
    });
}

async function replay(past: HistoryReader, path: Place | undefined, options: Options, cli: CliContext): Promise<void> {
  const span = await spanOf(past, options);
  const printer = stepPrinter(path, options.json === true, cli);
  if (!span) {
    if (!options.json) cli.remark('there is no step in this range');
    return;
  }
  const stepper = await Stepper.open(past, span.before, span.lastSeq);
  try {
    if (options.step) {
      const keys = new Keys(cli.input as NonNullable<CliContext['input']>);
      try {
        await new Interactive(past, stepper, { printer, path: options.path ?? '' }, keys, cli).run();
      } finally {
        keys.close();
      }
      return;
    }
    const pace = options.speed === undefined ? undefined : new Pace(options.speed, () => cli.output.flush());
    for (let step = await stepper.next(); step; step = await stepper.next()) {
      await pace?.until(step.tick);
      await printer.print(step, stepper.playhead);
    }
  } finally {
    await stepper.close();
  }
}

/**
 * The seq to stand at before the first step, and the seq that the last step ends at; undefined when there is no step.
 */
async function spanOf(
  past: HistoryReader,
  { from, to }: Options,
): Promise<{ readonly before: number; readonly lastSeq: number } | undefined> {
  const { row } = past;
  const lowest = from === undefined ? undefined : momentIn(past, from);
  const highest = to === undefined ? undefined : momentIn(past, to);
  const first = await firstOf(past, boundsIn(past, from === undefined ? {} : { from }));
  const last = await firstOf(past, { ...boundsIn(past, to === undefined ? {} : { to }), backwards: true });
  // A range that begins behind the newest moment or ends before the first has no step; who asks for it is told what
  // there is.
  if (!first && lowest && lowest.time === undefined) await past.stateAt(lowest);
  if (!last && highest) await past.stateAt(highest);
  // A game type may keep snapshots and no steps.
  const snapshots = (await past.snapshots()).filter(({ seq }) => seq > row.firstSeq);
  const firstSnapshot = snapshots.find((each) => lowest === undefined || measure(each, lowest) >= 0);
  const lastSnapshot = snapshots.findLast((each) => highest === undefined || measure(each, highest) <= 0);
  const begin = Math.min(first?.firstSeq ?? Number.POSITIVE_INFINITY, firstSnapshot?.seq ?? Number.POSITIVE_INFINITY);
  const lastSeq = Math.max(last?.lastSeq ?? 0, lastSnapshot?.seq ?? 0);
  if (begin > lastSeq) return undefined;
  const { seq } = await past.stateAt({ seq: Math.max(begin - 1, row.firstSeq) }, { nearest: true });
  return { before: seq, lastSeq };
}

/** Below 0 before the moment, above 0 after it. */
function measure({ seq, tick, time }: SnapshotEntry, moment: Moment): number {
  if (moment.seq !== undefined) return seq - moment.seq;
  return moment.tick !== undefined ? tick - moment.tick : time - moment.time;
}

async function firstOf(past: HistoryReader, range: StepRange) {
  const steps = past.steps(range);
  const { value } = await steps.next();
  await steps.return();
  return value ?? undefined;
}

function speedArgument(text: string): number {
  const speed = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (speed > 0 && Number.isFinite(speed)) return speed;
  throw new InvalidArgumentError('It must be a number above 0.');
}
