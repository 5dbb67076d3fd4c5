// The project against the rules of the house (house.ts), and each rule broken once to see that it notices.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  acquaintances,
  circles,
  diskTouchers,
  type Files,
  houseFile,
  importsOf,
  longFiles,
  namelessFiles,
  silentFiles,
  unmatchedRules,
  VALUES,
  wrongArrows,
  wrongDependencies,
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

describe('[H1] dependencies point one way', () => {
  it('[H1] in the project', () => {
    expect(wrongArrows(PROJECT)).toEqual([]);
    expect(circles(PROJECT)).toEqual([]);
    // Each part is in the table: a folder that nobody has thought of may import nothing.
    expect(new Set(Object.keys(VALUES)).size).toBeGreaterThan(15);
  });

  const forms: readonly (readonly [form: string, text: string, types: boolean])[] = [
    ['import', "import { Past } from '../past/past.ts';", false],
    ['import of some values', "import { type Past, StepRange } from '../past/past.ts';", false],
    ['import of everything', "import * as past from '../past/past.ts';", false],
    ['import of nothing', "import '../past/past.ts';", false],
    ['default import', "import past from '../past/past.ts';", false],
    ['export', "export { Past } from '../past/past.ts';", false],
    ['export of everything', "export * from '../past/past.ts';", false],
    ['import at run time', "const past = await import('../past/past.ts');", false],
    ['require', "const past = require('../past/past.ts');", false],
    ['import of types', "import type { Past } from '../past/past.ts';", true],
    ['import of names that are types', "import { type Past, type StepRange } from '../past/past.ts';", true],
    ['export of types', "export type { Past } from '../past/past.ts';", true],
    ['type in place', "type Past = import('../past/past.ts').Past;", true],
  ];

  it.each(forms)('[H1] a value that closes a circle is seen, its types are not minded: %s', (_form, text, types) => {
    expect(wrongArrows(withMore('src/digest/digest.ts', text))).toEqual(
      types ? [] : ['src/digest/digest.ts imports past'],
    );
    expect(circles(withMore('src/digest/digest.ts', text)).includes('digest')).toBe(!types);
  });

  it.each(forms)('[H1] what may not be known at all is seen, types included: %s', (_form, text, types) => {
    const wrong = types ? 'src/journal/journal.ts imports types of past' : 'src/journal/journal.ts imports past';
    expect(wrongArrows(withMore('src/journal/journal.ts', text))).toEqual([wrong]);
  });

  it('[H1] a circle in the table itself is seen, and a worker that imports the wiring', () => {
    expect(circles(new Map(), { ...VALUES, digest: ['past'] })).toContain('digest');
    const text = "import { openOrrery } from '../src/orrery.ts';";
    expect(wrongArrows(withMore('workers/query.ts', text))).toEqual(['workers/query.ts imports orrery']);
    const unknown = withMore('src/extras/extra.ts', "import { OrreryError } from '../errors.ts';");
    expect(wrongArrows(unknown)).toEqual(['src/extras/extra.ts imports errors']);
  });
});

describe('[H2] games do not know that storage exists, journal and image do not know that games exist', () => {
  it('[H2] in the project', () => expect(acquaintances(PROJECT)).toEqual([]));

  it('[H2] a way round another folder is seen', () => {
    const text = "import { Journal } from '../journal/journal.ts';";
    const wrong = acquaintances(withMore('src/projection/ddl.ts', text));
    expect(wrong).toContain('game comes to journal');
    expect(wrong).toContain('projection comes to journal');
    const game = "import { Game } from '../game/game.ts';";
    expect(acquaintances(withMore('src/journal/journal.ts', game))).toContain('image comes to game');
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
    expect(diskTouchers(withMore('src/game/game.ts', text))).toEqual(['src/game/game.ts']),
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
    const { zod: _zod, ...fewer } = MANIFEST.dependencies as { [name: string]: string };
    expect(wrongDependencies({ dependencies: fewer }, lock)).toEqual(['zod is gone']);
    expect(wrongDependencies(MANIFEST, `${lock}"resolved": "https://`)).toHaveLength(1);
    expect(wrongDependencies(MANIFEST, '')).toHaveLength(1);
  });
});

it('[H1] every form of import is read', () => {
  const text = "import a = require('./a.ts');\nconst b = `import('./no.ts')`;\nawait import('./c.ts');";
  expect(importsOf('src/x.ts', text).map(({ specifier }) => specifier)).toEqual(['./a.ts', './c.ts']);
});
