// Writes docs/api-report.md: the public API, from the emitted declarations of every entry of the package. Run by `npm run generate`.

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

export const FILE = 'docs/api-report.md';
const ROOT = join(import.meta.dirname, '..');

/** An entry of the package and its declarations. */
export type Entry = readonly [name: string, declarations: string];

/** What `exports` of a manifest offers to somebody who writes TypeScript. */
export function entriesOf(root: string): Entry[] {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    exports: { [path: string]: string | { types?: string } };
  };
  return Object.entries(exports).flatMap(([path, target]) => {
    const types = typeof target === 'string' ? undefined : target.types;
    return types === undefined ? [] : [[path.replace('.', name), resolve(root, types)] as const];
  });
}

/**
 * Exported names in alphabetical order, and after them the types of `root` that these lead to and that have no public name:
 * a change of one of those is a change of the API too. Comments are left out.
 */
export function apiReport(entries: readonly Entry[], root: string): string {
  const program = programOf(entries.map(([, file]) => file));
  const checker = program.getTypeChecker();
  const parts = [
    '# The public API',
    '<!-- Written by `npm run generate` from the emitted declarations. -->',
    'Every name that a program can import, and the types they lead to. A test holds this file against the code, so that each\n' +
      'change of the public API is seen in a diff. After a change that is meant, run `npm run generate`.',
  ];
  const reach = new Reach(checker, root);
  for (const [name, file] of entries) {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    if (!source || !module) throw new Error(`there are no declarations at ${file}: run \`npm run build\``);
    const exported = checker.getExportsOfModule(module).map((symbol) => [symbol.name, reach.origin(symbol)] as const);
    // Of a worker a program needs the address; what it exports is for the engine.
    if (!name.endsWith('/worker')) for (const [, symbol] of exported) reach.add(symbol);
    const blocks = exported.sort(([a], [b]) => (a < b ? -1 : 1)).map(([as, symbol]) => block(as, symbol));
    parts.push(`## ${name}`, ...blocks);
  }
  const named = new Set(reach.found);
  reach.followAll();
  const unnamed = [...reach.found].filter((symbol) => !named.has(symbol));
  const blocks = unnamed.map((symbol) => block(symbol.name, symbol)).sort();
  if (blocks.length > 0) parts.push('## Types without a public name', ...blocks);
  return `${parts.join('\n\n')}\n`;
}

/** Names are all that is asked for, so other packages and the libraries of JavaScript are not read: it takes a second less. */
function programOf(files: readonly string[]): ts.Program {
  const options: ts.CompilerOptions = { module: ts.ModuleKind.NodeNext, noLib: true, types: [] };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, importer, _redirected, given) =>
    literals.map(({ text }) =>
      text.startsWith('.') ? ts.resolveModuleName(text, importer, given, host) : { resolvedModule: undefined },
    );
  host.resolveTypeReferenceDirectiveReferences = (references) =>
    references.map(() => ({ resolvedTypeReferenceDirective: undefined }));
  return ts.createProgram(files, options, host);
}

function block(name: string, symbol: ts.Symbol): string {
  const texts = declarationsOf(symbol).map((node) => printed(node));
  return `### ${name}\n\n\`\`\`\`ts\n${texts.join('\n')}\n\`\`\`\``;
}

/** Statements, without `export` and `declare`, which say nothing about a declaration. */
function printed(node: ts.Node): string {
  const text = plain(node).replace(/^(?:export |declare |default )+/, '');
  if (text.length <= 120 || !ts.isTypeAliasDeclaration(node) || !ts.isUnionTypeNode(node.type)) return text;
  const [head] = text.split(' = ', 1);
  // One member a line, so that a diff shows the one that came.
  return [`${head} =`, ...node.type.types.map((each) => `  | ${plain(each)}`)].join('\n');
}

function plain(node: ts.Node): string {
  const printer = ts.createPrinter({ removeComments: true });
  const text = printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
  return text.replaceAll(/^ *#private;\n/gm, '').replaceAll(/^(?: {4})+/gm, (indent) => ' '.repeat(indent.length / 2));
}

function declarationsOf(symbol: ts.Symbol): ts.Node[] {
  const nodes = (symbol.declarations ?? []).map((node) =>
    ts.isVariableDeclaration(node) && ts.isVariableStatement(node.parent.parent) ? node.parent.parent : node,
  );
  return [...new Set(nodes)];
}

/** The symbols of the package that its public names lead to. */
class Reach {
  readonly found = new Set<ts.Symbol>();
  readonly #checker: ts.TypeChecker;
  readonly #root: string;

  constructor(checker: ts.TypeChecker, root: string) {
    this.#checker = checker;
    this.#root = root;
  }

  origin(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
  }

  add(symbol: ts.Symbol): void {
    this.found.add(symbol);
  }

  /** A set gives what is added while it is gone through. */
  followAll(): void {
    for (const symbol of this.found) for (const node of declarationsOf(symbol)) this.#follow(node);
  }

  #follow(node: ts.Node): void {
    if (isOutOfReach(node)) return;
    if (ts.isIdentifier(node)) this.#meet(this.#checker.getSymbolAtLocation(node));
    if (ts.isImportTypeNode(node) && node.qualifier) this.#meet(this.#checker.getSymbolAtLocation(node.qualifier));
    ts.forEachChild(node, (child) => this.#follow(child));
  }

  #meet(symbol: ts.Symbol | undefined): void {
    if (!symbol) return;
    const origin = this.origin(symbol);
    const isOurs = declarationsOf(origin).every((node) => {
      const { fileName } = node.getSourceFile();
      // Members, parameters and type parameters stand in the text of what they belong to.
      return fileName.startsWith(this.#root) && !fileName.includes('/node_modules/') && isTopLevel(node);
    });
    if (isOurs && origin.declarations) this.add(origin);
  }
}

/** What no program can use: members that are not public, and constructors that only the engine can call. */
function isOutOfReach(node: ts.Node): boolean {
  if (ts.isConstructorDeclaration(node)) {
    return isAbstract(node.parent) || /Not for users/.test(ts.getTextOfJSDocComment(jsDocOf(node)) ?? '');
  }
  const flags = ts.isClassElement(node) ? ts.getCombinedModifierFlags(node) : ts.ModifierFlags.None;
  return (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0;
}

function isAbstract(node: ts.Node): boolean {
  return ts.isClassDeclaration(node) && (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Abstract) !== 0;
}

function jsDocOf(node: ts.Node): string | ts.NodeArray<ts.JSDocComment> | undefined {
  return ts.getJSDocCommentsAndTags(node).find((each) => ts.isJSDoc(each))?.comment;
}

function isTopLevel(node: ts.Node): boolean {
  return ts.isStatement(node) && ts.isSourceFile(node.parent);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(join(ROOT, FILE), apiReport(entriesOf(ROOT), ROOT));
}
