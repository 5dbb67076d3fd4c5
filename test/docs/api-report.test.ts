// The public API against the report that is checked in, and what the report sees.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { apiReport, entriesOf, FILE } from '../../scripts/api-report.ts';

const ROOT = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'orrery-api-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LINES = [
  "import { Base } from './base.js';",
  '/** A door. */',
  'export declare class Door extends Base {',
  '    #private;',
  '    open(width: number): void;',
  '    /** Not for users. */',
  '    constructor(engine: import("./base.js").Engine);',
  '    private hinge: import("./base.js").Hinge;',
  '}',
];
const BASE = [
  'export declare abstract class Base { close(): Key; }',
  'export interface Key { teeth: number }',
  'export interface Engine { power: number }',
  'export interface Hinge { oil: number }',
];

function reportOf(change: (text: string) => string): string {
  writeFileSync(join(folder, 'index.d.ts'), change(LINES.join('\n')));
  writeFileSync(join(folder, 'base.d.ts'), change(BASE.join('\n')));
  return apiReport([['doors', join(folder, 'index.d.ts')]], folder);
}

const UNCHANGED = reportOf((text) => text);

it('[DC3] the report that is checked in is that of the code: after a change that is meant, run `npm run generate`', () => {
  const entries = entriesOf(ROOT);
  expect(entries.map(([name]) => name)).toContain('orrery');
  const report = apiReport(entries, ROOT);
  const isSame = report === readFileSync(join(ROOT, FILE), 'utf8');
  expect(isSame, `the public API is not what ${FILE} says: run \`npm run generate\` and look at the diff`).toBe(true);
});

it.each([
  ['a parameter', 'width: number', 'width: string', true],
  ['a name', 'class Door', 'class Gate', true],
  ['a member of a base class', 'close(): Key', 'close(): void', true],
  ['a type that is only led to', 'teeth: number', 'teeth: string', true],
  ['a comment', 'A door.', 'A gate.', false],
  ['what only the engine can pass', 'power: number', 'power: string', false],
  ['the type of a private member', 'oil: number', 'oil: string', false],
])('[DC3] a change of %s is seen or not, as it should be', (_what, before, after, isSeen) => {
  const changed = reportOf((text) => text.replace(before, after));
  expect(changed !== UNCHANGED).toBe(isSeen);
});
