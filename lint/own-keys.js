// A rule of our own: no value is read out of a plain object, or put into one, under a name that somebody chose. Every object has
// `constructor`, `toString` and `__proto__` from its prototype, so that a game type, a table or a column of such a name would find
// a function there. Names are keys of a Map, or the object is asked with Object.hasOwn first.

import ts from 'typescript';

/**
 * What a plain object may hold under any key: contents of states, whose keys are checked where they come in, and cells of a row of
 * SQLite, whose columns the statement names.
 */
const CONTENT = /^(?:readonly )?(?:Json|JsonObject|Mutable|SqlValue|Cell)\b/;

/** Whether the type says that any text may be a key. Lists, and what is typed key by key, are not meant. */
function isOpen(type, checker) {
  if (type.isUnion()) return type.types.some((each) => isOpen(each, checker));
  if (checker.isArrayType(type) || checker.isTupleType(type)) return false;
  const values = checker.getIndexInfoOfType(type, ts.IndexKind.String)?.type;
  return values !== undefined && !CONTENT.test(checker.typeToString(values));
}

const ANY_TEXT = ts.TypeFlags.String | ts.TypeFlags.TemplateLiteral | ts.TypeFlags.Any | ts.TypeFlags.Unknown;

/** Whether the key may be any text: no number, and none of a few texts that the program has written down. */
function isAnyText(type) {
  return type.isUnion() ? type.types.some(isAnyText) : (type.flags & ANY_TEXT) !== 0;
}

/** Without what only the compiler sees. */
function bare(node) {
  return /^TS(?:As|NonNull|Satisfies)/.test(node.type) ? bare(node.expression) : node;
}

function enclosingFunction(node) {
  let each = node;
  while (each.parent && !/Function|Program|StaticBlock/.test(each.type)) each = each.parent;
  return each;
}

/** @type {import('eslint').Rule.RuleModule} */
export const ownKeys = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      read: 'A name that somebody chose is looked up in a plain object: use a Map, or ask Object.hasOwn({{object}}, {{key}}) first.',
      write: 'A name that somebody chose becomes a key of a plain object: use a Map, or Object.fromEntries.',
    },
  },
  create(context) {
    const { sourceCode } = context;
    const services = sourceCode.parserServices;
    const checker = services.program.getTypeChecker();
    return {
      'MemberExpression[computed=true]'(node) {
        const { object, property, parent } = node;
        if (property.type === 'Literal') return;
        if (!isAnyText(services.getTypeAtLocation(property))) return;
        if (!isOpen(services.getTypeAtLocation(object), checker)) return;
        const data = { object: sourceCode.getText(bare(object)), key: sourceCode.getText(bare(property)) };
        const asked = `Object.hasOwn(${data.object}, ${data.key})`;
        if (sourceCode.getText(enclosingFunction(node)).includes(asked)) return;
        const isWrite = parent.type === 'AssignmentExpression' && parent.left === node;
        context.report({ node, messageId: isWrite ? 'write' : 'read', data });
      },
    };
  },
};
