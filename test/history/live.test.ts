// The past of a game through the running process, of both stores, and of the same directory beside it: they agree with each
// other and with what a listener wrote down.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Change, defineGame, MemoryStore, type Orrery, openOrrery, table } from 'orrery';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HistoryReader } from '#storage/history-reader.ts';
import { openDirectoryPast } from '#storage/sqlite/directory-history.ts';
import { dice } from '../programs/script.ts';
import { ask } from './ask.ts';
import { canonical } from './chronicle.ts';

interface System {
  metal: number;
  owner: string;
}

interface Galaxy {
  systems: Map<string, System>;
  log: string[];
  turn: number;
}

function galaxyOf(history: 'commands' | 'ticks' | 'batches') {
  return defineGame('galaxy', {
    version: 2,
    history,
    initial: (count: number) => ({
      systems: table<System>(
        Array.from({ length: count }, (_, index) => ({ metal: index, owner: 'nobody' })),
        (system) => `s${system.metal}`,
      ),
      log: [] as string[],
      turn: 0,
    }),
    commands: {
      mine(draft, { id, metal }: { id: string; metal: number }) {
        const system = draft.systems.get(id);
        if (system) system.metal += metal;
      },
      found(draft, id: string) {
        draft.systems.set(id, { metal: 0, owner: 'new' });
      },
      leave(draft, id: string) {
        draft.systems.delete(id);
      },
      note(draft, text: string, ctx) {
        draft.log.unshift(`${text} by ${ctx.player ?? 'nobody'}`);
        if (draft.log.length > 5) draft.log.pop();
      },
    },
    onTick(draft) {
      draft.turn += 1;
    },
  });
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-past-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

interface Written extends Pick<Change<Galaxy>, 'seq' | 'tick' | 'time' | 'command' | 'player' | 'args'> {
  readonly state: string | undefined;
}

function plain(state: {
  systems: Iterable<[string, System]>;
  log: readonly string[];
  turn: number;
}): string | undefined {
  return canonical({ ...state, systems: Object.fromEntries(state.systems) });
}

/** Plays and writes down what happened, with the state after each change. */
async function play(orrery: Orrery, type: ReturnType<typeof galaxyOf>, turns: number): Promise<Written[]> {
  const roll = dice(42);
  const game = await orrery.open(type, 'andromeda', 6);
  const written: Written[] = [];
  const write = (change: Pick<Change<Galaxy>, 'seq' | 'tick' | 'time' | 'command' | 'player' | 'args'>): void => {
    const { seq, tick, time, command, player, args } = change;
    written.push({ seq, tick, time, command, player, args, state: plain(game.state as never) });
  };
  game.subscribe((change) => write(change as never));
  for (let turn = 0; turn < turns; turn += 1) {
    const id = `s${roll(9)}`;
    const options = { player: ['ada', 'bob'][roll(2)] as string };
    if (roll(4) === 0) game.dispatch('note', `turn ${turn}`, options);
    else if (roll(6) === 0) game.dispatch('leave', id, options);
    else if (roll(5) === 0) game.dispatch('found', id, options);
    else game.dispatch('mine', { id, metal: roll(3) }, options);
    if (roll(5) === 0) game.advance();
    if (roll(40) === 0) await orrery.checkpoint();
  }
  await orrery.flush();
  return written;
}

/** What a past tells, without what depends on how far steps were merged. */
async function askEverything(past: HistoryReader, written: readonly Written[]): Promise<number[]> {
  const steps = await all(past.steps());
  expect(steps.flatMap(({ commands }) => commands)).toEqual(
    written.map(({ seq, tick, time, command: name, player, args }) => ({ seq, tick, time, name, player, args })),
  );
  const kept = steps.map(({ lastSeq }) => lastSeq);
  for (const seq of kept.filter((_, index) => index % 7 === 0 || index === kept.length - 1)) {
    const { state, ...rest } = await past.stateAt({ seq });
    const { tick, time, state: due } = written[seq - 1] as Written;
    expect(rest).toEqual({ game: 'andromeda', type: 'galaxy', version: 2, seq, tick, time, tables: ['systems'] });
    expect(canonical(state)).toBe(due);
  }
  return kept;
}

describe.each(['commands', 'ticks', 'batches'] as const)('a past with history: %s', (history) => {
  it('[PA20] is the same in memory, on disk, on disk after a restart, and read beside the process', async () => {
    const type = galaxyOf(history);
    {
      await using orrery = await openOrrery({ directory, games: [type], store: () => new MemoryStore() });
      const written = await play(orrery, type, 300);
      const kept = await askEverything(await ask(orrery, 'andromeda').reader(), written);
      expect(kept).toEqual(written.map(({ seq }) => seq));
    }
    let written: Written[];
    {
      await using orrery = await openOrrery({ directory, games: [type], shards: 2 });
      written = await play(orrery, type, 300);
      await askEverything(await ask(orrery, 'andromeda').reader(), written);
      const beside = await openDirectoryPast(directory, 'andromeda');
      await askEverything(beside, written);
      await beside.close();
    }
    await using orrery = await openOrrery({ directory, games: [type] });
    const kept = await askEverything(await ask(orrery, 'andromeda').reader(), written);
    if (history === 'commands') expect(kept.length).toBe(written.length);
    else expect(kept.length).toBeLessThan(written.length);
    expect([...orrery.loaded()]).toEqual([]);
  });

  it('[PA21] answers who changed a value, what was then, what differs and what happened, of a game that is not in memory', async () => {
    const type = galaxyOf(history);
    let written: Written[];
    {
      await using orrery = await openOrrery({ directory, games: [type] });
      written = await play(orrery, type, 200);
    }
    await using orrery = await openOrrery({ directory, games: [type] });
    const kept = (await all((await ask(orrery, 'andromeda').reader()).steps())).map(({ lastSeq }) => lastSeq);
    const metalAt = (seq: number): unknown => {
      const state = JSON.parse(seq === 0 ? '{"systems":{"s1":{"metal":1}}}' : (written[seq - 1]?.state as string));
      return state.systems.s1?.metal;
    };
    const changes = [0, ...kept].filter(
      (seq, index, list) => index === 0 || metalAt(seq) !== metalAt(list[index - 1] as number),
    );
    const blamed = await all(ask(orrery, 'andromeda').blame('/systems/s1/metal', { expand: false }));
    expect(blamed.map(({ seq }) => seq)).toEqual(changes.reverse());
    expect(blamed.map(({ after }) => after)).toEqual(changes.map(metalAt));
    for (const { merged, commands, command, player } of blamed.slice(0, -1)) {
      expect(merged).toBe(commands.length > 1);
      expect([command, player]).toEqual(merged ? [undefined, undefined] : [commands[0]?.name, commands[0]?.player]);
    }
    // The newest alone, without reading what is older.
    const newest = await ask(orrery, 'andromeda').blame(['systems', 's1', 'metal'], { expand: false }).next();
    expect(newest.value).toEqual(blamed[0]);

    const last = written.at(-1) as Written;
    const { state } = await ask(orrery, 'andromeda').at({ tick: last.tick });
    expect(canonical(state)).toBe(last.state);
    const difference = await ask(orrery, 'andromeda').diff({ seq: 0 }, { seq: last.seq }, { path: '/turn' });
    expect(difference.changes).toEqual([
      { op: 'replace', path: ['turn'], pointer: '/turn', before: 0, after: last.tick },
    ]);
    const ada = await all(ask(orrery, 'andromeda').entries({ player: 'ada', command: 'mine', backwards: true }));
    expect(ada.map(({ seq }) => seq)).toEqual(
      written
        .filter(({ player, command }) => player === 'ada' && command === 'mine')
        .map(({ seq }) => seq)
        .reverse(),
    );
    const moments = await all(ask(orrery, 'andromeda').replay({ from: { tick: 3 }, nearest: true }));
    expect(moments.length).toBeGreaterThan(2);
    for (const { seq, state: then } of moments.slice(1)) expect(canonical(then)).toBe(written[seq - 1]?.state);
    expect([...orrery.loaded()]).toEqual([]);
  });
});

it('[PA22] a past longer than any page is read whole, either way, while the game goes on', async () => {
  const type = galaxyOf('commands');
  await using orrery = await openOrrery({ directory, games: [type] });
  const game = await orrery.open(type, 'andromeda', 3);
  const COUNT = 5200;
  for (let turn = 1; turn <= COUNT; turn += 1) {
    // Among many others there are some that concern the log, and it is no small value.
    if (turn % 400 === 0) game.dispatch('note', `${'x'.repeat(2000)}${turn}`, { player: 'ada' });
    else game.dispatch('mine', { id: 's1', metal: 1 });
  }
  await orrery.flush();
  const seqs: number[] = [];
  for await (const { seq } of ask(orrery, 'andromeda').entries({ to: COUNT })) {
    if (seq % 1000 === 0) game.dispatch('mine', { id: 's2', metal: 1 });
    seqs.push(seq);
  }
  expect(seqs).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
  await orrery.flush();
  const back = await all(ask(orrery, 'andromeda').entries({ backwards: true, to: COUNT }));
  expect(back.map(({ seq }) => seq)).toEqual(seqs.reverse());
  const notes = await all(ask(orrery, 'andromeda').blame('/log'));
  expect(notes.map(({ seq }) => seq)).toEqual([
    5200, 4800, 4400, 4000, 3600, 3200, 2800, 2400, 2000, 1600, 1200, 800, 400, 0,
  ]);
  expect(notes[0]?.before).toEqual(notes[1]?.after);
  expect((await all(ask(orrery, 'andromeda').blame('/systems/s0/metal'))).map(({ command }) => command)).toEqual([
    '@create',
  ]);
  const whole = await all(ask(orrery, 'andromeda').blame('', { to: 600 }));
  expect(whole.map(({ seq }) => seq)).toEqual(Array.from({ length: 601 }, (_, index) => 600 - index));
  expect(whole.map(({ after }) => (after as unknown as { systems: { s1: System } }).systems.s1.metal)).toEqual(
    whole.map(({ seq }) => 1 + seq - Math.floor(seq / 400)),
  );
});

it('[PA23] games that are not there, ids that are none and an orrery that is closed are errors', async () => {
  const type = galaxyOf('ticks');
  const orrery = await openOrrery({ directory, games: [type] });
  await orrery.open(type, 'andromeda', 1);
  const questions = (id: string): readonly (() => Promise<unknown>)[] => [
    () => ask(orrery, id).reader(),
    () => ask(orrery, id).at({ seq: 0 }),
    () => ask(orrery, id).diff({ seq: 0 }, { seq: 0 }),
    () => all(ask(orrery, id).entries()),
    () => all(ask(orrery, id).blame('')),
    () => all(ask(orrery, id).replay()),
  ];
  for (const ask of questions('nobody')) {
    await expect(ask()).rejects.toMatchObject({ code: 'GAME_NOT_FOUND', context: { game: 'nobody' } });
  }
  for (const ask of questions('')) await expect(ask()).rejects.toMatchObject({ code: 'INVALID_GAME_ID' });
  await expect(ask(orrery, 'andromeda').at({ seq: 1 })).rejects.toMatchObject({
    code: 'MOMENT_NOT_KEPT',
    context: { game: 'andromeda', seq: 1, before: 0 },
  });
  await expect(ask(orrery, 'andromeda').at({ seq: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  // What no thread could be sent, and what is no moment at all.
  for (const moment of [galaxyOf('commands'), { seq: () => 1 }, { initial: () => 1 }, Symbol('now'), null, '1', [1]]) {
    await expect(ask(orrery, 'andromeda').at(moment as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  }
  expect(await all(ask(orrery, 'andromeda').blame('/turn'))).toMatchObject([
    { seq: 0, op: 'add', after: 0, command: '@create' },
  ]);
  await expect(openDirectoryPast(directory, 'nobody')).rejects.toMatchObject({ code: 'GAME_NOT_FOUND' });
  await orrery.close();
  for (const ask of questions('andromeda')) await expect(ask()).rejects.toMatchObject({ code: 'CLOSED' });
});

it('[PA26] states of the past have the entities of a table in the order that the live game had them in', async () => {
  for (const store of [undefined, () => new MemoryStore()]) {
    const type = galaxyOf('commands');
    await using orrery = await openOrrery({ directory, games: [type], ...(store ? { store } : {}) });
    const game = await orrery.open(type, 'andromeda', 3);
    const states = new Map([[0, JSON.stringify(game.state)]]);
    game.subscribe(({ seq, state }) => states.set(seq, JSON.stringify(state)));
    for (const id of ['zeta', 's10', 'alpha', '20', '3', 's0a']) await game.dispatch('found', id).durable;
    await game.dispatch('leave', 's1').durable;
    await game.dispatch('found', 's1').durable;
    game.advance();
    await orrery.flush();
    for (const [seq, text] of states) expect(JSON.stringify((await ask(orrery, 'andromeda').at(seq)).state)).toBe(text);
    const steps = await all(ask(orrery, 'andromeda').replay());
    expect(steps.map(({ state }) => JSON.stringify(state))).toEqual([...states.values()]);
    for (const place of ['/systems', '']) {
      const blamed = await all(ask(orrery, 'andromeda').blame(place, { from: 1 }));
      const told = blamed.map(({ seq, before, after }) => [seq, JSON.stringify(before), JSON.stringify(after)]);
      const stood = (seq: number): string | undefined => {
        const state = JSON.parse(states.get(seq) as string) as { systems: object };
        return JSON.stringify(place === '' ? state : state.systems);
      };
      expect(told.length).toBeGreaterThan(7);
      expect(told).toEqual(blamed.map(({ seq }) => [seq, stood(seq - 1), stood(seq)]));
    }
    if (store) continue;
    const past = await openDirectoryPast(directory, 'andromeda');
    for (const [seq, text] of states) expect(JSON.stringify((await past.stateAt({ seq })).state)).toBe(text);
    await past.close();
  }
});
