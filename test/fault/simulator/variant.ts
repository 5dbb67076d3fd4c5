// A copy of the compiled project for the simulator to run in: openings that do not wait, so that a whole recovery fits into
// the middle of another owner's call; with or without SQL; and, for mutants, with lines of the engine replaced.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../project-root.ts';
import type { EngineKind } from './engine.ts';

/** One place in a compiled file, which must be there exactly once, and what stands there in the mutant. */
export interface Edit {
  /** Below dist/src. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Variant extends Disposable {
  /** The folder that stands for dist. */
  readonly folder: string;
}

const SIMULATOR = 'test/fault/simulator';
/** Everything between Owner.open and the disk waits for one thing alone: for the SQL library to be loaded. */
const OPENING = [
  'storage/sqlite/image/database.js',
  'storage/sqlite/worker/owner.js',
  'storage/sqlite/recovery/open-shard.js',
  'storage/sqlite/recovery/read-shard.js',
  'storage/sqlite/recovery/shard-reader.js',
];
const STAND_INS: readonly (readonly [file: string, content: string])[] = [
  [
    'storage/sqlite/image/database.js',
    `export { PlainDatabase as Database } from '../../../../${SIMULATOR}/plain-database.js';\n`,
  ],
  // What is exported by name goes before what is exported with the rest.
  [
    'storage/sqlite/image/rows.js',
    `export * from './sql-rows.js';\nexport { readMeta } from '../../../../${SIMULATOR}/plain-database.js';\n`,
  ],
  [
    'storage/sqlite/compaction/compaction.js',
    `export { PlainCompaction as Compaction } from '../../../../${SIMULATOR}/plain-compaction.js';\n`,
  ],
];
/** The library is loaded before anything else is. */
const LOADED: readonly Edit[] = [
  {
    file: 'storage/sqlite/image/sql-library.js',
    find: 'export function sqlLibrary() {',
    replace:
      "const LOADED = new SqlLibrary(await (await import('sql.js')).default());\n" +
      'export function sqlLibrary() {\n    return LOADED;',
  },
];

export function makeVariant(kind: EngineKind, edits: readonly Edit[] = []): Variant {
  const root = projectRoot();
  const place = mkdtempSync(join(tmpdir(), 'orrery-simulator-'));
  const folder = join(place, 'dist');
  for (const part of ['src', 'schemas', 'test']) {
    cpSync(join(root, 'dist', part), join(folder, part), {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts)$/.test(path),
    });
  }
  // Its '#...' imports lead into the copy.
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly imports: object };
  writeFileSync(join(place, 'package.json'), JSON.stringify({ type: 'module', imports }));
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'), 'dir');
  for (const file of OPENING) {
    change(folder, file, (text) => text.replaceAll(/\b(async|await) (?=[\w.(])/g, ''));
  }
  if (kind === 'plain')
    cpSync(join(folder, 'src/storage/sqlite/image/rows.js'), join(folder, 'src/storage/sqlite/image/sql-rows.js'));
  if (kind === 'plain') for (const [file, content] of STAND_INS) writeFileSync(join(folder, 'src', file), content);
  else for (const edit of LOADED) apply(folder, edit);
  for (const edit of edits) apply(folder, edit);
  return { folder, [Symbol.dispose]: () => rmSync(place, { recursive: true, force: true }) };
}

/** The file of a variant that a worker thread begins with. */
export function entryOf(variant: Variant): URL {
  return new URL(`file://${join(variant.folder, SIMULATOR, 'simulation.js')}`);
}

function apply(folder: string, { file, find, replace }: Edit): void {
  change(folder, file, (text) => {
    const count = text.split(find).length - 1;
    if (count !== 1) throw new Error(`${file} has ${count} places like this: ${find}`);
    return text.replace(find, () => replace);
  });
}

function change(folder: string, file: string, to: (text: string) => string): void {
  const path = join(folder, 'src', file);
  const before = readFileSync(path, 'utf8');
  const after = to(before);
  if (after === before) throw new Error(`${file} has nothing in it that the simulator has to change`);
  writeFileSync(path, after);
}
