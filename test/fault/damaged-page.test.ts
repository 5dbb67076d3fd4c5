// A page of the image goes bad on the disk while the program runs: whoever asks for it gets an answer all the same, out of the
// image before and the journal, and everything that was acknowledged is there.

import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { defineGame, type OrreryError, openOrrery } from '#index.ts';

const GAMES = 60;
const silent = pino({ level: 'silent' });
/** Bodies are deflated: this does not deflate. */
const noise = (seed: number): string => {
  let state = seed + 1;
  return Array.from({ length: 60_000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return String.fromCharCode(33 + ((state >>> 16) % 90));
  }).join('');
};
const text = defineGame('text', {
  version: 1,
  initial: (seed: number) => ({ count: 0, text: noise(seed) }),
  commands: {
    add(draft, by: number) {
      draft.count += by;
    },
  },
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-page-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Changes a byte in every page of the newest image but its first: its size, its name and its file stay. */
function damageImage(): void {
  const shard = join(directory, 'shard-00');
  const image = readdirSync(shard)
    .filter((name) => /^image-.*\.sqlite$/.test(name))
    .sort()
    .at(-1) as string;
  const path = join(shard, image);
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  for (let at = 4096 + 2000; at < statSync(path).size; at += 4096) {
    readSync(file, byte, 0, 1, at);
    byte[0] = (byte[0] as number) ^ 0x55;
    writeSync(file, byte, 0, 1, at);
  }
  closeSync(file);
}

it('[PG6] pages that go bad under a running owner cost nothing that was acknowledged', async () => {
  const options = { directory, games: [text], logger: silent, maxLoadedGames: 1, pageCacheBytes: 2 ** 20 };
  const told: OrreryError[] = [];
  {
    await using orrery = await openOrrery(options);
    orrery.on('degraded', (error) => told.push(error));
    for (let round = 0; round < 2; round += 1) {
      for (let at = 0; at < GAMES; at += 1) {
        const game = await orrery.open(text, `game-${at}`, at);
        await game.dispatch('add', at + 1).durable;
      }
      await orrery.checkpoint();
    }
    damageImage();
    for (let at = 0; at < GAMES; at += 1) {
      const game = await orrery.load(text, `game-${at}`);
      expect(game.state).toEqual({ count: 2 * (at + 1), text: noise(at) });
      await game.dispatch('add', 100).durable;
    }
    expect(told.map(({ code }) => code)).toContain('OWNER_DIED');
    expect(String((told[0] as OrreryError).cause)).toMatch(/page \d+ of an image is not what it was/);
  }
  await using again = await openOrrery(options);
  for (let at = 0; at < GAMES; at += 1) {
    expect((await again.load(text, `game-${at}`)).state.count).toBe(2 * (at + 1) + 100);
  }
});
