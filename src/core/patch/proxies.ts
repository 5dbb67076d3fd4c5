// Which objects are proxies, where the platform does not say: those of Orrery and of Immer answer to a name that no
// other object has. Any other proxy is read as the plain object that it pretends to be. In Node `#proxies` leads to
// src/node-proxies.ts instead.

import { isDraft } from 'immer';
import { Drafted, TABLE, VIEW } from './drafted.ts';

const IMMER_STATE = Symbol.for('immer-state');

/** Never throws. A proxy that can no longer be read is one: a draft of a command that is over. */
export function isProxy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    if (Reflect.get(value, Drafted.BEHIND) !== undefined || TABLE in value || VIEW in value) return true;
    // An object with such a key of its own is none, and is refused for the key.
    return isDraft(value) && !Object.hasOwn(value, IMMER_STATE);
  } catch {
    return true;
  }
}
