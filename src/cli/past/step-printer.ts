// A step of a game's past with what it changed, as lines for people or as one line of JSON. Before it: stepper.ts;
// after it: the output of replay.

import type { Patch } from '../../core/patch/patch.ts';
import { resolvePointer, toJsonPatch } from '../../core/patch/pointer.ts';
import { compactJson, isoTime, printable } from '../../core/printable.ts';
import { type Place, touches } from '../../history/place.ts';
import type { PastStep } from '../../storage/history-reader.ts';
import type { CliContext } from '../cli-context.ts';
import { ChangeListing, fitting } from './change-lines.ts';
import type { Playhead } from './playhead.ts';

const INDENT = '  ';

export interface StepPrinter {
  /** Plays the step on the playhead, and prints it if it changed anything that is asked for. Whether it did. */
  print(step: PastStep, playhead: Playhead): Promise<boolean>;
}

/** With a place, only steps and changes that may have changed what stands there. */
export function stepPrinter(place: Place | undefined, json: boolean, cli: CliContext): StepPrinter {
  return json ? new JsonSteps(place, cli) : new ListedSteps(place, cli);
}

class JsonSteps implements StepPrinter {
  readonly #place: Place | undefined;
  readonly #cli: CliContext;

  constructor(place: Place | undefined, cli: CliContext) {
    this.#place = place;
    this.#cli = cli;
  }

  async print(step: PastStep, playhead: Playhead): Promise<boolean> {
    playhead.skip(step.patches);
    const patches = touching(step.patches, this.#place);
    if (this.#place && patches.length === 0) return false;
    const { firstSeq, lastSeq, tick, time } = step;
    const commands = step.commands.map(({ seq, name, player, args }) => ({
      seq,
      command: name,
      player: player ?? null,
      args: args ?? null,
    }));
    const line = { firstSeq, lastSeq, tick, time: isoTime(time), commands, patches: toJsonPatch(patches) };
    const value = this.#place && resolvePointer(playhead.shownAt(this.#place.pointer), this.#place.pointer);
    const told = this.#place ? { ...line, value: value ?? null } : line;
    await this.#cli.output.line(compactJson(told));
    return true;
  }
}

class ListedSteps implements StepPrinter {
  readonly #place: Place | undefined;
  readonly #cli: CliContext;

  constructor(place: Place | undefined, cli: CliContext) {
    this.#place = place;
    this.#cli = cli;
  }

  async print(step: PastStep, playhead: Playhead): Promise<boolean> {
    const { output, paint, width } = this.#cli;
    const listing = new ChangeListing(playhead.tables, paint, width, INDENT + INDENT);
    for (const change of playhead.play(step.patches)) {
      if (!this.#place || touches(change.patch, this.#place)) listing.take(change);
    }
    if (this.#place && listing.count === 0) return false;
    await output.line(paint('bold', fitting(headingOf(step), width)));
    for (const { seq, name, player, args } of step.commands) {
      const who = player === undefined ? '' : `${printable(player)}: `;
      const what = `${printable(name)}${args === undefined ? '' : ` ${compactJson(args)}`}`;
      const text = step.commands.length > 1 ? `${seq}  ${who}${what}` : `${who}${what}`;
      await output.line(`${INDENT}${paint('cyan', fitting(text, width, INDENT.length))}`);
    }
    if (step.commands.length === 0) await output.line(`${INDENT}${paint('dim', 'its commands are not kept')}`);
    if (listing.count === 0) await output.line(`${INDENT}${INDENT}${paint('dim', 'nothing changed')}`);
    for (const line of listing.lines()) await output.line(line);
    return true;
  }
}

function headingOf({ firstSeq, lastSeq, tick, time }: PastStep): string {
  const seqs = firstSeq === lastSeq ? `seq ${lastSeq}` : `seq ${firstSeq} to ${lastSeq}`;
  return `${seqs}, tick ${tick}, ${isoTime(time)}`;
}

function touching(patches: readonly Patch[], place: Place | undefined): readonly Patch[] {
  return place ? patches.filter((patch) => touches(patch, place)) : patches;
}
