// What Immer finds on a draft of a command, so that isDraft, original, current and produce work on it as on a draft of
// Immer's own. Before it: plain-draft.ts and draft.ts. Immer asks under a symbol that all its copies and versions
// share, and the names of the fields below are those of Immer 10 and 11.

import { OrreryError } from '../errors.ts';

/** The key under which Immer looks. */
export const IMMER_STATE: symbol = Symbol.for('immer-state');

/** A draft, as far as Immer has to know it. */
export interface ForImmer {
  readonly proxy: object;
  readonly isList: boolean;
  readonly original: object;
  readonly modified: boolean;
}

export interface ImmerState {
  readonly type_: 0 | 1;
  readonly base_: object;
  readonly copy_: object;
  readonly draft_: object;
  readonly modified_: boolean;
  /** Immer sets it while current() copies the draft: then what is inside is given as it is. */
  finalized_: boolean;
  readonly scope_: object;
  /** Only what createDraft made can be finished. */
  readonly isManual_: false;
  readonly parent_: undefined;
  readonly assigned_: undefined;
  readonly revoked_: false;
}

/** No produce has this scope: so Immer never finishes, freezes or revokes these drafts. */
const SCOPE = guarded({
  immer_: guarded({
    autoFreeze_: false,
    useStrictShallowCopy_: false,
    useStrictIteration_: false,
    shouldUseStrictIteration: () => false,
  }),
});

export function stateForImmer(draft: ForImmer): ImmerState {
  return guarded<ImmerState>({
    type_: draft.isList ? 1 : 0,
    get base_() {
      return draft.original;
    },
    copy_: draft.proxy,
    draft_: draft.proxy,
    get modified_() {
      return draft.modified;
    },
    finalized_: false,
    scope_: SCOPE,
    isManual_: false,
    parent_: undefined,
    assigned_: undefined,
    revoked_: false,
  });
}

/**
 * A copy of Immer whose names have been shortened asks for others: it must not take what it does not find for an
 * answer.
 */
function guarded<Fields extends object>(fields: Fields): Fields {
  return new Proxy(fields, {
    get(known, name) {
      if (Object.hasOwn(known, name)) return Reflect.get(known, name);
      throw new OrreryError({
        code: 'COMMAND_REFUSED',
        what: 'this copy of Immer cannot read the draft of a command',
        hint:
          'Load Immer 10 or 11 with import, not with require, which takes a minified build when NODE_ENV is production; ' +
          'or give this copy plain data: JSON.parse(JSON.stringify(value)).',
        context: { field: String(name) },
      });
    },
  });
}
