// Close comes in the middle of what waits for a game to be free: neither waits for the other for ever.

import { expect, it } from 'vitest';
import type { GameHistory } from '#index.ts';
import { add, harbour, settled } from './harbour.ts';

const DEEDS: { readonly [name: string]: (history: GameHistory<unknown>) => Promise<unknown> } = {
  recover: (history) => history.recover({ mode: { to: { seq: 1 } } }),
  fork: (history) => history.fork({ at: 1, as: 'other' }),
  quarantine: (history) => history.quarantine(),
};

for (const [name, deed] of Object.entries(DEEDS)) {
  it(`[O59] ${name} that is under way when everything is closed hears of it, and close comes to its end`, {
    timeout: 20_000,
  }, async () => {
    const { orrery, store, game } = await harbour();
    await add(game).durable;
    await add(game).durable;
    const history = await orrery.history('g');
    store.hold('commit');
    const last = add(game);
    await store.asked('commit');
    const asked = deed(history).catch((error: unknown) => error);
    await settled();
    const closing = orrery.close();
    store.hold('close');
    store.release();
    await settled();
    store.release();
    await closing;
    await last.durable;
    const answer = await asked;
    if (answer instanceof Error) expect(answer).toMatchObject({ code: 'CLOSED' });
    expect(orrery.health.state).toBe('closed');
  });
}
