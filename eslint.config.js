// Biome formats and lints; this adds the rules that need types: a promise nobody awaits is a lost error. And two of our own: SQL
// is a constant text, and values are bound to it; names that somebody chose are no keys of plain objects (lint/own-keys.js).
import tseslint from 'typescript-eslint';
import { ownKeys } from './lint/own-keys.js';

/** Methods of image/database.ts that take SQL first. */
const TAKES_SQL = new Set(['run', 'one', 'all', 'execute']);

/** Text that is put together when the program runs. */
function isMade(node, scope) {
  switch (node.type) {
    case 'TemplateLiteral':
      return node.expressions.length > 0;
    case 'BinaryExpression':
      return node.operator === '+';
    case 'CallExpression':
    case 'TaggedTemplateExpression':
      return true;
    case 'ConditionalExpression':
      return isMade(node.consequent, scope) || isMade(node.alternate, scope);
    case 'LogicalExpression':
      return isMade(node.left, scope) || isMade(node.right, scope);
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
      return isMade(node.expression, scope);
    case 'Identifier':
      return isMadeVariable(node.name, scope);
    default:
      return false;
  }
}

function isMadeVariable(name, scope) {
  for (let each = scope; each; each = each.upper) {
    const definition = each.set.get(name)?.defs[0];
    if (!definition) continue;
    // What a function is given may come from anywhere.
    if (definition.type === 'Parameter') return true;
    if (definition.type !== 'Variable' || !definition.node.init) return false;
    const { init } = definition.node;
    return definition.parent.kind !== 'const' || isMade(init, each);
  }
  return false;
}

/** @type {import('eslint').Rule.RuleModule} */
export const boundSql = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { made: 'SQL is a constant text: bind values with "?" in place of putting them into it.' },
  },
  create(context) {
    return {
      CallExpression(node) {
        const { callee } = node;
        const [sql] = node.arguments;
        if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier' || !sql) return;
        if (!TAKES_SQL.has(callee.property.name) || callee.object.name === 'Promise') return;
        if (isMade(sql, context.sourceCode.getScope(node))) context.report({ node: sql, messageId: 'made' });
      },
    };
  },
};

const files = [
  'src/**/*.ts',
  'workers/**/*.ts',
  'test/**/*.ts',
  'bench/**/*.ts',
  'examples/**/*.ts',
  'scripts/**/*.ts',
];

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', '**/node_modules/'] },
  {
    files,
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // image/database.ts is where the texts arrive.
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    ignores: ['src/storage/sqlite/image/database.ts'],
    plugins: { orrery: { rules: { 'bound-sql': boundSql } } },
    rules: { 'orrery/bound-sql': 'error' },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    // States by path: apply.ts, admit.ts and whole-state.ts refuse the keys that an object has from its prototype.
    ignores: [
      'src/core/patch/**',
      'src/core/game/draft.ts',
      'src/core/game/plain-draft.ts',
      'src/core/game/state.ts',
      'src/core/game/migration.ts',
    ],
    plugins: { names: { rules: { 'own-keys': ownKeys } } },
    rules: { 'names/own-keys': 'error' },
  },
);
