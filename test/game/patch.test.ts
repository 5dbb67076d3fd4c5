import fastJsonPatch from 'fast-json-patch';
import { describe, expect, it } from 'vitest';
import { verify } from '#history/rerun/verify.ts';
import { defineGame, type JsonPatchOperation, table, toJsonPatch } from '#index.ts';
import { ask } from '../history/ask.ts';
import { changesOf, folded, galaxy, isDeeplyFrozen, json, plain, play, refusal, reloaded, sandbox } from './galaxy.ts';
import { PATCH_CASES } from './patch-cases.ts';
import { patchedByOracle, sorted } from './patch-oracle.ts';

type Operations = readonly JsonPatchOperation[];

const world = () =>
  sandbox(() => ({
    n: 1,
    list: [1, 2, 3],
    units: table<{ hp: number; at?: string; cargo?: unknown[] }>({ a: { hp: 1 }, b: { hp: 2 }, c: { hp: 3 } }),
    empty: table<number>(),
  }));

describe('the cases', () => {
  it('[JP1] are many, and have no title twice', () => {
    expect(PATCH_CASES.length).toBeGreaterThan(100);
    expect(new Set(PATCH_CASES.map(({ what }) => what)).size).toBe(PATCH_CASES.length);
  });

  it.each(PATCH_CASES)('[JP1] $what', async ({ state, patch, gives }) => {
    const { game, store } = await play(sandbox(() => structuredClone(state)));
    const changes = changesOf(game);
    const before = json(game);
    const given = sortedIfPossible(patch);
    if (typeof gives === 'string') {
      const error = refusal(gives, () => game.patch(patch as Operations));
      expect(error.context).toMatchObject({ game: 'andromeda', command: '@patch' });
      if (gives !== 'NOT_PERSISTABLE' || error.context.path !== '')
        expect(error.context['operation']).toBeTypeOf('number');
      expect(json(game)).toBe(before);
      expect(game.seq).toBe(0);
      expect(changes).toEqual([]);
      return;
    }
    game.patch(patch as Operations);
    expect(sorted(game.state)).toBe(sorted(gives));
    expect(sorted(patchedByOracle(state, patch))).toBe(sorted(gives));
    expect(folded(JSON.parse(before) as never, changes[0]!.patches, game.state)).toBe(json(game));
    expect(sortedIfPossible(patch)).toBe(given);
    const { durable } = game.update(() => {});
    await durable;
    expect(
      json(
        await reloaded(
          store,
          sandbox(() => ({})),
        ),
      ),
    ).toBe(json(game));
  });

  it('[JP2] what toJsonPatch tells of a change does the same to another game', async () => {
    for (const { what, state, patch, gives } of PATCH_CASES) {
      if (typeof gives === 'string') continue;
      const { game } = await play(sandbox(() => structuredClone(state)));
      const { game: twin } = await play(sandbox(() => structuredClone(state)));
      const changes = changesOf(game);
      const echoes = changesOf(twin);
      game.patch(patch as Operations);
      const operations = toJsonPatch(changes[0]!.patches);
      twin.patch(JSON.parse(JSON.stringify(operations)) as Operations);
      expect(json(twin), what).toBe(json(game));
      expect(toJsonPatch(echoes[0]!.patches), what).toEqual(operations);
      expect(sorted(patchedByOracle(state, operations)), what).toBe(sorted(gives));
    }
  });
});

/** Some cases hold what JSON has not. */
function sortedIfPossible(patch: readonly object[]): string {
  return sorted(
    patch.map((operation) => ({
      ...operation,
      value: JSON.stringify((operation as { value?: unknown }).value) ?? null,
    })),
  );
}

describe('a patch as a command', () => {
  it('[JP3] is one record, @patch, of what changed, without arguments; its receipt is like any other', async () => {
    const { game, orrery, store } = await play(galaxy);
    const changes = changesOf(game);
    const receipt = game.patch(
      [
        { op: 'test', path: '/treasury', value: 100 },
        { op: 'replace', path: '/systems/sol/metal', value: 9 },
        { op: 'add', path: '/log/-', value: 'mined' },
        { op: 'replace', path: '/treasury', value: 100 },
      ],
      { player: 'ada' },
    );
    expect(receipt).toMatchObject({ seq: 1, tick: 0 });
    expect(changes[0]).toMatchObject({ seq: 1, command: '@patch', args: undefined, player: 'ada' });
    expect(changes[0]!.patches).toEqual([
      { op: 'replace', path: ['systems', 'sol', 'metal'], value: 9 },
      { op: 'add', path: ['log', 0], value: 'mined' },
    ]);
    expect(changes[0]!.state).toBe(game.state);
    expect(isDeeplyFrozen(game.state)).toBe(true);
    await receipt.durable;
    expect(json(await reloaded(store, galaxy))).toBe(json(game));
    const entries = [];
    for await (const entry of ask(orrery, 'andromeda').entries()) entries.push([entry.name, entry.player, entry.args]);
    expect(entries).toEqual([['@patch', 'ada', undefined]]);
  });

  it('[JP3] one without operations, or of tests alone, is a record without changes, and the state stays the same object', async () => {
    const { game } = await play(galaxy);
    const changes = changesOf(game);
    const { state } = game;
    game.patch([]);
    game.patch([
      { op: 'test', path: '/systems/sol', value: { metal: 1, queue: [], orbit: { moons: ['m'], radius: 1 } } },
    ]);
    game.patch([{ op: 'test', path: '', value: plain(state) }]);
    game.patch([{ op: 'copy', from: '/systems', path: '/systems' }]);
    expect(changes.map(({ seq, patches }) => [seq, patches])).toEqual([1, 2, 3, 4].map((seq) => [seq, []]));
    expect(game.state).toBe(state);
  });

  it('[JP4] leaves whatever it does not name the same object', async () => {
    const { game } = await play(galaxy);
    const before = game.state;
    game.patch([{ op: 'add', path: '/systems/sol/queue/0', value: 'mine' }]);
    expect(game.state.systems.get('vega')).toBe(before.systems.get('vega'));
    expect(game.state.systems.get('sol')!.orbit).toBe(before.systems.get('sol')!.orbit);
    expect(game.state.home).toBe(before.home);
    expect(game.state.fleets).toBe(before.fleets);
    expect(before.systems.get('sol')!.queue).toEqual([]);
  });

  it('[JP5] is refused whole by a failing test, which names the operation and its path', async () => {
    const { game } = await play(galaxy);
    const before = game.state;
    const error = refusal('PATCH_TEST_FAILED', () =>
      game.patch([
        { op: 'remove', path: '/systems/vega' },
        { op: 'replace', path: '/treasury', value: 1 },
        { op: 'test', path: '/systems/sol/metal', value: 2 },
        { op: 'add', path: '/nonsense/here', value: 1 },
      ]),
    );
    expect(error.context).toEqual({ game: 'andromeda', command: '@patch', path: '/systems/sol/metal', operation: 2 });
    expect(error.message).toContain('path "/systems/sol/metal", operation 2]');
    expect(game.state).toBe(before);
    expect(game.seq).toBe(0);
  });

  it('[JP6] is refused by invariants, from inside a command, by a game that is not in memory and by a closed orrery', async () => {
    const { game, orrery } = await play(galaxy, { maxLoadedGames: 1 });
    const debt: Operations = [{ op: 'replace', path: '/treasury', value: -1 }];
    expect(refusal('INVARIANT_FAILED', () => game.patch(debt)).context).toMatchObject({ command: '@patch' });
    expect(game.state.treasury).toBe(100);
    const nested = refusal('COMMAND_NESTED', () => game.update(() => void game.patch([])));
    expect(nested.context).toMatchObject({ game: 'andromeda', command: '@patch' });
    const again: number[] = [];
    const end = game.subscribe(({ seq }) => {
      again.push(seq);
      if (seq === 1) game.patch([{ op: 'add', path: '/log/-', value: 'heard' }]);
    });
    await game.patch([{ op: 'add', path: '/log/-', value: 'said' }]).durable;
    end();
    expect(again).toEqual([1, 2]);
    expect(game.state.log).toEqual(['said', 'heard']);
    await orrery.open(galaxy, 'other');
    refusal('GAME_EVICTED', () => game.patch([]));
    await orrery.close();
    refusal('CLOSED', () => game.patch([]));
  });

  it('[JP6] has the options of a command and no others, and is bounded like one', async () => {
    const { game } = await play(galaxy, { maxRecordBytes: 2000 });
    refusal('INVALID_OPTION', () => game.patch([], { who: 'ada' } as never));
    refusal('NOT_PERSISTABLE', () => game.patch([], { player: '\ud800' }));
    refusal('RECORD_TOO_LARGE', () => game.patch([{ op: 'add', path: '/log/-', value: 'x'.repeat(3000) }]));
    expect(game.seq).toBe(0);
  });

  it.each([undefined, null, 5, 'add', {}, new Map(), { length: 1 }, [undefined], [null], ['add'], new Array(1)])(
    '[JP7] %o in place of a document is refused',
    async (given) => {
      const { game } = await play(world());
      const error = refusal('INVALID_OPTION', () => game.patch(given as never));
      expect(error.context).toMatchObject({ game: 'andromeda', command: '@patch' });
    },
  );
});

describe('a patch from anywhere', () => {
  it('[JP12] takes what toJsonPatch and fast-json-patch make; what is no operation does not compile', async () => {
    const { game } = await play(world());
    const wanted = { ...game.copy(), n: 2, list: [1, 3] };
    game.patch(fastJsonPatch.compare(game.copy(), wanted));
    expect(game.copy()).toEqual(wanted);
    game.patch(toJsonPatch([{ op: 'add', path: ['list', 2], value: 4 }]));
    expect(game.state.list).toEqual([1, 3, 4]);
    const typed: readonly JsonPatchOperation[] = [{ op: 'test', path: '/n', value: 2 }];
    game.patch(typed);
    const compiled = () => {
      // @ts-expect-error no such operation
      game.patch([{ op: 'swap', path: '/n', value: 1 }]);
      // @ts-expect-error a value is missing
      game.patch([{ op: 'add', path: '/n' }]);
      // @ts-expect-error a path is a pointer
      game.patch([{ op: 'remove', path: ['n'] }]);
      // @ts-expect-error a list
      game.patch({ op: 'remove', path: '/n' });
    };
    expect(compiled).toBeTypeOf('function');
  });

  it('[JP9] keeps nothing of the document, and leaves it as it is', async () => {
    const { game } = await play(world());
    const value = { deep: [{ x: 1 }] };
    const operations: Operations = [
      { op: 'add', path: '/a', value },
      { op: 'add', path: '/b', value },
      { op: 'replace', path: '/a/deep/0/x', value: 2 },
    ];
    game.patch(operations);
    expect(value).toEqual({ deep: [{ x: 1 }] });
    expect(Object.isFrozen(value)).toBe(false);
    value.deep[0]!.x = 3;
    expect(plain(game.state)).toMatchObject({ a: { deep: [{ x: 2 }] }, b: { deep: [{ x: 1 }] } });
    const fixed = Object.freeze([Object.freeze({ op: 'add', path: '/c', value: Object.freeze({ y: 1 }) })]);
    game.patch([...(fixed as unknown as Operations), { op: 'replace', path: '/c/y', value: 2 }]);
    expect(plain(game.state)).toMatchObject({ c: { y: 2 } });
  });

  it('[JP9] is read once: a getter and a proxy give what they gave first, and what throws is refused', async () => {
    const { game } = await play(world());
    let reads = 0;
    const shifty = {
      op: 'add',
      get path() {
        reads += 1;
        return reads === 1 ? '/a' : '/n';
      },
      value: 7,
    };
    game.patch([shifty as never]);
    expect(plain(game.state)).toMatchObject({ a: 7, n: 1 });
    game.patch(new Proxy([new Proxy({ op: 'add', path: '/b', value: new Proxy({ x: 1 }, {}) }, {})], {}) as never);
    expect(plain(game.state)).toMatchObject({ b: { x: 1 } });
    const thrower = new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => {
          throw new Error('no');
        },
      },
    );
    for (const document of [[thrower], Proxy.revocable([], {}).proxy && [thrower]]) {
      expect(refusal('NOT_PERSISTABLE', () => game.patch(document as never)).context).toMatchObject({
        command: '@patch',
      });
    }
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    refusal('NOT_PERSISTABLE', () => game.patch(proxy as never));
    refusal('INVALID_OPTION', () => game.patch([Object.create({ op: 'remove', path: '/n' }) as never]));
    expect(game.seq).toBe(2);
  });

  it('[JP9] cycles, depth and what dispatches while it is read are refused', async () => {
    const { game } = await play(world());
    const cycle: { self?: object } = {};
    cycle.self = cycle;
    refusal('NOT_PERSISTABLE', () => game.patch([{ op: 'add', path: '/a', value: cycle }]));
    let deep: unknown = 1;
    for (let depth = 0; depth < 70; depth += 1) deep = { deep };
    refusal('NOT_PERSISTABLE', () => game.patch([{ op: 'add', path: '/a', value: deep }]));
    let nested: unknown = 1;
    for (let depth = 0; depth < 40; depth += 1) nested = { nested };
    game.patch([{ op: 'add', path: '/a', value: nested }]);
    const into = `/a${'/nested'.repeat(40)}`;
    refusal('NOT_PERSISTABLE', () => game.patch([{ op: 'copy', from: '/a', path: into }]));
    refusal('POINTER_NOT_FOUND', () => game.patch([{ op: 'add', path: '/x'.repeat(5000), value: 1 }]));
    expect(game.seq).toBe(1);
  });

  it('[JP10] one that doubles the state again and again is stopped', async () => {
    const { game } = await play(world());
    const bomb = Array.from({ length: 40 }, (_, index) => ({ op: 'copy' as const, from: '', path: `/c${index}` }));
    const error = refusal('RECORD_TOO_LARGE', () => game.patch(bomb));
    expect(error.context['operation']).toBeLessThan(25);
    expect(game.seq).toBe(0);
  });

  it('[JP11] is run again as update and save are: passed over, and taken over as it was recorded', async () => {
    const counter = defineGame('counter', {
      version: 1,
      history: 'commands',
      initial: () => ({ n: 0, list: [0] }),
      commands: {
        add(draft, by: number) {
          draft.n += by;
          draft.list.push(draft.n);
        },
      },
    });
    const { game, orrery } = await play(counter);
    game.dispatch('add', 1);
    game.patch([
      { op: 'replace', path: '/n', value: 50 },
      { op: 'move', from: '/list/1', path: '/list/0' },
    ]);
    await game.dispatch('add', 2).durable;
    const verification = await verify(await ask(orrery, 'andromeda').reader(), [counter]);
    expect(verification).toMatchObject({ steps: 2, commands: 2, different: 0, skipped: { anonymous: 1 } });
    const names = [];
    for await (const { name } of ask(orrery, 'andromeda').entries()) names.push(name);
    expect(names).toEqual(['add', '@patch', 'add']);
    expect((await ask(orrery, 'andromeda').at({ seq: 2 })).state).toEqual({ n: 50, list: [1, 0] });
  });
});
