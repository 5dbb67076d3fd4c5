// Images that come near their bound: told in time, once for each share, with what to do.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { type GrowthWarning, openOrrery } from '#index.ts';
import { open, rejection, silent } from '../game/galaxy.ts';
import { add, ledger, settled } from './harbour.ts';
import { StagedStore } from './staged-store.ts';

/** A store whose images are as large as the test says. */
class GrowingStore extends StagedStore {
  imageBytes = 0;

  override async checkpoint() {
    const report = await super.checkpoint();
    return report && { ...report, imageBytes: this.imageBytes };
  }
}

async function growing() {
  const store = new GrowingStore();
  const lines: { msg: string; level: number; shard: number }[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const orrery = await open([ledger], { on: store, maxImageBytes: 1000, logger });
  const warnings: GrowthWarning[] = [];
  orrery.on('imageGrowing', (warning) => warnings.push(warning));
  const grow = async (imageBytes: number): Promise<number> => {
    store.imageBytes = imageBytes;
    await orrery.checkpoint();
    await settled();
    return warnings.length;
  };
  return { orrery, store, lines, warnings, grow };
}

it('[O56] a half, three quarters and nine tenths are told once each, and again after it was smaller', async () => {
  const { grow, lines } = await growing();
  const told: number[] = [];
  for (const bytes of [499, 500, 510, 749, 750, 899, 900, 1000, 400, 499, 500, 950, 960]) told.push(await grow(bytes));
  expect(told).toEqual([0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 5, 5]);
  expect(lines).toHaveLength(5);
});

it('[O56] the warning names the shard, the bound, the games with most records, and what to do', async () => {
  const { orrery, grow, warnings, lines } = await growing();
  for (const [id, records] of Object.entries({ a: 1, b: 9, c: 0, d: 5 })) {
    const game = await orrery.open(ledger, id);
    for (let count = 0; count < records; count += 1) add(game);
  }
  await orrery.flush();
  await grow(600);
  const [warning] = warnings;
  expect(warning).toMatchObject({
    shard: 0,
    imageBytes: 600,
    maxImageBytes: 1000,
    games: [
      { game: 'b', type: 'ledger', records: 9 },
      { game: 'd', type: 'ledger', records: 5 },
      { game: 'a', type: 'ledger', records: 1 },
    ],
  });
  for (const word of ['`persistence` of the type "ledger"', 'tiers', 'shards', '`maxImageBytes`']) {
    expect(warning?.hint).toContain(word);
  }
  expect(lines).toMatchObject([{ shard: 0, level: 40 }]);
  expect(lines[0]?.msg).toContain('60 % of what it may have (1000)');
  expect(lines[0]?.msg).toContain(warning?.hint);
});

it('[O56] a shard that cannot be asked is warned of all the same', async () => {
  const { store, grow, warnings } = await growing();
  store.fail('list', 'IO_FAILED');
  await grow(600);
  expect(warnings).toMatchObject([{ imageBytes: 600, games: [] }]);
  expect(warnings[0]?.hint).toContain('`persistence` of the game types');
});

it('[O56] a real image comes near its bound, and the warning comes before it is too large', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-growth-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const orrery = await openOrrery({ directory, games: [ledger], logger: silent, maxImageBytes: 600_000 });
  const told: string[] = [];
  orrery.on('imageGrowing', ({ imageBytes }) => told.push(imageBytes < 600_000 ? 'growing' : 'late'));
  orrery.on('degraded', ({ code }) => told.push(code));
  const game = await orrery.open(ledger, 'g');
  for (let round = 0; round < 20 && !told.includes('IMAGE_TOO_LARGE'); round += 1) {
    const text = randomBytes(30_000).toString('base64');
    await game.update((draft) => void Object.assign(draft, { text })).durable;
    await orrery.checkpoint().catch(() => undefined);
  }
  expect(told.slice(0, 2)).toEqual(['growing', 'growing']);
  expect(told.at(-1)).toBe('IMAGE_TOO_LARGE');
  await rejection('IMAGE_TOO_LARGE', orrery.close());
});
