// An RFC 6902 document as somebody passed it, read once and checked by itself. Before it: Game.patch, with anything at
// all. After it: patched-draft.ts does the operations to the draft of a command.

import { OrreryError, type OrreryErrorContext } from '../errors.ts';
import { admit, checkLength } from '../patch/admit.ts';
import type { Json } from '../patch/patch.ts';
import { parsePointer } from '../patch/pointer.ts';
import { refuseUnreadable } from '../patch/refusal.ts';

/** A pointer, and its tokens unescaped. */
export interface Location {
  readonly pointer: string;
  readonly tokens: readonly string[];
}

/** One operation. Its value is a copy that nobody else has. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly at: Location; readonly value: Json }
  | { readonly op: 'remove'; readonly at: Location }
  | { readonly op: 'move' | 'copy'; readonly at: Location; readonly from: Location };

const NAMES = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

/**
 * The operations of a document. Members that RFC 6902 does not know are passed over, as it says.
 *
 * @throws OrreryError INVALID_OPTION (no list of operations), INVALID_POINTER, NOT_PERSISTABLE (a value).
 * `context.operation` is the index of the operation.
 */
export function readOperations(document: unknown): PatchOperation[] {
  try {
    if (!Array.isArray(document)) throw malformed('a JSON patch is a list of operations, and this is no list');
    const list: readonly unknown[] = document;
    checkLength(list, []);
    return Array.from({ length: list.length }, (_, index) => readOperation(list[index], index));
  } catch (thrown) {
    throw refuseUnreadable(thrown, document, [], 0);
  }
}

function readOperation(given: unknown, index: number): PatchOperation {
  try {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) throw malformed('it is no object');
    const op = member(given, 'op');
    if (typeof op !== 'string' || !NAMES.includes(op)) throw malformed('its `op` is none of RFC 6902');
    const at = location(given, 'path', op);
    switch (op) {
      case 'remove':
        if (at.tokens.length === 0) throw malformed('the whole state cannot be removed', { path: '' });
        return { op, at };
      case 'move':
      case 'copy':
        return { op, at, from: location(given, 'from', op) };
      default:
        return { op: op as 'add' | 'replace' | 'test', at, value: readValue(given, at, op) };
    }
  } catch (thrown) {
    throw inOperation(thrown, index);
  }
}

/** What an operation threw, with the index of the operation. */
export function inOperation(thrown: unknown, index: number): unknown {
  return thrown instanceof OrreryError ? thrown.within({ operation: index }) : thrown;
}

/** Only what an operation has itself: what it inherits would not have come from JSON. */
function member(operation: object, name: string): unknown {
  return Object.hasOwn(operation, name) ? Reflect.get(operation, name) : undefined;
}

function location(operation: object, name: 'path' | 'from', op: string): Location {
  const pointer = member(operation, name);
  if (typeof pointer !== 'string') throw malformed(`\`${op}\` needs a \`${name}\` that is a JSON pointer`);
  return { pointer, tokens: parsePointer(pointer) };
}

function readValue(operation: object, { pointer, tokens }: Location, op: string): Json {
  const value = member(operation, 'value');
  if (value === undefined) throw malformed(`\`${op}\` needs a \`value\`: JSON has no undefined`, { path: pointer });
  return admit(value, tokens);
}

function malformed(what: string, context: OrreryErrorContext = {}): OrreryError {
  return new OrreryError({
    code: 'INVALID_OPTION',
    what: `a JSON patch cannot be read: ${what}`,
    hint:
      'Pass the operations of RFC 6902, such as [{ op: "replace", path: "/gold", value: 5 }]; ' +
      `\`op\` is one of ${NAMES.join(', ')}.`,
    context,
  });
}
