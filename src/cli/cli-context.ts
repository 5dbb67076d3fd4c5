// What a command of the command line has to work with; program.ts makes it from the process.

import type { ExitStatus } from './exit.ts';
import type { Output } from './output.ts';
import type { Paint } from './paint.ts';
import type { KeyStream } from './past/keys.ts';

export interface CliContext {
  readonly output: Output;
  /** Colours for standard output. */
  readonly paint: Paint;
  /** Columns of the terminal; undefined when lines may be as long as they like. */
  readonly width: number | undefined;
  /** Lines of the terminal; undefined where there is none, or it does not say. Asked anew: people resize windows. */
  readonly height: number | undefined;
  /** A line on standard error, beside the output. */
  readonly remark: (text: string) => void;
  /** A line on standard error, where that is a terminal, in the place of the one before; an empty one takes it away. */
  readonly progress: (text: string) => void;
  /** Where keys come from, if anywhere. */
  readonly input: KeyStream | undefined;
  /** What the process is to end with when nothing is thrown. */
  readonly finish: (status: ExitStatus) => void;
}
