// The rules of the house, checked: which folder may import which, how long a file may be, what nothing is called.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = new URL('..', import.meta.url).pathname;

/** A folder of src/ (or a file directly in it) and what it may import besides itself. */
const ARROWS: { readonly [from: string]: readonly string[] } = {
  errors: [],
  patch: ['errors'],
  projection: ['patch', 'errors'],
  game: ['projection', 'patch', 'errors'],
  journal: ['errors'],
  image: ['journal', 'projection', 'patch', 'errors'],
  digest: ['past', 'image', 'projection', 'patch', 'errors'],
  recovery: ['digest', 'image', 'journal', 'patch', 'errors'],
  store: ['past', 'shard', 'digest', 'image', 'patch', 'errors'],
  shard: ['store', 'past', 'recovery', 'digest', 'image', 'journal', 'projection', 'patch', 'errors'],
  outbox: ['game', 'store', 'image', 'directory', 'patch', 'errors'],
  past: ['game', 'outbox', 'store', 'recovery', 'digest', 'image', 'journal', 'directory', 'patch', 'errors'],
  pack: ['past', 'outbox', 'recovery', 'digest', 'image', 'journal', 'directory', 'game', 'patch', 'errors'],
  renewal: ['past', 'outbox', 'store', 'recovery', 'image', 'journal', 'directory', 'game', 'patch', 'errors'],
  versions: ['past', 'rerun', 'renewal', 'outbox', 'image', 'journal', 'game', 'patch', 'errors'],
  rerun: ['past', 'pack', 'image', 'game', 'patch', 'errors'],
  directory: ['journal', 'errors'],
  options: ['game', 'store', 'projection', 'errors'],
  orrery: [
    'versions',
    'renewal',
    'rerun',
    'pack',
    'past',
    'game',
    'outbox',
    'store',
    'image',
    'journal',
    'directory',
    'options',
    'errors',
  ],
  index: [
    'versions',
    'renewal',
    'rerun',
    'pack',
    'orrery',
    'past',
    'game',
    'outbox',
    'store',
    'image',
    'options',
    'projection',
    'patch',
    'errors',
  ],
  cli: [
    'versions',
    'renewal',
    'rerun',
    'pack',
    'game',
    'index',
    'options',
    'orrery',
    'past',
    'outbox',
    'store',
    'shard',
    'recovery',
    'digest',
    'image',
    'journal',
    'directory',
    'projection',
    'patch',
    'errors',
  ],
};

/** Imports of types alone: the interface of the stores speaks of rows, and the owner speaks that interface. */
const TYPES_ONLY: readonly string[] = [
  'shard -> store',
  'shard -> past',
  'store -> image',
  'image -> patch',
  'game -> image',
  'outbox -> image',
];

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules') return [];
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(path);
    return /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
  });
}

const SOURCE = [...filesBelow('src'), ...filesBelow('workers')];
const EVERYTHING = [...SOURCE, ...filesBelow('test'), ...filesBelow('bench'), ...filesBelow('examples')];

function partOf(path: string): string {
  const [, second = ''] = path.split('/');
  return second.replace(/\.ts$/, '');
}

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  readonly file: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?([^;]*?)from '(\.[^']+)';/gms)) {
    const target = relative(ROOT, join(ROOT, file, '..', match[3] as string));
    if (!target.startsWith('src/')) continue;
    const names = match[2] as string;
    const allTypes =
      /^\{[^}]*\}\s*$/.test(names) &&
      names
        .replace(/[{}]/g, '')
        .split(',')
        .every((name) => /^\s*(type\s|$)/.test(name));
    found.push({ from: partOf(file), to: partOf(target), typeOnly: match[1] !== undefined || allTypes, file });
  }
  return found;
}

it('[H1] dependencies point one way', () => {
  const wrong = SOURCE.filter((file) => file.startsWith('src/'))
    .flatMap(importsOf)
    .filter(({ from, to }) => from !== to && !ARROWS[from]?.includes(to))
    .map(({ file, to }) => `${file} imports ${to}`);
  expect(wrong).toEqual([]);
});

it('[H1] where an arrow would close a circle, it carries types alone', () => {
  const wrong = SOURCE.filter((file) => file.startsWith('src/'))
    .flatMap(importsOf)
    .filter(({ from, to, typeOnly }) => TYPES_ONLY.includes(`${from} -> ${to}`) && !typeOnly && from === 'shard')
    .map(({ file, to }) => `${file} imports ${to}`);
  expect(wrong).toEqual([]);
});

it('[H2] games do not know that storage exists, journal and image do not know that games exist', () => {
  const known = (from: string): string[] =>
    SOURCE.filter((file) => file.startsWith(`src/${from}/`))
      .flatMap(importsOf)
      .map(({ to }) => to);
  for (const storage of ['journal', 'image', 'digest', 'recovery', 'shard', 'store', 'outbox']) {
    expect(known('game')).not.toContain(storage);
  }
  for (const each of ['journal', 'image']) expect(known(each)).not.toContain('game');
});

it('[H3] no file outgrows 400 lines', () => {
  const long = EVERYTHING.map((file) => [file, readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1] as const)
    .filter(([, lines]) => lines > 400)
    .map(([file, lines]) => `${file}: ${lines}`);
  expect(long).toEqual([]);
});

it('[H4] nothing is called utils', () => {
  expect(EVERYTHING.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.)/i.test(file))).toEqual([]);
});

it('[H5] every source file begins by saying what it is', () => {
  const silent = SOURCE.filter((file) => !/^(#![^\n]*\n)?(\/\/|\/\*)/.test(readFileSync(join(ROOT, file), 'utf8')));
  expect(silent).toEqual([]);
});

it('[H6] only files.ts and what reads its own package or /proc touches the disk', () => {
  const allowed = ['src/journal/files.ts', 'src/image/schema.ts', 'src/directory.ts'];
  const touching = SOURCE.filter((file) => !file.startsWith('src/cli/') && !allowed.includes(file)).filter((file) =>
    /from 'node:fs/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(touching).toEqual([]);
});

it('[H7] every rule a test cites stands in test/SPEC.md, and every rule there is cited', () => {
  const spec = readFileSync(join(ROOT, 'test/SPEC.md'), 'utf8');
  const listed = new Set([...spec.matchAll(/^\| \[?([A-Z]{1,3}\d+)\]? \|/gm)].map((match) => match[1] as string));
  const cited = new Set<string>();
  for (const file of filesBelow('test')) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const match of text.matchAll(/['"`]((?:\[[A-Z]{1,3}\d+\] ?)+)/g)) {
      for (const rule of (match[1] as string).matchAll(/\[([A-Z]{1,3}\d+)\]/g)) cited.add(rule[1] as string);
    }
  }
  expect([...cited].filter((rule) => !listed.has(rule)).sort()).toEqual([]);
  expect([...listed].filter((rule) => !cited.has(rule)).sort()).toEqual([]);
});

it('[H8] runtime dependencies are the ones that were agreed on', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { dependencies: object };
  expect(Object.keys(manifest.dependencies).sort()).toEqual(
    ['commander', 'fast-json-patch', 'immer', 'pino', 'piscina', 'sql.js', 'zod'].sort(),
  );
  const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  expect(lock).not.toContain('"resolved": "http');
  expect(statSync(join(ROOT, 'package-lock.json')).size).toBeGreaterThan(0);
});
