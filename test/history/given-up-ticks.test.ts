// Ticks that a game has been at and was taken back from: they are none of its moments any more, and whoever asks is told where
// they can still be read.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defineGame, MemoryStore, openOrrery } from '#index.ts';
import { ask } from './ask.ts';

const clock = defineGame('clock', {
  version: 1,
  initial: () => ({ ticks: 0 }),
  commands: {},
  onTick(draft) {
    draft.ticks += 1;
  },
});

it.each(['on disk', 'in memory'])(
  '[PA24] %s: the error names the seq, and only where the tick was come to',
  async (place) => {
    const directory = mkdtempSync(join(tmpdir(), 'orrery-given-up-'));
    const store = new MemoryStore();
    const where = place === 'on disk' ? {} : { store: () => store };
    const orrery = await openOrrery({ directory, games: [clock], ...where });
    const game = await orrery.open(clock, 'c');
    for (let tick = 1; tick <= 10; tick += 1) game.advance();
    await ask(orrery, 'c').recover({ mode: { to: { tick: 4 } } });
    const asked = ask(orrery, 'c').at({ tick: 7 });
    await expect(asked).rejects.toMatchObject({
      code: 'MOMENT_NOT_KEPT',
      hint: 'What was given up can be read by its seq: there that is seq 7. The newest is seq 11.',
      context: { game: 'c', tick: 7, before: 11, after: undefined, givenUp: 7 },
    });
    expect((await ask(orrery, 'c').at(7)).state).toEqual({ ticks: 7 });
    // Where the game has never been there is nothing to be told.
    const beyond = await ask(orrery, 'c')
      .at({ tick: 11 })
      .catch((error: unknown) => error);
    expect(beyond).toMatchObject({ code: 'MOMENT_NOT_KEPT', hint: 'The newest moment is seq 11.' });
    expect(beyond).not.toHaveProperty('context.givenUp');
    // And the tick at which it stands now is the newest record, not the one that was given up.
    expect(await ask(orrery, 'c').at({ tick: 4 })).toMatchObject({ seq: 11, tick: 4 });
    for (let tick = 5; tick <= 7; tick += 1) game.advance();
    await orrery.flush();
    expect(await ask(orrery, 'c').at({ tick: 7 })).toMatchObject({ seq: 14, tick: 7 });
    await orrery.close();
    rmSync(directory, { recursive: true, force: true });
  },
);
