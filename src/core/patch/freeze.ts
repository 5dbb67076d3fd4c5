// Values of a state are frozen when somebody outside of the engine first gets to see them, and not before: most
// versions of most entities are replaced before anybody looks, and freezing costs as much as copying. game/ calls this
// wherever it hands a value out.

import type { Json } from './patch.ts';

/**
 * Freezes a value all the way down and returns it. What is frozen already is frozen all the way down: it came from
 * here.
 */
export function freezeDeep<T extends Json | undefined>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) freezeObject(value);
  return value;
}

function freezeObject(value: object): void {
  const children: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (let index = 0; index < children.length; index += 1) {
    const child = children[index];
    if (typeof child === 'object' && child !== null && !Object.isFrozen(child)) freezeObject(child);
  }
  Object.freeze(value);
}
