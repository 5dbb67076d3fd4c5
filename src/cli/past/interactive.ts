// `orrery replay --step`: walking through a game's past with keys. Before it: replay.ts, which opened it; after it: the
// terminal.

import { CommanderError } from 'commander';
import { OrreryError } from '../../core/errors.ts';
import { isoTime, prettyJson, printable } from '../../core/printable.ts';
import type { HistoryReader } from '../../storage/history-reader.ts';
import type { CliContext } from '../cli-context.ts';
import { fitting } from './change-lines.ts';
import type { Keys } from './keys.ts';
import { momentIn, parseMoment } from './moment-argument.ts';
import { pointedValue } from './pointed.ts';
import type { StepPrinter } from './step-printer.ts';
import type { Stepper } from './stepper.ts';

const KEYS = ['space: next', 'b: back', 's: state', 'p: path', 'j: jump', 'h: keys', 'q: quit'];

const GAP = '   ';

/** The keys that go on. */
const MORE: ReadonlySet<string> = new Set(['space', 'return', 'enter', 'right', 'down', 'n']);

/** Of a terminal that does not say how high it is. */
const USUAL_HEIGHT = 24;

export interface Shown {
  readonly printer: StepPrinter;
  /** What the key for the state shows: a JSON pointer, empty for the whole of it. */
  readonly path: string;
}

export class Interactive {
  readonly #past: HistoryReader;
  readonly #stepper: Stepper;
  readonly #shown: Shown;
  readonly #keys: Keys;
  readonly #cli: CliContext;
  /** A key that ended the pages of a long value, and is to do what it does otherwise. */
  #pressed: string | undefined;

  constructor(past: HistoryReader, stepper: Stepper, shown: Shown, keys: Keys, cli: CliContext) {
    this.#past = past;
    this.#stepper = stepper;
    this.#shown = shown;
    this.#keys = keys;
    this.#cli = cli;
  }

  /** Until somebody quits, or no more keys come. */
  async run(): Promise<void> {
    await this.#tellKeys();
    await this.#tellWhere();
    for (;;) {
      await this.#cli.output.flush();
      const pressed = this.#pressed ?? (await this.#keys.next());
      this.#pressed = undefined;
      if (pressed !== undefined && MORE.has(pressed)) {
        await this.#next();
        continue;
      }
      switch (pressed) {
        case 'b':
        case 'left':
        case 'up':
        case 'backspace':
          await this.#back();
          break;
        case 'j':
          await this.#jump();
          break;
        case 's':
          await this.#forgiving(() => this.#show(this.#shown.path));
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
          await this.#tellKeys();
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
      if (await this.#shown.printer.print(step, this.#stepper.playhead)) return;
    }
  }

  async #back(): Promise<void> {
    if (await this.#stepper.back()) await this.#tellWhere();
    else await this.#say('this is the first moment that is kept');
  }

  async #jump(): Promise<void> {
    const text = await this.#ask('jump to (12, tick:40, time:T, first, last): ');
    if (text === undefined || text === '') return;
    await this.#forgiving(async () => {
      await this.#stepper.jump(momentIn(this.#past, parseMoment(text)));
      await this.#tellWhere();
    });
  }

  async #print(): Promise<void> {
    const path = await this.#ask('path (such as /players): ');
    if (path === undefined) return;
    await this.#forgiving(() => this.#show(path));
  }

  /** What stands at a path at the cursor. */
  async #show(path: string): Promise<void> {
    const { seq, playhead } = this.#stepper;
    const value = pointedValue(this.#past.row.id, seq, path, playhead.shownAt(path));
    await this.#tellWhere();
    await this.#pages(prettyJson(value).split('\n'));
  }

  /** As many lines at a time as the terminal has, each on one line of it. */
  async #pages(lines: readonly string[]): Promise<void> {
    const { output, height = USUAL_HEIGHT, width } = this.#cli;
    // One line is for the note, and one for where we are.
    const page = Math.max(1, height - 2);
    for (let at = 0; ; at += page) {
      for (const line of lines.slice(at, at + page)) await output.line(fitting(line, width));
      if (at + page >= lines.length) return;
      await this.#say(`line ${at + page} of ${lines.length}${GAP}space: more${GAP}q: enough`);
      await output.flush();
      const key = await this.#keys.next();
      if (key === 'q' || key === 'escape') return;
      if (!MORE.has(key ?? '')) {
        this.#pressed = key;
        return;
      }
    }
  }

  /** On as many lines as the terminal needs. */
  async #tellKeys(): Promise<void> {
    const { width = Number.POSITIVE_INFINITY } = this.#cli;
    let line = '';
    for (const key of KEYS) {
      const longer = line === '' ? key : `${line}${GAP}${key}`;
      if (longer.length > width && line !== '') {
        await this.#say(line);
        line = key;
      } else line = longer;
    }
    await this.#say(line);
  }

  async #tellWhere(): Promise<void> {
    const { seq, tick, time } = this.#stepper;
    await this.#say(`at seq ${seq} of ${this.#past.row.seq}, tick ${tick}, ${isoTime(time)}`);
  }

  async #say(text: string): Promise<void> {
    const { output, paint, width } = this.#cli;
    await output.line(paint('dim', fitting(text, width)));
  }

  /** A line of text, shown while it is typed. Undefined when it is given up. */
  async #ask(question: string): Promise<string | undefined> {
    const { output, paint } = this.#cli;
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
      await this.#cli.output.line(this.#cli.paint('red', printable(error.message)));
    }
  }
}
