// What stands behind a proxy that a command holds in place of an object or array of the state. Before it:
// game/plain-draft.ts, which makes the proxies. After it: admit.ts and capture.ts, which read what stands behind.

const BEHIND = Symbol('drafted');

/** A table carries this property, so that it is known without importing it. */
export const TABLE: symbol = Symbol.for('orrery.table');

/** By this a table of a committed state tells the engine what is behind it. Nobody who goes through keys meets it. */
export const VIEW: unique symbol = Symbol('table view');

export abstract class Drafted {
  static readonly BEHIND: typeof BEHIND = BEHIND;

  /** What the command holds. It answers `this` to the key BEHIND, and throws once the command is over. */
  abstract readonly proxy: object;

  /** The object as the command left it. Other proxies may stand in it. */
  abstract readonly content: object;

  /**
   * What stands behind a proxy; undefined for any that is not of this kind. Throws what a proxy throws when it is read.
   */
  static of(proxy: object): Drafted | undefined {
    const found: unknown = Reflect.get(proxy, BEHIND);
    // A foreign proxy may answer to any key.
    return found instanceof Drafted && found.proxy === proxy ? found : undefined;
  }
}
