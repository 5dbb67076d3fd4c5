// The fenced blocks of the documents, as programs that can be checked and run. A block that imports nothing is a part of a program: what
// it uses and does not say is put before it. `<!-- not run: why -->` on the line before a block says that it is only checked.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Language = 'ts' | 'js' | 'sh';

export interface Snippet {
  readonly file: string;
  /** Where the block begins. */
  readonly line: number;
  readonly language: Language;
  readonly text: string;
  /** It stands by itself. */
  readonly isProgram: boolean;
  /** Why it is not run; undefined if it is. */
  readonly notRun: string | undefined;
}

/** The game type of blocks that do not define one. It lies beside every block as games.js or games.ts. */
export const GAMES = `import { defineGame, table } from 'orrery';
export const galaxy = defineGame('galaxy', {
  version: 1,
  initial: () => ({
    systems: table<{ metal: number; owner?: string }>({ sol: { metal: 0, owner: 'ada' } }),
    log: [] as string[],
    treasury: 100,
  }),
  onTick(draft) {
    const sol = draft.systems.get('sol');
    if (sol) sol.metal += 1;
  },
});
`;

/** In this order before a block that uses the name and does not declare it. Values of one may use those before it. */
const KNOWN: readonly (readonly [name: string, declaration: string])[] = [
  ['directory', "const directory = './data';"],
  ['initial', 'const initial = () => ({ systems: table<{ metal: number }>(), treasury: 100 });'],
  ['commands', 'const commands = { build(draft: { treasury: number }) { draft.treasury -= 1; } };'],
  ['galaxy', "import { galaxy } from './games.js';"],
  ['counter', "const counter = defineGame('counter', { version: 1, initial: () => ({ value: 0 }), commands: {} });"],
  ['games', 'const games = [counter];'],
  ['pathToFileURL', "import { pathToFileURL } from 'node:url';"],
  ['createRequire', "import { createRequire } from 'node:module';"],
  ['__filename', "import { fileURLToPath } from 'node:url'; const __filename = fileURLToPath(import.meta.url);"],
  [
    'orrery',
    "const orrery = await openOrrery({ directory: './data', games: [galaxy] });\n" +
      "const played = await orrery.open(galaxy, 'andromeda');\n" +
      'while (played.tick < 1400) played.advance();\n' +
      'await orrery.flush();',
  ],
];

/** Every ts, js and sh block of a document. */
export function snippetsOf(file: string, markdown: string): Snippet[] {
  const blocks = markdown.matchAll(/^(?:<!-- not run: (.*?) -->\n+)?^(`{3,})(ts|js|sh)\n([\s\S]*?)^\2$/gm);
  return [...blocks].map((match) => {
    const [whole, notRun, , language, body] = match as unknown as [
      string,
      string | undefined,
      string,
      Language,
      string,
    ];
    const before = markdown.slice(0, match.index) + whole.slice(0, whole.indexOf('```'));
    const line = before.split('\n').length + 1;
    const isProgram = /^import /m.test(body);
    const text = language === 'sh' || isProgram ? body : withKnown(body);
    return { file, line, language, text, isProgram, notRun };
  });
}

function withKnown(body: string): string {
  const uses = (text: string, name: string): boolean => new RegExp(`(?<![.'\\w])${name}\\b(?!:)`).test(text);
  let known: string[] = [];
  // From the last to the first: what is put before a block has needs of its own.
  for (const [name, declaration] of KNOWN.toReversed()) {
    const isDeclared = new RegExp(`(?:const|let) (?:\\{[^}]*\\b)?${name}\\b`).test(body);
    if (!isDeclared && uses([...known, body].join('\n'), name)) known = [declaration, ...known];
  }
  const imports = "import { defineGame, openOrrery, runLoop, table } from 'orrery';";
  return [imports, ...known, body, 'void [defineGame, openOrrery, runLoop, table];\nexport {};\n'].join('\n');
}

/** The documents that newcomers read, by path from the root. What is generated has no programs. */
export function documents(root: string): string[] {
  const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'api-report.md');
  const others = readdirSync(root).filter((name) => ['README.md', 'CONTRIBUTING.md', 'SECURITY.md'].includes(name));
  return [...others, ...names.map((name) => `docs/${name}`)];
}

export function allSnippets(root: string): Snippet[] {
  return documents(root).flatMap((file) => snippetsOf(file, readFileSync(join(root, file), 'utf8')));
}

/** What a file with a block is called. */
export function fileNameOf({ file, line, language }: Snippet): string {
  return `${file.replaceAll(/[^a-z]+/gi, '-')}-${line}.${language}`;
}
