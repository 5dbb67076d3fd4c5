// Writes docs/errors/: a page for each error code and a list of them, from src/core/error-guide/. Run by `npm run generate`.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXIT, tell } from '../src/cli/exit.ts';
import type { ErrorEntry } from '../src/core/error-guide/entry.ts';
import { ERROR_GUIDE, SECTIONS } from '../src/core/error-guide/guide.ts';
import { OrreryError, type OrreryErrorCode } from '../src/core/errors.ts';

export const FOLDER = 'docs/errors';
const WIDTH = 120;
const GENERATED = '<!-- Written by `npm run generate` from src/core/error-guide/. Change it there. -->';

/** Every page by its file name. */
export function errorPages(): Map<string, string> {
  const codes = Object.entries(ERROR_GUIDE) as [OrreryErrorCode, ErrorEntry][];
  return new Map([['README.md', listPage()], ...codes.map(([code, entry]) => page(code, entry))]);
}

function page(code: OrreryErrorCode, { meaning, causes, remedies, see = [] }: ErrorEntry): [string, string] {
  const parts = [`# ${code}`, GENERATED, filled(meaning), '## Causes', items(causes), '## What to do', items(remedies)];
  const links = see.map((file) => `[${file}](../${file})`);
  const list = see.length === 0 ? '' : `Read more in ${links.join(' and ')}. `;
  const more = `${list}${statusOf(code)}`.trim();
  if (more !== '') parts.push(filled(more));
  parts.push('[All error codes](README.md)');
  return [`${code}.md`, `${parts.join('\n\n')}\n`];
}

/** Most failures have status 5, which says nothing: it is left out. */
function statusOf(code: OrreryErrorCode): string {
  const { status } = tell(new OrreryError({ code, what: '', hint: '' }), '');
  return status === EXIT.failed ? '' : `The command line ends with status ${status}.`;
}

function listPage(): string {
  const parts = [
    '# Error codes',
    GENERATED,
    filled(
      'Orrery throws one class of error, `OrreryError`. `code` is for programs and stays the same from version to version; the message ' +
        'says what happened, where and what to do; `hint` is the remedy alone; `context` has the details; `cause` is what was ' +
        'thrown before it; `help` is the path of the page below, in the package `orrery`.',
    ),
  ];
  for (const [title, entries] of SECTIONS) {
    const rows = Object.entries(entries).map(
      ([code, { meaning }]) => `| [${code}](${code}.md) | ${firstSentence(meaning)} |`,
    );
    parts.push(`## ${title}`, ['| code | what it means |', '|---|---|', ...rows].join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

function firstSentence(text: string): string {
  return /^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text;
}

function items(lines: readonly string[]): string {
  return lines.map((line) => filled(line, '- ', '  ')).join('\n');
}

/** Wrapped at the width of a line of ours. */
function filled(text: string, first = '', indent = ''): string {
  const lines = [first];
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    const line = lines.at(-1) as string;
    const isEmpty = line === first || line === indent;
    if (isEmpty) lines[lines.length - 1] = line + word;
    else if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(indent + word);
  }
  return lines.join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = join(import.meta.dirname, '..', FOLDER);
  mkdirSync(folder, { recursive: true });
  const pages = errorPages();
  for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(join(folder, name));
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
}
