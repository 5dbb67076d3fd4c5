// What Redux DevTools does with a file that is imported, written again from what is known of it, and nothing of Orrery's: the
// oracle of the export.
//
// Known: the file is parsed as JSON, where an object with the key "$jsan" means something else than itself. A connection with
// `features: {import: true}` takes the result for the lifted state as it is. A store with a reducer of its own drops the
// computed states and makes them again: it starts from committedState and applies the staged actions that are not skipped,
// the first of which is "@@INIT".

import type { Operation } from 'fast-json-patch';
import fastJsonPatch from 'fast-json-patch';

export interface ImportedAction {
  readonly type: string;
  readonly patches?: readonly Operation[];
  readonly [field: string]: unknown;
}

export interface Imported {
  readonly actions: readonly ImportedAction[];
  readonly times: readonly number[];
  /** Beside each action, as the inspector shows them. */
  readonly states: readonly unknown[];
  /** As a store computes them whose reducer applies `action.patches`. */
  readonly recomputed: readonly unknown[];
}

/** Throws what an import would stumble over. */
export function importIntoDevtools(text: string): Imported {
  const lifted = asObject(JSON.parse(text), 'the file');
  refuseReserved(lifted);
  if ('payload' in lifted) throw new Error('this is the other form of file');
  const actionsById = asObject(lifted['actionsById'], 'actionsById');
  const staged = asIds(lifted['stagedActionIds'], 'stagedActionIds');
  const skipped = asIds(lifted['skippedActionIds'], 'skippedActionIds');
  const computed = lifted['computedStates'];
  const { nextActionId, currentStateIndex, committedState } = lifted;
  if (!Array.isArray(computed)) throw new Error('computedStates is no list');
  if (computed.length !== staged.length) throw new Error(`${computed.length} states for ${staged.length} actions`);
  if (staged[0] !== 0) throw new Error('the first action is not that of the beginning');
  if (new Set(staged).size !== staged.length) throw new Error('an action is staged twice');
  if (skipped.some((id) => !staged.includes(id))) throw new Error('an action is skipped that is not staged');
  if (typeof nextActionId !== 'number' || staged.some((id) => id >= nextActionId))
    throw new Error('the next action would take the place of one that is there');
  if (typeof currentStateIndex !== 'number' || !(currentStateIndex in computed)) throw new Error('no state is current');
  if (Object.keys(actionsById).length !== staged.length) throw new Error('an action is not staged');
  if (!('monitorState' in lifted)) throw new Error('the monitor has no state');
  if (committedState === undefined) throw new Error('there is no state to begin with');

  const lines = staged.map((id) => {
    const { type, action, timestamp } = asObject(actionsById[id], `action ${id}`);
    if (type !== 'PERFORM_ACTION') throw new Error(`action ${id} is not performed`);
    const { type: name } = asObject(action, `action ${id}`);
    if (typeof name !== 'string') throw new Error(`action ${id} has no type`);
    if (typeof timestamp !== 'number' || Number.isNaN(new Date(timestamp).getTime()))
      throw new Error(`action ${id} has no time`);
    return { action: action as ImportedAction, timestamp };
  });
  if (lines[0]?.action.type !== '@@INIT') throw new Error('the first action is not @@INIT');
  const states = computed.map((entry: unknown, index) => {
    const { state, error } = asObject(entry, `state ${index}`);
    if (state === undefined || error !== undefined) throw new Error(`state ${index} is none`);
    return state;
  });
  let state: unknown = committedState;
  const recomputed = staged.map((id, index) => {
    if (!skipped.includes(id)) state = reduce(state, (lines[index] as (typeof lines)[number]).action);
    return state;
  });
  return {
    actions: lines.map(({ action }) => action),
    times: lines.map(({ timestamp }) => timestamp),
    states,
    recomputed,
  };
}

/** The reducer that the documentation suggests. */
function reduce(state: unknown, action: ImportedAction): unknown {
  if (!action.patches) return state;
  return fastJsonPatch.applyPatch(structuredClone(state), action.patches, true, false).newDocument;
}

function refuseReserved(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '$jsan')) throw new Error('an object has the key "$jsan"');
  for (const child of Object.values(value)) refuseReserved(child);
}

function asObject(value: unknown, what: string): { readonly [key: string]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no object`);
  return value as { readonly [key: string]: unknown };
}

function asIds(value: unknown, what: string): number[] {
  if (!Array.isArray(value) || !value.every((id) => Number.isSafeInteger(id)))
    throw new Error(`${what} is no list of ids`);
  return value as number[];
}
