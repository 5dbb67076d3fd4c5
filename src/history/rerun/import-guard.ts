// A module that is imported for its game types must not start a game: the same code runs in each thread that verifies,
// beside the program that has the directory open. Before it: games-module.ts, which imports; openOrrery asks here
// before it opens. What both meet on belongs to the thread, not to a copy of the package: the module may bring another
// one.

import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OrreryError } from '../../core/errors.ts';

const CHANNEL = 'orrery:opening';

/** What openOrrery tells before it opens a directory. */
interface Opening {
  readonly directory: string;
  /** Set by who does not want it. */
  refusal?: OrreryError;
}

/** Listeners of imports under way: there may be several. */
const FORGIVING = new WeakSet<NodeJS.UnhandledRejectionListener>();

/** The import that code runs in: what the program does meanwhile is its own affair. */
const importing = new AsyncLocalStorage<symbol>();

/** Throws GAMES_MODULE to a module that is being imported, and to all that it has begun. */
export function assertMayOpen(directory: string): void {
  const openings = channel(CHANNEL);
  if (!openings.hasSubscribers) return;
  const opening: Opening = { directory };
  openings.publish(opening);
  if (opening.refusal) throw opening.refusal;
}

/** Imports with `load`; throws GAMES_MODULE when that would open a directory, whether the module awaits it or not. */
export async function importedWithoutOpening<T>(module: string, load: () => Promise<T>): Promise<T> {
  let refusal: OrreryError | undefined;
  const openings = channel(CHANNEL);
  const own = Symbol(module);
  const refuse = (opening: unknown): void => {
    if (importing.getStore() !== own) return;
    refusal ??= opens(module, (opening as Opening).directory);
    (opening as Opening).refusal = refusal;
  };
  // A module that does not await what it starts would end the process in place of being told of. Any other rejection is
  // the affair of whoever listens for them; of one that nobody does, this listener must not hide that nobody has
  // handled it.
  const forgive = (reason: unknown): void => {
    if (reason === refusal) return;
    if (process.listeners('unhandledRejection').every((listener) => FORGIVING.has(listener))) throw reason;
  };
  FORGIVING.add(forgive);
  openings.subscribe(refuse);
  process.on('unhandledRejection', forgive);
  try {
    // eslint-disable-next-line orrery/bound-sql -- not of a database
    const loaded = await importing.run(own, load);
    await nextTurn();
    if (refusal) throw refusal;
    return loaded;
  } catch (error) {
    await nextTurn();
    throw refusal ?? error;
  } finally {
    openings.unsubscribe(refuse);
    process.off('unhandledRejection', forgive);
  }
}

function opens(module: string, directory: string): OrreryError {
  return new OrreryError({
    code: 'GAMES_MODULE',
    what: 'the module opens an orrery when it is imported',
    hint: 'Define the game types in a module of their own, have the program that plays them import it, and name that module here.',
    context: { module, directory },
  });
}
