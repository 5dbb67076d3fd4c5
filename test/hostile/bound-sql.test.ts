// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are the code that is looked at
// The lint rule that keeps values out of SQL, held against SQL that has them and SQL that does not.

import { Linter, type Rule } from 'eslint';
import tseslint from 'typescript-eslint';
import { expect, it } from 'vitest';

const { boundSql } = (await import(new URL('../../eslint.config.js', import.meta.url).href)) as {
  boundSql: Rule.RuleModule;
};

function complaints(code: string): number {
  const plugins = { orrery: { rules: { 'bound-sql': boundSql } } };
  const languageOptions = { parser: tseslint.parser as Linter.Parser };
  return new Linter().verify(code, [
    { files: ['**'], plugins, languageOptions, rules: { 'orrery/bound-sql': 'error' } },
  ]).length;
}

it.each([
  'database.run(`DELETE FROM games WHERE id = ${id}`, [])',
  'database.one("SELECT * FROM games WHERE id = \'" + id + "\'")',
  'this.#database.all(`SELECT ${column} FROM games`)',
  'const sql = `SELECT ${column}`; database.all(sql)',
  'let sql = "SELECT 1"; sql += id; database.all(sql)',
  'const parts = ["SELECT", id]; database.all(parts.join(" "))',
  'database.all(wanted ? "SELECT 1" : `SELECT ${id}`)',
  'function f(sql: string) { database.execute(sql); }',
  'database.execute(`PRAGMA user_version = ${version}` as string)',
])('[HO40] refused: %s', (code) => {
  expect(complaints(code)).toBe(1);
});

it.each([
  'database.run("DELETE FROM games WHERE id = ?", [id])',
  'database.all(`SELECT *\n FROM games`)',
  'const sql = "SELECT 1"; database.all(sql)',
  'const BATCH = { body: "SELECT 1" } as const; database.one(BATCH[column], [id])',
  'Promise.all(items.map((item) => item.close()))',
  'Promise.all([a, b])',
])('[HO40] taken: %s', (code) => {
  expect(complaints(code)).toBe(0);
});
