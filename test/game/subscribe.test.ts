import { describe, expect, it } from 'vitest';
import { type Change, defineGame, type Orrery, table } from '#index.ts';
import { StagedStore } from '../engine/staged-store.ts';
import { ask } from '../history/ask.ts';
import { changesOf, galaxy, json, open, play, refusal, rejection, sandbox } from './galaxy.ts';

const counter = () => sandbox(() => ({ n: 0, units: table<number>() }));

describe('subscribers', () => {
  it('[D60] hear of each accepted change: what was asked, what it did, and the state after it', async () => {
    const { game } = await play(galaxy);
    const changes = changesOf(game);
    game.dispatch('build', { at: 'sol', metal: 1 }, { player: 'ada' });
    game.advance();
    refusal('INVARIANT_FAILED', () => game.dispatch('spend', 1e9));
    expect(changes).toHaveLength(2);
    expect(changes[0]).toMatchObject({
      game: 'andromeda',
      seq: 1,
      tick: 0,
      command: 'build',
      args: { at: 'sol', metal: 1 },
      player: 'ada',
    });
    expect(changes[1]).toMatchObject({ seq: 2, tick: 1, command: '@tick', args: undefined, player: undefined });
    expect(changes[1]!.state).toBe(game.state);
    expect(changes[0]!.state.ticks).toBe(0);
    expect(Object.isFrozen(changes[0])).toBe(true);
    expect(Object.isFrozen(changes[0]!.patches)).toBe(true);
  });

  it('[D61] hear of changes in order, also of those that a listener makes, whoever subscribed first', async () => {
    const { game } = await play(counter());
    const heard: string[] = [];
    const listen = (name: string, more?: (change: Change<{ n: number }>) => void): void => {
      game.subscribe((change) => {
        heard.push(`${name} ${change.seq}: ${change.state.n}`);
        more?.(change);
      });
    };
    const add = (): unknown => game.update((draft) => Object.assign(draft, { n: draft.n + 1 }));
    listen('first', ({ seq }) => {
      if (seq > 1) return;
      add();
      add();
    });
    listen('second');
    add();
    expect(heard).toEqual(['first 1: 1', 'second 1: 1', 'first 2: 2', 'second 2: 2', 'first 3: 3', 'second 3: 3']);
  });

  it('[D61] a listener may dispatch to another game, whose listeners hear at once', async () => {
    const orrery = await open([galaxy]);
    const [one, two] = [await orrery.open(galaxy, 'one'), await orrery.open(galaxy, 'two')];
    const heard: string[] = [];
    one.subscribe(({ game, seq }) => {
      heard.push(`${game} ${seq}`);
      two.dispatch('rest');
    });
    two.subscribe(({ game, seq }) => heard.push(`${game} ${seq}`));
    one.dispatch('rest');
    one.dispatch('rest');
    expect(heard).toEqual(['one 1', 'two 1', 'one 2', 'two 2']);
  });

  it('[D62] a listener that throws stops nobody, and the orrery reports it', async () => {
    const { game, orrery } = await play(counter());
    const reported: unknown[] = [];
    orrery.on('error', (error, id) => {
      reported.push([(error as Error).message, id]);
      throw new Error('and the one who listens to errors throws too');
    });
    game.subscribe(() => {
      throw new Error('first');
    });
    const changes = changesOf(game);
    game.update(() => {});
    game.update(() => {});
    expect(changes.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(reported).toEqual([
      ['first', 'andromeda'],
      ['first', 'andromeda'],
    ]);
  });

  it('[D62] a listener that is async and rejects ends no process: the orrery reports it', async () => {
    const { game, orrery } = await play(counter());
    const reported: unknown[] = [];
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what a user may write
    orrery.on('error', async (error) => {
      reported.push(error);
      throw new Error('and so does the one who listens to errors');
    });
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what a user may write
    game.subscribe(async ({ seq }) => {
      await Promise.resolve();
      throw new Error(`rejected ${seq}`);
    });
    const changes = changesOf(game);
    game.update(() => {});
    game.update(() => {});
    await new Promise(setImmediate);
    expect(changes.map(({ seq }) => seq)).toEqual([1, 2]);
    const messages = reported.map((error) => (error as Error).message).sort();
    expect(messages).toEqual(['rejected 1', 'rejected 2']);
  });

  it('[D62] what is to answer at once and is async ends no process when it rejects', async () => {
    const rejecting = async (): Promise<never> => {
      throw new Error('nobody looks');
    };
    const invariants = { holds: rejecting as never };
    const judged = defineGame('judged', { version: 1, initial: () => ({ n: 0 }), commands: {}, invariants });
    const made = defineGame('made', { version: 1, initial: rejecting as never, commands: {} });
    const schema = { safeParse: rejecting as never };
    const shaped = defineGame('shaped', { version: 1, initial: () => ({ n: 0 }), commands: {}, schema });
    const orrery = await open([judged, made, shaped]);
    const error = await rejection('INVARIANT_FAILED', orrery.open(judged, 'g'));
    expect(error.message).toContain('answered with a promise');
    await rejection('NOT_PERSISTABLE', orrery.open(made, 'g'));
    await rejection('SCHEMA_FAILED', orrery.open(shaped, 'g'));
    const sound = sandbox(() => ({ n: 0 }), 'sound');
    const other = await open([sound]);
    const game = await other.open(sound, 'g');
    await game.update(() => {}).durable;
    await expect(ask(other, 'g').recover({ mode: 'snapshot', check: rejecting as never })).rejects.toThrow('at once');
    await new Promise(setImmediate);
  });

  it('[D62] without a listener for errors, a subscriber that throws is no error of the process', async () => {
    const { game } = await play(counter());
    game.subscribe(() => {
      throw new Error('unheard');
    });
    expect(game.update(() => {}).seq).toBe(1);
  });

  it('[D63] hear nothing after they have unsubscribed, not even of the change that is being told', async () => {
    const { game } = await play(counter());
    const heard: string[] = [];
    const ends: (() => void)[] = [];
    game.subscribe(({ seq }) => {
      heard.push(`first ${seq}`);
      ends[0]?.();
    });
    ends.push(game.subscribe(({ seq }) => heard.push(`second ${seq}`)));
    game.update(() => {});
    expect(heard).toEqual(['first 1']);
    expect(ends[0]?.()).toBeUndefined();
  });

  it('[D63] who subscribes in the middle hears from the next change on', async () => {
    const { game } = await play(counter());
    const heard: string[] = [];
    game.subscribe(({ seq }) => {
      if (seq === 1) game.subscribe((change) => heard.push(`late ${change.seq}`));
    });
    game.update(() => {});
    expect(heard).toEqual([]);
    game.update(() => {});
    expect(heard).toEqual(['late 2']);
  });

  it('[D63] one function that subscribes twice is told twice, and ends each for itself', async () => {
    const { game } = await play(counter());
    let told = 0;
    const listener = (): void => {
      told += 1;
    };
    const [end] = [game.subscribe(listener), game.subscribe(listener)];
    game.update(() => {});
    expect(told).toBe(2);
    end();
    game.update(() => {});
    expect(told).toBe(3);
  });

  it("[D64] with 'strict', are told only when a change is durable, in order; the state is there at once", async () => {
    const store = new StagedStore();
    const orrery = await open([galaxy], { on: store, durability: 'strict' });
    const game = await orrery.open(galaxy, 'andromeda');
    const changes = changesOf(game);
    const heard: number[] = [];
    game.subscribe(({ seq }) => heard.push(seq));
    store.hold();
    game.dispatch('rest');
    await store.asked('commit');
    const receipts = [game.dispatch('spend', 1), game.dispatch('spend', 2)];
    expect(game.state.treasury).toBe(97);
    expect(changes).toEqual([]);
    store.release();
    await receipts[1]!.durable;
    await Promise.resolve();
    expect(changes.map(({ seq, state }) => [seq, state.treasury])).toEqual([
      [1, 100],
      [2, 99],
      [3, 97],
    ]);
    expect(heard).toEqual([1, 2, 3]);
  });

  it("[D64] with 'strict', a change that never becomes durable is never told", async () => {
    const store = new StagedStore();
    const orrery: Orrery = await open([galaxy], { on: store, durability: 'strict' });
    const game = await orrery.open(galaxy, 'andromeda');
    const changes = changesOf(game);
    store.fail('commit', 'STALE_OWNER');
    await expect(game.dispatch('rest').durable).rejects.toMatchObject({ code: 'STALE_OWNER' });
    expect(changes).toEqual([]);
  });

  it('[D65] a change keeps its state when the game has moved on', async () => {
    const { game } = await play(counter());
    const changes = changesOf(game);
    for (let n = 1; n <= 3; n += 1) {
      game.update((draft) => {
        draft.n = n;
        draft.units.set(`u${n}`, n);
      });
    }
    expect(changes.map(({ state }) => JSON.stringify(state))).toEqual([
      '{"n":1,"units":{"u1":1}}',
      '{"n":2,"units":{"u1":1,"u2":2}}',
      json(game),
    ]);
  });
});
