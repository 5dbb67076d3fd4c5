// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the code that is looked at
// The lint rule that keeps names of users out of plain objects, held against code that has them there and code that does not.

import { Linter, type Rule } from 'eslint';
import ts from 'typescript';
import tseslint from 'typescript-eslint';
import { expect, it } from 'vitest';

const { ownKeys } = (await import(new URL('../../lint/own-keys.js', import.meta.url).href)) as {
  ownKeys: Rule.RuleModule;
};

const FILE = '/code.ts';
const DECLARED = `
declare const grains: { readonly [type: string]: 'commands' | 'ticks' };
declare const known: Record<string, number> | undefined;
declare const state: { [key: string]: Json };
declare const fixed: { readonly a: number; readonly b: number };
declare const list: string[];
declare const map: Map<string, string>;
declare const type: string;
declare const either: 'a' | 'b';
declare let made: { [name: string]: number };
type Json = null | string | readonly Json[];
`;
const options: ts.CompilerOptions = { strict: true, target: ts.ScriptTarget.ES2022, noUncheckedIndexedAccess: true };

function complaints(code: string): string[] {
  const text = `${DECLARED}${code}`;
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) =>
    name === FILE ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true) : getSourceFile(name, ...rest);
  const programs = [ts.createProgram([FILE], options, host)];
  const languageOptions = { parser: tseslint.parser as Linter.Parser, parserOptions: { programs } };
  const plugins = { names: { rules: { 'own-keys': ownKeys } } };
  return new Linter({ cwd: '/' })
    .verify(text, [{ files: ['**/*.ts'], plugins, languageOptions, rules: { 'names/own-keys': 'error' } }], FILE)
    .map(({ messageId, message }) => messageId ?? message);
}

it.each([
  ['grains[type]', 'read'],
  ['known?.[type]', 'read'],
  ['known![`of ${type}`]', 'read'],
  ['(grains as { [t: string]: unknown })[type]', 'read'],
  ['for (const name of list) grains[name]', 'read'],
  ['made[type] = 1', 'write'],
  ['made[type] ??= 1', 'write'],
  ['function f(name: string) { return grains[name]; } Object.hasOwn(grains, type)', 'read'],
  ['Object.hasOwn(grains, either) && grains[type]', 'read'],
  ['declare const anything: any; grains[anything]', 'read'],
])('[HO41] refused: %s', (code, messageId) => {
  expect(complaints(code)).toEqual([messageId]);
});

it.each([
  'Object.hasOwn(grains, type) ? grains[type] : undefined',
  'map.get(type)',
  'grains["galaxy"]',
  'grains[either]',
  'fixed[either]',
  'list[0]; list[list.length - 1]',
  'state[type]',
])('[HO41] taken: %s', (code) => {
  expect(complaints(code)).toEqual([]);
});
