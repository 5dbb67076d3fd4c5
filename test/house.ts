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

/**
 * The rings: a folder of src/, and what it may know of at all, types included. A file belongs to the longest name that fits;
 * `src` are the files directly in it, which wire the rings together.
 */
export const RINGS: Table = {
  'src/core': [],
  'src/storage': ['src/core'],
  'src/storage/memory': ['src/storage', 'src/core'],
  'src/storage/sqlite': ['src/storage', 'src/core'],
  'src/engine': ['src/storage', 'src/core'],
  'src/history': ['src/engine', 'src/storage', 'src/core'],
  src: ['src/history', 'src/engine', 'src/storage/sqlite', 'src/storage/memory', 'src/storage', 'src/core'],
  'src/cli': [
    ...['src', 'src/history', 'src/engine', 'src/storage/sqlite', 'src/storage/memory', 'src/storage', 'src/core'],
  ],
  workers: ['src', 'src/history', 'src/storage/sqlite', 'src/storage', 'src/core'],
};

/** The parts of three rings: a folder, or a file beside folders, and from which others of its ring it may take values. */
export const PARTS: Table = {
  // The public names, from everywhere.
  'core/index': ['core/game', 'core/projection', 'core/patch', 'core'],
  'core/error-guide': ['core'],
  'core/patch': ['core'],
  'core/projection': ['core/patch', 'core'],
  'core/game': ['core/projection', 'core/patch', 'core'],
  'history/recover': ['history'],
  'history/rerun': ['history'],
  'history/game': ['history/recover', 'history/rerun', 'history'],
  'history/upgrade': ['history/recover', 'history/rerun', 'history'],
  ...inSqlite({
    files: ['disk-failure'],
    sweep: ['files'],
    lock: ['files'],
    openings: ['files'],
    directory: ['files', 'lock', 'sweep'],
    journal: ['files'],
    pages: ['files'],
    image: ['pages', 'files', 'projection'],
    compaction: ['image', 'projection'],
    recovery: ['compaction', 'image', 'journal', 'sweep', 'files'],
    worker: ['recovery', 'compaction', 'image', 'journal', 'files'],
    'owner-thread': ['worker', 'heavy-game', 'owner-memory'],
    'sqlite-store': ['owner-thread'],
    'directory-history': ['recovery', 'image', 'openings', 'directory', 'files'],
    pack: ['directory-history', 'recovery', 'compaction', 'image', 'openings', 'directory', 'files'],
    inspection: ['recovery', 'compaction', 'image', 'journal', 'lock', 'directory', 'files'],
    salvage: ['inspection', 'worker', 'recovery', 'compaction', 'image', 'directory', 'files'],
    query: ['pack', 'pages', 'recovery', 'compaction', 'image', 'directory', 'files'],
  }),
};

function inSqlite(parts: Table): Table {
  const whole = (part: string): string => `storage/sqlite/${part}`;
  return Object.fromEntries(Object.entries(parts).map(([part, others]) => [whole(part), others.map(whole)]));
}

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

/** The ring of a file, or the first folder of its path when it is of no ring. */
export function ringOf(path: string): string {
  const folder = posix.dirname(path);
  for (let ring = folder; ring !== '.'; ring = posix.dirname(ring)) {
    // What lies in a folder of src/ that is of no ring is not wiring.
    if (Object.hasOwn(RINGS, ring) && !(ring === 'src' && folder !== 'src')) return ring;
  }
  return folder;
}

/** The part of a file within its ring; undefined where a ring is all one. */
function partOf(path: string): string | undefined {
  const [, ring = '', second = '', third = ''] = path.replace(/\.ts$/, '').split('/');
  if (path === 'src/core/index.ts') return 'core/index';
  if (ring === 'core' || ring === 'history') return path.split('/').length === 3 ? ring : `${ring}/${second}`;
  return ring === 'storage' && second === 'sqlite' ? `storage/sqlite/${third}` : undefined;
}

interface Arrow extends Import {
  /** The file it leads to. */
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
    .map((each) => ({ ...each, to: posix.normalize(posix.join(posix.dirname(each.file), each.specifier)) }));
}

/** Imports from a ring further out or of another backend. */
export function wrongRings(files: Files): string[] {
  return arrowsOf(files).flatMap(({ file, to, typeOnly }) => {
    const [from, ring] = [ringOf(file), ringOf(to)];
    if (from === ring || RINGS[from]?.includes(ring)) return [];
    return [`${file} imports ${typeOnly ? 'types of ' : ''}${ring}`];
  });
}

/** Values that a part takes from another of its ring against the table. */
export function wrongParts(files: Files): string[] {
  return arrowsBetweenParts(files)
    .filter(({ from, part }) => !PARTS[from]?.includes(part))
    .map(({ file, part }) => `${file} imports ${part}`);
}

function arrowsBetweenParts(files: Files): { readonly file: string; readonly from: string; readonly part: string }[] {
  return arrowsOf(files).flatMap(({ file, to, typeOnly }) => {
    const [from, part] = [partOf(file), partOf(to)];
    const inside = from !== undefined && part !== undefined && from !== part && ringOf(file) === ringOf(to);
    return inside && !typeOnly ? [{ file, from, part }] : [];
  });
}

/** Parts that come round to themselves by imports of values, in the files and in the tables. */
export function circles(files: Files, parts: Table = PARTS, rings: Table = RINGS): string[] {
  const arrows = new Map<string, Set<string>>();
  const add = (from: string, to: string): void => {
    arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
  };
  for (const { from, part } of arrowsBetweenParts(files)) add(from, part);
  for (const [from, others] of [...Object.entries(parts), ...Object.entries(rings)]) {
    for (const other of others) add(from, other);
  }
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

/** What core may import besides its own files: packages that run anywhere, and the entry of package.json that asks the platform. */
const ANYWHERE = ['immer', 'fast-json-patch', '#proxies'];

/** What only Node gives to everybody. */
const GLOBALS_OF_NODE = ['Buffer', 'NodeJS', 'clearImmediate', 'global', 'process', 'require', 'setImmediate'];

/** What files of src/core take of Node: modules and packages that are not there in a browser, and globals, types included. */
export function tiedToNode(files: Files): string[] {
  return [...files]
    .filter(([file]) => file.startsWith('src/core/'))
    .flatMap(([file, { text, imports }]) => {
      const foreign = imports.map(({ specifier }) => specifier).filter((specifier) => !specifier.startsWith('.'));
      const used = [...foreign.filter((specifier) => !ANYWHERE.includes(specifier)), ...globalsOfNode(file, text)];
      return [...new Set(used)].map((name) => `${file} uses ${name}`);
    });
}

function globalsOfNode(file: string, text: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && GLOBALS_OF_NODE.includes(node.text) && !isMember(node)) found.push(node.text);
    // globalThis['process']
    else if (ts.isStringLiteralLike(node) && ts.isElementAccessExpression(node.parent) && isGlobal(node.parent)) {
      if (GLOBALS_OF_NODE.includes(node.text)) found.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

function isGlobal({ expression }: { readonly expression: ts.Expression }): boolean {
  return ts.isIdentifier(expression) && expression.text === 'globalThis';
}

/** Whether a name is that of a member of something: any object may have one called so, but not globalThis. */
function isMember(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return !isGlobal(parent);
  return (
    (ts.isPropertyAssignment(parent) || ts.isClassElement(parent) || ts.isTypeElement(parent)) && parent.name === node
  );
}

/** Entries of the package, and files that Node or a worker is given by name: what they export is for others. */
const ENTRIES = ['src/index.ts', 'src/core/index.ts', 'src/node-proxies.ts', 'src/core/patch/proxies.ts'];

/** Functions, classes and constants that a file of src exports and no other file imports, tests and benchmarks included. */
export function deadExports(files: Files): string[] {
  const used = new Set<string>();
  for (const [path, file] of files) {
    const names = takenBy.get(file) ?? namesTaken(path, file.text);
    takenBy.set(file, names);
    for (const name of names) used.add(name);
  }
  return [...files]
    .filter(([file]) => file.startsWith('src/') && !ENTRIES.includes(file))
    .flatMap(([file, { text }]) => valuesExported(file, text).map((name) => [file, name] as const))
    .filter(([file, name]) => !used.has(`${file} ${name}`) && !used.has(`${file} *`))
    .map(([file, name]) => `${file} exports ${name}, which nothing imports`);
}

/** Reading every file takes a second. */
const takenBy = new WeakMap<HouseFile, readonly string[]>();

/** By file and name; `*` for all of a file. */
function namesTaken(file: string, text: string): string[] {
  const taken: string[] = [];
  const take = (specifier: ts.Node | undefined, names: readonly string[]): void => {
    const from = specifier && ts.isStringLiteralLike(specifier) ? leadsTo(file, specifier.text) : undefined;
    if (from !== undefined && from !== file) taken.push(...names.map((name) => `${from} ${name}`));
  };
  const namesOf = (list: ts.NodeArray<ts.ImportSpecifier | ts.ExportSpecifier>): string[] =>
    list.map((each) => (each.propertyName ?? each.name).text);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const names = node.importClause?.namedBindings;
      if (names) take(node.moduleSpecifier, ts.isNamedImports(names) ? namesOf(names.elements) : ['*']);
    } else if (ts.isExportDeclaration(node)) {
      const names = node.exportClause;
      take(node.moduleSpecifier, names && ts.isNamedExports(names) ? namesOf(names.elements) : ['*']);
    } else if (ts.isImportTypeNode(node))
      take(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, ['*']);
    else if (ts.isCallExpression(node) && isLoading(node.expression)) take(node.arguments[0], ['*']);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return taken;
}

function leadsTo(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(file), specifier));
  return specifier.startsWith('#') ? `src/${specifier.slice(1)}` : undefined;
}

function valuesExported(file: string, text: string): string[] {
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    if (!ts.canHaveModifiers(statement)) return [];
    if (!ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name));
    const isValue = ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);
    return isValue && statement.name ? [statement.name.text] : [];
  });
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((each) => (ts.isBindingElement(each) ? namesIn(each.name) : []));
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

const MAY_TOUCH_THE_DISK = [
  'src/storage/sqlite/files.ts',
  'src/storage/sqlite/image/schema.ts',
  'src/storage/sqlite/lock.ts',
  // The folder of migrations is the program's own; the directory of a salvage is made before there are files of a shard.
  'src/history/upgrade/discover.ts',
  'src/storage/sqlite/salvage/new-directory.ts',
  'src/storage/worker-file.ts',
];

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

const DEPENDENCIES = ['commander', 'fast-json-patch', 'immer', 'pino', 'piscina', 'sql.js'];

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
