// The disk is gone while a game loop runs: it keeps its rate, memory keeps its bound, everybody is told, and when the disk is
// back every game is durable again. full-disk.test.ts has a real full disk, and trouble.test.ts an outage of half a minute on
// a clock that is moved by hand. Here everything is real, so six seconds stand for minutes: by then the attempts are as
// far apart as they get but once (3.2 s; 5 s is the most), and ten times more has been sent than may wait.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { defineGame, type Orrery, type OrreryError, openOrrery, type Receipt } from '#index.ts';
import { GONE } from '../programs/lost-disk.ts';

const WORKER = new URL('../../dist/test/programs/lost-disk-owner.js', import.meta.url);
const IDS = ['alpha', 'beta', 'gamma'];
const TICK_MS = 20;
const BEFORE_MS = 1_500;
const OUTAGE_MS = 6_000;
const BOUND = 512 * 1024;
/** Of one command; it is in the record twice, as an argument and in a patch. */
const LENGTH = 8_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const log = defineGame('log', {
  version: 1,
  initial: () => ({ tick: 0, written: 0, content: '' }),
  commands: {
    write(draft, { content }: { content: string }) {
      draft.written += 1;
      draft.content = content;
    },
  },
  onTick(draft, context) {
    draft.tick = context.tick;
  },
});

/** What lasts in memory, of this thread: what waits for the disk is in here. */
function usedBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Played {
  ticks: number;
  refused: number;
  sentBytes: number;
  mostQueued: number;
  readonly receipts: Receipt[];
}

/** A game loop of so many milliseconds: every tick each game advances and is written to. */
async function play(orrery: Orrery, forMs: number): Promise<Played> {
  const games = await Promise.all(IDS.map((id) => orrery.load(log, id)));
  const played: Played = { ticks: 0, refused: 0, sentBytes: 0, mostQueued: 0, receipts: [] };
  const began = performance.now();
  for (let due = began + TICK_MS; due < began + forMs; due += TICK_MS) {
    await pause(Math.max(0, due - performance.now()));
    if (performance.now() > began + forMs) break;
    for (const game of games) {
      try {
        const last = played.receipts.length;
        played.receipts.push(game.advance());
        played.receipts.push(game.dispatch('write', { content: `${last} `.padEnd(LENGTH, 'x') }));
        played.sentBytes += 2 * LENGTH;
      } catch (error) {
        expect(error).toMatchObject({ code: 'BACKPRESSURE' });
        expect((error as OrreryError).cause).toMatchObject({ code: 'IO_FAILED' });
        played.refused += 1;
      }
    }
    played.ticks += 1;
    played.mostQueued = Math.max(played.mostQueued, orrery.health.shards[0]?.queuedBytes ?? 0);
  }
  return played;
}

it.each(['coalesce', 'reject'] as const)(
  "[W11] the disk is gone for a while, overflow '%s': the loop keeps its rate, memory its bound, and all is durable again",
  async (overflow) => {
    const directory = mkdtempSync(join(tmpdir(), 'orrery-degradation-'));
    try {
      const told: string[] = [];
      const logger = pino({ level: 'silent' });
      const orrery = await openOrrery({
        directory,
        games: [log],
        workerUrl: WORKER,
        logger,
        commitQueueBytes: BOUND,
        overflow,
      });
      orrery.on('degraded', (error) => told.push(`degraded ${error.code}`));
      orrery.on('recovered', () => told.push('recovered'));
      orrery.on('failed', (error) => told.push(`failed ${error.code}`));
      for (const id of IDS) await orrery.open(log, id);

      const before = await play(orrery, BEFORE_MS);
      await Promise.all(before.receipts.map(({ durable }) => durable));
      expect([told, orrery.health.state, before.refused]).toEqual([[], 'ok', 0]);
      before.receipts.length = 0;
      const usedBefore = usedBytes();

      writeFileSync(join(directory, GONE), '');
      const outage = await play(orrery, OUTAGE_MS);
      const usedAfter = usedBytes();
      expect(told).toEqual(['degraded IO_FAILED']);
      const [shard] = orrery.health.shards;
      expect(orrery.health.state).toBe('degraded');
      expect(shard).toMatchObject({ state: 'degraded', error: { code: 'IO_FAILED', context: { errno: 'EIO' } } });
      await expect(orrery.checkpoint()).rejects.toMatchObject({ code: 'IO_FAILED' });

      // Counted over all of it: no single tick is judged, on a machine that does other things too.
      const rate = before.ticks / BEFORE_MS;
      expect(outage.ticks / OUTAGE_MS).toBeGreaterThan(rate * 0.8);
      // One record may go over the bound, and then the newest state of each game waits, not records.
      expect(outage.mostQueued).toBeGreaterThan(BOUND / 2);
      expect(outage.mostQueued).toBeLessThan(BOUND + 4 * LENGTH);
      if (overflow === 'reject') {
        expect(outage.refused).toBeGreaterThan(outage.ticks);
      } else {
        expect(outage.refused).toBe(0);
        expect(outage.sentBytes).toBeGreaterThan(10 * BOUND);
        expect(usedAfter - usedBefore).toBeLessThan(outage.sentBytes / 2);
      }

      rmSync(join(directory, GONE));
      await Promise.all(outage.receipts.map(({ durable }) => durable));
      // The checkpoint that failed is tried again by itself, before the commits or after them.
      while (told.length < 2) await pause(10);
      expect(told).toEqual(['degraded IO_FAILED', 'recovered']);
      expect(orrery.health).toMatchObject({ state: 'ok', shards: [{ queuedRecords: 0, queuedBytes: 0 }] });
      const live = new Map<string, { readonly seq: number; readonly json: string }>();
      for (const id of IDS) {
        const game = await orrery.load(log, id);
        await game.dispatch('write', { content: 'after it' }).durable;
        live.set(id, { seq: game.seq, json: JSON.stringify(game.state) });
      }
      await orrery.close();
      console.log(
        `degradation, ${overflow}: ${before.ticks} ticks in ${BEFORE_MS} ms before, ${outage.ticks} in ${OUTAGE_MS} ms without a disk, ` +
          `${outage.sentBytes} bytes sent, ${outage.refused} refused, at most ${outage.mostQueued} queued, memory ${usedAfter - usedBefore} more`,
      );

      await using again = await openOrrery({ directory, games: [log], logger });
      for (const [id, { seq, json }] of live) {
        const game = await again.load(log, id);
        expect([id, game.seq, JSON.stringify(game.state)]).toEqual([id, seq, json]);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
