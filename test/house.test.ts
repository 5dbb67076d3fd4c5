// The project against the rules of the house (house.ts), and each rule broken once to see that it notices.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  circles,
  deadExports,
  diskTouchers,
  type Files,
  houseFile,
  importsOf,
  longFiles,
  namelessFiles,
  PARTS,
  RINGS,
  ringOf,
  silentFiles,
  tiedToNode,
  unmatchedRules,
  wrongDependencies,
  wrongParts,
  wrongRings,
} from './house.ts';

const ROOT = new URL('..', import.meta.url).pathname;

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules') return [];
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(path);
    return /\.[cm]?[jt]s$/.test(entry.name) ? [path] : [];
  });
}

const FOLDERS = ['src', 'workers', 'test', 'bench', 'examples', 'scripts'];
const PROJECT: Files = new Map(FOLDERS.flatMap(filesBelow).map((path) => houseFile(path, read(path))));
const MANIFEST = JSON.parse(read('package.json')) as { readonly dependencies: object };
const SPECIFICATION = read('test/SPEC.md');

/** The project with one more file, or with something more in one. */
function withMore(file: string, text: string): Files {
  return new Map([...PROJECT, houseFile(file, `${PROJECT.get(file)?.text ?? '// A file.\n'}${text}\n`)]);
}

/** Every way to write an import of a file; `types` when no value comes with it. */
const forms = (file: string): readonly (readonly [form: string, text: string, types: boolean])[] => [
  ['import', `import { Past } from '${file}';`, false],
  ['import of some values', `import { type Past, StepRange } from '${file}';`, false],
  ['import of everything', `import * as past from '${file}';`, false],
  ['import of nothing', `import '${file}';`, false],
  ['default import', `import past from '${file}';`, false],
  ['export', `export { Past } from '${file}';`, false],
  ['export of everything', `export * from '${file}';`, false],
  ['import at run time', `const past = await import('${file}');`, false],
  ['require', `const past = require('${file}');`, false],
  ['import of types', `import type { Past } from '${file}';`, true],
  ['import of names that are types', `import { type Past, type StepRange } from '${file}';`, true],
  ['export of types', `export type { Past } from '${file}';`, true],
  ['type in place', `type Past = import('${file}').Past;`, true],
];

describe('[H1] the rings import inward only, types included', () => {
  it('[H1] in the project', () => {
    expect(wrongRings(PROJECT)).toEqual([]);
    const rings = [...PROJECT.keys()].filter((file) => /^(src|workers)\//.test(file)).map(ringOf);
    expect(new Set(rings)).toEqual(new Set(Object.keys(RINGS)));
  });

  it.each(forms('../../../engine/engine.ts'))(
    '[H1] storage that knows the engine is seen: %s',
    (_form, text, types) => {
      const wrong = `src/storage/sqlite/files.ts imports ${types ? 'types of ' : ''}src/engine`;
      const file = text.replace('../../../', '../../');
      expect(wrongRings(withMore('src/storage/sqlite/files.ts', file))).toEqual([wrong]);
    },
  );

  it.each([
    ['src/core/game/game.ts', '../../storage/store.ts', 'src/storage'],
    ['src/core/errors.ts', '../orrery.ts', 'src'],
    ['src/storage/store.ts', './sqlite/files.ts', 'src/storage/sqlite'],
    ['src/storage/store.ts', '../engine/engine.ts', 'src/engine'],
    ['src/storage/memory/memory-store.ts', '../sqlite/files.ts', 'src/storage/sqlite'],
    ['src/storage/sqlite/files.ts', '../memory/memory-store.ts', 'src/storage/memory'],
    ['src/storage/sqlite/files.ts', '../../history/blame.ts', 'src/history'],
    ['src/engine/engine.ts', '../storage/sqlite/files.ts', 'src/storage/sqlite'],
    ['src/engine/engine.ts', '../history/blame.ts', 'src/history'],
    ['src/history/blame.ts', '../storage/sqlite/files.ts', 'src/storage/sqlite'],
    ['src/history/rerun/verify.ts', '../../orrery.ts', 'src'],
    ['src/orrery.ts', './cli/main.ts', 'src/cli'],
    ['workers/query.ts', '../src/cli/main.ts', 'src/cli'],
    ['src/extras/extra.ts', '../core/errors.ts', 'src/core'],
    ['src/extras/extra.ts', '../orrery.ts', 'src'],
  ])('[H1] is seen: %s imports %s', (file, other, ring) => {
    expect(wrongRings(withMore(file, `import type { Something } from '${other}';`))).toEqual([
      `${file} imports types of ${ring}`,
    ]);
  });
});

describe('[H2] the parts of a ring take values from each other one way', () => {
  it('[H2] in the project', () => {
    expect(wrongParts(PROJECT)).toEqual([]);
    expect(circles(PROJECT)).toEqual([]);
  });

  it.each(forms('../recovery/lease.ts'))('[H2] a value that closes a circle is seen: %s', (_form, text, types) => {
    const project = withMore('src/storage/sqlite/journal/journal.ts', text);
    const wrong = 'src/storage/sqlite/journal/journal.ts imports storage/sqlite/recovery';
    expect(wrongParts(project)).toEqual(types ? [] : [wrong]);
    expect(circles(project).includes('storage/sqlite/journal')).toBe(!types);
  });

  it('[H2] circles in the tables themselves are seen', () => {
    expect(circles(new Map(), { ...PARTS, 'core/patch': ['core/game'] })).toContain('core/game');
    expect(circles(new Map(), PARTS, { ...RINGS, 'src/core': ['src/engine'] })).toContain('src/core');
  });
});

describe('[H10] core runs anywhere: it takes nothing of Node', () => {
  const CORE = 'src/core/patch/record.ts';

  it('[H10] in the project', () => expect(tiedToNode(PROJECT)).toEqual([]));

  it.each(forms('node:util'))('[H10] a module of Node is seen: %s', (_form, text) =>
    // Whoever writes require is seen for that as well.
    expect(tiedToNode(withMore(CORE, text))).toContain(`${CORE} uses node:util`),
  );

  it.each(['buffer', 'fs/promises', 'pino', 'piscina', 'sql.js', '#storage/store.ts'])('[H10] is seen: %s', (module) =>
    expect(tiedToNode(withMore(CORE, `import { Something } from '${module}';`))).toEqual([`${CORE} uses ${module}`]),
  );

  it.each([
    ['Buffer', 'const bytes = Buffer.from([]);'],
    ['Buffer', 'const bytes = new globalThis.Buffer(1);'],
    ['Buffer', 'let bytes: Buffer | undefined;'],
    ['NodeJS', 'let timer: NodeJS.Timeout;'],
    ['process', "const log = process.env['LOG'];"],
    ['process', "const { env } = globalThis['process'];"],
    ['process', 'const held = { process };'],
    ['setImmediate', 'setImmediate(() => undefined);'],
    ['global', 'const { Buffer: Bytes } = global;'],
  ])('[H10] the global %s is seen: %s', (name, text) =>
    expect(tiedToNode(withMore(CORE, text))).toContain(`${CORE} uses ${name}`),
  );

  it('[H10] what is only called so, and what other rings use, is not meant', () => {
    const text = "const a = { process: 1, b: 'Buffer' };\na.process = 2;\n// Buffer, process";
    expect(tiedToNode(withMore(CORE, text))).toEqual([]);
    expect(tiedToNode(withMore('src/engine/engine.ts', 'const bytes = Buffer.from([]);'))).toEqual([]);
  });
});

describe('[H11] what a file exports, another imports', () => {
  it('[H11] in the project', () => expect(deadExports(PROJECT)).toEqual([]));

  it.each([
    'export function lonely() {}',
    'export async function* lonely() {}',
    'export class lonely {}',
    'export const lonely = 1;',
    'export const { a: lonely } = { a: 1 };',
    'export const [, lonely] = [1, 2];',
  ])('[H11] is seen: %s', (text) => {
    const file = 'src/core/fields.ts';
    const wrong = `${file} exports lonely, which nothing imports`;
    expect(deadExports(withMore(file, text))).toEqual([wrong]);
    // Its own use of it is none.
    expect(deadExports(withMore(file, `${text}\nimport { lonely as itself } from './fields.ts';`))).toEqual([wrong]);
  });

  it.each(['./a.ts', '#a.ts'])('[H11] every way to take it counts: %s', (from) => {
    const a = houseFile('src/a.ts', 'export const lonely = 1;');
    const ways = [
      `import { lonely as other } from '${from}';`,
      `import * as a from '${from}';`,
      `export { lonely } from '${from}';`,
      `export * from '${from}';`,
      `const { lonely } = await import('${from}');`,
      `type Lonely = typeof import('${from}');`,
    ];
    for (const way of ways) expect(deadExports(new Map([a, houseFile('src/b.ts', way)])), way).toEqual([]);
    expect(deadExports(new Map([a, houseFile('src/b.ts', `import '${from}';`)]))).toHaveLength(1);
  });
});

describe('[H3] no file outgrows 400 lines', () => {
  it('[H3] in the project', () => expect(longFiles(PROJECT)).toEqual([]));
  it('[H3] one more is seen', () => {
    expect(longFiles(new Map([houseFile('test/a.ts', '\n'.repeat(400))]))).toEqual([]);
    expect(longFiles(new Map([houseFile('test/a.ts', '\n'.repeat(401))]))).toEqual(['test/a.ts: 401']);
  });
});

describe('[H4] nothing is called utils', () => {
  it('[H4] in the project', () => expect(namelessFiles(PROJECT)).toEqual([]));
  it('[H4] each such name is seen', () => {
    const names = ['src/utils.ts', 'src/util/a.ts', 'test/helpers.ts', 'bench/Common/b.ts', 'src/cli/misc.mjs'];
    expect(namelessFiles(new Map([...names, 'src/utility.ts'].map((name) => houseFile(name, '')))).sort()).toEqual(
      names.sort(),
    );
  });
});

describe('[H5] every source file begins by saying what it is', () => {
  it('[H5] in the project', () => expect(silentFiles(PROJECT)).toEqual([]));
  it('[H5] one that does not is seen', () => {
    const files = new Map([
      houseFile('src/a.ts', 'export const a = 1;\n'),
      houseFile('src/b.ts', '#!/usr/bin/env node\n// Says it.\n'),
    ]);
    expect(silentFiles(files)).toEqual(['src/a.ts']);
  });
});

describe('[H6] only files.ts and what reads its own package or /proc touches the disk', () => {
  it('[H6] in the project', () => expect(diskTouchers(PROJECT)).toEqual([]));
  it.each([
    "import { readFileSync } from 'node:fs';",
    "import fs from 'fs';",
    "import { open } from 'node:fs/promises';",
    "const fs = await import('node:fs');",
    "const fs = process.getBuiltinModule('fs');",
  ])('[H6] is seen: %s', (text) =>
    expect(diskTouchers(withMore('src/core/game/game.ts', text))).toEqual(['src/core/game/game.ts']),
  );
});

describe('[H7] every rule a test cites stands in test/SPEC.md, and every rule there is cited', () => {
  it('[H7] in the project', () => expect(unmatchedRules(PROJECT, SPECIFICATION)).toEqual([]));
  it('[H7] a rule without a test, a test without a rule and a rule that stands twice are seen', () => {
    const row = '| ZZ1 | Something holds. |\n';
    expect(unmatchedRules(PROJECT, `${SPECIFICATION}${row}`)).toEqual(['ZZ1 is listed and not cited']);
    // Not in one piece: this file is part of the project.
    const files = new Map([houseFile('test/a.test.ts', `it('${'['}ZZ1] something', () => undefined);`)]);
    expect(unmatchedRules(files, '')).toEqual(['ZZ1 is cited and not listed']);
    expect(unmatchedRules(files, `${row}${row}`)).toEqual(['ZZ1 is listed twice']);
  });
});

describe('[H8] runtime dependencies are the ones that were agreed on', () => {
  const lock = read('package-lock.json');
  it('[H8] in the project', () => expect(wrongDependencies(MANIFEST, lock)).toEqual([]));
  it('[H8] one more, one that is gone and a lock with addresses are seen', () => {
    const more = { dependencies: { ...MANIFEST.dependencies, 'left-pad': '1' } };
    expect(wrongDependencies(more, lock)).toEqual(['left-pad was not agreed on']);
    const { immer: _immer, ...fewer } = MANIFEST.dependencies as { [name: string]: string };
    expect(wrongDependencies({ dependencies: fewer }, lock)).toEqual(['immer is gone']);
    expect(wrongDependencies(MANIFEST, `${lock}"resolved": "https://`)).toHaveLength(1);
    expect(wrongDependencies(MANIFEST, '')).toHaveLength(1);
  });
});

it('[H1] every form of import is read', () => {
  const text = "import a = require('./a.ts');\nconst b = `import('./no.ts')`;\nawait import('./c.ts');";
  expect(importsOf('src/x.ts', text).map(({ specifier }) => specifier)).toEqual(['./a.ts', './c.ts']);
});
