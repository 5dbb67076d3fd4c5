// What surrounded the program when a game was recorded: kept for each opening, and told beside a difference when it is otherwise now.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { verify } from '#history/rerun/verify.ts';
import { defineGame, openOrrery } from '#index.ts';
import { type Opening, openingAt, runtimeDifferences, thisRuntime } from '#storage/openings.ts';
import { nodeFiles } from '#storage/sqlite/files.ts';
import { readOpenings, recordOpening } from '#storage/sqlite/openings.ts';
import { openPackPast } from '#storage/sqlite/pack/pack-history.ts';
import { endedBinary } from '../cli/command-line.ts';
import { ask } from '../history/ask.ts';
import { Workshop } from './played.ts';

const workshop = new Workshop();
afterAll(() => workshop.clean());

const here = thisRuntime();
const then = { ...here, runtime: 'Node 22.1.0', v8: '12.4.254', timeZone: 'Asia/Tokyo' };

const clocks = (hour: (now: number) => number) =>
  defineGame('clocks', {
    version: 1,
    initial: () => ({ hour: 0 }),
    commands: {
      look(draft, _: undefined, { now }) {
        draft.hour = hour(now);
      },
    },
  });
const honest = clocks((now) => now);
const changed = clocks((now) => now + 1);

/** A directory whose openings are as given, by the second; its one game has a record after each. */
async function played(
  ...openings: readonly (readonly [offset: number, surroundings: Omit<Opening, 'time'>])[]
): Promise<string> {
  const directory = await workshop.play(
    honest,
    'a',
    async (game) => void (await game.dispatch('look', undefined).durable),
  );
  const [first] = readOpenings(nodeFiles, directory);
  const lines = openings.map(([offset, each]) => JSON.stringify({ time: (first as Opening).time + offset, ...each }));
  writeFileSync(join(directory, 'openings.jsonl'), `${lines.join('\n')}\n`);
  return directory;
}

describe('openings', () => {
  it('[RR17] each opening to write is noted before anything is accepted, unless the last one had the same surroundings', async () => {
    const directory = await workshop.play(honest, 'a', () => undefined);
    const past = await workshop.past(directory, 'a');
    const [opening, ...more] = readOpenings(nodeFiles, directory);
    expect(more).toEqual([]);
    expect(opening).toEqual({ time: expect.any(Number), ...here });
    expect(opening?.time).toBeLessThanOrEqual(past.row.created);
    const before = readFileSync(join(directory, 'openings.jsonl'), 'utf8');
    await workshop.playOn(directory, honest, 'a', () => undefined);
    expect(readFileSync(join(directory, 'openings.jsonl'), 'utf8')).toBe(before);
    recordOpening(nodeFiles, directory, then, 5);
    await workshop.playOn(directory, honest, 'a', () => undefined);
    const known = readOpenings(nodeFiles, directory);
    expect(known.map(({ runtime }) => runtime)).toEqual([here.runtime, then.runtime, here.runtime]);
    await using looking = await openOrrery({ directory, games: [honest], readOnly: true });
    expect(await looking.list()).toHaveLength(1);
    expect(readOpenings(nodeFiles, directory)).toEqual(known);
  });

  it('[RR17] a file of openings that is damaged, or cannot be written, keeps nobody from opening', async () => {
    const directory = await workshop.play(honest, 'a', () => undefined);
    const file = join(directory, 'openings.jsonl');
    const good = readFileSync(file, 'utf8');
    for (const text of ['', '\0\0', '{"time":1}\n', `nonsense\n${good}[]\n`, `${good.slice(0, -20)}`]) {
      writeFileSync(file, text);
      await workshop.playOn(directory, honest, 'a', () => undefined);
      expect(readOpenings(nodeFiles, directory)).toEqual([{ time: expect.any(Number), ...here }]);
    }
    rmSync(file);
    mkdirSync(file);
    const warnings: unknown[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line)) });
    await workshop.playOn(directory, honest, 'a', () => undefined, { logger });
    expect(warnings).toMatchObject([{ directory, msg: expect.stringContaining('could not note') }]);
    rmdirSync(file);
    for (let count = 0; count < 300; count += 1)
      recordOpening(nodeFiles, directory, { ...here, locale: `l${count}` }, count);
    expect(readOpenings(nodeFiles, directory)).toHaveLength(256);
    expect(readOpenings(nodeFiles, directory).at(-1)).toMatchObject({ locale: 'l299' });
  });

  it('[RR17] a record belongs to the last opening that is not after it', () => {
    const at = (time: number, locale: string): Opening => ({ time, ...here, locale });
    const openings = [at(10, 'a'), at(30, 'b'), at(20, 'c')];
    expect([9, 10, 19, 20, 35].map((time) => openingAt(openings, time)?.locale)).toEqual([
      undefined,
      'a',
      'a',
      'c',
      'c',
    ]);
    expect(runtimeDifferences(openings[0] as Opening, { ...here, locale: 'b' })).toEqual([
      { what: 'locale', recorded: 'a', now: 'b' },
    ]);
  });
});

describe('verify', () => {
  it('[RR18] a difference names what was otherwise when it was recorded, and nothing where all is the same', async () => {
    const other = await played([0, then]);
    const { difference } = await verify(await workshop.past(other, 'a'), changed);
    expect(difference?.runtimeDifferences).toEqual([
      { what: 'runtime', recorded: 'Node 22.1.0', now: here.runtime },
      { what: 'v8', recorded: '12.4.254', now: here.v8 },
      { what: 'timeZone', recorded: 'Asia/Tokyo', now: here.timeZone },
    ]);
    expect(difference?.message).toContain(
      ` By its time, it was recorded with Node 22.1.0, now ${here.runtime}; V8 12.4.254, now ${here.v8}; ` +
        `the time zone Asia/Tokyo, now ${here.timeZone}. Another V8 or processor may round otherwise, as in ** and Math.sin: a tolerance passes that.`,
    );
    expect((await verify(await workshop.past(other, 'a'), honest)).difference).toBeUndefined();
    // Opened in the old surroundings, then in these, before the record was made; and in others only later, or before anything is known.
    for (const openings of [
      [
        [0, then],
        [0, here],
      ],
      [
        [0, here],
        [3_600_000, then],
      ],
      [[3_600_000, then]],
      [],
    ] as const) {
      const found = await verify(await workshop.past(await played(...openings), 'a'), changed);
      expect(found.difference?.runtimeDifferences).toEqual([]);
      expect(found.difference?.message).not.toContain('By its time');
    }
  });

  it('[RR18] a pack tells what its game was recorded in; a game that was unpacked is not taken for one recorded here', async () => {
    const directory = await played([-5, here], [0, then], [3_600_000, here]);
    const pack = join(workshop.folder, 'clocks.orrery');
    await using open = await openOrrery({ directory, games: [honest] });
    await open.pack('a', pack);
    const past = await openPackPast(pack);
    expect(past.openings.map(({ runtime }) => runtime)).toEqual([then.runtime]);
    const { difference } = await verify(past, changed);
    expect(difference?.runtimeDifferences.map(({ what }) => what)).toEqual(['runtime', 'v8', 'timeZone']);
    await past.close();
    const elsewhere = await workshop.play(honest, 'b', () => undefined);
    await using other = await openOrrery({ directory: elsewhere, games: [honest] });
    await other.unpack(pack);
    const game = await other.load(honest, 'a');
    writeFileSync(join(elsewhere, 'openings.jsonl'), `${JSON.stringify({ time: 0, ...then })}\n`);
    const live = await ask(other, 'a').reader();
    expect((await verify(live, changed)).difference).toMatchObject({ seq: 1, runtimeDifferences: [] });
    await game.dispatch('look', undefined).durable;
    const found = await verify(await ask(other, 'a').reader(), changed, { from: 2 });
    expect(found.difference).toMatchObject({ seq: 2, runtimeDifferences: difference?.runtimeDifferences });
  });

  it('[RR18] the time zone of a recorded game is named by the command line', async () => {
    const code = (offset: string): string =>
      fileURLToPath(
        workshop.module(`export const local = defineGame('local', { version: 1, initial: () => ({ hours: 0 }),
          commands: { look(draft, _, { now }) { draft.hours = ${offset}; } } });`),
      );
    const local = code('new Date(now).getTimezoneOffset() / 60');
    const directory = join(workshop.folder, 'zones');
    const program = join(workshop.folder, 'play.mjs');
    const index = new URL('../../dist/src/index.js', import.meta.url).href;
    writeFileSync(
      program,
      `import { openOrrery } from ${JSON.stringify(index)};
      import { local } from ${JSON.stringify(local)};
      const orrery = await openOrrery({ directory: ${JSON.stringify(directory)}, games: [local] });
      await (await orrery.open(local, 'a')).dispatch('look').durable;
      await orrery.close();`,
    );
    const zone = (TZ: string): NodeJS.ProcessEnv => ({ ...process.env, TZ });
    expect(spawnSync(process.execPath, [program], { env: zone('Asia/Tokyo'), stdio: 'inherit' }).status).toBe(0);
    const same = await endedBinary(zone('Asia/Tokyo'), 'verify', directory, '--games', local);
    expect(same).toMatchObject({ status: 0 });
    const differs = await endedBinary(zone('America/New_York'), 'verify', directory, '--games', local);
    expect(differs.status).toBe(1);
    expect(differs.stdout).toMatch(/\/hours was -9 when it was recorded and is [45] now\./);
    expect(differs.stdout).toContain(
      'By its time, it was recorded with the time zone Asia/Tokyo, now America/New_York.',
    );
  });
});
