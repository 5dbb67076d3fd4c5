// `orrery replay --step`: walking through a game's past with keys. Before it: replay.ts, which opened it; after it: the
// terminal.

import { CommanderError } from 'commander';
import { OrreryError } from '../../errors.ts';
import type { Past } from '../../past/past.ts';
import { isoTime, prettyJson, printable } from '../printable.ts';
import type { Surroundings } from '../surroundings.ts';
import type { Keys } from './keys.ts';
import { momentIn, parseMoment } from './moment-argument.ts';
import { pointedValue } from './pointed.ts';
import type { StepPrinter } from './step-printer.ts';
import type { Stepper } from './stepper.ts';

const KEYS_HELP = 'space: next   b: back   j: jump to a moment   p: print a path   q: quit';

/** Lines of a value that are printed without being asked twice for. */
const LINES_SHOWN = 60;

export class Interactive {
  readonly #past: Past;
  readonly #stepper: Stepper;
  readonly #printer: StepPrinter;
  readonly #keys: Keys;
  readonly #surroundings: Surroundings;

  constructor(past: Past, stepper: Stepper, printer: StepPrinter, keys: Keys, surroundings: Surroundings) {
    this.#past = past;
    this.#stepper = stepper;
    this.#printer = printer;
    this.#keys = keys;
    this.#surroundings = surroundings;
  }

  /** Until somebody quits, or no more keys come. */
  async run(): Promise<void> {
    await this.#say(KEYS_HELP);
    await this.#tellWhere();
    for (;;) {
      await this.#surroundings.output.flush();
      switch (await this.#keys.next()) {
        case 'space':
        case 'return':
        case 'enter':
        case 'right':
        case 'down':
        case 'n':
          await this.#next();
          break;
        case 'b':
        case 'left':
        case 'up':
        case 'backspace':
          await this.#back();
          break;
        case 'j':
          await this.#jump();
          break;
        case 'p':
          await this.#print();
          break;
        case 'q':
        case 'escape':
        case 'ctrl-c':
        case 'ctrl-d':
        case undefined:
          return;
        default:
          await this.#say(KEYS_HELP);
      }
    }
  }

  async #next(): Promise<void> {
    for (;;) {
      const step = await this.#stepper.next();
      if (!step) {
        await this.#say('this is the end');
        return;
      }
      // With --path, what changed elsewhere is passed over.
      if (await this.#printer.print(step, this.#stepper.playhead)) return;
    }
  }

  async #back(): Promise<void> {
    if (await this.#stepper.back()) await this.#tellWhere();
    else await this.#say('this is the first moment that is kept');
  }

  async #jump(): Promise<void> {
    const text = await this.#ask('jump to (a seq, tick:N, time:T, first, last): ');
    if (text === undefined || text === '') return;
    await this.#forgiving(async () => {
      await this.#stepper.jump(momentIn(this.#past, parseMoment(text)));
      await this.#tellWhere();
    });
  }

  async #print(): Promise<void> {
    const path = await this.#ask('print (a pointer such as /players, nothing for the whole state): ');
    if (path === undefined) return;
    await this.#forgiving(async () => {
      const { seq, playhead } = this.#stepper;
      const lines = prettyJson(pointedValue(this.#past.row.id, seq, path, playhead.shownAt(path))).split('\n');
      for (const line of lines.slice(0, LINES_SHOWN)) await this.#surroundings.output.line(line);
      if (lines.length > LINES_SHOWN)
        await this.#say(`${lines.length - LINES_SHOWN} more lines: \`orrery at\` prints all of them`);
    });
  }

  async #tellWhere(): Promise<void> {
    const { seq, tick, time } = this.#stepper;
    await this.#say(`at seq ${seq} of ${this.#past.row.seq}, tick ${tick}, ${isoTime(time)}`);
  }

  async #say(text: string): Promise<void> {
    await this.#surroundings.output.line(this.#surroundings.paint('dim', text));
  }

  /** A line of text, shown while it is typed. Undefined when it is given up. */
  async #ask(question: string): Promise<string | undefined> {
    const { output, paint } = this.#surroundings;
    let text = '';
    await output.text(paint('bold', question));
    for (;;) {
      await output.flush();
      const key = await this.#keys.next();
      if (key === 'return' || key === 'enter') {
        await output.line('');
        return text;
      }
      if (key === undefined || key === 'escape' || key === 'ctrl-c') {
        await output.line('');
        return undefined;
      }
      if (key === 'backspace') {
        if (text === '') continue;
        text = [...text].slice(0, -1).join('');
        await output.text('\b \b');
      } else {
        const typed = key === 'space' ? ' ' : key;
        if ([...typed].length > 1) continue;
        text += typed;
        await output.text(printable(typed));
      }
    }
  }

  /** What somebody mistyped, or asked for and is not there, ends nothing here. */
  async #forgiving(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const theirs =
        error instanceof CommanderError ||
        (error instanceof OrreryError &&
          (error.code === 'MOMENT_NOT_KEPT' || error.code === 'POINTER_NOT_FOUND' || error.code === 'INVALID_POINTER'));
      if (!theirs) throw error;
      await this.#surroundings.output.line(this.#surroundings.paint('red', printable(error.message)));
    }
  }
}
