// The TypeScript of README and docs, one file a block. A block that imports nothing is a part of a program: what it uses and does
// not say is put before it.

export interface Snippet {
  readonly file: string;
  /** Where the block begins. */
  readonly line: number;
  readonly text: string;
  /** It stands by itself. */
  readonly isProgram: boolean;
}

/** Before a block that is a part of a program, unless it has the name itself. */
const KNOWN: { readonly [name: string]: string } = {
  initial: 'const initial = () => ({ systems: table<{ metal: number }>(), treasury: 100 });',
  commands: 'const commands = { build(draft: { treasury: number }) { draft.treasury -= 1; } };',
  galaxy:
    "const galaxy = defineGame('galaxy', { version: 1, initial: () => ({ systems: table<{ metal: number }>() }), commands: {} });",
  orrery: "declare const orrery: import('orrery').Orrery;",
};

export function snippetsOf(file: string, markdown: string): Snippet[] {
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => {
    const body = match[1] as string;
    const line = markdown.slice(0, match.index).split('\n').length + 1;
    const isProgram = /^import /m.test(body);
    return { file, line, text: isProgram ? body : withKnown(body), isProgram };
  });
}

function withKnown(body: string): string {
  const known = Object.entries(KNOWN)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(body) && !new RegExp(`const ${name}\\b`).test(body))
    .map(([, declaration]) => declaration);
  return ["import { defineGame, openOrrery, runLoop, table } from 'orrery';", ...known, body, 'export {};\n'].join(
    '\n',
  );
}
