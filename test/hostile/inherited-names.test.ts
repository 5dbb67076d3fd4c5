// Types, games, commands, tables, projections, columns, invariants, players and files with the names that every object has from
// its prototype, through everything that a game can go through.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyGameType } from '#core/game/define.ts';
import { defineGame, openOrrery, table } from '#index.ts';
import { openPackPast } from '#storage/sqlite/pack/pack-history.ts';
import { orrery as cli } from '../cli/command-line.ts';
import { ask } from '../history/ask.ts';

const NAMES = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf', 'prototype', '__defineGetter__'];
/** Those that SQL may have as a name without quotes. */
const SQL_NAMES = NAMES.filter((name) => /^[a-z]/.test(name));
const tableOf = (type: string): string => (SQL_NAMES.includes(type) ? type : `of${type}`);

/** Those that may be a key of a state. */
const KEYS = NAMES.filter((name) => !['constructor', '__proto__', 'prototype'].includes(name));

/** As `{ [name]: value }`, with `__proto__` as a key like any other. */
const under = <T>(names: readonly string[], of: (name: string) => T): { [name: string]: T } =>
  Object.fromEntries(names.map((name) => [name, of(name)]));

interface State {
  count: number;
  [table: string]: unknown;
}

function typeNamed(name: string): AnyGameType {
  return defineGame(name, {
    version: 1,
    history: 'ticks',
    initial: (): State => ({ count: 0, ...under(KEYS, () => table({ toString: { valueOf: 1 } })) }),
    commands: under(NAMES, (command) => (draft: State, by: number) => {
      draft.count += by;
      for (const key of KEYS) {
        const rows = draft[key] as {
          get(id: string): { valueOf: number } | undefined;
          set(id: string, row: object): void;
        };
        (rows.get('toString') as { valueOf: number }).valueOf += by;
        rows.set(command === 'toString' || !KEYS.includes(command) ? `of ${command}` : command, {
          valueOf: by,
          hasOwnProperty: command,
        });
      }
    }) as never,
    invariants: under(NAMES, () => (state: { readonly count: number }) => state.count < 1000),
    projections: {
      [tableOf(name)]: {
        from: 'toString',
        columns: Object.fromEntries(SQL_NAMES.map((column) => [column, { path: 'valueOf', type: 'INTEGER' as const }])),
      },
    },
    persistence: { snapshotEvery: { records: 4 } },
  }) as unknown as AnyGameType;
}

const types = NAMES.map(typeNamed);
const stranger = defineGame('stranger', { version: 1, initial: () => ({ n: 0 }), commands: {} });
const folder = mkdtempSync(join(tmpdir(), 'orrery-inherited-'));
const directory = join(folder, 'constructor');
const module = join(folder, '__proto__.mjs');
const packs = mkdtempSync(join(folder, 'packs-'));
const states = new Map<string, string>();

type Played = {
  dispatch(name: string, args: unknown, options: object): unknown;
  advance(): unknown;
  readonly state: object;
};

function playOn(game: Played): void {
  for (const command of NAMES) {
    game.dispatch(command, 1, { player: command });
    game.advance();
  }
}

beforeAll(async () => {
  await using orrery = await openOrrery({ directory, games: types });
  for (const [index, type] of types.entries()) {
    const game = (await orrery.open(type, NAMES[index] as string)) as unknown as Played;
    playOn(game);
    if (index % 2 === 0) await orrery.checkpoint();
    playOn(game);
    states.set(type.name, JSON.stringify(game.state));
  }
  await orrery.flush();
}, 30_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('[HO42] names that every object has', () => {
  it('[HO42] a program that does not name their types checkpoints, closes and opens again', async () => {
    for (let round = 0; round < 2; round += 1) {
      await using orrery = await openOrrery({ directory, games: [stranger] });
      const listed = (await orrery.list()).filter(({ id }) => NAMES.includes(id));
      expect(listed.map(({ id, type }) => [id, type])).toEqual([...NAMES].sort().map((name) => [name, name]));
      await orrery.open(stranger, `stranger ${round}`);
      await orrery.checkpoint();
      for (const name of NAMES) {
        await ask(orrery, name).fork({ at: { tick: 7 }, as: `${name} ${round}` });
        const { state } = await ask(orrery, name).at({ tick: 14 });
        expect(state).toEqual(JSON.parse(states.get(name) as string));
      }
      await orrery.checkpoint();
      expect(orrery.health.state).toBe('ok');
    }
    await using orrery = await openOrrery({ directory, games: types });
    for (const [index, type] of types.entries()) {
      const game = await orrery.load(type, NAMES[index] as string);
      expect(JSON.stringify(game.state)).toBe(states.get(type.name));
    }
  });

  it('[HO42] histories, verification, recovery and quarantine', async () => {
    await using orrery = await openOrrery({ directory, games: types });
    for (const name of NAMES) {
      const log: unknown[] = [];
      for await (const entry of ask(orrery, name).entries({ player: name, command: name }))
        log.push([entry.name, entry.player]);
      expect(log).toEqual([
        [name, name],
        [name, name],
      ]);
      expect(await ask(orrery, name).verify()).toMatchObject({ game: name, difference: undefined, commands: 28 });
      const changed: unknown[] = [];
      for await (const entry of ask(orrery, name).blame('/toString/toString/valueOf')) changed.push(entry.after);
      expect(changed[0]).toBe(15);
      await ask(orrery, name).recover({ mode: { to: { tick: 13 } }, reason: name });
      expect(await ask(orrery, name).quarantine()).toMatchObject([{ reason: name }]);
    }
  });

  it('[HO42] packs of them, into a directory whose program does not name the type', async () => {
    const there = join(folder, 'toString');
    for (const name of NAMES) {
      const file = join(packs, name);
      expect(await cli('pack', directory, name, '-o', file)).toMatchObject({ status: 0, stderr: '' });
      await (await openPackPast(file)).close();
      await using orrery = await openOrrery({ directory: there, games: [stranger] });
      await orrery.unpack(file);
      await orrery.checkpoint();
      const { state } = await ask(orrery, name).at({
        seq: (await orrery.list()).find(({ id }) => id === name)?.seq ?? -1,
      });
      expect(JSON.parse(JSON.stringify(state))).toMatchObject({ count: 14 });
    }
    await using orrery = await openOrrery({ directory: there, games: types });
    for (const [index, type] of types.entries()) {
      const game = (await orrery.load(type, NAMES[index] as string)) as unknown as Played;
      playOn(game);
    }
    await orrery.checkpoint();
    expect(orrery.health.state).toBe('ok');
  });

  it('[HO42] on the command line', async () => {
    const dist = new URL('../../dist/src/index.js', import.meta.url).href;
    writeFileSync(
      module,
      `import { defineGame } from ${JSON.stringify(dist)};\nexport const strange = defineGame('constructor', { version: 1, initial: () => ({}), commands: {} });`,
    );
    for (const args of [
      ['ls', directory],
      ['check', directory, '--explain'],
      ['check', directory],
      ['show', directory, '__proto__'],
      ['log', directory, '__proto__', '--player', 'constructor', '--command', 'constructor'],
      ['diff', directory, 'hasOwnProperty', '--from', '1', '--to', '9'],
      ['blame', directory, 'valueOf', '/toString/toString'],
      ['replay', directory, '__proto__', '--json'],
      ['checkpoint', directory],
      ['salvage', directory, '--to', join(folder, '__defineGetter__')],
    ]) {
      const ended = await cli(...args);
      expect([args.join(' '), ended.status, ended.stderr]).toEqual([args.join(' '), 0, '']);
    }
    for (const name of NAMES) {
      const sql = `select valueOf as "${name}", id from "${tableOf(name)}" where game = '${name}' and id = 'toString'`;
      const { status, stdout } = await cli('sql', directory, sql, '--json');
      expect([name, status, stdout]).toEqual([name, 0, `{"${name}":15,"id":"toString"}\n`]);
    }
    expect(readFileSync(module, 'utf8')).toContain('strange');
  });
});
