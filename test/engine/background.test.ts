import { describe, expect, it, vi } from 'vitest';
import { Requests } from '#engine/requests.ts';
import { open, rejection } from '../game/galaxy.ts';
import { add, harbour, type Ledger, ledger, outcome, pass, settled, stopTime } from './harbour.ts';
import { StagedStore } from './staged-store.ts';

const many = Array.from({ length: 600 }, (_, number) => `new-${number}`);

const owed = (compactionLagBytes: number, checkpointDue = false) => ({
  compactionLagBytes,
  journalBytes: 0,
  checkpointDue,
  checkpointOverdue: false,
});

describe('checkpoints', () => {
  it('[O40] on request: each asker gets the report, and it is announced once', async () => {
    const { orrery, store, told } = await harbour();
    const [one, two] = await Promise.all([orrery.checkpoint(), orrery.checkpoint()]);
    expect(one).toEqual(two);
    expect(one).toMatchObject([{ generation: 0 }]);
    expect([store.calls, told]).toEqual([['checkpoint'], ['checkpoint 0']]);
  });

  it('[O40] when the store says that one is due', async () => {
    const { store, game, told } = await harbour();
    store.left = owed(0, true);
    await add(game).durable;
    await settled();
    expect([store.calls, told]).toEqual([['commit', 'checkpoint'], ['checkpoint 0']]);
  });

  it('[O41] on the auto-save interval, if anything has changed since the last', async () => {
    stopTime();
    const { store, game, told } = await harbour({ autoSaveIntervalMs: 500 });
    await pass(510);
    expect(told).toEqual(['checkpoint 0']);
    await pass(1000);
    expect(store.calls).toEqual(['checkpoint']);
    add(game);
    await pass(100);
    expect(store.calls).toEqual(['checkpoint', 'commit']);
    await pass(900);
    expect(store.calls).toEqual(['checkpoint', 'commit', 'checkpoint']);
  });

  it.each(['IO_FAILED', 'DISK_FULL', 'IMAGE_TOO_LARGE'] as const)(
    '[O42] %s: who asked is told, commits go on, and the trouble ends with the next that succeeds',
    async (code) => {
      const { orrery, store, game, told } = await harbour();
      stopTime();
      store.fail('checkpoint', code);
      const asked = rejection(code, orrery.checkpoint());
      await settled();
      await asked;
      expect([told, orrery.health.state]).toEqual([[`degraded ${code}`], 'degraded']);
      const receipt = outcome(add(game).durable);
      await settled();
      expect(receipt.state).toBe('done');
      expect(told).toEqual([`degraded ${code}`]);
      await pass(1000);
      if (code === 'IMAGE_TOO_LARGE') {
        expect(told).toEqual([`degraded ${code}`]);
        await orrery.checkpoint();
      }
      expect(told).toEqual([`degraded ${code}`, 'checkpoint 0', 'recovered 0']);
      expect(orrery.health.state).toBe('ok');
    },
  );

  it('[O42] trouble with commits and with checkpoints at once is one trouble, over when both are', async () => {
    const { orrery, store, game, told } = await harbour();
    stopTime();
    store.breakDown('DISK_FULL');
    for (let each = 0; each < 40; each += 1) store.fail('checkpoint', 'DISK_FULL');
    const receipt = outcome(add(game).durable);
    void rejection('DISK_FULL', orrery.checkpoint());
    await pass(3000);
    expect(told).toEqual(['degraded DISK_FULL']);
    store.heal();
    await pass(6000);
    expect([receipt.state, told]).toEqual(['done', ['degraded DISK_FULL']]);
    await pass(400_000);
    expect(told).toEqual(['degraded DISK_FULL', 'checkpoint 0', 'recovered 0']);
  });

  it('[O42] a failure of a checkpoint for good is one of the shard', async () => {
    const { orrery, store, game, told } = await harbour();
    store.fail('checkpoint', 'STALE_OWNER');
    await rejection('STALE_OWNER', orrery.checkpoint());
    await settled();
    expect(told).toEqual(['failed STALE_OWNER']);
    expect(() => add(game)).toThrow(expect.objectContaining({ code: 'STALE_OWNER' }));
  });

  it('[O43] a thread that dies over a checkpoint is replaced, and the next checkpoint succeeds', async () => {
    const { orrery, store, game, told } = await harbour();
    store.die('checkpoint', false);
    await rejection('OWNER_DIED', orrery.checkpoint());
    await add(game).durable;
    await orrery.checkpoint();
    expect(store.calls).toEqual(['checkpoint', 'open', 'commit', 'checkpoint']);
    expect(told).toEqual(['degraded OWNER_DIED', 'recovered 0', 'checkpoint 0']);
  });
});

describe('a checkpoint that is overdue', () => {
  it('[O47] takes turns with the commits of a loop that leaves no gaps; one that is merely due waits for a gap', async () => {
    for (const overdue of [false, true]) {
      const { store, game } = await harbour();
      store.left = { ...owed(0, true), checkpointOverdue: overdue };
      store.hold();
      let receipt = add(game);
      await store.asked('commit');
      store.release();
      // Whenever the store is done with a batch, there is another.
      for (let turn = 0; turn < 8; turn += 1) {
        await receipt.durable;
        receipt = add(game);
      }
      await receipt.durable;
      await settled();
      const commits = store.calls.lastIndexOf('commit');
      expect(store.calls.indexOf('checkpoint') < commits).toBe(overdue);
      expect(store.calls.filter((call) => call === 'checkpoint').length).toBe(1);
    }
  });
});

describe('a checkpoint in a loop that leaves no gaps', () => {
  /** Whenever the store is done with a batch, there is another. */
  async function loop(game: Ledger, turns: number, afterEach: () => void = () => undefined): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) {
      await add(game).durable;
      afterEach();
    }
  }

  it('[O47] that somebody waits for has a few of the turns from the first to the last slice', async () => {
    const { orrery, store, game, told } = await harbour();
    await loop(game, 20);
    store.slices = 3;
    const report = orrery.checkpoint();
    await loop(game, 40);
    expect(told).toEqual(['checkpoint 0']);
    await report;
    const slices = store.calls.flatMap((call, at) => (call === 'checkpoint' ? [at] : []));
    const [first, second, third] = slices as [number, number, number];
    expect(first).toBeLessThanOrEqual(20 + 8);
    expect([second - first, third - second, slices.length]).toEqual([8, 8, 3]);
  });

  it('[O47] that somebody asks for after a command holds it, whoever has the next turn', async () => {
    for (let turns = 0; turns < 17; turns += 1) {
      const { orrery, store, game } = await harbour();
      await loop(game, turns);
      add(game);
      const [report] = await orrery.checkpoint();
      expect(report).toBeDefined();
      expect(store.calls, `after ${turns} turns`).toEqual([...Array<string>(turns + 1).fill('commit'), 'checkpoint']);
    }
  });

  it('[O47] whose time has come has a few of the turns', async () => {
    stopTime();
    const { store, game, told } = await harbour({ autoSaveIntervalMs: 500 });
    await loop(game, 24, () => vi.advanceTimersByTime(20));
    expect(store.calls).not.toContain('checkpoint');
    await loop(game, 90, () => vi.advanceTimersByTime(20));
    expect(told).toEqual(Array(4).fill('checkpoint 0'));
  });
});

describe('compacting', () => {
  it('[O44] fills the gaps between commits, and stands back for them while it is within the bound', async () => {
    const { store, game } = await harbour({ compactionLagBytes: 10_000_000 });
    store.left = owed(500_000);
    store.hold();
    const first = add(game);
    await store.asked('commit');
    const second = add(game);
    store.release();
    await Promise.all([first.durable, second.durable]);
    await settled();
    expect(store.calls).toEqual(['commit', 'commit', 'compact']);
  });

  it('[O44] past the bound, commits wait for it', async () => {
    const { store, game } = await harbour({ compactionLagBytes: 10_000_000 });
    store.left = owed(10_000_001);
    store.hold();
    const first = add(game);
    await store.asked('commit');
    const second = add(game);
    store.release();
    await Promise.all([first.durable, second.durable]);
    expect(store.calls).toEqual(['commit', 'compact', 'commit']);
  });

  it('[O44] they do not wait for one batch that is larger than the bound, only for what is behind it', async () => {
    const { store, game } = await harbour({ compactionLagBytes: 10_000_000 });
    store.left = { ...owed(40_000_000), compactingBytes: 39_000_000 };
    store.hold();
    const first = add(game);
    await store.asked('commit');
    const second = add(game);
    store.release();
    await Promise.all([first.durable, second.durable]);
    expect(store.calls).toEqual(['commit', 'commit']);
    store.left = { ...owed(40_000_000), compactingBytes: 29_000_000 };
    await add(game).durable;
    await add(game).durable;
    expect(store.calls.slice(-3)).toEqual(['commit', 'compact', 'commit']);
  });

  it('[O44] a little is left until it is worth it', async () => {
    const { store, game } = await harbour();
    store.left = owed(1000);
    await add(game).durable;
    await settled();
    expect(store.calls).toEqual(['commit']);
  });

  it('[O45] that fails is tried again after a while and not at once; then all is well', async () => {
    const { store, game, told, orrery } = await harbour();
    stopTime();
    store.left = owed(500_000);
    store.fail('compact', 'IO_FAILED', 3);
    add(game);
    await settled();
    expect(store.calls).toEqual(['commit', 'compact']);
    await pass(2000);
    expect(store.calls).toEqual(['commit', 'compact', 'compact', 'compact', 'compact']);
    expect([told, orrery.health.state]).toEqual([['degraded IO_FAILED', 'recovered 0'], 'ok']);
  });
});

describe('questions', () => {
  it('[O46] are answered in turn with commits, however many of either there are', async () => {
    const { orrery, store, game } = await harbour();
    let go = true;
    const playing = (async () => {
      while (go) await add(game).durable;
    })();
    for (let asked = 0; asked < 10; asked += 1) expect((await orrery.list()).length).toBe(1);
    go = false;
    await playing;
    const lists = store.calls.flatMap((call, at) => (call === 'list' ? [at] : []));
    expect(lists).toHaveLength(10);
    expect(Math.max(...lists.map((at, index) => at - (lists[index - 1] ?? 0)))).toBeLessThanOrEqual(4);
    store.hold();
    add(game);
    await store.asked('commit');
    const answers = Promise.all(Array.from({ length: 10 }, () => orrery.list()));
    const receipt = add(game);
    store.calls.length = 0;
    store.release();
    await receipt.durable;
    expect(store.calls.filter((call) => call === 'list').length).toBeLessThanOrEqual(2);
    await answers;
  });

  it('[O55] games that are opened at once are created with one commit', async () => {
    const { orrery, store } = await harbour();
    stopTime();
    const games = await Promise.all(many.map((id) => orrery.open(ledger, id)));
    expect(store.calls).toEqual([...many.map(() => 'load'), 'commit']);
    expect(store.batches).toEqual([many.map((id) => `${id}:0`)]);
    expect(games.every((each) => each.loaded)).toBe(true);
  });

  it('[O55] a command that comes meanwhile does not wait for them', async () => {
    const { orrery, store, game } = await harbour();
    stopTime();
    const opening = Promise.all(many.map((id) => orrery.open(ledger, id)));
    await store.asked('load');
    await add(game).durable;
    expect(store.calls.filter((call) => call === 'load').length).toBeLessThan(10);
    await opening;
    expect(store.calls.filter((call) => call === 'commit').length).toBeLessThan(5);
  });

  it('[O55] who is first does not wait for long', async () => {
    class SlowStore extends StagedStore {
      override load(id: string) {
        vi.advanceTimersByTime(10);
        return super.load(id);
      }
    }
    const store = new SlowStore();
    const orrery = await open([ledger], { on: store });
    stopTime();
    await Promise.all(many.map((id) => orrery.open(ledger, id)));
    vi.useRealTimers();
    const sizes = store.batches.map(({ length }) => length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(many.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
  });

  it('[O46] what a question fails with is told to who asked, and to nobody else', async () => {
    const { orrery, store, game, told } = await harbour();
    store.fail('list', 'IO_FAILED');
    await rejection('IO_FAILED', orrery.list());
    await add(game).durable;
    expect([told, orrery.health.state]).toEqual([[], 'ok']);
  });
});

it('[O54] questions that wait have a bound, and go on below it', async () => {
  const requests = new Requests();
  const answers = Array.from({ length: 2 ** 16 }, (_, number) => requests.add(async () => number));
  await rejection(
    'BACKPRESSURE',
    requests.add(async () => -1),
  );
  await requests.askNext();
  expect(await answers[0]).toBe(0);
  const next = requests.add(async () => 'next');
  while (requests.waiting) await requests.askNext();
  expect([await next, await answers.at(-1)]).toEqual(['next', 2 ** 16 - 1]);
});
