// The rules of the house, as functions of the files: which folder may import which, how long a file may be, what nothing is
// called. house.test.ts holds the project against them, and breaks each of them to see that it notices.

import { posix } from 'node:path';
import ts from 'typescript';

/** A file of the project, parsed once. */
export interface HouseFile {
  readonly text: string;
  readonly imports: readonly Import[];
}

/** By path from the root of the project. */
export type Files = ReadonlyMap<string, HouseFile>;

export function houseFile(path: string, text: string): readonly [path: string, file: HouseFile] {
  return [path, { text, imports: importsOf(path, text) }];
}

type Table = { readonly [from: string]: readonly string[] };

/** A folder of src/, a file directly in it, or `workers`, and what it may import besides itself. */
export const VALUES: Table = {
  errors: [],
  'error-guide': ['errors'],
  patch: ['errors'],
  projection: ['patch', 'errors'],
  game: ['projection', 'patch', 'errors'],
  journal: ['errors'],
  lock: ['journal', 'errors'],
  directory: ['lock', 'journal', 'errors'],
  openings: ['journal', 'patch', 'errors'],
  image: ['journal', 'projection', 'patch', 'errors'],
  digest: ['image', 'projection', 'patch', 'errors'],
  recovery: ['digest', 'image', 'journal', 'patch', 'errors'],
  shard: ['recovery', 'digest', 'image', 'journal', 'projection', 'patch', 'errors'],
  store: ['shard', 'digest', 'image', 'patch', 'errors'],
  outbox: ['game', 'store', 'directory', 'lock', 'patch', 'errors'],
  runtime: ['errors'],
  past: ['openings', 'game', 'recovery', 'digest', 'image', 'journal', 'directory', 'patch', 'errors'],
  pack: [
    ...['openings', 'past', 'recovery', 'digest', 'image', 'journal', 'directory', 'game', 'patch', 'runtime'],
    'errors',
  ],
  renewal: ['past', 'recovery', 'image', 'journal', 'directory', 'game', 'patch', 'errors'],
  rerun: ['openings', 'past', 'pack', 'game', 'patch', 'runtime', 'errors'],
  versions: ['past', 'rerun', 'renewal', 'journal', 'game', 'patch', 'errors'],
  options: ['game', 'store', 'projection', 'errors'],
  orrery: [
    ...['versions', 'renewal', 'rerun', 'pack', 'past', 'game', 'outbox', 'store', 'journal', 'directory'],
    ...['openings', 'options', 'runtime', 'errors'],
  ],
  index: ['versions', 'renewal', 'rerun', 'pack', 'orrery', 'past', 'game', 'outbox', 'store', 'patch', 'errors'],
  cli: [
    ...['versions', 'renewal', 'rerun', 'pack', 'game', 'index', 'options', 'orrery', 'past', 'outbox', 'store'],
    ...[
      'shard',
      'recovery',
      'digest',
      'image',
      'journal',
      'directory',
      'lock',
      'projection',
      'patch',
      'runtime',
      'errors',
    ],
  ],
  workers: ['shard', 'store', 'cli', 'pack', 'rerun', 'image', 'journal', 'errors'],
};

/** What may be imported for its types alone: a value would close a circle, or is not wanted. */
export const TYPES: Table = {
  digest: ['past'],
  shard: ['past', 'store'],
  store: ['image', 'past'],
  outbox: ['image'],
  past: ['outbox', 'store'],
  pack: ['outbox'],
  renewal: ['outbox', 'store'],
  rerun: ['image'],
  versions: ['outbox', 'image'],
  orrery: ['image'],
  index: ['image', 'openings', 'options', 'projection'],
};

const STORAGE = ['journal', 'image', 'digest', 'recovery', 'shard', 'store', 'outbox', 'past', 'directory', 'lock'];

/** What a part must not come to by any number of imports of values. */
const APART: Table = { game: STORAGE, projection: STORAGE, patch: STORAGE, journal: ['game'], image: ['game'] };

export interface Import {
  readonly file: string;
  /** As it is written. */
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Every import, in whatever form it is written. */
export function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) found.push({ file, specifier: specifier.text, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, bringsTypesOnly(node.importClause));
    else if (ts.isExportDeclaration(node)) {
      const names = node.exportClause;
      const each = names && ts.isNamedExports(names) && names.elements.every(({ isTypeOnly }) => isTypeOnly);
      add(node.moduleSpecifier, node.isTypeOnly || each === true);
    } else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    } else if (ts.isExternalModuleReference(node)) add(node.expression, false);
    else if (ts.isCallExpression(node) && isLoading(node.expression)) add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

function bringsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return !clause.name && !!names && ts.isNamedImports(names) && names.elements.every(({ isTypeOnly }) => isTypeOnly);
}

/** `import(...)`, `require(...)`, `process.getBuiltinModule(...)`. */
function isLoading(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  const name = ts.isPropertyAccessExpression(callee) ? callee.name : callee;
  return ts.isIdentifier(name) && (name.text === 'require' || name.text === 'getBuiltinModule');
}

export function partOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'src' ? second.replace(/\.ts$/, '') : first;
}

interface Arrow extends Import {
  readonly from: string;
  readonly to: string;
}

function isSource(file: string): boolean {
  return file.startsWith('src/') || file.startsWith('workers/');
}

function arrowsOf(files: Files): Arrow[] {
  return [...files]
    .filter(([path]) => isSource(path))
    .flatMap(([, { imports }]) => imports)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map((each) => {
      const to = partOf(posix.normalize(posix.join(posix.dirname(each.file), each.specifier)));
      return { ...each, from: partOf(each.file), to };
    })
    .filter(({ from, to }) => from !== to);
}

/** Imports against the tables above. */
export function wrongArrows(files: Files): string[] {
  return arrowsOf(files)
    .filter(({ from, to, typeOnly }) => {
      return !VALUES[from]?.includes(to) && !(typeOnly && TYPES[from]?.includes(to));
    })
    .map(({ file, to, typeOnly }) => `${file} imports ${typeOnly ? 'types of ' : ''}${to}`);
}

/** Circles among imports of values, in the files and in the table. */
export function circles(files: Files, table: Table = VALUES): string[] {
  const arrows = new Map<string, Set<string>>();
  const add = (from: string, to: string): void => {
    arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
  };
  for (const { from, to, typeOnly } of arrowsOf(files)) if (!typeOnly) add(from, to);
  for (const [from, parts] of Object.entries(table)) for (const to of parts) add(from, to);
  return [...arrows.keys()].filter((part) => reachable(arrows, part).has(part)).sort();
}

function reachable(arrows: ReadonlyMap<string, ReadonlySet<string>>, from: string): Set<string> {
  const found = new Set<string>();
  const open = [from];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    for (const to of arrows.get(part) ?? []) {
      if (found.has(to)) continue;
      found.add(to);
      open.push(to);
    }
  }
  return found;
}

/** Parts that come to know, over any number of imports of values, what they must not. */
export function acquaintances(files: Files): string[] {
  const arrows = new Map<string, Set<string>>();
  for (const { from, to, typeOnly } of arrowsOf(files)) {
    if (!typeOnly) arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
  }
  return Object.entries(APART).flatMap(([part, strangers]) => {
    const known = reachable(arrows, part);
    return strangers.filter((each) => known.has(each)).map((each) => `${part} comes to ${each}`);
  });
}

const MOST_LINES = 400;

export function longFiles(files: Files): string[] {
  return [...files]
    .map(([file, { text }]) => [file, text.split('\n').length - 1] as const)
    .filter(([, lines]) => lines > MOST_LINES)
    .map(([file, lines]) => `${file}: ${lines}`);
}

export function namelessFiles(files: Files): string[] {
  return [...files.keys()].filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.)/i.test(file));
}

export function silentFiles(files: Files): string[] {
  return [...files]
    .filter(([file, { text }]) => isSource(file) && !/^(#![^\n]*\n)?(\/\/|\/\*)/.test(text))
    .map(([file]) => file);
}

const MAY_TOUCH_THE_DISK = ['src/journal/files.ts', 'src/image/schema.ts', 'src/lock.ts', 'src/runtime/worker-file.ts'];

export function diskTouchers(files: Files): string[] {
  return [...files]
    .filter(([file]) => isSource(file) && !file.startsWith('src/cli/') && !MAY_TOUCH_THE_DISK.includes(file))
    .filter(([, { imports }]) => imports.some(({ specifier }) => /^(node:)?fs(\/|$)/.test(specifier)))
    .map(([file]) => file);
}

/** Rules that a test cites and the specification lacks, and rules that no test cites or that stand twice. */
export function unmatchedRules(files: Files, specification: string): string[] {
  const listed = [...specification.matchAll(/^\| \[?([A-Z]{1,3}\d+)\]? \|/gm)].map((match) => match[1] as string);
  const cited = new Set<string>();
  for (const [file, { text }] of files) {
    if (!file.startsWith('test/')) continue;
    for (const match of text.matchAll(/['"`]((?:\[[A-Z]{1,3}\d+\] ?)+)/g)) {
      for (const rule of (match[1] as string).matchAll(/\[([A-Z]{1,3}\d+)\]/g)) cited.add(rule[1] as string);
    }
  }
  return [
    ...[...cited].filter((rule) => !listed.includes(rule)).map((rule) => `${rule} is cited and not listed`),
    ...listed.filter((rule) => !cited.has(rule)).map((rule) => `${rule} is listed and not cited`),
    ...listed.filter((rule, at) => listed.indexOf(rule) !== at).map((rule) => `${rule} is listed twice`),
  ].sort();
}

const DEPENDENCIES = ['commander', 'fast-json-patch', 'immer', 'pino', 'piscina', 'sql.js', 'zod'];

export function wrongDependencies(manifest: { readonly dependencies: object }, lock: string): string[] {
  const wanted = new Set(DEPENDENCIES);
  const found = new Set(Object.keys(manifest.dependencies));
  return [
    ...[...found].filter((name) => !wanted.has(name)).map((name) => `${name} was not agreed on`),
    ...[...wanted].filter((name) => !found.has(name)).map((name) => `${name} is gone`),
    ...(lock.includes('"resolved": "http') ? ['package-lock.json says from where packages were fetched'] : []),
    ...(lock.includes('"packages"') ? [] : ['package-lock.json is empty']),
  ];
}
