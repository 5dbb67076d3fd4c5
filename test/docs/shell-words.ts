// The `orrery` commands of a block of shell, as lists of words. As much of the shell as the documents use: quotes, comments, lines that
// go on. A block with a command of another kind has none: it must say why it is not run.

import type { Snippet } from './snippets.ts';

export interface ShellCommand {
  /** File and line of its block. */
  readonly place: string;
  /** What follows `orrery`. */
  readonly args: readonly string[];
}

export function commandsOf({ file, line, text }: Snippet): ShellCommand[] {
  const commands: ShellCommand[] = [];
  for (const words of wordsOf(text)) {
    const [first, ...args] = words[0] === 'npx' ? words.slice(1) : words;
    if (first !== 'orrery') return [];
    commands.push({ place: `${file}:${line}`, args });
  }
  return commands;
}

function wordsOf(text: string): string[][] {
  const lines: string[][] = [];
  let words: string[] = [];
  const token = /#[^\n]*|\\\n|(\n)|((?:"[^"]*"|'[^']*'|[^\s"'#\\])(?:"[^"]*"|'[^']*'|[^\s"'\\])*)|\s/g;
  for (const [, newline, word] of `${text}\n`.matchAll(token)) {
    if (word !== undefined) words.push(word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
    if (newline === undefined || words.length === 0) continue;
    lines.push(words);
    words = [];
  }
  return lines;
}
