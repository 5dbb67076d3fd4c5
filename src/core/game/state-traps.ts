// The draft of a whole state as an object: every property operation there is, done to the draft or refused. draft.ts
// makes the proxy that commands hold; plain-draft.ts and table-traps.ts do the same for what is inside.

import { refusal } from '../patch/refusal.ts';
import type { StateDraft } from './draft.ts';
import { IMMER_STATE } from './immer-state.ts';

export const STATE_TRAPS: ProxyHandler<StateDraft> = {
  get(draft, key) {
    draft.checkOpen();
    if (typeof key === 'string') return draft.read(key);
    return key === IMMER_STATE ? draft.stateForImmer() : Reflect.get(Object.prototype, key, draft.proxy);
  },
  set(draft, key, value, receiver) {
    draft.checkOpen();
    if (receiver !== draft.proxy) return Reflect.set({}, key, value, receiver);
    draft.write(named(key), value);
    return true;
  },
  has(draft, key) {
    draft.checkOpen();
    return (typeof key === 'string' && draft.holds(key)) || key in Object.prototype;
  },
  deleteProperty(draft, key) {
    draft.checkOpen();
    if (typeof key === 'string' && draft.holds(key)) draft.remove(key);
    return true;
  },
  ownKeys(draft) {
    draft.checkOpen();
    return draft.keys();
  },
  getOwnPropertyDescriptor(draft, key) {
    draft.checkOpen();
    if (typeof key !== 'string' || !draft.holds(key)) return undefined;
    return { ...ORDINARY, value: draft.read(key) };
  },
  defineProperty(draft, key, given) {
    draft.checkOpen();
    const isThere = draft.holds(named(key));
    const { writable, enumerable, configurable } = isThere ? { ...ORDINARY, ...given } : given;
    if (given.get || given.set || !writable || !enumerable || !configurable) {
      throw refusal(
        'a key of a state is an ordinary property: it cannot be hidden, fixed or computed',
        'Assign the value: draft.key = value.',
        [named(key)],
      );
    }
    if ('value' in given || !isThere) draft.write(named(key), given.value);
    return true;
  },
  preventExtensions() {
    throw refusal('the draft of a state cannot be frozen, sealed or closed to new keys', 'Leave it as it is.', []);
  },
  setPrototypeOf(draft, prototype) {
    draft.checkOpen();
    if (prototype === Object.prototype) return true;
    throw refusal('the draft of a state cannot be given another prototype', 'Leave it as it is.', []);
  },
  getPrototypeOf(draft) {
    draft.checkOpen();
    return Object.prototype;
  },
};

const ORDINARY: PropertyDescriptor = Object.freeze({ writable: true, enumerable: true, configurable: true });

function named(key: PropertyKey): string {
  if (typeof key === 'string') return key;
  throw refusal(`a symbol key, ${String(key)}, cannot be persisted`, 'Use a string key.', []);
}
