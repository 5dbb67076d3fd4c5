// Colours, where somebody looks at them: on a terminal, and not when NO_COLOR (https://no-color.org) is set.

import { styleText } from 'node:util';

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Paint = (colour: Colour, text: string) => string;

export function painter(isTerminal: boolean, environment: NodeJS.ProcessEnv): Paint {
  const plain = !isTerminal || (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  if (plain) return (_colour, text) => text;
  // Whether there are to be colours is decided above: later versions of Node would look again, at standard output only.
  return (colour, text) => styleText(colour, text, { validateStream: false });
}
