// Links between documents, and to files: each leads somewhere, in a clone and in the package.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Documents that are packed and read by people. */
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'bench/README.md',
  'examples/galactic-war/README.md',
];

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** `files` of the manifest, and what npm packs in any case. */
const { files } = JSON.parse(textOf('package.json')) as { files: readonly string[] };

function isPacked(path: string): boolean {
  if (['README.md', 'LICENSE', 'package.json'].includes(path)) return true;
  return files.some((each) => {
    const [folder = '', ending] = each.split('*');
    return ending === undefined
      ? path === each || path.startsWith(`${each}/`)
      : path.startsWith(folder) && path.endsWith(ending);
  });
}

/** As GitHub makes them: lower case, without punctuation, spaces as hyphens. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replaceAll(/^(`{3,})[\s\S]*?^\1$/gm, '').matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** What is wrong with the links of a document. */
function brokenLinks(file: string, markdown: string): string[] {
  const prose = markdown.replaceAll(/^(`{3,})[\s\S]*?^\1$/gm, '').replaceAll(/`[^`\n]*`/g, 'code');
  const wrong: string[] = [];
  for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', anchor] = target.split('#');
    const to = path === '' ? file : relative(ROOT, join(ROOT, dirname(file), path));
    if (!existsSync(join(ROOT, to))) wrong.push(`${file}: ${target} is not there`);
    else if (!isPacked(to)) wrong.push(`${file}: ${target} is not in the package`);
    else if (anchor && !anchorsOf(textOf(to)).has(anchor)) wrong.push(`${file}: ${target} has no such heading`);
  }
  return wrong;
}

it('[DC7] every link of every document leads to a file of the package, and to a heading there', () => {
  expect(DOCUMENTS.length).toBeGreaterThan(60);
  expect(DOCUMENTS.filter((file) => !isPacked(file))).toEqual([]);
  expect(DOCUMENTS.flatMap((file) => brokenLinks(file, textOf(file)))).toEqual([]);
});

it('[DC7] a link that leads nowhere is seen', () => {
  const text =
    '[a](docs/NOWHERE.md) [b](vitest.config.ts) [c](README.md#no-such) [d](docs/STATE.md#tables) `[e](x.md)`';
  expect(brokenLinks('README.md', text)).toEqual([
    'README.md: docs/NOWHERE.md is not there',
    'README.md: vitest.config.ts is not in the package',
    'README.md: README.md#no-such has no such heading',
  ]);
});
