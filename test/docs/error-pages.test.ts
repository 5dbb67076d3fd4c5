// The pages of the error codes, and how an error leads to its own.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describe as printed, tell } from '#cli/exit.ts';
import { painter } from '#cli/paint.ts';
import type { ErrorGuide } from '#core/error-guide/entry.ts';
import { ERROR_GUIDE, SECTIONS } from '#core/error-guide/guide.ts';
import { errorFromData, errorToData, OrreryError, type OrreryErrorCode } from '#core/errors.ts';
import { errorPages, FOLDER } from '../../scripts/error-pages.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const plainPaint = painter(false, {});
const CODES = Object.keys(ERROR_GUIDE) as OrreryErrorCode[];

it('[DC1] docs/errors is what the table says: run `npm run generate`', () => {
  const folder = join(ROOT, FOLDER);
  const written = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const differing = [...errorPages()].filter(([name, text]) => written.get(name) !== text).map(([name]) => name);
  expect(differing, 'run `npm run generate`').toEqual([]);
  expect([...written.keys()].sort()).toEqual([...errorPages().keys()].sort());
});

it('[DC1] every code is in one section, and thrown somewhere', () => {
  expect(SECTIONS.flatMap(([, entries]) => Object.keys(entries)).sort()).toEqual([...CODES].sort());
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('error-guide') && !name.endsWith('errors.ts'))
    .map((name) => readFileSync(join(ROOT, 'src', name), 'utf8'))
    .join('\n');
  expect(CODES.filter((code) => !new RegExp(`code: [^,\n]*'${code}'|'${code}', what`).test(sources))).toEqual([]);
});

it('[DC1] a code without an entry does not compile, nor an entry without a code', () => {
  const { DAMAGED, ...others } = ERROR_GUIDE;
  // @ts-expect-error DAMAGED has no entry
  const lacking: ErrorGuide = others;
  // @ts-expect-error there is no such code
  const unknown: Partial<ErrorGuide> = { NO_SUCH_CODE: DAMAGED };
  expect([lacking, unknown]).toHaveLength(2);
});

it('[DC1] a page has what a reader needs, in lines of at most 120 columns', () => {
  for (const [name, text] of errorPages()) {
    expect(text, name).toMatch(/^# /);
    if (name === 'README.md') continue;
    expect(text, name).toMatch(/\n## Causes\n\n- [\s\S]*\n## What to do\n\n- /);
    expect(
      text.split('\n').filter((line) => line.length > 120),
      name,
    ).toEqual([]);
  }
});

it('[DC2] an error names its page, also on the other side of a thread', () => {
  for (const code of CODES) {
    const error = new OrreryError({ code, what: 'it went wrong', hint: 'Do it right.' });
    expect(errorPages().has(error.help.replace(`${FOLDER}/`, ''))).toBe(true);
    expect(errorFromData(structuredClone(errorToData(error))).help).toBe(error.help);
    expect(error.within({ game: 'andromeda' }).help).toBe(error.help);
    // The message stays as short as it was.
    expect(error.message).toBe('it went wrong. Do it right.');
  }
});

it('[DC2] the command line names the page below the remedy, and in JSON', () => {
  const told = tell(new OrreryError({ code: 'DAMAGED', what: 'a file is cut', hint: 'Put it back.' }), 'orrery --help');
  expect(printed(told, false, plainPaint)).toBe(
    'orrery: a file is cut\n        Put it back.\n        See docs/errors/DAMAGED.md in the package orrery.\n',
  );
  expect(JSON.parse(printed(told, true, plainPaint))).toMatchObject({ error: { help: 'docs/errors/DAMAGED.md' } });
  expect(printed(tell(new RangeError('oh'), 'orrery --help'), false, plainPaint)).toContain('docs/errors/INTERNAL.md');
});
