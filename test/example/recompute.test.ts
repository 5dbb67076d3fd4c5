import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Bots, botNames, mapOf } from '../../examples/galactic-war/bots.ts';
import { firstDifference } from '../../examples/galactic-war/difference.ts';
import { type LogEntry, PlainGalaxy, PlainTable, randomOf, recompute } from '../../examples/galactic-war/recompute.ts';
import { Refusal } from '../../examples/galactic-war/refusal.ts';
import { galaxyWith, smallSetup } from './small-galaxy.ts';

/** A galaxy that bots have played, and its log. */
function played(id: string, ticks: number, seed = 1): { galaxy: PlainGalaxy; log: LogEntry[] } {
  const galaxy = new PlainGalaxy(id, smallSetup(30));
  const bots = new Bots({ players: botNames(4), seed, map: mapOf(galaxy.state) });
  const log: LogEntry[] = [];
  for (let tick = 0; tick < ticks; tick += 1) {
    log.push(galaxy.advance());
    for (let turn = 0; turn < 3; turn += 1) {
      const order = bots.next(galaxy.state, galaxy.tick);
      if (!order) continue;
      try {
        log.push(galaxy.dispatch(order.command, order.args, { player: order.player }));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
  }
  return { galaxy, log };
}

describe('recomputation', () => {
  it('[G22] the same setup and log give the same state, to the byte', () => {
    const { galaxy, log } = played('andromeda', 400);
    const throughJson = JSON.parse(JSON.stringify(log)) as LogEntry[];
    const again = recompute('andromeda', smallSetup(30), [{ seq: 0, tick: 0, command: '@create' }, ...throughJson]);
    expect(JSON.stringify(again)).toBe(JSON.stringify(galaxy));
    expect(again).toMatchObject({ seq: log.length, tick: 400 });
    expect(firstDifference(galaxy, again)).toBeUndefined();
  });

  it('[G22] the id of a galaxy is part of what happens in it', () => {
    const { galaxy, log } = played('andromeda', 60);
    const joins = log
      .filter((entry) => entry.command === 'join')
      .map((entry, index) => ({ ...entry, seq: index + 1, tick: 0 }));
    const here = recompute('andromeda', smallSetup(30), joins);
    const there = recompute('triangulum', smallSetup(30), joins);
    expect(firstDifference(here, there)).toMatch(/^\/systems|^\/homes|^\/players/);
    expect(galaxy.state.players.size).toBe(4);
  });

  it('[G22] a log with a gap, a wrong tick, an unknown command or a refused one is not recomputed', () => {
    const { log } = played('andromeda', 40);
    const setup = smallSetup(30);
    const attempt = (change: (copy: LogEntry[]) => void) => (): void => {
      const copy = log.map((entry) => ({ ...entry }));
      change(copy);
      recompute('andromeda', setup, copy);
    };
    expect(attempt((copy) => copy.splice(10, 1))).toThrow(/after seq 10 the log has 12/);
    expect(attempt((copy) => copy.splice(10, 0, copy[9]!))).toThrow(/after seq 10 the log has 10/);
    expect(attempt((copy) => Object.assign(copy[10]!, { tick: 999 }))).toThrow(/is of tick 999 in the log/);
    expect(attempt((copy) => Object.assign(copy[0]!, { command: 'explode' }))).toThrow(/no command "explode"/);
    const join = log.findIndex((entry) => entry.command === 'join');
    expect(attempt((copy) => Object.assign(copy[join]!, { player: undefined }))).toThrow(Refusal);
  });

  it('[G22] dispatched arguments are copied: what the caller does with them later is nothing to the galaxy', () => {
    const { galaxy, home } = galaxyWith('ada');
    const cargo = { metal: 1, crew: 1, water: 1 };
    const to = home === '1' ? '2' : '1';
    Object.assign(galaxy.state.systems.get(to)!, { owner: 'ada' });
    galaxy.dispatch('send', { from: home, to, cargo }, { player: 'ada' });
    const before = JSON.stringify(galaxy);
    cargo.metal = 99;
    expect(JSON.stringify(galaxy)).toBe(before);
  });

  it('[G23] random numbers are sfc32 seeded with SHA-256 over id, line feed and seq', () => {
    const first = randomOf('andromeda', 1);
    expect([first(), first(), first()].map((number) => number * 2 ** 32)).toEqual([4025095966, 1320693533, 2142547459]);
    const other = randomOf('τ Phe/🌌', 40000);
    expect([other(), other()].map((number) => number * 2 ** 32)).toEqual([47593839, 784579235]);
  });

  it('[G24] the rules and the recomputation use neither Orrery nor a clock nor chance', () => {
    const folder = join(import.meta.dirname, '../../examples/galactic-war');
    const seen = new Set<string>();
    const waiting = ['recompute.ts', 'difference.ts'].map((file) => join(folder, file));
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      const source = readFileSync(file, 'utf8');
      expect(source, file).not.toMatch(/Math\.random|\bDate\b|performance\b|process\./);
      for (const [, from] of source.matchAll(/\bfrom '([^']+)'/g)) {
        expect(
          dirname(join(dirname(file), from!)) === folder || from!.startsWith('node:'),
          `${file} imports ${from}`,
        ).toBe(true);
        if (from!.startsWith('.')) waiting.push(join(dirname(file), from!));
      }
    }
    expect([...seen].map((file) => file.slice(folder.length + 1))).toEqual(
      expect.arrayContaining(['orders.ts', 'system.ts']),
    );
  });
});

describe('the plain twin of a table', () => {
  it('[G22] copies what comes in, opens the entity itself, and lists by UTF-16 code unit', () => {
    const entity = { level: 1 };
    const table = new PlainTable<{ level: number }>([['b', entity]]);
    table.set('10', { level: 2 }).set('9', { level: 3 }).set('Z', { level: 4 });
    entity.level = 99;
    expect(table.peek('b')).toEqual({ level: 1 });
    table.get('b')!.level = 5;
    expect(table.ids()).toEqual(['10', '9', 'Z', 'b']);
    expect(table.values().map(({ level }) => level)).toEqual([2, 3, 4, 5]);
    expect(table.delete('9')).toBe(true);
    expect(table.delete('9')).toBe(false);
    expect([table.size, table.has('9'), table.has('Z')]).toEqual([3, false, true]);
    expect(JSON.stringify(table)).toBe('{"10":{"level":2},"Z":{"level":4},"b":{"level":5}}');
  });
});

describe('the first difference', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, undefined],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, '/a/1/b: expected 2, found 3'],
    [{ a: 1 }, {}, '/a: expected 1, found nothing'],
    [{}, { 'a/b~': 1 }, '/a~1b~0: expected nothing, found 1'],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, '(the whole): expected the keys in the order a, b, found b, a'],
    [[1, 2], [1], '/1: expected 2, found nothing'],
    [[1], [1, 2], '/1: expected nothing, found 2'],
    [{ a: [] }, { a: {} }, '/a: expected [], found {}'],
    [{ a: null }, { a: 0 }, '/a: expected null, found 0'],
    [1, '1', '(the whole): expected 1, found "1"'],
  ])('[G26] of %j and %j is %j', (expected, actual, difference) => {
    expect(firstDifference(expected, actual)).toBe(difference);
  });
});
