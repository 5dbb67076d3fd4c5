import { describe, expect, it } from 'vitest';
import { MemoryStore, openOrrery } from '#index.ts';
import { DEFAULTS } from '#options.ts';
import { galaxy, open, rejection, sandbox, silent } from './galaxy.ts';

const positives = [
  'shards',
  'flushIntervalMs',
  'coalescingDelayMs',
  'autoSaveIntervalMs',
  'shutdownTimeoutMs',
  'commitQueueBytes',
  'batchBytes',
  'compactionLagBytes',
  'checkpointBytes',
  'maxImageBytes',
  'maxStateBytes',
  'maxRecordBytes',
  'maxLoadedGames',
];

const invalid: [option: string, value: unknown][] = [
  ...positives.flatMap((option) =>
    [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null].map((value) => [option, value] as [string, unknown]),
  ),
  ['shards', 257],
  ['flushIntervalMs', 10_001],
  ['coalescingDelayMs', 600_001],
  ['autoSaveIntervalMs', 2 ** 31],
  ['shutdownTimeoutMs', 2 ** 31],
  ['maxImageBytes', 2 ** 31],
  ['maxStateBytes', 500 * 2 ** 20 + 1],
  ['maxRecordBytes', 500 * 2 ** 20 + 1],
  ['directory', ''],
  ['directory', 'a\0b'],
  ['directory', undefined],
  ['directory', new URL('file:///tmp')],
  ['games', []],
  ['games', undefined],
  ['games', [{}]],
  ['games', [null]],
  ['games', [{ version: 1, initial: () => ({}), commands: {} }]],
  ['durability', 'always'],
  ['overflow', 'drop'],
  ['commandIndex', 'yes'],
  ['logger', 'loud'],
  ['logger', {}],
  ['workerUrl', './worker.js'],
  ['store', new MemoryStore()],
  ['hz', 60],
];

describe('options', () => {
  it.each(invalid)('[OP1] %s: %o is INVALID_OPTION, which names it', async (option, value) => {
    const options = { directory: './not-used', games: [galaxy], store: () => new MemoryStore(), logger: silent };
    const error = await rejection('INVALID_OPTION', openOrrery({ ...options, [option]: value } as never));
    expect(error.message).toContain(option);
  });

  it('[OP1] no options at all, and several at fault, are told in one error', async () => {
    await rejection('INVALID_OPTION', openOrrery(undefined as never));
    const error = await rejection(
      'INVALID_OPTION',
      openOrrery({ directory: '', games: [], overflow: 'drop' } as never),
    );
    for (const option of ['directory', 'games', 'overflow']) expect(error.message).toContain(option);
  });

  it('[OP2] two game types of one name are refused', async () => {
    const twins = [sandbox(() => ({ a: 1 })), sandbox(() => ({ b: 1 }))];
    const error = await rejection('INVALID_OPTION', open(twins));
    expect(error.context).toEqual({ type: 'sandbox' });
  });

  it('[OP3] options that are undefined take their defaults', async () => {
    const undefineds = Object.fromEntries(
      [...Object.keys(DEFAULTS), 'shards', 'workerUrl'].map((key) => [key, undefined]),
    );
    const orrery = await open([galaxy], undefineds);
    expect((await orrery.open(galaxy, 'g')).state.treasury).toBe(100);
    expect(orrery.health).toMatchObject({ state: 'ok', shards: [{ state: 'ok' }] });
  });

  it('[OP4] a type that was not given to openOrrery is INVALID_GAME_TYPE, even under a name that was', async () => {
    const orrery = await open([sandbox(() => ({ n: 1 }))]);
    for (const type of [galaxy, sandbox(() => ({ n: 1 })), {}, undefined, null, 'sandbox']) {
      await rejection('INVALID_GAME_TYPE', orrery.open(type as typeof galaxy, 'g'));
    }
  });

  it('[OP5] a game belongs to one type and one version', async () => {
    const store = new MemoryStore();
    const other = sandbox(() => ({ n: 1 }));
    const orrery = await open([galaxy, other], { on: store });
    await orrery.open(galaxy, 'g');
    expect((await rejection('GAME_TYPE_MISMATCH', orrery.open(other, 'g'))).context).toMatchObject({ game: 'g' });
    await orrery.close();
    const again = await open([galaxy, other], { on: store });
    await rejection('GAME_TYPE_MISMATCH', again.open(other, 'g'));
    const newer = { ...galaxy, version: 2 };
    const missing = await rejection('MIGRATION_MISSING', (await open([newer], { on: store })).open(newer, 'g'));
    expect(missing.context).toMatchObject({ game: 'g', from: 1, to: 2 });
    const older = { ...galaxy, version: 0 };
    const error = await rejection('GAME_VERSION', (await open([older], { on: store })).open(older, 'g'));
    expect(error.context).toMatchObject({ game: 'g', stored: 1, asked: 0 });
    expect((await again.open(galaxy, 'g')).seq).toBe(0);
  });

  it('[OP6] load refuses to create; what it looked for is in the error', async () => {
    const orrery = await open([galaxy]);
    const error = await rejection('GAME_NOT_FOUND', orrery.load(galaxy, 'nowhere'));
    expect(error.context).toEqual({ game: 'nowhere', type: 'galaxy' });
    expect(await orrery.list()).toEqual([]);
  });

  it('[OP7] a state over maxStateBytes and a record over maxRecordBytes are refused, and the game plays on', async () => {
    const type = sandbox(() => ({ text: '', list: [] as string[] }));
    const store = new MemoryStore();
    const orrery = await open([type], { on: store, maxStateBytes: 2000, maxRecordBytes: 1000 });
    const game = await orrery.open(type, 'g');
    const large = { game: 'g', command: '@update' };
    const write = (length: number) => game.update((draft) => Object.assign(draft, { text: 'x'.repeat(length) }));
    for (let round = 0; round < 20; round += 1) write(800 + round);
    expect(() => write(1000)).toThrow(expect.objectContaining({ code: 'RECORD_TOO_LARGE', context: large }));
    game.update((draft) => void draft.list.push('y'.repeat(800)));
    const before = game.state;
    expect(() => game.update((draft) => void draft.list.push('z'.repeat(500)))).toThrow(
      expect.objectContaining({ code: 'STATE_TOO_LARGE', context: large }),
    );
    expect(game.state).toBe(before);
    await write(5).durable;
    const again = await open([type], { on: store });
    expect((await again.load(type, 'g')).state.text).toBe('xxxxx');
    const huge = sandbox(() => ({ text: 'x'.repeat(3000) }), 'huge');
    const small = await open([huge], { maxStateBytes: 2000 });
    await rejection('STATE_TOO_LARGE', small.open(huge, 'g'));
    expect([...small.loaded(), ...(await small.list())]).toEqual([]);
  });
});
